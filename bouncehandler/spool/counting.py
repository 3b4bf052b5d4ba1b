"""Soft bounces: counted by recipient and day, until they are enough within a window that no delivery interrupts."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from typing import NamedTuple

from bouncehandler.record import MOMENT
from bouncehandler.spool.connection import Connection
from bouncehandler.spool.data import Counted, Owed, Recorded
from bouncehandler.spool.recording import Watching, put
from bouncehandler.spool.rows import storable
from bouncehandler.suppression import Suppression

_DAY = 86_400
_LONGEST = 300
"""Characters of a diagnostic that are kept for each bounce."""
_PRUNED = 500
"""Rows deleted in one transaction: the pipe waits for none of them long."""


class SoftBounce(NamedTuple):
    """The bounce that stands for a recipient's day; its fields as `count_of.sql` has them."""

    day: int
    """Days since 1970-01-01, UTC."""
    at: int
    """Seconds since the epoch."""
    record: str
    suppress_after: int
    within: int
    """Seconds."""
    rule: str
    record_type: str
    category: str
    status: str
    diagnostic: str
    originator: str
    job_id: str
    wanted_by: str


def crossed(bounces: Sequence[SoftBounce]) -> Sequence[SoftBounce]:
    """The bounces that are enough, by the rule of the last of them; the earliest such; empty where there are none.

    Args:
        bounces: of one recipient, by day, since the latest delivery.
    """
    for end, last in enumerate(bounces, 1):
        counted = [bounce for bounce in bounces[:end] if bounce.at > last.at - last.within]
        if len(counted) >= last.suppress_after:
            return counted
    return ()


def count(connection: Connection, batch: Sequence[Counted], now: float, watching: Watching) -> Recorded:
    """See `Spool.count`."""
    if not batch:
        return Recorded(new=0, duplicates=0)
    with connection.writing() as raw:
        raw.executemany(connection.sql("count_bounce"), [_row(counted, now) for counted in batch])
        recipients = dict.fromkeys(storable(counted.suppression.recipient) for counted in batch)
        owed = [one for recipient in recipients for one in _spend_all(connection, raw, recipient)]
        return put(connection, raw, owed, now, watching)


def delivered(connection: Connection, deliveries: Mapping[str, int], now: float) -> None:
    """See `Spool.delivered`."""
    if deliveries:
        rows = [{"recipient": storable(recipient), "at": at, "now": now} for recipient, at in deliveries.items()]
        with connection.writing() as raw:
            raw.executemany(connection.sql("count_delivery"), rows)


def prune(connection: Connection, before: float, rest: Callable[[], bool] = lambda: False) -> int:
    """See `Spool.prune_counts`."""
    pruned = 0
    for statement in ("count_prune_bounces", "count_prune_deliveries"):
        deleted = _PRUNED
        while deleted == _PRUNED and not rest():
            with connection.writing() as raw:
                deleted = raw.execute(connection.sql(statement), {"before": before, "most": _PRUNED}).rowcount
            pruned += deleted
    return pruned


def _spend_all(connection: Connection, raw: sqlite3.Connection, recipient: str) -> Iterator[Owed]:
    """The suppressions of one recipient: a batch may hold the bounces of several."""
    while owed := _spend(connection, raw, recipient):
        yield owed


def _spend(connection: Connection, raw: sqlite3.Connection, recipient: str) -> Owed | None:
    """The suppression that a recipient's bounces come to, and mark them; None where they are not enough."""
    rows = raw.execute(connection.sql("count_of"), {"recipient": recipient})
    found = crossed([SoftBounce._make(row) for row in rows])
    if not found:
        return None
    suppression = _suppression(recipient, found)
    spent = [{"recipient": recipient, "day": bounce.day, "spent": suppression.id} for bounce in found]
    raw.executemany(connection.sql("count_spend"), spent)
    wanted = dict.fromkeys(name for bounce in found for name in bounce.wanted_by.split(",") if name)
    return Owed(suppression, tuple(wanted))


def _suppression(recipient: str, bounces: Sequence[SoftBounce]) -> Suppression:
    """The last bounce with all of them as evidence, and its time; the same bounces make the same id."""
    last = bounces[-1]
    digest = blake2b("\x1f".join(bounce.record for bounce in bounces).encode(), digest_size=8).hexdigest()
    evidence = [f"{_date(bounce.at)} {bounce.category} {bounce.status} {bounce.diagnostic}" for bounce in bounces]
    return Suppression(
        last.record[:MOMENT] + digest,
        recipient,
        "bounce",
        last.rule,
        last.record_type,
        last.category,
        last.status,
        f"{len(bounces)} soft bounces: " + " | ".join(map(str.strip, evidence)),
        last.originator,
        last.job_id,
        datetime.fromtimestamp(last.at, UTC),
    )


def _date(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).date().isoformat()


def _row(counted: Counted, now: float) -> dict[str, object]:
    suppression = counted.suppression
    at = int(suppression.occurred_at.timestamp() if suppression.occurred_at else now)
    texts = suppression._asdict() | {"diagnostic": suppression.diagnostic[:_LONGEST]}
    kept = ("recipient", "rule", "record_type", "category", "status", "diagnostic", "originator", "job_id")
    return {name: storable(texts[name]) for name in kept} | {
        "record": suppression.id,
        "day": at // _DAY,
        "at": at,
        "suppress_after": counted.suppress_after,
        "within": int(counted.within),
        "wanted_by": ",".join(counted.providers),
        "now": now,
    }
