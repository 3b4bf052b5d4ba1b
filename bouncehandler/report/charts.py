"""Draws a timeline as inline SVG: bars over time, with an axis, and words for whoever can't see them."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from markupsafe import Markup

from bouncehandler.report.formatting import moment
from bouncehandler.report.model import Timeline

_WIDTH, _HEIGHT = 480, 150
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 4, 10, 24
_PLOT_WIDTH, _PLOT_HEIGHT = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
_DAY = 86_400
_LABELS = 5
"""Times that are written below the axis, at most."""


def short(number: float) -> str:
    """`0`, `500`, `1.5k`, `20k`, `3M`."""
    for size, unit in ((1_000_000_000, "G"), (1_000_000, "M"), (1000, "k")):
        if number >= size:
            return f"{number / size:.1f}".removesuffix(".0") + unit
    return f"{number:.0f}"


class Chart(NamedTuple):
    """What a chart shows of a timeline."""

    name: str
    title: str
    series: Sequence[str]
    """From the bottom up; each has a colour by its name."""
    lines: Sequence[float] = ()
    """Values that are drawn across."""
    form: Callable[[float], str] = short
    """How a value is written."""


def drawn(chart: Chart, timeline: Timeline) -> Markup:
    """The chart as an `svg` element, whose colours come of the page's style sheet."""
    whole = [sum(numbers) for numbers in zip(*(timeline.series[name] for name in chart.series), strict=True)]
    top = _nice(max([*whole, *chart.lines], default=0))
    bars = Markup("").join(_bars(chart, timeline, top))
    axis = Markup("").join([*_scale(chart, top), *_times(timeline)])
    head = Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-labelledby="{id}-t {id}-d">').format(
        _WIDTH, _HEIGHT, id=f"chart-{chart.name}"
    )
    title = Markup('<title id="chart-{0}-t">{1}</title><desc id="chart-{0}-d">{2}</desc>').format(
        chart.name, f"{chart.title} over time", _said(chart, timeline, whole)
    )
    across = Markup("").join(_across(value / top) for value in chart.lines)
    return head + title + axis + bars + across + Markup("</svg>")


def bar(parts: Sequence[tuple[str, float]], most: float) -> Markup:
    """A thin bar in parts, by name, beside others of which the longest stands for `most`."""
    at, drawn_parts = 0.0, []
    for name, size in parts:
        width = 100 * size / most
        if width:
            drawn_parts.append(
                Markup('<rect class="{}" x="{:.2f}" width="{:.2f}" height="3"/>').format(name, at, max(width, 0.3))
            )
        at += width
    start = Markup('<svg class="bar" viewBox="0 0 100 3" preserveAspectRatio="none" aria-hidden="true">')
    return start + Markup("").join(drawn_parts) + Markup("</svg>")


def _bars(chart: Chart, timeline: Timeline, top: float) -> Iterator[Markup]:
    room = _PLOT_WIDTH / max(1, len(timeline.starts))
    width = max(1.0, room * (0.72 if room > 4 else 0.9))  # noqa: PLR2004  # narrow bars need their room
    for index, start in enumerate(timeline.starts):
        numbers = [(name, timeline.series[name][index]) for name in chart.series]
        if not any(number for _, number in numbers):
            continue
        yield Markup("<g><title>{}</title>").format(_at(chart, start, numbers))
        low = float(_TOP + _PLOT_HEIGHT)
        for name, number in numbers:
            height = _PLOT_HEIGHT * number / top
            low -= height
            if number:
                yield Markup('<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>').format(
                    name, _LEFT + room * index + (room - width) / 2, low, width, max(height, 0.8)
                )
        yield Markup("</g>")


def _across(part: float) -> Markup:
    y = _TOP + _PLOT_HEIGHT * (1 - part)
    return Markup('<line class="limit" x1="{}" x2="{}" y1="{y:.1f}" y2="{y:.1f}"/>').format(_LEFT, _WIDTH - _RIGHT, y=y)


def _scale(chart: Chart, top: float) -> Iterator[Markup]:
    """The scale: nothing, half and all."""
    for part in (0, 0.5, 1):
        y = _TOP + _PLOT_HEIGHT * (1 - part)
        yield Markup('<line class="scale" x1="{}" x2="{}" y1="{y:.1f}" y2="{y:.1f}"/>').format(
            _LEFT, _WIDTH - _RIGHT, y=y
        )
        yield Markup('<text class="tick" x="{}" y="{:.1f}" text-anchor="end">{}</text>').format(
            _LEFT - 5, y + 3.5, chart.form(top * part)
        )


def _times(timeline: Timeline) -> Iterator[Markup]:
    """A few times below the axis, where possible the beginnings of days."""
    room = _PLOT_WIDTH / max(1, len(timeline.starts))
    places = list(enumerate(timeline.starts))
    whole_days = [place for place in places if place[1] % _DAY == 0]
    chosen = whole_days if len(whole_days) > 1 else places
    every = -(-len(chosen) // _LABELS)
    for index, start in chosen[::every]:
        x = _LEFT + room * index
        if x > _WIDTH - _RIGHT - 40:
            continue
        yield Markup('<line class="scale" x1="{x:.1f}" x2="{x:.1f}" y1="{}" y2="{}"/>').format(
            _TOP + _PLOT_HEIGHT, _TOP + _PLOT_HEIGHT + 4, x=x
        )
        form = "%d %b" if len(whole_days) > 1 else "%H:%M"
        label = datetime.fromtimestamp(start, UTC).strftime(form).removeprefix("0" if len(whole_days) > 1 else "")
        yield Markup('<text class="tick" x="{:.1f}" y="{}">{}</text>').format(x, _HEIGHT - 6, label)


def _said(chart: Chart, timeline: Timeline, whole: Sequence[float]) -> str:
    if not any(whole):
        return "None in this time."
    most = max(range(len(whole)), key=whole.__getitem__)
    total = "" if chart.lines else f"{sum(whole):,} in all; "
    return f"{total}the most, {chart.form(whole[most])}, from {moment(timeline.starts[most])} UTC on."


def _at(chart: Chart, start: int, numbers: Sequence[tuple[str, float]]) -> str:
    told = ", ".join(chart.form(number) if chart.lines else f"{number:,} {name}" for name, number in numbers if number)
    return f"{moment(start)}: {told}"


def _nice(most: float) -> float:
    """The end of a scale: 2, 4, 6, 10, 20, ... so that half of it is a whole number; of shares something smaller."""
    power = 0.0001 if 0 < most <= 1 and not isinstance(most, int) else 1
    while True:
        for step in (2, 4, 6, 10):
            if most <= step * power:
                return step * power
        power *= 10
