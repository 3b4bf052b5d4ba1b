"""Settlement of claims, and of the dispatches that wait behind them."""

import json
import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import replace

from bouncehandler.spool.models import Completed, DeadLettered, MetricCounter, Released, RetryLater, Settlement
from bouncehandler.spool.sqlite.codec import MAX_ANSWER, sanitize_text
from bouncehandler.spool.sqlite.connection import Connection, SpoolPart
from bouncehandler.spool.sqlite.hashes import subject_hash
from bouncehandler.spool.sqlite.notifications import About, enqueue_notices
from bouncehandler.spool.sqlite.stats import put_counters
from bouncehandler.suppression import Attempt, Dispatch

Values = dict[str, object]

_IN_ORDER = (
    "settle_done",
    "settle_retry",
    "settle_dead",
    "settle_released",
    "settle_reversed",
    "settle_withdrawn",
    "settle_attempt",
    "settle_learned",
    "settle_learned_dispatches",
    "settle_repeats",
    "settle_next",
)
"""The statements in the order in which they have to run."""

_AS_ONE = ("settle_done", "settle_attempt")
"""Statements that take all their rows at once: for each step of a statement SQLite hands Python's lock to the threads
that call providers, and has to wait until it comes back."""


class SqliteSettlement(SpoolPart):
    """Settlement of claims."""

    def settle(
        self,
        settlements: Sequence[Settlement],
        *,
        per_campaign: bool = False,
        counters: Sequence[MetricCounter] = (),
    ) -> int:
        if not (settlements or counters):
            return 0
        sql, now = self._connection.sql, self._clock()
        with self._connection.writing() as raw:
            ours, undone = _ours(self._connection, raw, settlements)
            changes = _changes(ours, undone, now, per_campaign=per_campaign)
            for statement in _AS_ONE:
                raw.execute(sql(statement), {"settled": json.dumps(changes.pop(statement)), "now": now})
            put_counters(self._connection, raw, counters)
            changed = {name: raw.executemany(sql(name), rows).rowcount for name, rows in changes.items()}
            if "dead" in self._notices:
                dead = [("dead", _about(one)) for one in ours if isinstance(one, DeadLettered)]
                enqueue_notices(self._connection, raw, dead, now)
        return max(0, changed["settle_repeats"])


def _ours(
    connection: Connection, raw: sqlite3.Connection, settlements: Sequence[Settlement]
) -> tuple[list[Settlement], set[int]]:
    """Select settlements whose claim still holds, of two for one dispatch the first; and dispatches undone meanwhile.

    Each settlement has the lists that earlier calls for its dispatch had changed.
    """
    claims = json.dumps([{"id": one.dispatch.id, "claim": one.dispatch.claim} for one in settlements])
    ours: dict[int, Settlement] = {}
    undone = set()
    owned = raw.execute(connection.sql("settle_owned"), {"settled": claims}).fetchone()[0]
    for index, is_undone, lists in json.loads(owned):
        number = settlements[index].dispatch.id
        ours.setdefault(number, _with_earlier(settlements[index], json.loads(lists) if lists else []))
        if is_undone:
            undone.add(number)
    return list(ours.values()), undone


def _with_earlier(one: Settlement, earlier: Sequence[str]) -> Settlement:
    """Add the lists that `earlier` calls for the dispatch have changed.

    A subject that is off the lists by now was taken off them by this program, if by an earlier call. A call that
    restores has changed nothing that would have to be restored.
    """
    if not isinstance(one, Completed):
        changed = () if one.dispatch.restores else (*earlier, *one.changed)
        return replace(one, changed=tuple(dict.fromkeys(changed))) if changed or one.changed else one
    if not earlier:
        return one
    outcome = one.outcome
    now = outcome.lists if outcome.kind == "unsubscribed" else ()
    return replace(one, outcome=replace(outcome, kind="unsubscribed", lists=tuple(dict.fromkeys([*earlier, *now]))))


def _changes(
    settlements: Sequence[Settlement], undone: Collection[int], now: float, *, per_campaign: bool
) -> dict[str, list[Values]]:
    """The rows for each statement."""
    changes: dict[str, list[Values]] = {name: [] for name in _IN_ORDER}
    for settlement in settlements:
        dispatch = settlement.dispatch
        is_undone = dispatch.id in undone
        name, values = _undone(settlement) if is_undone else _change(settlement, now)
        changes[name].append({"id": dispatch.id, "claim": dispatch.claim, "now": now, **values})
        if not isinstance(settlement, Released):
            changes["settle_attempt"].append(_attempt(dispatch, settlement.attempt))
        if isinstance(settlement, Completed) and settlement.outcome.recipient and not dispatch.suppression.recipient:
            learned = _learned(settlement, now)
            changes["settle_learned"].append(learned)
            changes["settle_learned_dispatches"].append(learned)
        behind = "settle_next" if is_undone else _behind(settlement)
        if behind:
            changes[behind].append({**_same_work(dispatch, per_campaign=per_campaign), "now": now})
    return changes


def _change(settlement: Settlement, now: float) -> tuple[str, Values]:
    match settlement:
        case Completed(outcome=outcome):
            lists = json.dumps(outcome.lists)
            return "settle_done", {"outcome": outcome.kind, "lists": lists, "note": sanitize_text(outcome.note)}
        case RetryLater(due_in=due_in, retry_index=retry_index):
            return "settle_retry", {"due_at": now + due_in, "retry_index": retry_index, "lists": _lists(settlement)}
        case Released(due_in=due_in):
            return "settle_released", {"due_at": now + due_in, "lists": _lists(settlement)}
        case DeadLettered():
            return "settle_dead", {"lists": _lists(settlement)}


def _lists(failed: RetryLater | DeadLettered | Released) -> str | None:
    """The lists that the calls so far have changed; None, which leaves the row as it is, where there are none."""
    return json.dumps(failed.changed) if failed.changed else None


def _undone(settlement: Settlement) -> tuple[str, Values]:
    """The settlement of a call that was undone while it was under way."""
    if isinstance(settlement, Completed):
        outcome = settlement.outcome
        lists, note, is_changed = outcome.lists, sanitize_text(outcome.note), outcome.kind == "unsubscribed"
    else:
        lists, note, is_changed = settlement.changed, "", bool(settlement.changed)
    return ("settle_reversed", {"lists": json.dumps(lists), "note": note}) if is_changed else ("settle_withdrawn", {})


def _learned(done: Completed, now: float) -> Values:
    """The address that was learned for a suppression which had only ids."""
    dispatch, recipient = done.dispatch, sanitize_text(done.outcome.recipient)
    record = dispatch.suppression.id
    return {"id": dispatch.id, "record": record, "recipient": recipient, "provider": dispatch.provider, "now": now}


def _about(dead: DeadLettered) -> About:
    """The values of a notice about a dead letter."""
    dispatch = dead.dispatch
    return {"provider": dispatch.provider, "person": dispatch.suppression.subject, "answer": dead.attempt.answer}


def _behind(settlement: Settlement) -> str:
    """The query for dispatches that wait behind this one; empty: they go on waiting."""
    if isinstance(settlement, Completed) and settlement.outcome.kind != "unknown" and not settlement.dispatch.restores:
        return "settle_repeats"
    return "settle_next" if isinstance(settlement, Completed | DeadLettered) else ""


def _same_work(dispatch: Dispatch, *, per_campaign: bool) -> Values:
    suppression = dispatch.suppression
    job_id, recipient = suppression.job_id if per_campaign else None, suppression.subject
    return {
        "provider": dispatch.provider,
        "subject_hash": subject_hash(recipient),
        "recipient": recipient,
        "job_id": job_id,
    }


def _attempt(dispatch: Dispatch, attempt: Attempt) -> Values:
    return {
        "id": dispatch.id,
        "number": dispatch.attempts,
        "started_at": attempt.started_at,
        "seconds": attempt.seconds,
        "result": attempt.result,
        "answer": sanitize_text(attempt.answer[:MAX_ANSWER]),
    }
