"""Aggregates hourly counts by dimension and over time, in bounded memory."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from bouncehandler.report.model import Timeline
from bouncehandler.spool import HourlyCount
from bouncehandler.spool.models import OTHERS

_MAX_VALUES = 20_000
"""Values of a dimension that are kept; beyond, the rarer half is merged into `OTHERS`."""

_HOUR = 3600
_STEPS = (1, 6, 24, 168)
"""Possible steps of the timeline, in hours."""
_MAX_STEPS = 96

_SPAM = "spam"
"""Complaints that suppressed, for `complaint_share` only."""
_SERIES = {
    ("bounce", "suppress"): "suppressed",
    ("bounce", "count"): "counted",
    ("bounce", "ignore"): "ignored",
    ("complaint", "suppress"): _SPAM,
}
_SERIES_OF_KIND = {"complaint": "complaints", "unsubscribe": "unsubscribes", "delivery": "delivered"}


class CountKey(NamedTuple):
    """The kind and verdict of counted records."""

    kind: str
    verdict: str


KeyCounts = Counter[CountKey]
"""Records by kind and verdict."""


@dataclass(slots=True)
class Aggregates:
    """The records of a period."""

    total: KeyCounts = field(default_factory=Counter)
    by_dimension: dict[str, dict[str, KeyCounts]] = field(default_factory=lambda: defaultdict(dict))
    """Counts by dimension and value."""
    hours: dict[int, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """Counts by hour since the epoch and series of the timeline."""

    def add(self, hourly: HourlyCount) -> None:
        """Add an hourly count."""
        key = CountKey(hourly.kind, hourly.verdict)
        if not hourly.dimension:
            self.total[key] += hourly.number
            for name in filter(None, (_SERIES.get(key), _SERIES_OF_KIND.get(hourly.kind))):
                self.hours[hourly.hour][name] += hourly.number
            return
        values = self.by_dimension[hourly.dimension]
        counts = values.get(hourly.value)
        if counts is None:
            if len(values) > _MAX_VALUES:
                _merge_rare(values)
            counts = values.setdefault(hourly.value, Counter())
        counts[key] += hourly.number

    def count(self, kind: str, verdict: str | None = None) -> int:
        """Count the records of a kind, in all or of a verdict."""
        return count_records(self.total, kind, verdict)

    def counts_by(self, dimension: str, *kinds: str) -> Mapping[str, KeyCounts]:
        """Return the counts by value, without values that have no records of these kinds."""
        values = self.by_dimension.get(dimension, {})
        return {value: counts for value, counts in values.items() if any(count_records(counts, kind) for kind in kinds)}


def count_records(counts: KeyCounts, kind: str, verdict: str | None = None) -> int:
    """Count the records of a kind, in all or of a verdict."""
    return sum(count for key, count in counts.items() if key.kind == kind and verdict in {None, key.verdict})


def aggregate(hourly_counts: Iterable[HourlyCount]) -> Aggregates:
    """Aggregate hourly counts."""
    aggregates = Aggregates()
    for hourly in hourly_counts:
        aggregates.add(hourly)
    return aggregates


def build_timeline(aggregates: Aggregates, since: float, until: float) -> Timeline:
    """Build the timeline in steps of hours, days or weeks, from the first hour with records."""
    first = max(int(since) // _HOUR, min(aggregates.hours, default=int(since) // _HOUR))
    last = max(first, -(-int(until) // _HOUR) - 1)
    hours = next((step for step in _STEPS if (last - first) // step < _MAX_STEPS), _STEPS[-1])
    first -= first % hours
    series = {name: [0] * ((last - first) // hours + 1) for name in (*_SERIES.values(), *_SERIES_OF_KIND.values())}
    for hour, counts in aggregates.hours.items():
        if first <= hour <= last:
            for name, count in counts.items():
                series[name][(hour - first) // hours] += count
    starts = [hour * _HOUR for hour in range(first, last + 1, hours)]
    shares = _shares(series)
    del series[_SPAM]
    return Timeline(starts, hours * _HOUR, {**series, **shares})


def _shares(series: Mapping[str, Sequence[int]]) -> dict[str, Sequence[float]]:
    """Divide suppressing complaints by deliveries; empty without delivery records."""
    if not any(series["delivered"]):
        return {}
    pairs = zip(series[_SPAM], series["delivered"], strict=True)
    return {"complaint_share": [min(1.0, spam / delivered) if delivered else 0.0 for spam, delivered in pairs]}


def _merge_rare(values: dict[str, KeyCounts]) -> None:
    """Merge the rarer half of the values into `OTHERS`."""
    ranked = sorted(values, key=lambda value: values[value].total(), reverse=True)
    others = values.setdefault(OTHERS, Counter())
    for value in ranked[_MAX_VALUES // 2 :]:
        if value != OTHERS:
            others.update(values.pop(value))
