"""What people do with a spool in one SQLite file afterwards, and where in this folder it is done."""

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from bouncehandler.record import moment_of
from bouncehandler.spool import DeadLetter, ErasureResult, HeldSpike, HistoryEvent, ManualAction, Selection, Undone
from bouncehandler.spool.sqlite.codec import sanitize_text
from bouncehandler.spool.sqlite.connection import Connection, Row
from bouncehandler.spool.sqlite.erasure import ErasureRequest, forget, forget_rest
from bouncehandler.spool.sqlite.history import history
from bouncehandler.spool.sqlite.holds import HoldDecision, decide, held_spikes, on_hold, prune_tallies, remind
from bouncehandler.spool.sqlite.notifications import manual_actions
from bouncehandler.spool.sqlite.lists import dead_letters, dropped, suppressions
from bouncehandler.spool.sqlite.undo import UndoRequest, undo
from bouncehandler.suppression import Suppression

_MAX_NUMBER = 2**63 - 1

_MOST = 1000
"""Suppressions of one person that are looked at."""


class ActiveSuppression(NamedTuple):
    """What stands against a person: a suppression that was not undone."""

    record: str
    """See `Suppression.id`."""
    reason: str
    diagnostic: str
    occurred_at: datetime | None
    is_held: bool


class SqliteSpoolAdmin:
    """`SpoolAdmin` says what each method promises; all of them raise `SpoolError`."""

    def __init__(self, connection: Connection, notices: frozenset[str]) -> None:
        self._connection = connection
        self._notices = notices

    def suppressions(self, selection: Selection) -> Iterator[Suppression]:
        """The selected suppressions, oldest first."""
        return suppressions(self._connection, selection)

    def active_suppression(self, subject: str, record: str) -> ActiveSuppression | None:
        """What stands against a person by one record; None where nothing does, or no more."""
        rows = self._connection.rows("active_suppression", {"subject": sanitize_text(subject), "record": record})
        return _standing(rows[0]) if rows else None

    def active_suppressions(self, subject: str) -> list[ActiveSuppression]:
        """All that stands against a person, newest first; of a great many only the newest."""
        rows = self._connection.rows("active_suppressions", {"subject": sanitize_text(subject), "limit": _MOST})
        return [_standing(row) for row in rows]

    def active_suppressions_at(self, subject: str, record: str) -> list[ActiveSuppression]:
        """What stands against a person by records of the same second as this one; nothing where it has no time."""
        moment = moment_of(record)
        rows = (
            self._connection.rows("active_suppressions_at", {"subject": sanitize_text(subject), "moment": moment})
            if moment
            else ()
        )
        return list(map(_standing, rows))

    def history(self, subject: str) -> list[HistoryEvent]:
        """Everything that is known of a person, in the order of the time."""
        return history(self._connection, subject)

    def dead_letters(self, selection: Selection) -> Iterator[DeadLetter]:
        """The selected dead letters, oldest first."""
        return dead_letters(self._connection, selection)

    def retry_dead_letters(self, ids: Sequence[int], now: float) -> int:
        """Make dead letters pending and due at once; returns how many were."""
        return self._change_dead_letters("dead_letter_retry", ids, now)

    def drop_dead_letters(self, ids: Sequence[int], now: float, reason: str = "") -> int:
        """Settle dead letters without a call; returns how many were."""
        return self._change_dead_letters("dead_letter_drop", ids, now, reason=sanitize_text(reason))

    def undo(  # noqa: PLR0913  # the protocol's signature
        self,
        selection: Selection,
        *,
        restoring: Collection[str],
        now: float,
        asked_by: str,
        forced: bool = False,
        is_dry: bool = False,
    ) -> Iterator[Undone]:
        """Take back the selected suppressions, and tell what becomes of each person at each provider."""
        asked = UndoRequest(selection, restoring, forced=forced, asked_by=asked_by, now=now, is_dry=is_dry)
        return undo(self._connection, asked)

    def spikes(self, selection: Selection) -> list[HeldSpike]:
        """The spikes that were noticed, oldest first."""
        return held_spikes(self._connection, selection)

    def on_hold(self, selection: Selection) -> Iterator[tuple[HeldSpike, Suppression]]:
        """What the selected spikes hold."""
        return on_hold(self._connection, selection)

    def decide_held(self, selection: Selection, *, is_released: bool, now: float, asked_by: str) -> int:
        """Release what is held, or discard it; returns how many suppressions."""
        verdict = "released" if is_released else "discarded"
        return decide(self._connection, selection, HoldDecision(verdict, asked_by, now))

    def remind(self, before: float, now: float) -> int:
        """Queue a notice of each spike that holds something and was last told of before then."""
        return remind(self._connection, before, now, is_told="spike" in self._notices)

    def prune_spikes(self, rest: Callable[[], bool] = lambda: False) -> int:
        """Forget tallies of hard bounces that no longer tell what is usual."""
        return prune_tallies(self._connection, rest)

    def forget(self, subject: str, *, now: float, asked_by: str) -> ErasureResult:
        """Erase a person's data, and keep a keyed hash in its place."""
        return forget(self._connection, ErasureRequest(sanitize_text(subject), asked_by, now))

    def forget_rest(self, now: float) -> int:
        """Erase what was kept for calls that are done now."""
        return forget_rest(self._connection, now)

    def dropped(self, selection: Selection) -> Iterator[DeadLetter]:
        """The selected dead letters that were dropped, oldest first."""
        return dropped(self._connection, selection)

    def manual_actions(self, since: float, until: float) -> Sequence[ManualAction]:
        """What was taken back, or decided about what was held, in a time."""
        return manual_actions(self._connection, since, until)

    def _change_dead_letters(self, statement: str, ids: Sequence[int], now: float, **values: object) -> int:
        rows = [{"id": number, "now": now, **values} for number in ids if 0 < number <= _MAX_NUMBER]
        return self._change(statement, rows)

    def _change(self, statement: str, rows: Sequence[dict[str, object]]) -> int:
        """How many rows the statement changed."""
        if not rows:
            return 0
        with self._connection.writing() as raw:
            return raw.executemany(self._connection.sql(statement), rows).rowcount


def _standing(row: Row) -> ActiveSuppression:
    record, reason, diagnostic, at, is_held = row
    return ActiveSuppression(
        record, reason, diagnostic, None if at is None else datetime.fromtimestamp(at, UTC), bool(is_held)
    )
