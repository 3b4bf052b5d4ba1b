"""How claims end, and what that means for the dispatches that wait behind them."""

import json
import sqlite3
from collections.abc import Collection, Sequence

from bouncehandler.spool import Again, Dead, Done, Returned, Settlement
from bouncehandler.spool.connection import Connection
from bouncehandler.spool.notices import About, tell
from bouncehandler.spool.rows import MAX_ANSWER, storable
from bouncehandler.suppression import Attempt, Dispatch

Values = dict[str, object]

_AS_ONE = ("settle_done", "settle_attempt")
"""Statements that take all their rows at once: for each step of a statement SQLite hands Python's lock to the threads
that call providers, and has to wait until it comes back."""


def settle(
    connection: Connection,
    settlements: Sequence[Settlement],
    now: float,
    *,
    per_campaign: bool,
    notices: Collection[str] = (),
) -> int:
    """See `Spool.settle`; `notices` are the kinds of notices that are queued."""
    if not settlements:
        return 0
    with connection.writing() as raw:
        ours = _ours(connection, raw, settlements)
        changes = _changes(ours, now, per_campaign=per_campaign)
        for statement in _AS_ONE:
            rows = json.dumps(changes.pop(statement))
            raw.execute(connection.sql(statement), {"settled": rows, "now": now})
        changed = {name: raw.executemany(connection.sql(name), rows).rowcount for name, rows in changes.items()}
        if "dead" in notices:
            tell(connection, raw, [("dead", _about(one)) for one in ours if isinstance(one, Dead)], now)
    return max(0, changed["settle_repeats"])


def _ours(connection: Connection, raw: sqlite3.Connection, settlements: Sequence[Settlement]) -> list[Settlement]:
    """Those whose claim still holds; of two for one dispatch, the first."""
    told = json.dumps([{"id": one.dispatch.id, "claim": one.dispatch.claim} for one in settlements])
    ours: dict[int, Settlement] = {}
    for place in json.loads(raw.execute(connection.sql("settle_owned"), {"settled": told}).fetchone()[0]):
        ours.setdefault(settlements[place].dispatch.id, settlements[place])
    return list(ours.values())


def _changes(settlements: Sequence[Settlement], now: float, *, per_campaign: bool) -> dict[str, list[Values]]:
    """The rows for each statement, in the order in which the statements have to run."""
    names = ("done", "again", "dead", "returned", "attempt", "learned", "owed", "repeats", "next")
    changes: dict[str, list[Values]] = {f"settle_{name}": [] for name in names}
    for settlement in settlements:
        dispatch = settlement.dispatch
        name, values = _change(settlement)
        changes[name].append({"id": dispatch.id, "claim": dispatch.claim, "now": now, **values})
        if not isinstance(settlement, Returned):
            changes["settle_attempt"].append(_attempt(dispatch, settlement.attempt))
        if isinstance(settlement, Done) and settlement.outcome.recipient and not dispatch.suppression.recipient:
            learned = _learned(settlement, now)
            changes["settle_learned"].append(learned)
            changes["settle_owed"].append(learned)
        behind = _behind(settlement)
        if behind:
            changes[behind].append({**_same_work(dispatch, per_campaign=per_campaign), "now": now})
    return changes


def _change(settlement: Settlement) -> tuple[str, Values]:
    match settlement:
        case Done(outcome=outcome):
            lists = json.dumps(outcome.lists)
            return "settle_done", {"outcome": outcome.kind, "lists": lists, "note": storable(outcome.note)}
        case Again(due_at=due_at, step=step):
            return "settle_again", {"due_at": due_at, "step": step}
        case Returned(due_at=due_at):
            return "settle_returned", {"due_at": due_at}
        case Dead():
            return "settle_dead", {}


def _learned(done: Done, now: float) -> Values:
    """The address that was learned for a suppression which had only ids."""
    dispatch, recipient = done.dispatch, storable(done.outcome.recipient)
    record = dispatch.suppression.id
    return {"id": dispatch.id, "record": record, "recipient": recipient, "provider": dispatch.provider, "now": now}


def _about(dead: Dead) -> About:
    """What a notice says of a dead letter."""
    dispatch = dead.dispatch
    return {"provider": dispatch.provider, "person": dispatch.suppression.person, "answer": dead.attempt.answer}


def _behind(settlement: Settlement) -> str:
    """What happens to those that wait behind this one; empty: they go on waiting."""
    match settlement:
        case Done(outcome=outcome):
            return "settle_next" if outcome.kind == "unknown" else "settle_repeats"
        case Dead():
            return "settle_next"
        case _:
            return ""


def _same_work(dispatch: Dispatch, *, per_campaign: bool) -> Values:
    suppression = dispatch.suppression
    job_id = suppression.job_id if per_campaign else None
    return {"provider": dispatch.provider, "recipient": suppression.person, "job_id": job_id}


def _attempt(dispatch: Dispatch, attempt: Attempt) -> Values:
    return {
        "id": dispatch.id,
        "number": dispatch.attempts,
        "started_at": attempt.started_at,
        "seconds": attempt.seconds,
        "result": attempt.result,
        "answer": storable(attempt.answer[:MAX_ANSWER]),
    }
