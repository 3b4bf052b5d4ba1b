"""Reader of PowerMTA's CSV: blocks of bytes in, records out; it never raises, and reads to the end of its input."""

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from bouncehandler.accounting.address_list import NO_TYPE, AddressList
from bouncehandler.accounting.events import TYPES, Item, Unreadable
from bouncehandler.accounting.fast_path import ROWS_PER_FLUSH, FastPath, RowObserver
from bouncehandler.accounting.layout import DEFAULT_COLUMNS, HeaderLog, Layout
from bouncehandler.accounting.line_splitter import LineSplitter, Piece, encode
from bouncehandler.accounting.list_cells import quoted_cells
from bouncehandler.accounting.record_builder import RecordBuilder, RowPosition
from bouncehandler.accounting.refusal import explain_refused_list, explain_unread
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
        columns: column orders of a stream without a header, by record type: `b` and `f`.
        ignored: bounce categories whose rows are only counted and become no records, which is several times faster.
        takes_deliveries: whether `d` rows become records; else they are only counted, which is several times faster.
        longest: bytes; a longer row is rejected.
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
        """Readable rows by record type (`list` for listed addresses), without the rows in `tallies`."""
        self.unreadable: Counter[str] = Counter()
        """Rows that could not be read, by reason."""
        self.is_familiar, self._has_header = False, False
        """Whether a header, a row of a known type, readable or not, or a listed address was read."""
        self._headers, self._address_list = HeaderLog(), AddressList()
        self.header_before = self._headers.before
        self._fallback = {kind: Layout(names) for kind, names in columns.items()}
        self._layout: Layout | None = None
        self._fast_path = FastPath(self._fallback["b"], self.counted, takes_deliveries=takes_deliveries)
        self.tallies, self.ignore = self._fast_path.tallies, self._fast_path.ignore
        self._builder = RecordBuilder(self._fast_path, takes_deliveries=takes_deliveries)
        self._is_cut, self._longest = False, longest
        self._splitter, self._lines_done = LineSplitter(longest), 0
        self._open, self._resync = OpenRow(), ResyncState(0, 0)
        self._items: list[Item] = []
        for category in ignored:
            self.ignore(category)

    def observe(self, observer: RowObserver) -> None:
        """Pass the rows that are only counted to an observer."""
        self._fast_path.on_rows = observer

    @property
    def rows(self) -> int:
        """Number of readable rows so far."""
        return self.counted.total() + sum(sum(tally.values()) for tally in self.tallies.values())

    def refusal(self) -> str:
        """Refusal of the input as a whole, with cause and remedy; empty for an input that is accepted."""
        if self._address_list.refusal:
            return explain_refused_list(self._address_list.refusal)
        if self.rows or (self._has_header and not self.unreadable):  # PowerMTA may send a header alone at first
            return ""
        return explain_unread(self.unreadable, is_familiar=self.is_familiar, has_header=self._has_header)

    @property
    def is_open(self) -> bool:
        """Whether a quoted cell has begun and not ended."""
        return bool(self._open.lines)

    def feed(self, block: bytes) -> list[Item]:
        """The items of the rows that end in this block."""
        for part in self._splitter.feed(block):
            self._reject_too_long(part) if isinstance(part, Piece) else self._process_lines(part)
        return self._take_items()

    def close(self) -> list[Item]:
        """The items at the end of the stream: of a row without a line end, or one that is torn."""
        self._is_cut = bool(rest := self._splitter.close())
        if self._layout:
            self._use_layout(self._layout)
        self._process_end(rest)
        return self._take_items()

    def give_up_open_row(self) -> list[Item]:
        """The items of the rows that an open quoted cell has swallowed, if any."""
        width = (self._layout or self._fallback["b"]).width
        if has_swallowed_rows(self._open.lines, width, takes_list=self._address_list.is_possible):
            self._read(self._open.take(), given_up=1)
        return self._take_items()

    def _take_items(self) -> list[Item]:
        self._fast_path.flush()
        items, self._items = self._items, []
        return items

    def _process_lines(self, lines: list[str]) -> None:
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

    def _process_end(self, rest: list[str]) -> None:
        """Read the open row and the rest, behind which nothing follows."""
        lines = self._open.take() + rest
        self._read(lines, given_up=len(lines))

    def _reject_too_long(self, piece: Piece) -> None:
        if piece.is_first:
            self._process_end([])
        self.unreadable["too-long"] += piece.is_first
        self._items.append(Unreadable(self._lines_done + 1, "too-long", piece.data, piece.is_first))
        self._lines_done += piece.data.endswith(b"\n")

    def _read(self, lines: list[str], *, given_up: int = 0) -> None:
        """Read all lines, and resynchronise behind each damaged row.

        A row that begins before line `given_up` is damaged if its quoted cell is still open at the last line.
        """
        at, self._resync = 0, ResyncState(0, 0)
        while at < len(lines):
            at = self._read_until_damage(lines, at, given_up)
        self._items += self._fast_path.bounces()
        self._lines_done += len(lines) - len(self._open.lines)

    def _read_until_damage(self, lines: list[str], first: int, given_up: int) -> int:
        """Read rows from line `first` until one is damaged; returns the next line."""
        stop = first + 1 if first < self._resync.hopeless else len(lines)
        these = lines if stop - first == len(lines) else map(lines.__getitem__, range(first, stop))
        rows = csv.reader(these, strict=True)
        known, unread_bounces = self._fast_path.known, self._fast_path.unread_bounces
        width, category, recipient = self._fast_path.width, self._fast_path.category, self._fast_path.recipient
        start = first
        try:
            for row in rows:
                if len(row) == width and (found := known.get(row[0])) is not None:
                    tally, waiting = found
                    if (name := row[category]) in tally:
                        tally[name] += 1
                        waiting.append(row)
                        if len(waiting) >= ROWS_PER_FLUSH:
                            self._fast_path.flush()
                        start = first + rows.line_num
                        continue
                    if recipient is not None and is_plain_address(row[recipient]):
                        unread_bounces.append(row)
                        start = first + rows.line_num
                        continue
                start = self._process_row(row, span := RowSpan(lines, start, first + rows.line_num))
                if start != span.end:
                    return start
                width, category, recipient = self._fast_path.width, self._fast_path.category, self._fast_path.recipient
        except csv.Error as error:
            return self._handle_csv_error(str(error), RowSpan(lines, start, first + rows.line_num), given_up)
        return stop

    def _handle_csv_error(self, error: str, span: RowSpan, given_up: int) -> int:
        """Keep a row with an open quote until more lines come; else reject it. Returns the next line."""
        self._items += self._fast_path.bounces()
        lines, start, end = span
        if error != "unexpected end of data":
            return self._handle_stray_character(error, span)
        if start < self._resync.hopeless:
            return self._reject("unclosed-quote", span._replace(end=self._resync.end))
        if start < given_up:
            self._resync = ResyncState(end if given_up == end else resync_limit(lines, start, end), end)
            return self._reject("unclosed-quote", span)
        self._open.begin(lines[start:], is_another=start > 0)
        return end

    def _handle_stray_character(self, error: str, span: RowSpan) -> int:
        """Reject a row with a quote or CR where none can be, unless it is a list's; returns the next line."""
        lines, start, end = span
        if end - start > 1:
            self._resync = ResyncState(end - 1, end)
            return self._reject("unclosed-quote", span)
        if self._address_list.is_possible and (cells := quoted_cells(lines[start])):
            return self._process_other(cells, span)
        return self._reject("stray-return" if error.startswith("new-line") else "stray-quote", span)

    def _reject(self, reason: str, span: RowSpan, *, is_searched: bool = True) -> int:
        """Reject a damaged row; returns the line at which the next good one begins."""
        lines, start, end = span
        resume, cut = (
            next_start(lines, start, end, takes_list=self._address_list.is_possible) if is_searched else (end, 0)
        )
        raw = "".join(lines[start:resume])
        if cut:
            raw, lines[resume] = raw + lines[resume][:cut], lines[resume][cut:]
        if cut or (reason == "unclosed-quote" and not raw.endswith("\n")):
            reason = "torn"
        self.unreadable[reason] += 1
        self._items.append(Unreadable(self._lines_done + start + 1, reason, encode(raw)))
        return resume

    def _process_row(self, row: list[str], span: RowSpan) -> int:
        """Process a row that needs a closer look; returns the next line."""
        self._items += self._fast_path.bounces()
        kind = row[0].strip(WRAPPING).lower() if row else ""
        if kind in TYPES:
            return self._process_accounting(kind, row, span)
        if kind == "type" and holds_second_header(row):
            return self._reject("torn", span)
        if kind == "type":
            self._set_header(row, span)
        elif any(map(str.strip, row)):
            return self._process_other(row, span)
        return span.end

    def _set_header(self, row: list[str], span: RowSpan) -> None:
        self._headers.add(self._line_of(span), encode(span.text))
        self._layout = Layout(row)
        self._has_header = self.is_familiar = True
        self._address_list.end()
        self._use_layout(self._layout)
        self._builder.use_header(self._layout)

    def _line_of(self, span: RowSpan) -> int:
        """Line of the stream, from 1, at which the row begins."""
        return self._lines_done + span.start + 1

    def _use_layout(self, layout: Layout) -> None:
        """Set the layout of the rows that follow; no row is plain at a cut end, or where the columns are unknown."""
        self._fast_path.use_layout(layout, is_sure=not (self._is_cut or self._address_list.blocks_records))

    def _process_accounting(self, kind: str, row: list[str], span: RowSpan) -> int:
        """Process a row of a known type: it becomes a record, is counted, or is rejected."""
        self.is_familiar = True
        if self._address_list.blocks_records:
            is_torn = holds_header(row)
            return self._reject("torn" if is_torn else NO_TYPE, span, is_searched=is_torn)
        self._address_list.add_record()
        layout = self._layout or self._fallback.get("b" if kind in self.tallies else kind)
        if layout and len(row) > layout.width:
            return self._reject_too_wide("too-many-cells", span)
        if layout and len(row) < layout.width and holds_header(row):
            return self._reject("torn", span)
        if layout and self._is_cut and span.is_cut_off(row, layout):
            return self._reject("torn", span, is_searched=False)
        if self._is_cut and self._layout and self._fast_path.tally_one(kind, row, self._layout):
            return span.end
        items, reason = self._builder.build(kind, row, RowPosition(self._line_of(span), span), layout)
        self._items += items
        return self._reject(reason, span, is_searched=False) if reason else span.end

    def _reject_too_wide(self, reason: str, span: RowSpan) -> int:
        """Reject a row with more cells than columns; an open quote may have swallowed other rows."""
        lines, start, end = span
        if end - start > 1:
            self._resync = ResyncState(resync_limit(lines, start, end), end)
        return self._reject(reason, span)

    def _process_other(self, row: list[str], span: RowSpan) -> int:
        """Process a row of no known type: a line of a plain list where one is possible, else rejected."""
        if holds_header(row):
            return self._reject("torn", span)
        reason, address = self._address_list.judge(row, self._line_of(span))
        if reason == NO_TYPE:
            self._use_layout(self._layout or self._fallback["b"])
        if reason and self._layout and len(row) > self._layout.width:
            return self._reject_too_wide(reason, span)
        if reason:
            return self._reject(reason, span, is_searched=False)
        self.is_familiar = True
        if address:
            self._items.append(ListedAddress(address))
            self.counted["list"] += 1
        else:
            self._has_header = True
        return span.end
