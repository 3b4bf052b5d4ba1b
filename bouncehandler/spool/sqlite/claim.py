"""Claims of due dispatches: one piece of work at a time for each recipient, and none that was done lately."""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from bouncehandler.spool.models import Claimed
from bouncehandler.spool.sqlite.codec import suppression_of
from bouncehandler.spool.sqlite.connection import Connection, Row, SpoolPart
from bouncehandler.spool.sqlite.hashes import subject_hash
from bouncehandler.suppression import Dispatch, Outcome

_LOOKED_AT = 4
"""Candidates that one transaction looks at for each dispatch that is requested."""

_SLACK = 1.0
"""Seconds by which the clocks of two processes may differ, though none was set back."""

_DAY = 86_400
"""Seconds, as in `dispatch_carried_out`."""

_MAX_WAIT = 100 * _DAY
"""Seconds; no dispatch waits longer, unless a clock was wrong."""


@dataclass(frozen=True, slots=True)
class ClaimRequest:
    """Arguments of a claim, as times, and its token."""

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
    """The dispatch in front, for one recipient."""

    subject: int
    """See `subject_hash`."""
    first: int | None
    """The dispatch that is in front; None: none that a claim has looked at before."""
    due_at: float
    """Time at which it is due, or its claim ends."""
    is_under_way: bool

    def is_of(self, number: int) -> bool:
        """Whether it is this one's turn: none is in front of it, or only a younger one that is not under way."""
        return self.first is None or number == self.first or (number < self.first and not self.is_under_way)


@dataclass(slots=True)
class _Selected:
    """Candidates that one transaction looks at, by their fate."""

    claimed: list[Dispatch] = field(default_factory=list)
    subject_hashes: list[int] = field(default_factory=list)
    """Of the claimed dispatches."""
    repeats: list[int] = field(default_factory=list)
    waits: list[tuple[int, float, int]] = field(default_factory=list)
    """Dispatch, when to look at it again, and its subject hash."""


class SqliteClaims(SpoolPart):
    """Claims of due dispatches."""

    def claim(  # noqa: PLR0913  # the protocol's signature
        self,
        provider: str,
        limit: int,
        *,
        lease_for: float,
        repeat_after: float,
        per_campaign: bool,
        probing: bool = False,
    ) -> Claimed:
        """See `Spool.claim`. A flood of repeats is worked off in several transactions, so that writers get their turn.

        Where nothing is due, dispatches that wait by a clock that was set back since are made due: they would wait for
        so long as the clock was set back, which can be years.
        """
        if lease_for <= 0:
            raise ValueError("a claim must end after now")
        now, token = self._clock(), self._new_token()
        request = ClaimRequest(provider, limit, now, now + lease_for, now - repeat_after, per_campaign, probing, token)
        claimed = Claimed()
        _claim_due(self._connection, request, claimed)
        # Once: a dispatch that waits behind another is soon ahead again.
        if not claimed and _make_due(self._connection, request):
            _claim_due(self._connection, request, claimed)
        return claimed

    def extend(self, dispatches: Iterable[Dispatch], lease_for: float) -> None:
        until = self._clock() + lease_for
        rows = [{"id": dispatch.id, "claim": dispatch.claim, "until": until} for dispatch in dispatches]
        if rows:
            with self._connection.writing() as raw:
                raw.executemany(self._connection.sql("claim_extend"), rows)

    def due_in(self, provider: str) -> float | None:
        due: list[tuple[float]] = self._connection.rows("next_due", {"provider": provider})
        return due[0][0] - self._clock() if due else None


def _claim_due(connection: Connection, request: ClaimRequest, claimed: Claimed) -> None:
    while len(claimed) < request.limit and _is_due(connection, request):
        found = _claim_some(connection, request, request.limit - len(claimed))
        if not (found.claimed or found.repeats or found.waits):
            break
        claimed += found.claimed
        claimed.repeats += len(found.repeats)


def _make_due(connection: Connection, request: ClaimRequest) -> bool:
    """Make due dispatches that wait by a clock that was set back, and have claims end as if made now; whether any."""
    set_back = connection.sql("claim_set_back")
    values = {"provider": request.provider, "now": request.now, "until": request.until, "slack": _SLACK}
    values["limit"] = _LOOKED_AT * request.limit
    if not connection.rows("claim_set_back", values):  # looked up without the lock for writing
        return False
    with connection.writing() as raw:
        found = json.dumps([number for (number,) in raw.execute(set_back, values)])
        raw.execute(connection.sql("claim_make_due"), {**values, "found": found})
    return True


def _is_due(connection: Connection, request: ClaimRequest) -> bool:
    """Whether a dispatch is due; read without the lock for writing, which an idle dispatcher need not take."""
    due = connection.rows("next_due", {"provider": request.provider})
    return bool(due) and due[0][0] <= request.now


def _claim_some(connection: Connection, request: ClaimRequest, limit: int) -> _Selected:
    sql = connection.sql
    with connection.writing() as raw:
        if not request.probing and raw.execute(sql("provider_held"), {"provider": request.provider}).fetchone():
            return _Selected()
        found = _Selection(connection, raw, request).select(limit)
        claimed = json.dumps(
            [(dispatch.id, subject) for dispatch, subject in zip(found.claimed, found.subject_hashes, strict=True)]
        )
        raw.execute(sql("claim_take"), {"claimed": claimed, "until": request.until, "claim": request.token})
        raw.executemany(sql("claim_repeat"), [{"now": request.now, "id": number} for number in found.repeats])
        waits = [{"id": number, "due_at": due_at, "subject_hash": subject} for number, due_at, subject in found.waits]
        raw.executemany(sql("claim_wait"), waits)
    return found


class _Selection:
    """Selects among the candidates, within one transaction."""

    def __init__(self, connection: Connection, raw: sqlite3.Connection, request: ClaimRequest) -> None:
        self._sql, self._raw, self._request = connection.sql, raw, request
        self._turns: dict[tuple[str, str | None], _Turn] = {}
        self._found = _Selected()

    def select(self, limit: int) -> _Selected:
        """Go through them until `limit` are found; the cursor reads no further than that."""
        request = self._request
        values = {"provider": request.provider, "now": request.now, "limit": _LOOKED_AT * limit}
        for row in self._raw.execute(self._sql("claim_due"), values):
            self._decide(row)
            if len(self._found.claimed) == limit:
                break
        return self._found

    def _decide(self, row: Row) -> None:
        number, attempts, retry_index, due_at, recorded_at, *fields, changed = row
        request, found, suppression = self._request, self._found, suppression_of(tuple(fields))
        work = suppression.subject, suppression.job_id if request.per_campaign else None
        turn = self._turns.get(work) or self._turns.setdefault(work, self._turn(work))
        # A subject carried out since this was recorded needs no call for it, however long ago that is by now.
        since = request.since if attempts else min(request.since, max(recorded_at, request.since - _MAX_WAIT))
        if changed is None and self._is_carried_out(turn.subject, work, since):
            found.repeats.append(number)
        elif changed is not None or turn.is_of(number):
            turn.first, turn.due_at, turn.is_under_way = number, request.until, True
            restores = None if changed is None else Outcome("unsubscribed", tuple(json.loads(changed)))
            dispatch = Dispatch(
                number, request.provider, suppression, attempts + 1, retry_index, request.token, restores
            )
            found.claimed.append(dispatch)
            found.subject_hashes.append(turn.subject)
        else:
            found.waits.append((number, max(due_at, turn.due_at + 1), turn.subject))

    def _turn(self, work: tuple[str, str | None]) -> _Turn:
        subject = subject_hash(work[0])
        values = self._values(subject, work) | {"now": self._request.now}
        first = self._raw.execute(self._sql("claim_first"), values).fetchone()
        return _Turn(subject, *first) if first else _Turn(subject, None, self._request.now, is_under_way=False)

    def _is_carried_out(self, subject: int, work: tuple[str, str | None], since: float) -> bool:
        now = self._request.now
        ahead = now + (now - self._request.since)
        values = self._values(subject, work) | {
            "since": since,
            "ahead": ahead,
            "days": _days(since // _DAY, ahead // _DAY),
        }
        return bool(self._raw.execute(self._sql("claim_carried_out"), values).fetchone()[0])

    def _values(self, subject: int, work: tuple[str, str | None]) -> dict[str, object]:
        return {"provider": self._request.provider, "subject_hash": subject, "recipient": work[0], "job_id": work[1]}


@lru_cache(maxsize=16)
def _days(first: float, last: float) -> str:
    """The days from one to another, as JSON; days since 1970-01-01."""
    return json.dumps([*range(int(first), int(last) + 1)])
