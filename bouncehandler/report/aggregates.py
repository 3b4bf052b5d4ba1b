"""Adds up the figures of a time: by what they were counted for, and over time; in memory that stays flat."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from bouncehandler.report.model import Timeline
from bouncehandler.spool import HourlyCount
from bouncehandler.spool.models import OTHERS

_MOST = 20_000
"""Values of a dimension that are kept while adding up; beyond, the rarer half goes under `OTHERS`."""

_HOUR = 3600
_STEPS = (1, 6, 24, 168)
"""Hours of which a step of the timeline may consist."""
_MOST_STEPS = 96

_SPAM = "spam"
"""Complaints that suppressed; only what their share is made of."""
_SERIES = {
    ("bounce", "suppress"): "suppressed",
    ("bounce", "count"): "counted",
    ("bounce", "ignore"): "ignored",
    ("complaint", "suppress"): _SPAM,
}
_WHOLE = {"complaint": "complaints", "unsubscribe": "unsubscribes", "delivery": "delivered"}


class CountKey(NamedTuple):
    """What a figure counts."""

    kind: str
    verdict: str


Cell = Counter[CountKey]
"""The numbers of one value."""


@dataclass(slots=True)
class Aggregates:
    """Everything that was read in a time."""

    whole: Cell = field(default_factory=Counter)
    by: dict[str, dict[str, Cell]] = field(default_factory=lambda: defaultdict(dict))
    """By dimension and value."""
    hours: dict[int, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """By hours since the epoch, and what is counted over time."""

    def add(self, figure: HourlyCount) -> None:
        """Add one figure."""
        what = CountKey(figure.kind, figure.verdict)
        if not figure.dimension:
            self.whole[what] += figure.number
            for name in filter(None, (_SERIES.get(what), _WHOLE.get(figure.kind))):
                self.hours[figure.hour][name] += figure.number
            return
        values = self.by[figure.dimension]
        cell = values.get(figure.value)
        if cell is None:
            if len(values) > _MOST:
                _fold(values)
            cell = values.setdefault(figure.value, Counter())
        cell[what] += figure.number

    def number(self, kind: str, verdict: str | None = None) -> int:
        """How many of a kind, in all or by verdict."""
        return number(self.whole, kind, verdict)

    def values(self, dimension: str, *kinds: str) -> Mapping[str, Cell]:
        """The numbers by value, of those values that have some of these kinds."""
        found = self.by.get(dimension, {})
        return {value: cell for value, cell in found.items() if any(number(cell, kind) for kind in kinds)}


def number(cell: Cell, kind: str, verdict: str | None = None) -> int:
    """How many of a kind, in all or by verdict."""
    return sum(count for what, count in cell.items() if what.kind == kind and verdict in {None, what.verdict})


def added(hourly_counts: Iterable[HourlyCount]) -> Aggregates:
    """The sums of figures."""
    sums = Aggregates()
    for figure in hourly_counts:
        sums.add(figure)
    return sums


def timeline(sums: Aggregates, since: float, until: float) -> Timeline:
    """What was read over time, in steps of hours, days or weeks; from the first hour of which something is known."""
    first = max(int(since) // _HOUR, min(sums.hours, default=int(since) // _HOUR))
    last = max(first, -(-int(until) // _HOUR) - 1)
    hours = next((step for step in _STEPS if (last - first) // step < _MOST_STEPS), _STEPS[-1])
    first -= first % hours
    series = {name: [0] * ((last - first) // hours + 1) for name in (*_SERIES.values(), *_WHOLE.values())}
    for hour, counts in sums.hours.items():
        if first <= hour <= last:
            for name, count in counts.items():
                series[name][(hour - first) // hours] += count
    starts = [hour * _HOUR for hour in range(first, last + 1, hours)]
    shares = _shares(series)
    del series[_SPAM]
    return Timeline(starts, hours * _HOUR, {**series, **shares})


def _shares(series: Mapping[str, Sequence[int]]) -> dict[str, Sequence[float]]:
    """Complaints that suppressed, by deliveries; nothing where no deliveries are told."""
    if not any(series["delivered"]):
        return {}
    pairs = zip(series[_SPAM], series["delivered"], strict=True)
    return {"complaint_share": [min(1.0, spam / delivered) if delivered else 0.0 for spam, delivered in pairs]}


def _fold(values: dict[str, Cell]) -> None:
    """Put the rarer half of the values under one name."""
    ranked = sorted(values, key=lambda value: values[value].total(), reverse=True)
    others = values.setdefault(OTHERS, Counter())
    for value in ranked[_MOST // 2 :]:
        if value != OTHERS:
            others.update(values.pop(value))
