"""Fast path for well-formed rows, which nearly all are: they are only counted, or are read as bounces in batches."""

from collections import Counter
from collections.abc import Callable, Sequence

from bouncehandler.accounting.layout import Layout
from bouncehandler.record.bounce_batch import BounceBatch

_MAX_CATEGORY = 256
"""Characters; a longer category is not stored."""

ROWS_PER_FLUSH = 256
"""Rows per call of the observer; more of them do not fit into the processor's cache."""

RowObserver = Callable[[str, Layout, Sequence[list[str]]], None]
"""Called with rows of one record type under a layout, each as wide as that; it must not keep them."""


class _CountOnly(dict[str, int]):
    """A tally that contains every category and stores none, of rows that are counted elsewhere."""

    def __contains__(self, _: object) -> bool:
        return True

    def __missing__(self, _: str) -> int:
        return 0

    def __setitem__(self, _: str, __: int) -> None:
        """Store nothing."""


def discard_rows(_: str, __: Layout, ___: Sequence[list[str]]) -> None:
    """Observe nothing."""


class FastPath:
    """Rows of the current layout that need no closer look.

    Args:
        counted: rows by type, without the rows in `tallies`.
        takes_deliveries: whether `d` rows are more than counted.
    """

    def __init__(self, layout: Layout, counted: Counter[str], *, takes_deliveries: bool) -> None:
        self.tallies: dict[str, dict[str, int]] = {"b": {}, "rb": {}}
        """Rows that were only tallied, by record type and category."""
        self.on_rows: RowObserver = discard_rows
        self.counted = counted
        others = {"t": _CountOnly(), "tq": _CountOnly()} | ({} if takes_deliveries else {"d": _CountOnly()})
        self.known: dict[str, tuple[dict[str, int], list[list[str]]]] = {
            record_type: (tally, []) for record_type, tally in (self.tallies | others).items()
        }
        """By record type: the categories whose rows are only tallied, and such rows that wait for the observer."""
        self._layout, self.category = layout, layout.category
        self.width = -1
        """Cells of a plain row; -1 where no row is plain."""
        self.recipient: int | None = None
        """Index of a bounce's recipient, an address in plain rows; None where no bounce is plain."""
        self.unread_bounces: list[list[str]] = []
        """Rows of bounces that wait to be read, since many at once are faster."""

    def ignore(self, category: str) -> None:
        """Tally the rows of this category from now on, without a record of each."""
        if len(category) <= _MAX_CATEGORY:
            for tally in self.tallies.values():
                tally.setdefault(category, 0)

    def use_layout(self, layout: Layout, *, is_sure: bool) -> None:
        """Set the layout of the rows that follow; no row is plain unless the layout and the ends of rows are sure."""
        self.flush()
        self._layout, self.category = layout, layout.category
        self.width = layout.tally_width if is_sure else -1
        self.recipient = layout.recipient

    def flush(self) -> None:
        """Pass the waiting rows to the observer."""
        for record_type, (_, rows) in self.known.items():
            if rows:
                if record_type not in self.tallies:
                    self.counted[record_type] += len(rows)
                self.on_rows(record_type, self._layout, rows)
                rows.clear()

    def observe_one(self, record_type: str, row: list[str], layout: Layout) -> None:
        """Pass a row that is not plain, and was counted, to the observer; it may be shorter than its layout."""
        row.extend([""] * (layout.width - len(row)))
        self.on_rows(record_type, layout, [row])

    def tally_one(self, record_type: str, row: list[str], layout: Layout) -> bool:
        """Tally a row at a cut end of the stream, if rows of its category are only tallied."""
        tally = self.tallies.get(record_type, {})
        if len(row) != layout.tally_width or (name := row[layout.category]) not in tally:
            return False
        tally[name] += 1
        self.observe_one(record_type, row, layout)
        return True

    def bounces(self) -> Sequence[BounceBatch]:
        """The bounces of the rows that wait; empty where none do."""
        if not self.unread_bounces:
            return ()
        bounces = self._layout.bounces(self.unread_bounces)
        self.counted.update(bounces.record_types)
        self.unread_bounces.clear()
        return (bounces,)
