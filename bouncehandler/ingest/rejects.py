"""Rows that are set aside, so that they can be mended and fed in again: each under its header."""

from collections.abc import Callable

from bouncehandler.accounting import AnonymousComplaint, ColumnsMissing, Unreadable
from bouncehandler.ingest.counters import IngestCounters
from bouncehandler.ingest.ports import IngestLog, RejectSink


class RejectBuffer:
    """Gathers rows until they are kept.

    Args:
        keeper: takes them.
        header_before: the header in force at a line of the stream, as it came; empty for none.
    """

    def __init__(self, keeper: RejectSink, header_before: Callable[[int], bytes]) -> None:
        self._keeper, self._header_before = keeper, header_before
        self._pieces: list[bytes] = []
        self._header_kept = b""
        self.is_open = False
        """Whether the row that was put last may go on: its pieces must not gather in memory."""

    def __len__(self) -> int:
        """How many pieces wait."""
        return len(self._pieces)

    def put(self, row: Unreadable) -> None:
        """Take a row, or a piece of one."""
        if row.is_first_piece:
            self.end_row()
            self._put_header_before(row)
        self._pieces.append(row.raw)
        self.is_open = not row.raw.endswith(b"\n")
        if row.reason != "too-long":  # of which more may come
            self.end_row()

    def end_row(self) -> None:
        """Give the row that was put last its line end, where it came without."""
        if self.is_open:
            self._pieces.append(b"\n")
            self.is_open = False

    def keep(self) -> None:
        """Hand over what waits."""
        self._keeper.keep(self._pieces)
        self._pieces, self._header_kept = [], b""

    def _put_header_before(self, row: Unreadable) -> None:
        """Once a group, and where it changes: so what is kept can be mended and fed in as it is."""
        header = self._header_before(row.line)
        if header and header != self._header_kept:
            self._pieces.append(header)
            self._header_kept = header


NAMELESS = "a complaint that names nobody"

AT_LEAST = 1000
"""A stream that goes on has a share of unreadable rows only after so many; at its end it has one in any case."""

_SAID = 100
"""So many unreadable rows of a kind are logged one by one; the rest is counted, since a log is to be read."""

_MEND_B = "name them in PowerMTA's record-fields, or write `record-fields b *`"
_MEND_F = (
    "in PowerMTA's acct-file: `record-fields f *, header_Message-Id, header_List-Unsubscribe, header_List-Id, "
    "header_X-Mw-Subscriber-Uid, header_X-Mailer-LID, header_X-Mailer-RecptId`, and for Microsoft "
    "`map-header-to-field f header_X-HmXmrOriginalRecipient rcpt`"
)


class RejectTracker:
    """Of one input.

    Args:
        aside: takes the rows.
        tally: counts them.
        share: the postmaster is told when more than this share of the rows can't be read.
    """

    def __init__(self, aside: RejectBuffer, tally: IngestCounters, log: IngestLog, share: float) -> None:
        self._aside, self._tally, self._log = aside, tally, log
        self._share, self._has_told = share, False

    def put(self, row: Unreadable) -> None:
        """A row that can't be read, or a piece of one."""
        self._aside.put(row)
        if row.is_first_piece:
            self._tally.unreadable[row.reason] += 1
            if self._tally.unreadable[row.reason] <= _SAID:
                self._log.warning("unreadable", line=row.line, reason=row.reason, size=len(row.raw))

    def put_nameless(self, nameless: AnonymousComplaint) -> None:
        """A complaint that names nobody: nothing can be done about it, but more columns may tell of the next."""
        self._tally.ignored[NAMELESS] += 1
        self._aside.put(Unreadable(nameless.line, NAMELESS, nameless.raw))
        if self._tally.ignored[NAMELESS] <= _SAID:
            mend = _MEND_F if nameless.missing else "nothing: the reporter told nothing more"
            self._log.warning(
                "complaint_names_nobody", line=nameless.line, columns_missing=list(nameless.missing), mend=mend
            )

    def miss(self, missing: ColumnsMissing) -> None:
        """Columns that decisions rest on are not there."""
        self._log.warning(
            "columns_missing",
            line=missing.line,
            columns=list(missing.columns),
            mend=_MEND_B if missing.record_type == "b" else _MEND_F,
        )

    def notice(self, readable: int, least: int) -> dict[str, str] | None:
        """What the postmaster is told, once, when too much of at least so many rows can't be read; else None."""
        unreadable, rows = self._tally.unreadable, readable + self._tally.unreadable.total()
        if self._has_told or not rows >= least or unreadable.total() <= self._share * rows:
            return None
        self._has_told = True
        reasons = ", ".join(f"{reason} {count:,}" for reason, count in unreadable.most_common())
        return {"rows": f"{unreadable.total():,}", "of": f"{rows:,}", "reasons": reasons}
