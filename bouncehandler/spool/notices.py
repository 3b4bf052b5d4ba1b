"""The queue of word to the postmaster: what is to be told, who is telling it, and when it was last told."""

import json
import sqlite3
from collections.abc import Iterable, Mapping

from bouncehandler.spool import Notice, Owed, Post
from bouncehandler.spool.connection import Connection
from bouncehandler.spool.rows import storable

MAX_VALUE = 1000
"""Characters of a value that are kept: subjects and header lines are hostile, and of any length."""

MAX_NAME = 100
"""Characters of a value's name that are kept: some are those of headers."""

LONGEST = 3600.0
"""Seconds that a claim, or a wait after a failure, may last: what lies further ahead was written before the clock was
set back, and would keep everybody waiting for as long as it was set back."""

_FORGOTTEN = 1000
"""Notices deleted in one transaction: the pipe waits for none of them long."""

About = Mapping[str, str]


def about_suppression(owed: Owed) -> dict[str, str]:
    """What a notice says of a complaint or an unsubscribe request."""
    suppression = owed.suppression
    at = suppression.occurred_at
    told = {
        "person": suppression.person,
        "rule": suppression.rule,
        "category": suppression.category,
        "occurred_at": at.isoformat() if at else "",
        "originator": suppression.originator,
        "job_id": suppression.job_id,
        "campaign_id": suppression.campaign_id,
        "diagnostic": suppression.diagnostic,
    }
    return {name: value for name, value in [*told.items(), *owed.evidence] if value}


def tell(connection: Connection, raw: sqlite3.Connection, told: Iterable[tuple[str, About]], now: float) -> None:
    """Queue notices within a transaction that has begun."""
    rows = [{"kind": kind, "now": now, "about": _as_json(about)} for kind, about in told]
    if rows:
        raw.executemany(connection.sql("tell"), rows)


def claim_post(connection: Connection, claim: str, *, now: float, every: float, until: float) -> Post | None:
    """See `Spool.claim_post`."""
    if not now < until <= now + LONGEST:
        raise ValueError(f"a claim lasts at most {LONGEST:g} seconds, and at least some: {until - now:g}")
    values: dict[str, object] = {"now": now, "every": every, "longest": LONGEST}
    if not connection.rows("post_due", values):  # looked up without the lock for writing
        return None
    with connection.writing() as raw:
        newest = raw.execute(connection.sql("post_due"), values).fetchone()
        if newest is None:
            return None
        raw.execute(connection.sql("post_claim"), {"claim": claim, "until": until})
    return Post(claim, newest[0])


def notices(connection: Connection, post: Post, *, after: int, limit: int) -> list[Notice]:
    """See `Spool.notices`."""
    rows = connection.rows("post_notices", {"after": after, "upto": post.upto, "most": limit})
    return [Notice(number, kind, at, json.loads(about)) for number, kind, at, about in rows]


def settle_post(connection: Connection, post: Post, *, upto: int, now: float) -> None:
    """See `Spool.settle_post`."""
    values = {"claim": post.claim, "upto": min(upto, post.upto), "now": now, "most": _FORGOTTEN}
    with connection.writing() as raw:
        if not raw.execute(connection.sql("post_sent"), values).rowcount:
            return
        if upto >= post.upto:
            raw.execute(connection.sql("post_all_sent"), values)
        deleted = raw.execute(connection.sql("post_forget"), values).rowcount
    while deleted == _FORGOTTEN:
        with connection.writing() as raw:
            deleted = raw.execute(connection.sql("post_forget"), values).rowcount


def postpone_post(connection: Connection, post: Post, until: float) -> None:
    """See `Spool.postpone_post`."""
    with connection.writing() as raw:
        raw.execute(connection.sql("post_postpone"), {"claim": post.claim, "until": until})


def _as_json(about: About) -> str:
    return json.dumps({storable(name[:MAX_NAME]): storable(value[:MAX_VALUE]) for name, value in about.items()})
