"""Rows that need no closer look, which nearly all are: they are tallied, or are bounces, and nothing is torn."""

from typing import Literal, cast

from bouncehandler.accounting.layout import Layout
from bouncehandler.record import Bounce

_LONGEST_CATEGORY = 256
"""Characters; a longer category is not worth remembering."""


class Plain:
    """Knows what such rows look like under the header that holds."""

    def __init__(self, layout: Layout) -> None:
        self.tallies: dict[str, dict[str, int]] = {"b": {}, "rb": {}}
        """Rows that were only tallied, by record type and category."""
        self.aim(layout, is_sure=False)

    def ignore(self, category: str) -> None:
        """From now on only tally the rows of this category."""
        if len(category) <= _LONGEST_CATEGORY:
            for tally in self.tallies.values():
                tally.setdefault(category, 0)

    def aim(self, layout: Layout, *, is_sure: bool) -> None:
        """Rows stand under this header; unless it is sure that they do, and end where they seem to, none is plain."""
        self._layout, self.category = layout, layout.category
        self.width = layout.tally_width if is_sure else -1
        """Cells of a plain row; -1: there is none."""

    def bounce(self, row: list[str]) -> Bounce | None:
        """A row of type `b` or `rb`, as wide as its header, as a bounce; None, and as it was, where it holds none."""
        found = self._layout.bounce(row, cast("Literal['b', 'rb']", row[0]))
        if isinstance(found, str):
            del row[self.width :]  # where it was padded
            return None
        return found
