"""Rejected rows: counts and logs them, and keeps them under their header, so that they can be mended and fed again."""

from collections.abc import Callable

from bouncehandler.accounting import AnonymousComplaint, ColumnsMissing, Unreadable
from bouncehandler.ingest.counters import IngestCounters
from bouncehandler.ingest.ports import IngestLog, RejectSink

ANONYMOUS = "an anonymous complaint"
"""Rule under which complaints without a subject are ignored, and reason with which they are kept."""

MIN_ROWS = 1000
"""Rows of a stream that goes on before its share of unreadable rows means anything; at its end any number does."""

_MAX_LOGGED = 100
"""Unreadable rows of one reason that are logged one by one; the rest is only counted."""

_MEND_B = "name them in PowerMTA's record-fields, or write `record-fields b *`"
_MEND_F = (
    "in PowerMTA's acct-file: `record-fields f *, header_Message-Id, header_List-Unsubscribe, header_List-Id, "
    "header_X-Mw-Subscriber-Uid, header_X-Mailer-LID, header_X-Mailer-RecptId`, and for Microsoft "
    "`map-header-to-field f header_X-HmXmrOriginalRecipient rcpt`"
)


class RejectTracker:
    """Counts, logs and keeps the rejects of one input.

    Args:
        buffer: takes the rows.
        max_share: share of unreadable rows above which the postmaster gets a notice.
    """

    def __init__(self, buffer: "RejectBuffer", counters: IngestCounters, log: IngestLog, max_share: float) -> None:
        self._buffer, self._counters, self._log = buffer, counters, log
        self._max_share, self._is_noticed = max_share, False

    def add_row(self, row: Unreadable) -> None:
        """Add a row that can't be read, or a piece of one."""
        self._buffer.add(row)
        if row.is_first_piece:
            self._counters.unreadable[row.reason] += 1
            if self._counters.unreadable[row.reason] <= _MAX_LOGGED:
                self._log.warning("unreadable", line=row.line, reason=row.reason, size=len(row.raw))

    def add_anonymous(self, complaint: AnonymousComplaint) -> None:
        """Add a complaint without a subject; more columns may give the next one a subject."""
        self._counters.ignored[ANONYMOUS] += 1
        self._buffer.add(Unreadable(complaint.line, ANONYMOUS, complaint.raw))
        if self._counters.ignored[ANONYMOUS] <= _MAX_LOGGED:
            mend = _MEND_F if complaint.missing else "nothing: the report has no more"
            self._log.warning(
                "complaint_anonymous", line=complaint.line, columns_missing=[*complaint.missing], mend=mend
            )

    def log_missing_columns(self, missing: ColumnsMissing) -> None:
        """Log that columns are missing which decisions need."""
        self._log.warning(
            "columns_missing",
            line=missing.line,
            columns=list(missing.columns),
            mend=_MEND_B if missing.record_type == "b" else _MEND_F,
        )

    def build_notice(self, readable: int, min_rows: int) -> dict[str, str] | None:
        """The notice of too large a share of unreadable rows, once and from `min_rows` on; else None."""
        unreadable, rows = self._counters.unreadable, readable + self._counters.unreadable.total()
        if self._is_noticed or not rows >= min_rows or unreadable.total() <= self._max_share * rows:
            return None
        self._is_noticed = True
        reasons = ", ".join(f"{reason} {count:,}" for reason, count in unreadable.most_common())
        return {"rows": f"{unreadable.total():,}", "of": f"{rows:,}", "reasons": reasons}


class RejectBuffer:
    """Gathers rejected rows with their headers until they are flushed to disk.

    Args:
        sink: takes them.
        header_before: returns the header in force at a line of the stream, as it came; empty for none.
    """

    def __init__(self, sink: RejectSink, header_before: Callable[[int], bytes]) -> None:
        self._sink, self._header_before = sink, header_before
        self._pieces: list[bytes] = []
        self._last_header = b""
        self.is_open = False
        """Whether the last row may go on: its pieces must not gather in memory."""

    def __len__(self) -> int:
        """Number of pieces that wait."""
        return len(self._pieces)

    def add(self, row: Unreadable) -> None:
        """Add a row, or a piece of one."""
        if row.is_first_piece:
            self.end_row()
            self._add_header(row)
        self._pieces.append(row.raw)
        self.is_open = not row.raw.endswith(b"\n")
        if row.reason != "too-long":  # of which more may come
            self.end_row()

    def end_row(self) -> None:
        """Add the line end that the last row lacks, if any."""
        if self.is_open:
            self._pieces.append(b"\n")
            self.is_open = False

    def flush(self) -> None:
        """Pass everything to the sink. Raises as `RejectSink.keep`."""
        self._sink.keep(self._pieces)
        self._pieces, self._last_header = [], b""

    def _add_header(self, row: Unreadable) -> None:
        """Add the row's header once per flush and where it changes, so that the rows can be fed again."""
        header = self._header_before(row.line)
        if header and header != self._last_header:
            self._pieces.append(header)
            self._last_header = header
