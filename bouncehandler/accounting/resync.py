"""Resynchronisation: finds the next good row behind a damaged one, and keeps a row whose quoted cell is still open."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

from bouncehandler.accounting.layout import Layout
from bouncehandler.accounting.line_splitter import LINE_COST
from bouncehandler.accounting.list_cells import listed_address

WRAPPING = "\ufeff\0 \"'"
"""Characters around a row's first cell: a byte order mark, NULs of a log that was cut while written, quotes."""

_ROW_START = re.compile(rf"[{WRAPPING}]*(?:b|rb|d|t|tq|r|rs|f|type)[{WRAPPING}]*,", re.IGNORECASE)
_CELL = re.compile(r"[^,]*")

_SECOND = re.compile(
    r"time(?:logged|queued|imprinted)|orig|o?rcpt|bouncecat|dsn[a-z]+|vmta|jobid|envid|queue|(?:rep|rcv)sourceip",
    re.IGNORECASE,
)
"""Columns that stand behind `type`."""

_GLUED_TYPE = r"(?<!dlv)(?<!src)(?<!feedback)type"
_ENDS_IN_TYPE = re.compile(rf'{_GLUED_TYPE}"*$', re.IGNORECASE)
_HEADER = re.compile(rf'\ufeff?"?{_GLUED_TYPE}"?,"?(?:{_SECOND.pattern})(?=[",\r\n]|$)', re.IGNORECASE)
_HEADER_CHARACTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-,"\r\n\ufeff'

_MAX_ENDS = 100
"""No PowerMTA header, and no list, has more columns that hold line ends."""

_FREE_READS = 64
"""Number of times that an open row is read again when it could have ended; then only once it has grown by an eighth."""


class RowSpan(NamedTuple):
    """Position of a row in the line buffer."""

    lines: list[str]
    start: int
    end: int

    @property
    def text(self) -> str:
        """The row as it came."""
        return "".join(self.lines[self.start : self.end])

    def is_cut_off(self, row: Sequence[str], layout: Layout) -> bool:
        """Whether the row is the last one, without a line end, and the missing part could change a decision."""
        is_last = not self.lines[self.end - 1].endswith("\n")
        return is_last and (len(row) < layout.width or layout.ends_decisively)


class ResyncState(NamedTuple):
    """State while the lines of a damaged row of several lines are read one by one."""

    hopeless: int
    """Lines before this one begin no row that goes on in the next line: it would be damaged where the first one was."""
    end: int


class OpenRow:
    """Lines of a row whose quoted cell is open; without lines, no row is."""

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

    def fitting(self, lines: list[str], max_weight: int) -> int:
        """Number of the following lines that can be added before the row weighs more than `max_weight`."""
        return bisect_right(list(accumulate(map(_weight, lines))), max_weight - self._weight)

    def add(self, lines: list[str]) -> None:
        """Add the next lines, of which one may end the row."""
        self.lines += lines
        self._weight += sum(map(_weight, lines))
        self._may_have_ended = self._may_have_ended or any(map(ends_cell, lines))

    def take(self) -> list[str]:
        """Return all lines, to be read again, and keep none."""
        lines, self.lines = self.lines, []
        self._weight_read, self._weight = self._weight, 0
        self._reads += 1
        return lines


def next_start(lines: list[str], start: int, end: int, *, takes_list: bool) -> tuple[int, int]:
    """Find the next row behind the damaged one in `start`..`end`, as line and column; `end` and 0 if nowhere.

    It may begin within a line: `cat` of a file whose last row is torn writes the next file's header behind it. Only a
    damaged row is searched: the content of a well-formed quoted cell is never taken for a row, since a remote server
    may have written it.
    """
    for at in range(start, end):
        if at > start and _begins_row(lines[at], takes_list=takes_list):
            return at, 0
        if cut := _glued_header(lines[at]):
            return at, cut
    return end, 0


def holds_header(row: Sequence[str]) -> bool:
    """Whether a header begins within the row, as it does behind a row that was torn."""
    return any(
        _ENDS_IN_TYPE.search(first) is not None and _SECOND.fullmatch(second.strip('" ')) is not None
        for first, second in pairwise(row)
    )


def holds_second_header(header: Sequence[str]) -> bool:
    """Whether the same header begins once more within a header, which was torn."""
    names = [name.strip(WRAPPING) for name in header]
    again = re.compile(rf"{_GLUED_TYPE},{re.escape(','.join(names[1:2]))}(?:,|$)", re.IGNORECASE)
    return len(names) > 1 and _SECOND.fullmatch(names[1]) is not None and bool(again.search(",".join(names), 1))


def has_swallowed_rows(lines: list[str], width: int, *, takes_list: bool) -> bool:
    """Whether an open quoted cell has taken in lines like whole rows, `width` cells wide or a list's."""
    return any(
        _begins_row(line, takes_list=takes_list) and (takes_list or line.count(",") + 1 >= width) for line in lines[1:]
    )


def resync_limit(lines: list[str], start: int, end: int) -> int:
    """Lines of a damaged row before this one can't begin a row that goes on in the next line.

    Such a row would go on to the end of the damaged one too, and hold a cell more for each line that ends one.
    """
    ends = [at for at in range(start + 1, end) if ends_cell(lines[at])]
    return ends[-_MAX_ENDS] if len(ends) >= _MAX_ENDS else start


def _begins_row(line: str, *, takes_list: bool) -> bool:
    if _ROW_START.match(line):
        return True
    return takes_list and (cell := _CELL.match(line)) is not None and listed_address(cell[0]) is not None


def _glued_header(line: str) -> int:
    """Column of the last header that begins behind other text in a line; 0 where none does."""
    names = max(1, len(line.rstrip(_HEADER_CHARACTERS)))  # from here on nothing but names stands in the line
    match = _HEADER.search(line, names)
    return names + line[names:].lower().rfind(match[0].lower()) if match else 0


def ends_cell(line: str) -> bool:
    """Whether a quoted cell that is open before this line ends in it: at its first quote that is not doubled.

    A doubled quote stands for one inside the cell (RFC 4180 2.7).
    """
    return '"' in line and '"' in line.replace('""', "")


def _weight(line: str) -> int:
    return len(line) + LINE_COST
