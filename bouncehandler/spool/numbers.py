"""What a spool keeps in figures: what was read, by hour; and counters that only grow."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from bouncehandler.spool.data import Figure, Total


class Numbers(Protocol):
    """A part of `Spool`; what its module's text says holds for every method."""

    def add_figures(self, figures: Sequence[Figure], totals: Sequence[Total] = ()) -> None:
        """Add to what the spool has of these hours, and to its totals.

        Of one hour, kind and dimension at most 200 names are kept; what has another one, and would be one too many, is
        added to `(others)`. The same file read twice is added twice: figures tell of rows that were read.
        """
        ...

    def figures(self, since: float, until: float) -> Iterator[Figure]:
        """The figures of the hours that begin in `since` to `until` (seconds since the epoch), by hour.

        Each read is short; what is added meanwhile may be missed, or be there.
        """
        ...

    def prune_figures(self, before: float, rest: Callable[[], bool] = ...) -> int:
        """Forget the figures of hours that ended before then; returns how many.

        One transaction after another: `rest` is called before each, and ends it when it returns true.
        """
        ...

    def add_totals(self, totals: Sequence[Total]) -> None:
        """Add to counters; of those that are times (`Total.is_latest`) the latest stays."""
        ...

    def totals(self) -> Sequence[Total]:
        """Every counter, since the spool began."""
        ...
