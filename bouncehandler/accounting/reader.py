"""The reader: blocks in, records out; whatever the stream carries, it never raises and never ends before its input."""

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, cast

from bouncehandler.accounting.address_list import is_heading, listed_address, quoted_cell
from bouncehandler.accounting.complaints import AnonymousComplaint
from bouncehandler.accounting.events import TYPES, Item, Unreadable
from bouncehandler.accounting.fast_path import ROWS_PER_FLUSH, FastPath, RowObserver
from bouncehandler.accounting.layout import DEFAULT_COLUMNS, ColumnsMissing, HeaderLog, Layout
from bouncehandler.accounting.line_splitter import LineSplitter, Piece, encode
from bouncehandler.accounting.resync import (
    WRAPPING,
    OpenRow,
    ResyncState,
    RowSpan,
    has_swallowed_rows,
    holds_header,
    holds_second_header,
    next_start,
    resync_limit,
)
from bouncehandler.record import ListedAddress
from bouncehandler.record.address import is_plain_address


class PowerMtaCsvReader:
    """Reads one stream; `feed` it blocks, then `close` it.

    Args:
        columns: the column orders to fall back to when no header came, by record type: `b` and `f`.
        ignored: bounce categories that need no record: their rows are only tallied, which is several times faster.
        takes_deliveries: whether `d` rows become records; else they are only counted, which is several times faster.
        longest: bytes; a longer row can't be one.
    """

    def __init__(
        self,
        columns: Mapping[str, Sequence[str]] = DEFAULT_COLUMNS,
        ignored: Iterable[str] = (),
        *,
        takes_deliveries: bool = False,
        longest: int = 1 << 24,
    ) -> None:
        csv.field_size_limit(1 << 30)  # the library's own limit breaks cells of 128 kB; rows are limited here
        self.counted: Counter[str] = Counter()
        """Readable rows by record type (`list` for listed addresses), those tallied not among them."""
        self.recognised = False
        """Whether anything was a header, a row of a known type, or a listed address."""
        self.headers = HeaderLog()
        self._fallback = {kind: Layout(names) for kind, names in columns.items()}
        self._layout: Layout | None = None
        self.plain = FastPath(self._fallback["b"], self.counted, takes_deliveries=takes_deliveries)
        self.tallies = self.plain.tallies
        self._missing: tuple[str, ...] = ()
        self._takes_list, self._is_list, self._lacks_type, self._is_cut = True, False, False, False
        self._takes_deliveries, self._longest = takes_deliveries, longest
        self._lines, self._lines_done = LineSplitter(longest), 0
        self._open, self._ruin = OpenRow(), ResyncState(0, 0)
        self._items: list[Item] = []
        for category in ignored:
            self.ignore(category)

    def ignore(self, category: str) -> None:
        """From now on only tally the rows of this category that are as wide as their header."""
        self.plain.ignore(category)

    def observe(self, observer: RowObserver) -> None:
        """Pass the rows that are only counted to an observer."""
        self.plain.on_rows = observer

    def header_before(self, line: int) -> bytes:
        """The header in force at a line of the stream, as it came; empty for none."""
        return self.headers.before(line)

    @property
    def is_open(self) -> bool:
        """Whether a quoted cell has begun and not ended."""
        return bool(self._open.lines)

    def feed(self, block: bytes) -> list[Item]:
        """What the rows that end in this block hold."""
        for part in self._lines.feed(block):
            self._too_long(part) if isinstance(part, Piece) else self._go_on(part)
        return self._taken()

    def close(self) -> list[Item]:
        """What is left at the end of the stream: a row without a line end, or one that is torn."""
        self._is_cut = bool(rest := self._lines.close())
        self.plain.use_layout(self._layout or self._fallback["b"], is_sure=self.recognised and not self._is_cut)
        self._end(rest)
        return self._taken()

    def give_up_open_row(self) -> list[Item]:
        """For an input that has long been inside one quoted cell: frees the rows that the cell swallowed, if any."""
        width = (self._layout or self._fallback["b"]).width
        if has_swallowed_rows(self._open.lines, width, takes_list=self._takes_list):
            self._read(self._open.take(), given_up=1)
        return self._taken()

    def _taken(self) -> list[Item]:
        self.plain.flush()
        items, self._items = self._items, []
        return items

    def _go_on(self, lines: list[str]) -> None:
        """Read lines, or add them to the open row and read it again where they may have ended it."""
        while lines:
            if not self._open.lines:
                self._open = OpenRow()
                return self._read(lines)
            fits = self._open.fitting(lines, self._longest)
            self._open.add(lines[:fits])
            if fits < len(lines):
                self._read(self._open.take(), given_up=1)
            elif self._open.is_worth_reading:
                self._read(self._open.take())
            lines = lines[fits:]
        return None

    def _end(self, rest: list[str]) -> None:
        """Read the open row and the rest, behind which nothing comes that could end them."""
        lines = self._open.take() + rest
        self._read(lines, given_up=len(lines))

    def _too_long(self, piece: Piece) -> None:
        if piece.is_first:
            self._end([])
        self._items.append(Unreadable(self._lines_done + 1, "too-long", piece.data, piece.is_first))
        self._lines_done += piece.data.endswith(b"\n")

    def _read(self, lines: list[str], *, given_up: int = 0) -> None:
        """Read lines from the first to the last, beginning anew behind each damaged row.

        A row that begins before line `given_up` is damaged if its quoted cell is still open at the last line.
        """
        at, self._ruin = 0, ResyncState(0, 0)
        while at < len(lines):
            at = self._run(lines, at, given_up)
        self._items += self.plain.bounces()
        self._lines_done += len(lines) - len(self._open.lines)

    def _run(self, lines: list[str], first: int, given_up: int) -> int:
        """Read rows from line `first` until one is damaged; returns the line to go on with."""
        stop = first + 1 if first < self._ruin.hopeless else len(lines)
        these = lines if stop - first == len(lines) else map(lines.__getitem__, range(first, stop))
        rows = csv.reader(these, strict=True)
        known, unread_bounces = self.plain.known, self.plain.unread_bounces
        width, category, recipient = self.plain.width, self.plain.category, self.plain.recipient
        start = first
        try:
            for row in rows:
                if len(row) == width and (found := known.get(row[0])) is not None:
                    tally, shown = found
                    if (name := row[category]) in tally:
                        tally[name] += 1
                        shown.append(row)
                        if len(shown) >= ROWS_PER_FLUSH:
                            self.plain.flush()
                        start = first + rows.line_num
                        continue
                    if recipient is not None and is_plain_address(row[recipient]):
                        unread_bounces.append(row)
                        start = first + rows.line_num
                        continue
                start = self._row(row, span := RowSpan(lines, start, first + rows.line_num))
                if start != span.end:
                    return start
                width, category, recipient = self.plain.width, self.plain.category, self.plain.recipient
        except csv.Error as error:
            return self._broken(str(error), RowSpan(lines, start, first + rows.line_num), given_up)
        return stop

    def _broken(self, error: str, span: RowSpan, given_up: int) -> int:
        """Deal with a row that is no CSV: one with an open quote waits for more, else it is damaged."""
        self._items += self.plain.bounces()
        lines, start, end = span
        if error != "unexpected end of data":
            return self._stray(error, span)
        if start < self._ruin.hopeless:
            return self._damaged("unclosed-quote", span._replace(end=self._ruin.end))
        if start < given_up:
            self._ruin = ResyncState(end if given_up == end else resync_limit(lines, start, end), end)
            return self._damaged("unclosed-quote", span)
        self._open.begin(lines[start:], is_another=start > 0)
        return end

    def _stray(self, error: str, span: RowSpan) -> int:
        """Deal with a row in whose last line something stands where it can't."""
        lines, start, end = span
        if end - start > 1:
            self._ruin = ResyncState(end - 1, end)
            return self._damaged("unclosed-quote", span)
        if self._takes_list and (cell := quoted_cell(lines[start])):
            return self._other([cell], span)
        return self._damaged("stray-return" if error.startswith("new-line") else "stray-quote", span)

    def _damaged(self, reason: str, span: RowSpan, *, is_searched: bool = True) -> int:
        """Set a damaged row aside; returns the line at which the next good one begins."""
        lines, start, end = span
        resume, cut = next_start(lines, start, end, takes_list=self._takes_list) if is_searched else (end, 0)
        raw = "".join(lines[start:resume])
        if cut:
            raw, lines[resume] = raw + lines[resume][:cut], lines[resume][cut:]
        if cut or (reason == "unclosed-quote" and not raw.endswith("\n")):
            reason = "torn"
        self._items.append(Unreadable(self._lines_done + start + 1, reason, encode(raw)))
        return resume

    def _row(self, row: list[str], span: RowSpan) -> int:
        """Deal with a row that is not just tallied; returns the line to go on with."""
        self._items += self.plain.bounces()
        kind = row[0].strip(WRAPPING).lower() if row else ""
        if kind in TYPES:
            return self._accounting(kind, row, span)
        if kind == "type" and holds_second_header(row):
            return self._damaged("torn", span)
        if kind == "type":
            self._set_header(row, span)
        elif any(map(str.strip, row)):
            return self._other(row, span)
        return span.end

    def _set_header(self, row: list[str], span: RowSpan) -> None:
        self.headers.add(self._lines_done + span.start + 1, encode(span.text))
        self._layout = Layout(row)
        self._takes_list, self._is_list, self.recognised = False, False, True
        self.plain.use_layout(self._layout, is_sure=not self._is_cut)
        self._missing, self._lacks_type = self._layout.missing, self._layout.of_complaints.lacks_type

    def _accounting(self, kind: str, row: list[str], span: RowSpan) -> int:
        """A row of a known type: a record, a count, or damaged."""
        self.recognised = True
        self._takes_list = self._is_list  # records without a header are no list
        if not self._layout:
            self.plain.use_layout(self._fallback["b"], is_sure=not self._is_cut)
        layout = self._layout or self._fallback.get("b" if kind in self.tallies else kind)
        if layout and len(row) > layout.width:
            return self._too_wide("too-many-cells", span)
        if layout and len(row) < layout.width and holds_header(row):
            return self._damaged("torn", span)
        if layout and self._is_cut and span.is_cut_off(row, layout):
            return self._damaged("torn", span, is_searched=False)
        if kind in self.tallies and layout:
            return self._bounce(cast("Literal['b', 'rb']", kind), row, span, layout)
        if kind == "f" and layout:
            return self._complaint(row, span, layout)
        if kind == "d" and self._takes_deliveries and self._layout and (delivery := self._layout.delivery(row)):
            self._items.append(delivery)
        self.counted[kind] += 1
        if kind in {"d", "t", "tq"} and layout:
            self.plain.observe_one(kind, row, layout)
        return span.end

    def _bounce(self, kind: Literal["b", "rb"], row: list[str], span: RowSpan, layout: Layout) -> int:
        if self._is_cut and len(row) == layout.tally_width and (name := row[layout.category]) in self.tallies[kind]:
            self.tallies[kind][name] += 1
            self.plain.observe_one(kind, row, layout)
            return span.end
        if self._missing:
            self._items.append(ColumnsMissing(self._lines_done + span.start + 1, self._missing))
            self._missing = ()
        bounce = layout.bounce(row, kind)
        if isinstance(bounce, str):
            return self._damaged(bounce, span, is_searched=False)
        self._items.append(bounce)
        self.counted[kind] += 1
        return span.end

    def _complaint(self, row: list[str], span: RowSpan, layout: Layout) -> int:
        line = self._lines_done + span.start + 1
        if self._lacks_type:
            self._items.append(ColumnsMissing(line, ("feedbackType",), "f"))
            self._lacks_type = False
        complaints = layout.of_complaints.complaints(row)
        if isinstance(complaints, str):
            return self._damaged(complaints, span, is_searched=False)
        for complaint in complaints:
            if complaint.recipient or complaint.subscriber.name:
                self._items.append(complaint)
            else:
                self._items.append(AnonymousComplaint(complaint, line, encode(span.text), layout.of_complaints.missing))
        self.counted["f"] += 1
        return span.end

    def _too_wide(self, reason: str, span: RowSpan) -> int:
        """A row with more cells than columns; an open quote may have swallowed rows on its way."""
        lines, start, end = span
        if end - start > 1:
            self._ruin = ResyncState(resync_limit(lines, start, end), end)
        return self._damaged(reason, span)

    def _other(self, row: list[str], span: RowSpan) -> int:
        """A row of no known type: a line of a plain list where one may come, else damaged."""
        if holds_header(row):
            return self._damaged("torn", span)
        if self._layout and len(row) > self._layout.width:
            return self._too_wide("unknown-type", span)
        address = listed_address(row[0]) if self._takes_list else None
        if address:
            self._items.append(ListedAddress(address))
            self.counted["list"] += 1
        elif not (self._takes_list and is_heading(row[0])):
            return self._damaged("not-an-address" if self._is_list else "unknown-type", span, is_searched=False)
        self._is_list = self.recognised = True
        return span.end
