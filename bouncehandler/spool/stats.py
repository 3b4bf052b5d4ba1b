"""What a spool keeps in figures: what was read, by hour; and counters that only grow."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from bouncehandler.spool.models import HourlyCount, MetricCounter


class StatsStore(Protocol):
    """A part of `Spool`; what its module's text says holds for every method."""

    def add_hourly_counts(self, hourly_counts: Sequence[HourlyCount], counters: Sequence[MetricCounter] = ()) -> None:
        """Add to what the spool has of these hours, and to its totals.

        Of one hour, kind and dimension at most 200 names are kept; what has another one, and would be one too many, is
        added to `(others)`. The same file read twice is added twice: figures tell of rows that were read.
        """
        ...

    def hourly_counts(self, since: float, until: float) -> Iterator[HourlyCount]:
        """The figures of the hours that begin in `since` to `until` (seconds since the epoch), by hour.

        Each read is short; what is added meanwhile may be missed, or be there.
        """
        ...

    def prune_hourly_counts(self, before: float, rest: Callable[[], bool] = ...) -> int:
        """Forget the figures of hours that ended before then; returns how many.

        One transaction after another: `rest` is called before each, and ends it when it returns true.
        """
        ...

    def add_counters(self, counters: Sequence[MetricCounter]) -> None:
        """Add to counters; of those that are times (`MetricCounter.is_latest`) the latest stays."""
        ...

    def counters(self) -> Sequence[MetricCounter]:
        """Every counter, since the spool began."""
        ...
