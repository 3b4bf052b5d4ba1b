"""Undo: subject by subject, and only where no other suppression speaks against it."""

import sqlite3
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import groupby
from typing import NamedTuple

from bouncehandler.spool.admin import Selection, Undone
from bouncehandler.spool.sqlite.codec import sanitize_text
from bouncehandler.spool.sqlite.connection import Connection
from bouncehandler.spool.sqlite.lists import SqliteLists

_GROUP = 200
"""Subjects that are dealt with in one transaction: the pipe waits for none of them long."""

_REQUESTS = frozenset({"complaint", "unsubscribe"})
"""Reasons that are the subject's own request."""

_CHANGED_NOTHING = frozenset({"already", "unknown"})
"""Outcomes of which nothing is to be restored, whatever lists they name."""


@dataclass(frozen=True, slots=True)
class UndoRequest:
    """Arguments of `Spool.undo`."""

    selection: Selection
    restoring: Collection[str]
    forced: bool
    asked_by: str
    now: float
    is_dry: bool


class _UndoCandidate(NamedTuple):
    """A row of `undo_suppressions`."""

    id: int
    reason: str
    category: str
    at: float
    is_undone: int
    is_selected: int


class _Dispatch(NamedTuple):
    """A row of `undo_dispatches`."""

    id: int
    suppression: int
    provider: str
    state: str
    undoing: int
    outcome: str | None
    lists: str | None
    attempts: int

    @property
    def has_changed(self) -> bool:
        """Whether calls for it have changed anything, also where the last one failed."""
        lists = self.lists is not None and self.lists != "[]"
        return self.outcome == "unsubscribed" or (lists and self.outcome not in _CHANGED_NOTHING)


class SqliteUndo(SqliteLists):
    """Undo of suppressions."""

    def undo(
        self,
        selection: Selection,
        *,
        restoring: Collection[str],
        asked_by: str,
        forced: bool = False,
        is_dry: bool = False,
    ) -> Iterator[Undone]:
        request = UndoRequest(selection, restoring, forced=forced, asked_by=asked_by, now=self._clock(), is_dry=is_dry)
        finished: set[str] = set()
        for subjects in self._subjects(selection):
            left = None if selection.limit is None else selection.limit - len(finished)
            fresh = [subject for subject in subjects if subject not in finished][:left]
            finished.update(fresh)
            for at in range(0, len(fresh), _GROUP):
                yield from _undo_group(self._connection, request, fresh[at : at + _GROUP])

    def _subjects(self, selection: Selection) -> Iterator[list[str]]:
        """The selected subjects, page by page."""
        if selection.recipient is not None:
            yield [selection.recipient]
            return
        for page in self._pages_of_all(replace(selection, is_undone=None)):
            yield list(dict.fromkeys(row[1] for row in page))


def _undo_group(connection: Connection, request: UndoRequest, subjects: Sequence[str]) -> list[Undone]:
    within = connection.reading() if request.is_dry else connection.writing()
    with within as raw:
        return [result for subject in subjects for result in _Subject(connection, raw, request, subject).undo()]


class _Subject:
    """Suppressions and dispatches of one subject within a transaction."""

    def __init__(self, connection: Connection, raw: sqlite3.Connection, request: UndoRequest, subject: str) -> None:
        self._sql, self._raw, self._request, self._subject = connection.sql, raw, request, subject
        values = {**asdict(request.selection), "subject": subject}
        self._suppressions = [_UndoCandidate._make(row) for row in raw.execute(self._sql("undo_suppressions"), values)]
        rows = raw.execute(self._sql("undo_dispatches"), {"subject": subject})
        self._dispatches = [_Dispatch._make(row) for row in rows]

    def undo(self) -> list[Undone]:
        """Undo selected suppressions, and restore where no other suppression stands against it."""
        selected = [one for one in self._suppressions if one.is_selected]
        results = [self._refused(one) for one in selected if self._is_refused(one)]
        undone = [one for one in selected if not (one.is_undone or self._is_refused(one))]
        for one in undone if self._request.selection.provider is None else ():
            self._change("undo_suppression", one.id)
            self._note(one.id, "", "undone", "")
        gone = {one.id for one in undone} | {one.id for one in self._suppressions if one.is_undone}
        if not undone and not any(one.is_undone for one in selected):
            return results
        for provider, dispatches in groupby(self._dispatches, lambda dispatch: dispatch.provider):
            results += self._at(provider, list(dispatches), gone)
        if undone and not self._dispatches:
            results.append(Undone(self._subject, "", "withdrawn", "no provider had been notified"))
        return results

    def _is_refused(self, one: _UndoCandidate) -> bool:
        return one.reason in _REQUESTS and not self._request.forced and not one.is_undone

    def _refused(self, one: _UndoCandidate) -> Undone:
        reason = "a complaint" if one.reason == "complaint" else "an unsubscribe request"
        return Undone(self._subject, "", "kept", f"{reason} is undone one by one, with --recipient and --force")

    def _at(self, provider: str, dispatches: list[_Dispatch], gone: Collection[int]) -> Iterator[Undone]:
        """Undo the dispatches to one provider; yields the results."""
        if self._request.selection.provider not in {None, provider}:
            return
        objection = self._objection(dispatches, gone)
        if objection:
            if any(one.suppression in gone and one.outcome not in {"undone", "restored"} for one in dispatches):
                yield Undone(self._subject, provider, "kept", f"also suppressed for {objection}")
            return
        for dispatch in dispatches:
            result, detail = self._one(dispatch)
            if result:
                yield Undone(self._subject, provider, result, detail)

    def _objection(self, dispatches: list[_Dispatch], gone: Collection[int]) -> str:
        """Reason why the subject stays suppressed here; empty where there is none.

        A bounce counts where it was dispatched to this provider, everything else everywhere.
        """
        dispatched = {dispatch.suppression for dispatch in dispatches}
        for one in self._suppressions:
            if one.id not in gone and (one.reason != "bounce" or one.id in dispatched):
                return f"a {one.reason} that is not undone" if one.reason != "unsubscribe" else "an unsubscribe request"
        return ""

    def _one(self, dispatch: _Dispatch) -> tuple[str, str]:
        """Undo one dispatch; returns the result and its detail, two empty texts where there is none."""
        if dispatch.undoing or dispatch.outcome in {"restored", "undone"}:
            return "", ""
        if dispatch.state == "claimed":
            self._change("undo_later", dispatch.id)
            return "restoring", "a call is under way; its changes are restored after it"
        if dispatch.has_changed:
            return self._restore(dispatch)
        self._change("undo_withdraw", dispatch.id)
        self._note(dispatch.suppression, dispatch.provider, "withdrawn", f"was {dispatch.outcome or dispatch.state}")
        if dispatch.state == "done":
            changed = dispatch.outcome != "repeat"
            return ("nothing", f"the call had changed nothing: {dispatch.outcome}") if changed else ("", "")
        failed = f"after calls that failed: {dispatch.attempts}"
        return "withdrawn", failed if dispatch.attempts else "was not called yet"

    def _restore(self, dispatch: _Dispatch) -> tuple[str, str]:
        lists = ", ".join(str(dispatch.lists or "").strip("[]").replace('"', "").split(", ")).strip()
        if dispatch.provider not in self._request.restoring:
            if dispatch.state != "done":
                self._change("undo_stop", dispatch.id)
                self._note(dispatch.suppression, dispatch.provider, "withdrawn", f"was {dispatch.state}")
            return "impossible", "this provider's adapter can't restore, or the provider is not configured"
        self._change("undo_restore", dispatch.id)
        self._note(dispatch.suppression, dispatch.provider, "to be restored", f"lists {lists}" if lists else "")
        return "restoring", f"lists {lists}" if lists else ""

    def _change(self, statement: str, number: int) -> None:
        if not self._request.is_dry:
            self._raw.execute(self._sql(statement), {"id": number, "now": self._request.now})

    def _note(self, suppression: int, provider: str, event: str, detail: str) -> None:
        if self._request.is_dry:
            return
        values = {"suppression": suppression, "provider": provider, "now": self._request.now, "event": event}
        self._raw.execute(
            self._sql("insert_event"),
            {**values, "asked_by": sanitize_text(self._request.asked_by), "detail": sanitize_text(detail)},
        )
