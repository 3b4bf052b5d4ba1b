"""Rows that need no closer look, which nearly all are: they are tallied, or are bounces, and nothing is torn."""

from collections import Counter
from collections.abc import Callable, Sequence

from bouncehandler.accounting.layout import Layout
from bouncehandler.record.bounce_batch import BounceBatch

_LONGEST_CATEGORY = 256
"""Characters; a longer category is not worth remembering."""

TOGETHER = 256
"""Rows that are shown together; more of them do not fit into the processor's cache."""

RowObserver = Callable[[str, Layout, Sequence[list[str]]], None]
"""Is shown rows of a type under a layout, each as wide as that; it may not keep them."""


class _CountOnly(dict[str, int]):
    """A tally of rows that are counted elsewhere: it knows every category, and keeps none."""

    def __contains__(self, _: object) -> bool:
        return True

    def __missing__(self, _: str) -> int:
        return 0

    def __setitem__(self, _: str, __: int) -> None:
        """Nothing is kept."""


def nobody(_: str, __: Layout, ___: Sequence[list[str]]) -> None:
    """Where nobody watches."""


class FastPath:
    """Knows what such rows look like under the header that holds.

    Args:
        counted: rows by type, those tallied not among them.
        takes_deliveries: whether `d` rows are more than counted.
    """

    def __init__(self, layout: Layout, counted: Counter[str], *, takes_deliveries: bool) -> None:
        self.tallies: dict[str, dict[str, int]] = {"b": {}, "rb": {}}
        """Rows that were only tallied, by record type and category."""
        self.watcher: RowObserver = nobody
        self.counted = counted
        others = {"t": _CountOnly(), "tq": _CountOnly()} | ({} if takes_deliveries else {"d": _CountOnly()})
        self.known: dict[str, tuple[dict[str, int], list[list[str]]]] = {
            record_type: (tally, []) for record_type, tally in (self.tallies | others).items()
        }
        """By type: the categories whose rows are only tallied, and such rows that the watcher has yet to be shown."""
        self._layout, self.category = layout, layout.category
        self.width = -1
        """Cells of a plain row; -1: there is none."""
        self.recipient: int | None = None
        """The cell with a bounce's recipient, by which a plain row is known; None: no bounce is plain."""
        self.aside: list[list[str]] = []
        """Rows of bounces that have yet to be read: many at once are quicker."""

    def ignore(self, category: str) -> None:
        """From now on only tally the rows of this category."""
        if len(category) <= _LONGEST_CATEGORY:
            for tally in self.tallies.values():
                tally.setdefault(category, 0)

    def aim(self, layout: Layout, *, is_sure: bool) -> None:
        """Rows stand under this header; unless it is sure that they do, and end where they seem to, none is plain."""
        self.show()
        self._layout, self.category = layout, layout.category
        self.width = layout.tally_width if is_sure else -1
        self.recipient = layout.recipient

    def show(self) -> None:
        """Show the watcher what it has not seen yet."""
        for record_type, (_, rows) in self.known.items():
            if rows:
                if record_type not in self.tallies:
                    self.counted[record_type] += len(rows)
                self.watcher(record_type, self._layout, rows)
                rows.clear()

    def show_one(self, record_type: str, row: list[str], layout: Layout) -> None:
        """Show the watcher a row that is not plain, and was counted; it may be shorter than its layout."""
        row.extend([""] * (layout.width - len(row)))
        self.watcher(record_type, layout, [row])

    def tally_one(self, record_type: str, row: list[str], layout: Layout) -> bool:
        """Tally a row that ends where the stream was cut, if it is one of those that are only tallied."""
        tally = self.tallies.get(record_type, {})
        if len(row) != layout.tally_width or (name := row[layout.category]) not in tally:
            return False
        tally[name] += 1
        self.show_one(record_type, row, layout)
        return True

    def bounces(self) -> Sequence[BounceBatch]:
        """What the rows that were put aside hold; nothing where there are none."""
        if not self.aside:
            return ()
        bounces = self._layout.bounces(self.aside)
        self.counted.update(bounces.record_types)
        self.aside.clear()
        return (bounces,)
