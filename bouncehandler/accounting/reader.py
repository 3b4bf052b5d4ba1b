"""The reader: blocks in, records out; whatever the stream carries, it never raises and never ends before its input."""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Literal, NamedTuple, cast

from bouncehandler.accounting.damage import glued_header, has_swallowed_rows, next_start
from bouncehandler.accounting.layout import DEFAULT_COLUMNS, ColumnsMissing, Layout
from bouncehandler.accounting.lines import Lines, encode
from bouncehandler.record import Bounce, ListedAddress, parse_address

TYPES = ("b", "rb", "d", "t", "tq", "r", "rs", "f")
"""PowerMTA's record types; `b` and `rb` become records, the others are counted."""

_HEADING = re.compile(
    r"\s*(?:[\w-]+[\s_-]+)?(?:e?-?mail|address|recipient|rcpt|subscriber)s?(?:[\s_-]+\w+)?\s*", re.IGNORECASE
)
"""First cell of a plain list's heading: `email`, `Email Address`, `e-mail_address`, `Subscriber Email`."""

_SUSPICIOUS = 1 << 18
"""Characters: a quoted cell open for longer is no longer tried at every line, and suspected of swallowing rows."""


class Unreadable(NamedTuple):
    """A row that could not be read; it cost nothing but itself."""

    line: int
    """Of the stream, from 1: where the row begins."""
    reason: str
    """A word for counting: `unclosed-quote`, `stray-quote`, `torn`, `too-many-cells`, `too-long`, `unknown-type`,
    `not-an-address`, `no-recipient`."""
    raw: bytes
    """The row as it came, line end included; of a row that is too long, a piece."""
    is_first_piece: bool = True
    """False for the further pieces of a row that is too long, which are not to be counted again."""


Item = Bounce | ListedAddress | Unreadable | ColumnsMissing


class _Span(NamedTuple):
    """A row's place among the lines at hand."""

    lines: list[str]
    start: int
    end: int


class Reader:
    """Reads one stream; `feed` it blocks, then `close` it.

    Args:
        columns: the column orders to fall back to when no header came, by record type.
        ignored: bounce categories that need no record: their rows are only tallied, which is several times faster.
        longest: bytes; a longer row can't be one.
    """

    def __init__(
        self,
        columns: Mapping[str, Sequence[str]] = DEFAULT_COLUMNS,
        ignored: Iterable[str] = (),
        longest: int = 1 << 24,
    ) -> None:
        csv.field_size_limit(4 * longest)  # the library's own limit breaks cells of 128 kB
        self.tallies: dict[str, dict[str, int]] = {"b": {}, "rb": {}}
        """Rows that were only tallied, by record type and category."""
        self.counted: Counter[str] = Counter()
        """Readable rows by record type (`list` for listed addresses), those tallied not among them."""
        self.recognised = False
        """Whether anything was a header, a row of a known type, or a listed address."""
        self._fallback = {kind: Layout(names) for kind, names in columns.items()}
        self._layout: Layout | None = None
        self._width, self._category = self._fallback["b"].width, self._fallback["b"].category
        self._missing: tuple[str, ...] = ()
        self._is_list = False
        self._longest = longest
        self._lines = Lines(longest)
        self._lines_done = 0
        self._open: list[str] = []
        self._is_last = False
        self._items: list[Item] = []
        for category in ignored:
            self.ignore(category)

    def ignore(self, category: str) -> None:
        """From now on only tally the rows of this category."""
        for tally in self.tallies.values():
            tally.setdefault(category, 0)

    @property
    def is_open(self) -> bool:
        """Whether a quoted cell has begun and not ended."""
        return bool(self._open)

    def feed(self, block: bytes) -> list[Item]:
        """What the rows that end in this block hold."""
        lines = self._lines.feed(block)
        self._too_long()
        if self._open and lines:
            self._go_on(lines)
        else:
            self._read(lines)
        return self._taken()

    def close(self) -> list[Item]:
        """What is left at the end of the stream: a row without a line end, or one that is torn."""
        rest = self._lines.close()
        self._too_long()
        lines, self._open = [*self._open, rest] if rest else self._open, []
        self._is_last, self._width = True, -1  # the last row is looked at closely
        self._read(lines)
        return self._taken()

    def give_up_open_row(self) -> list[Item]:
        """For an input that has long been inside one quoted cell: frees the rows that the cell swallowed, if any."""
        if has_swallowed_rows(self._open, self._width):
            lines, self._open = self._open, []
            self._read(lines, gives_up=True)
        return self._taken()

    def _taken(self) -> list[Item]:
        items, self._items = self._items, []
        return items

    def _too_long(self) -> None:
        pieces, self._lines.pieces = self._lines.pieces, []
        line = self._lines_done + len(self._open) + 1
        self._lines_done += sum(piece.data.endswith(b"\n") for piece in pieces)
        self._items += [Unreadable(line, "too-long", piece.data, piece.is_first) for piece in pieces]

    def _go_on(self, lines: list[str]) -> None:
        """Add lines to the open row, and read it again where they could have closed it.

        A row is whole only when its number of quotes is even, so a line with an even number closes none; but in a
        short row each line is tried, since the error that a never-closed quote leads to may stand there.
        """
        size = sum(map(len, self._open)) + sum(map(len, lines))
        closes = any(line.count('"') & 1 for line in lines)
        swallows = size > _SUSPICIOUS and has_swallowed_rows(["", *lines], self._width)
        lines, self._open = self._open + lines, []
        if closes or swallows or size <= _SUSPICIOUS or size > self._longest:
            self._read(lines, gives_up=swallows or size > self._longest)
        else:
            self._open = lines

    def _read(self, lines: list[str], *, gives_up: bool = False) -> None:
        """Read lines from the first to the last, beginning anew behind each damaged row.

        With `gives_up` the first row is damaged if its quoted cell is still open at the last line.
        """
        at = 0
        while at < len(lines):
            at = self._run(lines, at, gives_up=gives_up and at == 0)
        self._lines_done += len(lines) - len(self._open)

    def _run(self, lines: list[str], first: int, *, gives_up: bool) -> int:
        """Read rows from line `first` until one is damaged; returns the line to go on with."""
        rows = csv.reader(islice(lines, first, None), strict=True)
        tallies, width, category = self.tallies, self._width, self._category
        start = first
        try:
            for row in rows:
                if category < len(row) <= width and (tally := tallies.get(row[0])) and row[category] in tally:
                    tally[row[category]] += 1
                    start = first + rows.line_num
                    continue
                span = _Span(lines, start, first + rows.line_num)
                start = self._row(row, span)
                if start != span.end:
                    return start
                width, category = self._width, self._category
        except csv.Error as error:
            return self._broken(str(error), _Span(lines, start, first + rows.line_num), gives_up=gives_up)
        return len(lines)

    def _broken(self, error: str, span: _Span, *, gives_up: bool) -> int:
        """Deal with a row that is no CSV: one with an open quote waits for more, else it is damaged."""
        if error != "unexpected end of data":
            return self._damaged("stray-quote" if span.end - span.start == 1 else "unclosed-quote", span)
        if self._is_last and not span.lines[-1].endswith("\n"):
            return self._damaged("torn", span)
        if self._is_last or (gives_up and span.start == 0):
            return self._damaged("unclosed-quote", span)
        self._open = span.lines[span.start :]
        return len(span.lines)

    def _damaged(self, reason: str, span: _Span) -> int:
        """Set a damaged row aside; returns the line at which the next good one begins."""
        lines, start, end = span
        line = self._lines_done + start + 1
        if cut := glued_header(lines[start]):
            self._items.append(Unreadable(line, "torn", encode(lines[start][:cut] + "\n")))
            lines[start] = lines[start][cut:]
            return start
        resume = next_start(lines, start + 1, end)
        self._items.append(Unreadable(line, reason, encode("".join(lines[start:resume]))))
        return resume

    def _row(self, row: list[str], span: _Span) -> int:
        """Deal with a row that is not just tallied; returns the line to go on with."""
        kind = row[0].strip("\ufeff \"'").lower() if row else ""
        if kind == "type":
            self._set_header(row)
        elif kind in TYPES:
            return self._accounting(kind, row, span)
        elif any(map(str.strip, row)):
            return self._other(row, span)
        return span.end

    def _set_header(self, row: list[str]) -> None:
        self._layout = Layout(row)
        self._width, self._category = self._layout.width, self._layout.category
        self._is_list, self.recognised = False, True
        self._missing = self._layout.missing

    def _accounting(self, kind: str, row: list[str], span: _Span) -> int:
        """A row of a known type: a record, a count, or damaged."""
        self.recognised = True
        layout = (
            self._layout or self._fallback["b" if kind in self.tallies else kind if kind in self._fallback else "b"]
        )
        has_columns = bool(self._layout) or kind in self.tallies or kind in self._fallback
        if has_columns and len(row) > layout.width:
            return self._damaged("too-many-cells", span)
        is_cut = self._is_last and not span.lines[span.end - 1].endswith("\n")
        if is_cut and (len(row) < layout.width or layout.ends_decisively):
            return self._damaged("torn", span)
        if kind in self.tallies:
            self._say_missing(span)
            bounce = layout.bounce(row, cast("Literal['b', 'rb']", kind))
            if isinstance(bounce, str):
                return self._damaged(bounce, span)
            self._items.append(bounce)
        self.counted[kind] += 1
        return span.end

    def _say_missing(self, span: _Span) -> None:
        """Once a header, and only where a bounce comes under it."""
        if self._missing:
            self._items.append(ColumnsMissing(self._lines_done + span.start + 1, self._missing))
            self._missing = ()

    def _other(self, row: list[str], span: _Span) -> int:
        """A row of no known type: a line of a plain list where no header came, else damaged."""
        if self._layout:
            return self._damaged("unknown-type", span)
        cell = re.split(r"[;\t]", row[0], maxsplit=1)[0]
        if address := parse_address(cell):
            self._items.append(ListedAddress(address))
            self.counted["list"] += 1
        elif self._is_list or not _HEADING.fullmatch(cell[:80]):
            return self._damaged("not-an-address" if self._is_list else "unknown-type", span)
        self._is_list = self.recognised = True
        return span.end
