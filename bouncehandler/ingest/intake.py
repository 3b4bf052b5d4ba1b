"""Decides about what the reader reads, and commits it to the spool in groups."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol

from bouncehandler.accounting import ColumnsMissing, Item, Reader, Unreadable
from bouncehandler.ingest.tally import Tally
from bouncehandler.policy import Count, Policy, Suppress, Verdict
from bouncehandler.record import Bounce, ListedAddress
from bouncehandler.routing import Routes
from bouncehandler.spool import Owed, Recorded
from bouncehandler.suppression import Suppression

_CATEGORIES_LEARNT = 1000
"""So many ignored categories are remembered; the set is open, memory is not."""


_UNREADABLE_SAID = 100
"""So many unreadable rows of a kind are logged one by one; the rest is counted, since a log is to be read."""


class Recorder(Protocol):
    """Where suppressions go: the spool, or nowhere in a dry run."""

    def record(self, batch: list[Owed], now: float) -> Recorded:
        """See `Spool.record`."""
        ...


class Keeper(Protocol):
    """Where rows go that can't be read."""

    def keep(self, rows: Iterable[bytes]) -> None:
        """See `RejectedFile.keep`."""
        ...


class Log(Protocol):
    """The two things that the engine says aloud; a structlog logger is one."""

    def warning(self, event: str, **values: object) -> object:
        """Something that deserves a look."""
        ...

    def debug(self, event: str, **values: object) -> object:
        """Something for who asked for everything."""
        ...


class Ingest:
    """Reads one input to its end.

    Args:
        reader: fresh, for this input.
        spool: takes the suppressions, a group at a time.
        rejected: takes the rows that can't be read.
        clock: seconds since the epoch.
        batch_rows: after so many suppressions the group is committed even though more input waits.
        committed: called after every commit that put something new into the spool.
        says_each: whether each row and its verdict goes to the log at level debug.
    """

    def __init__(  # noqa: PLR0913, PLR0917  # the left half meets everything here
        self,
        reader: Reader,
        policy: Policy,
        routes: Routes,
        spool: Recorder,
        rejected: Keeper,
        log: Log,
        *,
        clock: Callable[[], float],
        batch_rows: int = 1000,
        committed: Callable[[], None] = lambda: None,
        says_each: bool = False,
    ) -> None:
        self._tally = Tally()
        self._reader, self._policy, self._routes = reader, policy, routes
        self._spool, self._rejected, self._log = spool, rejected, log
        self._clock, self._batch_rows, self._committed, self._says_each = clock, batch_rows, committed, says_each
        self._owed: list[Owed] = []
        self._unreadable: list[bytes] = []
        self._header_kept = b""
        self._is_kept_row_open = False
        if not says_each:
            for category in policy.settled_categories():
                reader.ignore(category)

    @property
    def is_inside_row(self) -> bool:
        """Whether the input has paused inside a quoted cell."""
        return self._reader.is_open

    @property
    def has_recognised_input(self) -> bool:
        """Whether anything at all was a header, a row of a known type, or a listed address."""
        return self._reader.recognised

    @property
    def rows(self) -> int:
        """Readable rows so far."""
        return self._reader.counted.total() + sum(sum(tally.values()) for tally in self._reader.tallies.values())

    @property
    def is_waiting_to_commit(self) -> bool:
        """Whether anything read is not on disk yet."""
        return bool(self._owed or self._unreadable)

    def feed(self, block: bytes) -> None:
        """Read a block and decide; commit when the group is full.

        Raises:
            SpoolError: the disk failed us.
        """
        self._take(self._reader.feed(block))
        is_full = len(self._owed) >= self._batch_rows or len(self._unreadable) >= self._batch_rows
        if is_full or self._is_kept_row_open:  # the pieces of a row without end must not gather in memory
            self.commit()

    def close(self) -> None:
        """Read what is left behind the last line end, and commit. Raises as `feed`."""
        self._take(self._reader.close())
        self._end_kept_row()
        self.commit()

    def free_swallowed_rows(self) -> None:
        """See `Reader.give_up_open_row`. Raises as `feed`."""
        self._take(self._reader.give_up_open_row())
        self.commit()

    def commit(self) -> None:
        """Put the group on disk, rows that can't be read first. Raises as `feed`."""
        if self._unreadable:
            self._rejected.keep(self._unreadable)
            self._unreadable, self._header_kept = [], b""
        if self._owed:
            recorded = self._spool.record(self._owed, self._clock())
            self._tally.duplicates += recorded.duplicates
            self._owed = []
            self._committed()

    def tally(self) -> Tally:
        """The numbers as of now."""
        records, ignored = self._reader.counted.copy(), self._tally.ignored.copy()
        for record_type, tally in self._reader.tallies.items():
            records[record_type] += sum(tally.values())
            for category, rows in tally.items():
                ignored[reason(self._policy.of_category(category))] += rows
        return replace(self._tally, records=+records, ignored=+ignored)

    def _take(self, items: list[Item]) -> None:
        for item in items:
            if isinstance(item, Bounce):
                self._bounce(item)
            elif isinstance(item, ListedAddress):
                self._listed(item)
            elif isinstance(item, Unreadable):
                self._set_aside(item)
            else:
                self._missing(item)

    def _bounce(self, bounce: Bounce) -> None:
        verdict = self._policy.decide(bounce)
        if isinstance(verdict, Suppress):
            providers = self._routes.of(bounce.originator)
            if not providers and self._routes.everyone:
                self._tally.nobody_wants(bounce.originator)
            self._owed.append(Owed(_of_bounce(bounce, verdict), providers))
            self._tally.suppressed += 1
        else:
            self._tally.ignored[reason(verdict)] += 1
            self._learn(bounce.category)
        if self._says_each:
            self._say(bounce, verdict)

    def _listed(self, listed: ListedAddress) -> None:
        verdict = self._policy.decide(listed)
        day = datetime.fromtimestamp(self._clock(), UTC).date().isoformat()
        suppression = Suppression(listed.id_on(day), listed.recipient, "list", verdict.rule)
        self._owed.append(Owed(suppression, self._routes.everyone))
        self._tally.suppressed += 1
        if self._says_each:
            self._log.debug("row", recipient=listed.recipient, verdict="suppress", rule=verdict.rule)

    def _learn(self, category: str) -> None:
        """Have the reader only tally a category that no other field of the record can save from being ignored."""
        has_room = len(self._reader.tallies["b"]) < _CATEGORIES_LEARNT
        if has_room and not self._says_each and self._policy.is_settled(category):
            self._reader.ignore(category)

    def _set_aside(self, row: Unreadable) -> None:
        if row.is_first_piece:
            self._end_kept_row()
            self._put_header_before(row)
        self._unreadable.append(row.raw)
        self._is_kept_row_open = not row.raw.endswith(b"\n")
        if row.reason != "too-long":  # of which more may come
            self._end_kept_row()
        if row.is_first_piece:
            self._tally.unreadable[row.reason] += 1
            if self._tally.unreadable[row.reason] <= _UNREADABLE_SAID:
                self._log.warning("unreadable", line=row.line, reason=row.reason, size=len(row.raw))

    def _end_kept_row(self) -> None:
        """Give the row that was kept last its line end, where it came without."""
        if self._is_kept_row_open:
            self._unreadable.append(b"\n")
            self._is_kept_row_open = False

    def _put_header_before(self, row: Unreadable) -> None:
        """Once a group, and where it changes: so what is kept can be mended and fed in as it is."""
        header = self._reader.headers.before(row.line)
        if header and header != self._header_kept:
            self._unreadable.append(header)
            self._header_kept = header

    def _missing(self, missing: ColumnsMissing) -> None:
        self._log.warning(
            "columns_missing",
            line=missing.line,
            columns=list(missing.columns),
            mend="name them in PowerMTA's record-fields, or write `record-fields b *`",
        )

    def _say(self, bounce: Bounce, verdict: Verdict) -> None:
        self._log.debug(
            "row",
            recipient=bounce.recipient,
            originator=bounce.originator,
            category=bounce.category,
            status=str(bounce.status or ""),
            verdict=type(verdict).__name__.lower(),
            rule=verdict.rule,
        )


def reason(verdict: Verdict) -> str:
    """Why a record was ignored, in the words of the configuration."""
    return f"{verdict.rule} (counting)" if isinstance(verdict, Count) else verdict.rule


def _of_bounce(bounce: Bounce, verdict: Suppress) -> Suppression:
    return Suppression(
        bounce.id,
        bounce.recipient,
        "bounce",
        verdict.rule,
        bounce.record_type,
        bounce.category,
        str(bounce.status or ""),
        bounce.diagnostic,
        bounce.originator,
        bounce.job_id,
        bounce.logged_at or bounce.queued_at,
    )
