"""How due dispatches are claimed: one piece of work at a time for each recipient, and none that was done lately."""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from bouncehandler.spool import Claimed
from bouncehandler.spool.sqlite.codec import suppression_of
from bouncehandler.spool.sqlite.connection import Connection, Row
from bouncehandler.spool.sqlite.hashes import subject_hash
from bouncehandler.suppression import Dispatch, Outcome

_LOOKED_AT = 4
"""How many candidates one transaction looks at for each dispatch that is asked for."""

_SLACK = 1.0
"""Seconds by which the times of two processes may differ without that the clock was set back."""

_DAY = 86_400
"""Seconds, as in `dispatch_carried_out`."""

_LONGEST = 100 * _DAY
"""Nothing waits longer, unless a wrong clock says so."""


@dataclass(frozen=True, slots=True)
class ClaimRequest:
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
class _Turn:
    """Whose turn it is for one recipient."""

    subject: int
    """See `subject_hash`."""
    first: int | None
    """The dispatch that is in front; None: none that a claim has looked at before."""
    due_at: float
    """When it is due, or its claim ends."""
    is_under_way: bool

    def is_of(self, number: int) -> bool:
        """Whether it is this one's turn: nobody is in front of it, or who is there is younger, and not under way."""
        return self.first is None or number == self.first or (number < self.first and not self.is_under_way)


@dataclass(slots=True)
class _Found:
    """What becomes of the candidates that one transaction looks at."""

    claimed: list[Dispatch] = field(default_factory=list)
    people: list[int] = field(default_factory=list)
    """Their recipients' numbers."""
    repeats: list[int] = field(default_factory=list)
    waits: list[tuple[int, float, int]] = field(default_factory=list)
    """Dispatch, when to look at it again, and its recipient's number."""

    @property
    def is_empty(self) -> bool:
        return not (self.claimed or self.repeats or self.waits)


def claim(connection: Connection, asked: ClaimRequest) -> Claimed:
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


def _claim_due(connection: Connection, asked: ClaimRequest, claimed: Claimed) -> None:
    while len(claimed) < asked.limit and _is_due(connection, asked):
        found = _claim_some(connection, asked, asked.limit - len(claimed))
        if found.is_empty:
            break
        claimed += found.claimed
        claimed.repeats += len(found.repeats)


def _mend(connection: Connection, asked: ClaimRequest) -> bool:
    """Make due what waits by a clock that was set back, and have claims end as if made now; returns whether any."""
    set_back = connection.sql("claim_set_back")
    values = {"provider": asked.provider, "now": asked.now, "until": asked.until, "slack": _SLACK}
    values["limit"] = _LOOKED_AT * asked.limit
    if not connection.rows("claim_set_back", values):  # looked up without the lock for writing
        return False
    with connection.writing() as raw:
        found = json.dumps([number for (number,) in raw.execute(set_back, values)])
        raw.execute(connection.sql("claim_make_due"), {**values, "found": found})
    return True


def _is_due(connection: Connection, asked: ClaimRequest) -> bool:
    """Looked up without the lock for writing, which an idle dispatcher need not take."""
    due = connection.rows("next_due", {"provider": asked.provider})
    return bool(due) and due[0][0] <= asked.now


def _claim_some(connection: Connection, asked: ClaimRequest, limit: int) -> _Found:
    sql = connection.sql
    with connection.writing() as raw:
        if not asked.probing and raw.execute(sql("provider_held"), {"provider": asked.provider}).fetchone():
            return _Found()
        found = _Look(connection, raw, asked).go_through(limit)
        claimed = json.dumps(
            [(dispatch.id, subject) for dispatch, subject in zip(found.claimed, found.people, strict=True)]
        )
        raw.execute(sql("claim_take"), {"claimed": claimed, "until": asked.until, "claim": asked.token})
        raw.executemany(sql("claim_repeat"), [{"now": asked.now, "id": number} for number in found.repeats])
        waits = [{"id": number, "due_at": due_at, "subject_hash": subject} for number, due_at, subject in found.waits]
        raw.executemany(sql("claim_wait"), waits)
    return found


class _Look:
    """A look at the candidates, within one transaction."""

    def __init__(self, connection: Connection, raw: sqlite3.Connection, asked: ClaimRequest) -> None:
        self._sql, self._raw, self._asked = connection.sql, raw, asked
        self._turns: dict[tuple[str, str | None], _Turn] = {}
        self._found = _Found()

    def go_through(self, limit: int) -> _Found:
        """Go through them until `limit` are found; the cursor reads no further than that."""
        asked = self._asked
        values = {"provider": asked.provider, "now": asked.now, "limit": _LOOKED_AT * limit}
        for row in self._raw.execute(self._sql("claim_due"), values):
            self._decide(row)
            if len(self._found.claimed) == limit:
                break
        return self._found

    def _decide(self, row: Row) -> None:
        number, attempts, step, due_at, recorded_at, *fields, changed = row
        asked, found, suppression = self._asked, self._found, suppression_of(tuple(fields))
        work = suppression.subject, suppression.job_id if asked.per_campaign else None
        turn = self._turns.get(work) or self._turns.setdefault(work, self._turn(work))
        # Whoever was carried out since this was recorded need not be called for it, however long ago that is by now.
        since = asked.since if attempts else min(asked.since, max(recorded_at, asked.since - _LONGEST))
        if changed is None and self._is_carried_out(turn.subject, work, since):
            found.repeats.append(number)
        elif changed is not None or turn.is_of(number):
            turn.first, turn.due_at, turn.is_under_way = number, asked.until, True
            restores = None if changed is None else Outcome("unsubscribed", tuple(json.loads(changed)))
            dispatch = Dispatch(number, asked.provider, suppression, attempts + 1, step, asked.token, restores)
            found.claimed.append(dispatch)
            found.people.append(turn.subject)
        else:
            found.waits.append((number, max(due_at, turn.due_at + 1), turn.subject))

    def _turn(self, work: tuple[str, str | None]) -> _Turn:
        subject = subject_hash(work[0])
        values = self._values(subject, work) | {"now": self._asked.now}
        first = self._raw.execute(self._sql("claim_first"), values).fetchone()
        return _Turn(subject, *first) if first else _Turn(subject, None, self._asked.now, is_under_way=False)

    def _is_carried_out(self, subject: int, work: tuple[str, str | None], since: float) -> bool:
        now = self._asked.now
        ahead = now + (now - self._asked.since)
        values = self._values(subject, work) | {"since": since, "ahead": ahead, "days": _days(since, ahead)}
        return bool(self._raw.execute(self._sql("claim_carried_out"), values).fetchone()[0])

    def _values(self, subject: int, work: tuple[str, str | None]) -> dict[str, object]:
        return {"provider": self._asked.provider, "subject_hash": subject, "recipient": work[0], "job_id": work[1]}


def _days(since: float, until: float) -> str:
    """The days since 1970-01-01 in which something between these times can have been, as JSON."""
    return _days_from(int(since) // _DAY, int(until) // _DAY)


@lru_cache(maxsize=16)
def _days_from(first: int, last: int) -> str:
    return json.dumps([*range(first, last + 1)])


def extend(connection: Connection, dispatches: Iterable[Dispatch], until: float) -> None:
    """See `Spool.extend`."""
    rows = [{"id": dispatch.id, "claim": dispatch.claim, "until": until} for dispatch in dispatches]
    if rows:
        with connection.writing() as raw:
            raw.executemany(connection.sql("claim_extend"), rows)
