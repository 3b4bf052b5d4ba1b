"""Draws a timeline as inline SVG: bars over time, with axes and a text alternative."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from markupsafe import Markup

from bouncehandler.report.formatting import format_time
from bouncehandler.report.model import Timeline

_WIDTH, _HEIGHT = 480, 150
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 4, 10, 24
_PLOT_WIDTH, _PLOT_HEIGHT = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
_DAY = 86_400
_LABELS = 5
"""Labels below the axis, at most."""


def format_short(number: float) -> str:
    """`0`, `500`, `1.5k`, `20k`, `3M`."""
    for size, unit in ((1_000_000_000, "G"), (1_000_000, "M"), (1000, "k")):
        if number >= size:
            return f"{number / size:.1f}".removesuffix(".0") + unit
    return f"{number:.0f}"


class Chart(NamedTuple):
    """Some series of a timeline, and their presentation."""

    name: str
    title: str
    series: Sequence[str]
    """Series from the bottom up; names are CSS classes."""
    lines: Sequence[float] = ()
    """Limits, drawn as horizontal lines."""
    form: Callable[[float], str] = format_short
    """Formats a value."""


def draw_chart(chart: Chart, timeline: Timeline) -> Markup:
    """Draw a chart as an `svg` element; its colors are in the page's style sheet."""
    totals = [sum(numbers) for numbers in zip(*(timeline.series[name] for name in chart.series), strict=True)]
    top = _scale_end(max([*totals, *chart.lines], default=0))
    bars = Markup("").join(_bars(chart, timeline, top))
    axis = Markup("").join([*_scale(chart, top), *_times(timeline)])
    head = Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-labelledby="{id}-t {id}-d">').format(
        _WIDTH, _HEIGHT, id=f"chart-{chart.name}"
    )
    title = Markup('<title id="chart-{0}-t">{1}</title><desc id="chart-{0}-d">{2}</desc>').format(
        chart.name, f"{chart.title} over time", _description(chart, timeline, totals)
    )
    across = Markup("").join(_across("limit", value / top) for value in chart.lines)
    return head + title + axis + bars + across + Markup("</svg>")


def draw_bar(parts: Sequence[tuple[str, float]], maximum: float) -> Markup:
    """Draw a thin bar of named parts, on a scale up to `maximum`."""
    at, drawn_parts = 0.0, []
    for name, size in parts:
        width = 100 * size / maximum
        if width:
            drawn_parts.append(
                Markup('<rect class="{}" x="{:.2f}" width="{:.2f}" height="3"/>').format(name, at, max(width, 0.3))
            )
        at += width
    start = Markup('<svg class="bar" viewBox="0 0 100 3" preserveAspectRatio="none" aria-hidden="true">')
    return start + Markup("").join(drawn_parts) + Markup("</svg>")


def _bars(chart: Chart, timeline: Timeline, top: float) -> Iterator[Markup]:
    room = _PLOT_WIDTH / max(1, len(timeline.starts))
    width = max(1.0, room * (0.72 if room > 4 else 0.9))  # noqa: PLR2004  # wider for narrow bars
    for index, start in enumerate(timeline.starts):
        numbers = [(name, timeline.series[name][index]) for name in chart.series]
        if not any(number for _, number in numbers):
            continue
        yield Markup("<g><title>{}</title>").format(_tooltip(chart, start, numbers))
        low = float(_TOP + _PLOT_HEIGHT)
        for name, number in numbers:
            height = _PLOT_HEIGHT * number / top
            low -= height
            if number:
                yield Markup('<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>').format(
                    name, _LEFT + room * index + (room - width) / 2, low, width, max(height, 0.8)
                )
        yield Markup("</g>")


def _across(style: str, part: float) -> Markup:
    return Markup('<line class="{}" x1="{}" x2="{}" y1="{y:.1f}" y2="{y:.1f}"/>').format(
        style, _LEFT, _WIDTH - _RIGHT, y=_TOP + _PLOT_HEIGHT * (1 - part)
    )


def _scale(chart: Chart, top: float) -> Iterator[Markup]:
    """Draw the vertical axis: zero, half and the end of the scale."""
    for part in (0, 0.5, 1):
        yield _across("scale", part)
        yield Markup('<text class="tick" x="{}" y="{:.1f}" text-anchor="end">{}</text>').format(
            _LEFT - 5, _TOP + _PLOT_HEIGHT * (1 - part) + 3.5, chart.form(top * part)
        )


def _times(timeline: Timeline) -> Iterator[Markup]:
    """Draw some times below the axis, preferably beginnings of days."""
    room = _PLOT_WIDTH / max(1, len(timeline.starts))
    points = list(enumerate(timeline.starts))
    whole_days = [point for point in points if point[1] % _DAY == 0]
    chosen = whole_days if len(whole_days) > 1 else points
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


def _description(chart: Chart, timeline: Timeline, totals: Sequence[float]) -> str:
    if not any(totals):
        return "None in this time."
    peak = max(range(len(totals)), key=totals.__getitem__)
    total = "" if chart.lines else f"{sum(totals):,} in all; "
    return f"{total}maximum {chart.form(totals[peak])}, from {format_time(timeline.starts[peak])} UTC on."


def _tooltip(chart: Chart, start: int, numbers: Sequence[tuple[str, float]]) -> str:
    values = ", ".join(
        chart.form(number) if chart.lines else f"{number:,} {name}" for name, number in numbers if number
    )
    return f"{format_time(start)}: {values}"


def _scale_end(maximum: float) -> float:
    """Round up to 2, 4, 6, 10, 20, ..., half of which is a whole number; for shares down to 0.0002."""
    power = 0.0001 if 0 < maximum <= 1 and not isinstance(maximum, int) else 1
    while True:
        for step in (2, 4, 6, 10):
            if maximum <= step * power:
                return step * power
        power *= 10
