"""Soft bounces: counted by recipient and day, until they are enough within a window that no delivery interrupts."""

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from itertools import repeat
from typing import NamedTuple

from bouncehandler.record import MOMENT, epoch
from bouncehandler.spool.models import QueuedSuppression, Recorded, SoftBounceEntry
from bouncehandler.spool.queue_batch import QueueBatch
from bouncehandler.spool.sqlite.codec import sanitize_column, sanitize_text
from bouncehandler.spool.sqlite.connection import Connection, Row
from bouncehandler.spool.sqlite.enqueue import SqliteEnqueue, insert, suppression_values, values_of
from bouncehandler.spool.sqlite.retention import delete_in_groups
from bouncehandler.suppression import Suppression

_DAY = 86_400
_MAX_DIAGNOSTIC = 300
"""Characters of a diagnostic that are kept for each bounce."""


class SoftBounce(NamedTuple):
    """The soft bounce of a recipient and day: a row of `soft_bounces_of`."""

    day: int
    """Days since 1970-01-01, UTC."""
    occurred_at: int
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
    routed_to: str


def find_enough(bounces: Sequence[SoftBounce]) -> Sequence[SoftBounce]:
    """Find the bounces that are enough, by the rule of the last of them; the earliest such; empty where there are none.

    Args:
        bounces: of one recipient, by day, since the latest delivery.
    """
    for end, last in enumerate(bounces, 1):
        counted = [bounce for bounce in bounces[:end] if bounce.occurred_at > last.occurred_at - last.within]
        if len(counted) >= last.suppress_after:
            return counted
    return ()


class SqliteSoftBounces(SqliteEnqueue):
    """Soft bounces and deliveries."""

    def count(self, batch: Sequence[SoftBounceEntry]) -> Recorded:
        if not batch:
            return Recorded(new=0, duplicates=0)
        connection, now = self._connection, self._clock()
        entries = QueueBatch.of(SoftBounceEntry, batch)
        values = values_of(entries, lambda some: _rows(some, now))  # before the transaction, which others wait for
        with connection.writing() as raw:
            raw.execute(connection.sql("soft_bounce_widen"), {"within": int(max(entries.column("within")))})
            insert(raw, connection.sql("soft_bounce_insert"), values)
            enough = QueueBatch.of(QueuedSuppression, _enough(connection, raw, _days_of(entries, now)))
            return self._put(raw, enough, suppression_values(enough, now), now)

    def record_deliveries(self, deliveries: Mapping[str, int]) -> None:
        now = self._clock()
        rows = [{"recipient": sanitize_text(name), "delivered_at": at, "now": now} for name, at in deliveries.items()]
        if rows:
            with self._connection.writing() as raw:
                raw.executemany(self._connection.sql("delivery_insert"), rows)

    def prune_counts(self, older_than: float, rest: Callable[[], bool] = lambda: False) -> int:
        bounds = {"before": self._clock() - older_than}
        statements = ("prune_soft_bounces", "prune_deliveries")
        return sum(delete_in_groups(self._connection, statement, bounds, rest) for statement in statements)


def _enough(
    connection: Connection, raw: sqlite3.Connection, days: Mapping[str, Sequence[int]]
) -> Iterator[QueuedSuppression]:
    """Suppressions that recipients' bounces on these days come to."""
    reach = int(raw.execute(connection.sql("soft_bounce_window")).fetchone()[0]) // _DAY + 1
    recipients_of: dict[int, list[str]] = {}
    for recipient, some in days.items():
        for day in some:
            recipients_of.setdefault(day, []).append(recipient)
    candidates: set[Row] = set()
    for day, recipients in recipients_of.items():
        asked = {"first": day - reach, "last": day + reach, "recipients": json.dumps(sorted(recipients))}
        candidates.update(raw.execute(connection.sql("soft_bounce_candidates"), asked))
    for recipient, some in days.items():
        if (recipient,) in candidates:
            values = {"recipient": recipient, "first": min(some) - reach, "last": max(some) + reach}
            while entry := _count_in(connection, raw, values):  # a batch may hold the bounces of several
                yield entry


def _days_of(batch: QueueBatch[SoftBounceEntry], now: float) -> dict[str, list[int]]:
    """The days of the recipients' bounces."""
    days: dict[str, list[int]] = {}
    bounces = zip(sanitize_column(batch.column("recipient")), [at // _DAY for at in _times(batch, now)], strict=True)
    for recipient, day in dict.fromkeys(bounces):
        days.setdefault(recipient, []).append(day)
    return days


def _count_in(connection: Connection, raw: sqlite3.Connection, asked: Mapping[str, object]) -> QueuedSuppression | None:
    """Mark the bounces that are enough as counted in a suppression; returns it, None where they are not enough."""
    found = find_enough([SoftBounce._make(row) for row in raw.execute(connection.sql("soft_bounces_of"), asked)])
    if not found:
        return None
    recipient = str(asked["recipient"])
    suppression = _suppression(recipient, found)
    rows = [{"recipient": recipient, "day": bounce.day, "counted_in": suppression.id} for bounce in found]
    raw.executemany(connection.sql("soft_bounce_count_in"), rows)
    routed_to = dict.fromkeys(name for bounce in found for name in bounce.routed_to.split(",") if name)
    return QueuedSuppression(suppression, tuple(routed_to))


def _suppression(recipient: str, bounces: Sequence[SoftBounce]) -> Suppression:
    """Make a suppression of the last bounce, with all of them as evidence; the same bounces make the same id."""
    last = bounces[-1]
    digest = blake2b("\x1f".join(bounce.record for bounce in bounces).encode(), digest_size=8).hexdigest()
    days = [datetime.fromtimestamp(bounce.occurred_at, UTC).date().isoformat() for bounce in bounces]
    evidence = [f"{day} {one.category} {one.status} {one.diagnostic}" for day, one in zip(days, bounces, strict=True)]
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
        datetime.fromtimestamp(last.occurred_at, UTC),
    )


def _times(batch: QueueBatch[SoftBounceEntry], now: float) -> list[int]:
    return [int(now) if at is None else epoch(at) for at in batch.column("occurred_at")]


def _rows(batch: QueueBatch[SoftBounceEntry], now: float) -> Iterator[Row]:
    """Rows for `soft_bounce_insert`."""
    times = _times(batch, now)
    evidence = [text[:_MAX_DIAGNOSTIC] for text in batch.column("diagnostic")]
    rules = map(batch.column, ("rule", "record_type", "category", "status"))
    rest = batch.column("originator"), batch.column("job_id")
    return zip(
        [at // _DAY for at in times],
        sanitize_column(batch.column("recipient")),
        times,
        batch.column("id"),
        batch.column("suppress_after"),
        map(int, batch.column("within")),
        *map(sanitize_column, (*rules, evidence, *rest)),
        map(",".join, batch.column("providers")),
        repeat(now),
        strict=False,
    )
