"""Reference reader, slow and plain: it has the whole text, reads character by character, and keeps no state of damage.

Its result is what the fast one's must be, whatever the input; see `row_at` for CSV (RFC 4180) and `parts` for the rest.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from bouncehandler.accounting import DEFAULT_COLUMNS, TYPES
from bouncehandler.accounting.column_order import ColumnOrder
from bouncehandler.accounting.list_cells import quoted_cells
from bouncehandler.accounting.resync import holds_header, holds_second_header, next_start
from bouncehandler.record import parse_address
from tests.property.complaint_recipients import DECISIVE, recipients_of
from tests.property.lists import Lists

READ = frozenset({"bounce", "list", "complaint", "count", "header", "blank"})
"""Kinds of the parts that are complete and without error; all others are rejected."""

_AROUND = "\ufeff\0 \"'"


class Row(NamedTuple):
    """A row at a position of the text: its cells, or what is wrong with it."""

    cells: list[str]
    error: str
    end: int


class Part(NamedTuple):
    """A stretch of the text, and what it is: one of `READ`, or a reason; `nameless`: an anonymous complaint."""

    what: str
    value: str
    """Recipients that are suppressed; those of a complaint about several, one a line."""
    line: int
    text: str


def row_at(text: str, at: int) -> Row:
    """The row that begins at `at`; an error reaches to the end of the line in which it shows."""
    cells: list[str] = []
    while True:
        cell, at, error = _cell(text, at)
        if error:
            return Row(cells, error, _line_end(text, at))
        cells.append(cell)
        if at < len(text) and text[at] == ",":
            at += 1
            continue
        end = _line_end(text, at)
        error = "stray-return" if text[at:end].strip("\r\n") else ""
        return Row([] if cells == [""] else cells, error, end)


def _cell(text: str, at: int) -> tuple[str, int, str]:
    if text[at : at + 1] != '"':
        match = re.compile(r"[^,\r\n]*").match(text, at)
        end = match.end() if match else at
        return text[at:end], end, ""
    match = re.compile(r'"((?:[^"]|"")*)("?)').match(text, at)
    if match is None or not match[2]:
        return "", len(text), "open"
    after = text[match.end() : match.end() + 1]
    return match[1].replace('""', '"'), match.end(), "" if after in {"", ",", "\r", "\n"} else "stray-quote"


def _line_end(text: str, at: int) -> int:
    return (text.find("\n", at) + 1) or len(text)


class _Stream:
    """State of the stream so far."""

    def __init__(self) -> None:
        self.width = 0
        self.names: list[str] = []
        self.lists = Lists()

    def judge(self, row: Row, text: str) -> tuple[str, str, bool]:
        """Kind of the row, its value, and whether to look for rows that it swallowed."""
        kind = row.cells[0].strip(_AROUND).lower() if row.cells else ""
        if kind in TYPES and self.lists.fault == "header-without-type":
            is_torn = holds_header(row.cells)
            return "torn" if is_torn else self.lists.fault, "", is_torn
        if kind in TYPES:
            return self._accounting(kind, row.cells, text)
        if kind == "type":
            return self._header(row.cells)
        return self.other(row.cells) if any(map(str.strip, row.cells)) else ("blank", "", False)

    def _header(self, cells: list[str]) -> tuple[str, str, bool]:
        if holds_second_header(cells):
            return "torn", "", True
        self.names, self.width = [name.strip().lower() for name in cells], len(cells)
        self.lists = Lists(is_over=True)
        return "header", "", False

    def _accounting(self, kind: str, cells: list[str], text: str) -> tuple[str, str, bool]:
        self.lists.is_over = not self.lists.is_begun
        names = self.names or [n.lower() for n in DEFAULT_COLUMNS.get("b" if kind in {"b", "rb"} else kind, ())]
        if names and len(cells) > len(names):
            return "too-many-cells", "", True
        if names and len(cells) < len(names) and holds_header(cells):
            return "torn", "", True
        if names and not text.endswith("\n") and (len(cells) < len(names) or names[-1] in DECISIVE):
            return "torn", "", False
        if names and not self.names and ColumnOrder(names).contradicts(cells):
            return "no-header", "", False
        if kind == "f" and names:
            return self._complaint(names, cells)
        return self._bounce(names, cells) if kind in {"b", "rb"} else ("count", kind, False)

    def _complaint(self, names: list[str], cells: list[str]) -> tuple[str, str, bool]:
        found = recipients_of(names, cells)
        if found is None:
            return "too-many-recipients", "", False
        return "complaint" if any(found) else "nameless", "\n".join(found), False

    def _bounce(self, names: list[str], cells: list[str]) -> tuple[str, str, bool]:
        found = [cell for name, cell in zip(names, cells, strict=False) if name == "rcpt" and cell]
        address = parse_address(found[0]) if found else None
        if address:
            return "bounce", address, False
        return "not-an-address" if found and found[0].strip() else "no-recipient", "", False

    def other(self, cells: list[str]) -> tuple[str, str, bool]:
        if holds_header(cells):
            return "torn", "", True
        what, value = self.lists.judge(cells)
        return what, value, bool(what not in READ and self.width and len(cells) > self.width)


def parts(text: str) -> Iterator[Part]:
    """The whole text, cut into rows: those that can be read, and those that can't with the reason."""
    stream, at, line = _Stream(), 0, 1
    while at < len(text):
        row = row_at(text, at)
        whole = text[at : row.end]
        what, value, is_searched = (row.error, "", True) if row.error else stream.judge(row, whole)
        first = whole[: _line_end(whole, 0)]
        if (
            row.error.startswith("stray")
            and first == whole
            and not stream.lists.is_over
            and (cells := quoted_cells(first))
        ):
            what, value, is_searched = stream.other(cells)
        end = row.end
        if is_searched:
            end = at + _next(whole, takes_list=not stream.lists.is_over)
            what = _reason(what, whole, text[at:end])
        yield Part(what, value, line, text[at:end])
        line += text.count("\n", at, end)
        at = end


def _next(whole: str, *, takes_list: bool) -> int:
    """Where in a damaged row the next row begins."""
    lines = re.findall(r"[^\n]*\n|[^\n]+", whole)
    found, column = next_start(lines, 0, len(lines), takes_list=takes_list)
    return len("".join(lines[:found])) + column


def _reason(what: str, whole: str, raw: str) -> str:
    is_long = "\n" in whole[:-1]
    reason = "unclosed-quote" if what == "open" or (what.startswith("stray") and is_long) else what
    is_cut = len(raw) < len(whole) and not raw.endswith("\n")
    return "torn" if is_cut or (reason == "unclosed-quote" and not raw.endswith("\n")) else reason
