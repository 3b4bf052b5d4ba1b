"""Places of rows among the lines at hand."""

from collections.abc import Sequence
from typing import NamedTuple

from bouncehandler.accounting.layout import Layout


class Span(NamedTuple):
    """A row's place among the lines at hand."""

    lines: list[str]
    start: int
    end: int

    @property
    def text(self) -> str:
        """The row as it came."""
        return "".join(self.lines[self.start : self.end])

    def is_cut_off(self, row: Sequence[str], layout: Layout) -> bool:
        """Whether the row is the last one, without a line end, and what is missing could change a decision."""
        is_last = not self.lines[self.end - 1].endswith("\n")
        return is_last and (len(row) < layout.width or layout.ends_decisively)


class Ruin(NamedTuple):
    """What is left of a damaged row of several lines while its lines are read one by one."""

    hopeless: int
    """Lines before this one begin no row that goes on in the next line: it would be damaged where the first one was."""
    end: int
