"""Statistics of a spool: hourly counts of the records that were read, and counters that only grow."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from bouncehandler.spool.models import HourlyCount, MetricCounter


class StatsStore(Protocol):
    """Part of `Spool`; the rules of `bouncehandler.spool.protocol` hold for every method."""

    def add_hourly_counts(self, hourly_counts: Sequence[HourlyCount], counters: Sequence[MetricCounter] = ()) -> None:
        """Add to the counts of these hours, and to counters.

        Of one hour, kind and dimension at most 200 values are kept; a further one is added to `(others)`. The same file
        read twice is added twice: rows that were read are counted.
        """
        ...

    def hourly_counts(self, since: float, until: float) -> Iterator[HourlyCount]:
        """The counts of the hours that begin in `since` to `until` (seconds since the epoch), by hour.

        Each read is short; counts added meanwhile may be missed, or be there.
        """
        ...

    def prune_hourly_counts(self, older_than: float, rest: Callable[[], bool] = ...) -> int:
        """Remove the counts of hours that ended longer ago than so many seconds; returns how many.

        One transaction after another: `rest` is called before each, and ends it when it returns true.
        """
        ...

    def add_counters(self, counters: Sequence[MetricCounter]) -> None:
        """Add to counters; of times (`MetricCounter.is_latest`) the latest stays."""
        ...

    def counters(self) -> Sequence[MetricCounter]:
        """Every counter, since the spool began."""
        ...
