"""The lines of a row whose quoted cell has begun and not ended yet."""

from bisect import bisect_right
from itertools import accumulate

from bouncehandler.accounting.lines import LINE_COST

_FREE_READS = 64
"""So often an open row is read again whenever it could have ended; from then on only when it has grown by an eighth."""


class OpenRow:
    """Grows until it is worth reading again; without lines, no row is open."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._weight = 0
        self._weight_read = 0
        self._reads = 0
        self._may_have_ended = False

    @property
    def is_worth_reading(self) -> bool:
        """Whether the row may have ended, and reading it again does not cost too much."""
        is_cheap = self._reads < _FREE_READS or self._weight * 8 >= self._weight_read * 9
        return self._may_have_ended and is_cheap

    def begin(self, lines: list[str], *, is_another: bool) -> None:
        """Keep the lines of an open row; `is_another` if it is not the one that was taken last."""
        self.lines, self._weight, self._may_have_ended = lines, sum(map(_weight, lines)), False
        if is_another:
            self._reads = self._weight_read = 0

    def fitting(self, lines: list[str], most: int) -> int:
        """How many of the lines that follow can be added before the row weighs more than `most`."""
        return bisect_right(list(accumulate(map(_weight, lines))), most - self._weight)

    def add(self, lines: list[str]) -> None:
        """The next lines, of which one may end the row."""
        self.lines += lines
        self._weight += sum(map(_weight, lines))
        self._may_have_ended = self._may_have_ended or any(map(ends_cell, lines))

    def take(self) -> list[str]:
        """All lines, to be read again."""
        lines, self.lines = self.lines, []
        self._weight_read, self._weight = self._weight, 0
        self._reads += 1
        return lines


def ends_cell(line: str) -> bool:
    """Whether a quoted cell that is open before this line ends in it: at its first quote that is not doubled.

    A doubled quote stands for one inside the cell (RFC 4180 2.7).
    """
    return '"' in line and '"' in line.replace('""', "")


def _weight(line: str) -> int:
    return len(line) + LINE_COST
