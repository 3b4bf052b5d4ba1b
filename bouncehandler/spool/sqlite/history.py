"""History of one subject, in the order of the time."""

import json
from collections.abc import Iterator
from typing import NamedTuple

from bouncehandler.record import Subscriber
from bouncehandler.spool.admin import HistoryEvent
from bouncehandler.spool.sqlite.connection import Connection, Row

_LIMIT = 1000
"""Suppressions of one subject that are listed."""

_EVENTS = {"bounce": "bounced", "complaint": "complained", "unsubscribe": "asked to be taken off", "list": "was listed"}


class _SuppressionHistory(NamedTuple):
    """A row of `history_suppressions`."""

    id: int
    record: str
    recipient: str
    reason: str
    rule: str
    record_type: str
    category: str
    status: str
    diagnostic: str
    originator: str
    job_id: str
    occurred_at: int | None
    subscriber: str
    routed_to: str
    recorded_at: float

    @property
    def name(self) -> str:
        """`mailwizz:LIST/SUBSCRIBER`; empty where no ids are known."""
        return Subscriber(*self.subscriber.split(":")).name if self.subscriber else ""


def history(connection: Connection, subject: str) -> list[HistoryEvent]:
    """See `Spool.history`."""
    events = [*_counted(connection, subject)]
    for suppression in _suppressions(connection, subject):
        events += _of_suppression(suppression, subject)
        for at, event, provider, asked_by, detail in connection.rows("history_events", {"suppression": suppression.id}):
            text = "; ".join(filter(None, (detail, f"asked by {asked_by}" if asked_by else "")))
            events.append(HistoryEvent(at, event, provider, text))
        for dispatch in connection.rows("history_dispatches", {"suppression": suppression.id}):
            events += _of_dispatch(connection, dispatch)
    return sorted(events, key=lambda one: one.at)


def _suppressions(connection: Connection, subject: str) -> Iterator[_SuppressionHistory]:
    """Suppressions of the subject, and of the ids that its address was learned from."""
    for row in connection.rows("history_suppressions", {"subject": subject, "limit": _LIMIT}):
        suppression = _SuppressionHistory._make(row)
        yield suppression
        if suppression.name and suppression.name != subject:
            values: dict[str, object] = {"name": suppression.name, "record": suppression.record}
            yield from map(_SuppressionHistory._make, connection.rows("history_same_record", values))


def _counted(connection: Connection, subject: str) -> Iterator[HistoryEvent]:
    for at, rule, category, status, diagnostic, originator, counted_in in connection.rows(
        "history_soft_bounces", {"subject": subject}
    ):
        text = " ".join(filter(None, (category, status, diagnostic)))
        counted = f"counted in {counted_in}" if counted_in else "counts"
        yield HistoryEvent(at, "bounced softly", "", f"{text} (from {originator}); {rule}; {counted}")
    for (at,) in connection.rows("history_delivery", {"subject": subject}):
        yield HistoryEvent(at, "was delivered to", "", "earlier soft bounces no longer count")


def _of_suppression(suppression: _SuppressionHistory, subject: str) -> Iterator[HistoryEvent]:
    event_name = _EVENTS.get(suppression.reason, suppression.reason)
    if suppression.recipient != subject:
        event_name += f" as {suppression.recipient}"
    text = " ".join(filter(None, (suppression.category, suppression.status, suppression.diagnostic)))
    origin = f" (from {suppression.originator})" if suppression.originator else ""
    at = suppression.recorded_at if suppression.occurred_at is None else suppression.occurred_at
    yield HistoryEvent(at, event_name, "", f"{text}{origin}".strip())
    routed_to = suppression.routed_to.replace(",", ", ") or "no provider"
    yield HistoryEvent(
        suppression.recorded_at,
        "was suppressed",
        "",
        f"{suppression.rule}; routed to {routed_to}; id {suppression.record}",
    )


def _of_dispatch(connection: Connection, row: Row) -> Iterator[HistoryEvent]:
    number, provider, state, due_at, _, attempts, outcome, lists, note, settled_at = row
    for _, started_at, seconds, result, answer in connection.rows("history_attempts", {"dispatch": number}):
        yield HistoryEvent(started_at, f"call: {result}", provider, f"{answer} ({seconds:.3f} s)")
    changed = ", ".join(json.loads(lists)) if lists else ""
    if state == "done":
        text = "; ".join(filter(None, (f"lists {changed}" if changed else "", note)))
        yield HistoryEvent(settled_at, f"done: {outcome}", provider, text)
    elif state == "dead":
        yield HistoryEvent(settled_at, "given up", provider, f"after {attempts} calls")
    else:
        yield HistoryEvent(due_at, f"waits ({state})", provider, "due at this time")
