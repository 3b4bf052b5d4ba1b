"""How due dispatches are claimed: one piece of work at a time for each recipient, and none that was done lately."""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field

from bouncehandler.spool import Claimed
from bouncehandler.spool.connection import Connection, Row
from bouncehandler.spool.rows import suppression_of
from bouncehandler.suppression import Dispatch, Outcome

_LOOKED_AT = 4
"""How many candidates one transaction looks at for each dispatch that is asked for."""

_SLACK = 1.0
"""Seconds by which the times of two processes may differ without that the clock was set back."""


@dataclass(frozen=True, slots=True)
class Claiming:
    """What a caller of `Spool.claim` asks for, and the token of this claim."""

    provider: str
    limit: int
    now: float
    until: float
    since: float
    """Work carried out after this time isn't done again."""
    per_campaign: bool
    probing: bool
    token: str


@dataclass(slots=True)
class _Found:
    """What becomes of the candidates that one transaction looks at."""

    claimed: list[Dispatch] = field(default_factory=list)
    repeats: list[int] = field(default_factory=list)
    waits: list[tuple[int, float]] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not (self.claimed or self.repeats or self.waits)


@dataclass(slots=True)
class _Turn:
    """Whose turn it is for one recipient, or (`first` is None) that there is nothing left to do."""

    first: int | None
    due_at: float


def claim(connection: Connection, asked: Claiming) -> Claimed:
    """See `Spool.claim`. A flood of repeats is worked off in several transactions, so that writers get their turn.

    Where nothing is due, what waits by a clock that was set back since is made due: it would wait for so long as the
    clock was set back, which can be years.
    """
    if asked.until <= asked.now:
        raise ValueError("a claim must end after now")
    claimed = Claimed()
    _claim_due(connection, asked, claimed)
    if not claimed and _mend(connection, asked):  # once: one that waits behind another is soon ahead again
        _claim_due(connection, asked, claimed)
    return claimed


def _claim_due(connection: Connection, asked: Claiming, claimed: Claimed) -> None:
    while len(claimed) < asked.limit and _is_due(connection, asked):
        found = _claim_some(connection, asked, asked.limit - len(claimed))
        if found.is_empty:
            break
        claimed += found.claimed
        claimed.repeats += len(found.repeats)


def _mend(connection: Connection, asked: Claiming) -> bool:
    """Make due what waits by a clock that was set back, and have claims end as if made now; returns whether any."""
    set_back = connection.sql("claim_set_back")
    values = {"provider": asked.provider, "now": asked.now, "until": asked.until, "slack": _SLACK}
    values["most"] = _LOOKED_AT * asked.limit
    if not connection.rows("claim_set_back", values):  # looked up without the lock for writing
        return False
    with connection.writing() as raw:
        found = json.dumps([number for (number,) in raw.execute(set_back, values)])
        raw.execute(connection.sql("claim_mend"), {**values, "found": found})
    return True


def _is_due(connection: Connection, asked: Claiming) -> bool:
    """Looked up without the lock for writing, which an idle dispatcher need not take."""
    due = connection.rows("next_due", {"provider": asked.provider})
    return bool(due) and due[0][0] <= asked.now


def _claim_some(connection: Connection, asked: Claiming, limit: int) -> _Found:
    sql = connection.sql
    with connection.writing() as raw:
        if not asked.probing and raw.execute(sql("held"), {"provider": asked.provider}).fetchone():
            return _Found()
        found = _look(connection, raw, asked, limit)
        claimed = json.dumps([dispatch.id for dispatch in found.claimed])
        raw.execute(sql("claim_take"), {"claimed": claimed, "until": asked.until, "claim": asked.token})
        raw.executemany(sql("claim_repeat"), [{"now": asked.now, "id": number} for number in found.repeats])
        raw.executemany(sql("claim_wait"), [{"due_at": due_at, "id": number} for number, due_at in found.waits])
    return found


def _look(connection: Connection, raw: sqlite3.Connection, asked: Claiming, limit: int) -> _Found:
    """Go through the candidates until `limit` are found; the cursor reads no further than that."""
    found = _Found()
    turns: dict[tuple[str, str | None], _Turn] = {}
    values = {"provider": asked.provider, "now": asked.now, "most": _LOOKED_AT * limit}
    for number, attempts, step, due_at, *fields, changed in raw.execute(connection.sql("claim_due"), values):
        suppression = suppression_of(tuple(fields))
        key = (suppression.person, suppression.job_id if asked.per_campaign else None)
        turn = turns.get(key) or turns.setdefault(key, _turn(connection, raw, asked, key))
        if turn.first is None and changed is None:
            found.repeats.append(number)
        elif turn.first in {number, None}:
            turn.due_at = asked.until
            restores = None if changed is None else Outcome("unsubscribed", tuple(json.loads(changed)))
            dispatch = Dispatch(number, asked.provider, suppression, attempts + 1, step, asked.token, restores)
            found.claimed.append(dispatch)
            if len(found.claimed) == limit:
                break
        else:
            found.waits.append((number, max(due_at, turn.due_at + 1)))
    return found


def _turn(connection: Connection, raw: sqlite3.Connection, asked: Claiming, key: tuple[str, str | None]) -> _Turn:
    recipient, job_id = key
    values = {
        "provider": asked.provider,
        "recipient": recipient,
        "job_id": job_id,
        "now": asked.now,
        "since": asked.since,
    }
    if raw.execute(connection.sql("claim_carried_out"), values).fetchone()[0]:
        return _Turn(first=None, due_at=asked.now)
    first: Row = raw.execute(connection.sql("claim_first"), values).fetchone()
    return _Turn(first=first[0], due_at=first[1])


def extend(connection: Connection, dispatches: Iterable[Dispatch], until: float) -> None:
    """See `Spool.extend`."""
    rows = [{"id": dispatch.id, "claim": dispatch.claim, "until": until} for dispatch in dispatches]
    if rows:
        with connection.writing() as raw:
            raw.executemany(connection.sql("claim_extend"), rows)
