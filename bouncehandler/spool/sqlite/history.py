"""History of one subject, in the order of the time."""

import json
from collections.abc import Iterator

from bouncehandler.record import Subscriber
from bouncehandler.spool.admin import HistoryEvent
from bouncehandler.spool.sqlite.codec import suppression_of
from bouncehandler.spool.sqlite.connection import Connection, Row, SpoolPart

_LIMIT = 1000
"""Suppressions of one subject that are listed."""

_EVENTS = {"bounce": "bounced", "complaint": "complained", "unsubscribe": "asked to be taken off", "list": "was listed"}


class SqliteHistory(SpoolPart):
    """History of a subject."""

    def history(self, subject: str) -> list[HistoryEvent]:
        connection = self._connection
        events = [*_counted(connection, subject)]
        for row in _suppressions(connection, subject):
            events += _of_suppression(row, subject)
            for at, event, provider, asked_by, detail in connection.rows("history_events", {"suppression": row[0]}):
                text = "; ".join(filter(None, (detail, f"asked by {asked_by}" if asked_by else "")))
                events.append(HistoryEvent(at, event, provider, text))
            for dispatch in connection.rows("history_dispatches", {"suppression": row[0]}):
                events += _of_dispatch(connection, dispatch)
        return sorted(events, key=lambda one: one.at)


def _suppressions(connection: Connection, subject: str) -> Iterator[Row]:
    """Suppressions of the subject, and of the ids that its address was learned from."""
    for row in connection.rows("history_suppressions", {"subject": subject, "limit": _LIMIT}):
        yield row
        one = suppression_of(row[4:])
        name = Subscriber(one.list_manager, one.list_id, one.subscriber_id).name
        if name and name != subject:
            yield from connection.rows("history_same_record", {"name": name, "record": one.id})


def _counted(connection: Connection, subject: str) -> Iterator[HistoryEvent]:
    for at, rule, category, status, diagnostic, originator, counted_in in connection.rows(
        "history_soft_bounces", {"subject": subject}
    ):
        text = " ".join(filter(None, (category, status, diagnostic)))
        counted = f"counted in {counted_in}" if counted_in else "counts"
        yield HistoryEvent(at, "bounced softly", "", f"{text} (from {originator}); {rule}; {counted}")
    for (at,) in connection.rows("history_delivery", {"subject": subject}):
        yield HistoryEvent(at, "was delivered to", "", "earlier soft bounces no longer count")


def _of_suppression(row: Row, subject: str) -> Iterator[HistoryEvent]:
    _, routed_to, recorded_at, at, *fields = row
    suppression = suppression_of(tuple(fields))
    event_name = _EVENTS.get(suppression.reason, suppression.reason)
    if suppression.subject != subject:
        event_name += f" as {suppression.subject}"
    text = " ".join(filter(None, (suppression.category, suppression.status, suppression.diagnostic)))
    origin = f" (from {suppression.originator})" if suppression.originator else ""
    yield HistoryEvent(at, event_name, "", f"{text}{origin}".strip())
    targets = routed_to.replace(",", ", ") or "no provider"
    detail = f"{suppression.rule}; routed to {targets}; id {suppression.id}"
    yield HistoryEvent(recorded_at, "was suppressed", "", detail)


def _of_dispatch(connection: Connection, row: Row) -> Iterator[HistoryEvent]:
    number, provider, state, due_at, attempts, outcome, lists, note, settled_at = row
    for started_at, seconds, result, answer in connection.rows("history_attempts", {"dispatch": number}):
        yield HistoryEvent(started_at, f"call: {result}", provider, f"{answer} ({seconds:.3f} s)")
    changed = ", ".join(json.loads(lists)) if lists else ""
    if state == "done":
        text = "; ".join(filter(None, (f"lists {changed}" if changed else "", note)))
        yield HistoryEvent(settled_at, f"done: {outcome}", provider, text)
    elif state == "dead":
        yield HistoryEvent(settled_at, "given up", provider, f"after {attempts} calls")
    else:
        yield HistoryEvent(due_at, f"waits ({state})", provider, "due at this time")
