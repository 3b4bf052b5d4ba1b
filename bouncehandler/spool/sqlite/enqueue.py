"""Records a batch of suppressions, as set-wise as SQL can."""

import sqlite3
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import TypeVar

from bouncehandler.spool.models import QueuedSuppression, Recorded, SoftBounceEntry
from bouncehandler.spool.queue_batch import QueueBatch
from bouncehandler.spool.sqlite.codec import suppression_rows
from bouncehandler.spool.sqlite.connection import Connection, Row
from bouncehandler.spool.sqlite.erasure import ErasureGuard
from bouncehandler.spool.sqlite.notifications import about_suppression, enqueue_notices
from bouncehandler.spool.sqlite.spikes import SpikeDetector, about_detected

_ROWS = 250
"""Rows that one statement inserts; more are no quicker."""

_One = TypeVar("_One", bound=QueuedSuppression | SoftBounceEntry)

Values = Sequence[Sequence[Row]]
"""Values for each statement: of many rows together, and at last of single rows."""


def values_of(batch: QueueBatch[_One], rows: Callable[[QueueBatch[_One]], Iterable[Row]]) -> Values:
    """Make the values of a batch; `rows` makes its rows, some hundred at a time."""
    together = len(batch) - len(batch) % _ROWS
    values = [[tuple(chain.from_iterable(rows(batch[at : at + _ROWS])))] for at in range(0, together, _ROWS)]
    rest = batch[together:]
    return [*values, list(rows(rest)) if rest else []]


def insert(raw: sqlite3.Connection, statement: str, values: Values) -> int:
    """Insert rows; returns how many changed anything."""
    *together, single = values
    new = sum(raw.execute(_of_many(statement), rows).rowcount for (rows,) in together)
    return new + (raw.executemany(statement, single).rowcount if single else 0)


@cache
def _of_many(statement: str) -> str:
    """Make a statement that inserts many rows of one that inserts a row."""
    head, values, rest = statement.partition("VALUES ")
    row, end, tail = rest.partition(")")
    return head + values + ", ".join([row + end] * _ROWS) + tail


@dataclass(frozen=True, slots=True)
class EnqueueHooks:
    """Further steps for recorded suppressions, within the same transaction."""

    notices: Collection[str] = ()
    """The kinds that are queued for the postmaster."""
    spikes: SpikeDetector | None = None
    erasure_guard: ErasureGuard | None = None


def record(connection: Connection, entries: Sequence[QueuedSuppression], now: float, hooks: EnqueueHooks) -> Recorded:
    """See `Spool.record`."""
    if not entries:
        return Recorded(new=0, duplicates=0)
    batch = QueueBatch.of(QueuedSuppression, entries)
    values = _values(batch, now)  # before the transaction, which others wait for
    with connection.writing() as raw:
        return _put(connection, raw, batch, values, now, hooks)


def put(
    connection: Connection,
    raw: sqlite3.Connection,
    entries: Sequence[QueuedSuppression],
    now: float,
    hooks: EnqueueHooks,
) -> Recorded:
    """Record suppressions within a transaction that has begun."""
    if not entries:
        return Recorded(new=0, duplicates=0)
    batch = QueueBatch.of(QueuedSuppression, entries)
    return _put(connection, raw, batch, _values(batch, now), now, hooks)


def _values(batch: QueueBatch[QueuedSuppression], now: float) -> Values:
    return values_of(batch, lambda some: suppression_rows(some, now))


def _put(  # noqa: PLR0913, PLR0917  # one step of a transaction, all of it needed
    connection: Connection,
    raw: sqlite3.Connection,
    batch: QueueBatch[QueuedSuppression],
    values: Values,
    now: float,
    hooks: EnqueueHooks,
) -> Recorded:
    sql = connection.sql
    newest = raw.execute(sql("newest_suppression")).fetchone()[0]
    new = insert(raw, sql("insert_suppression"), values)
    providers = {name: None for several in dict.fromkeys(batch.column("providers")) for name in several}
    raw.executemany(sql("insert_dispatches"), [{"provider": name, "newest": newest, "now": now} for name in providers])
    inserted = raw.execute(sql("inserted_records"), {"newest": newest}) if new < len(batch) else ()
    records = {row[0] for row in inserted}
    known = _known(batch, set(records)) if new < len(batch) else []
    _dispatch(connection, raw, [*known, *_with_id_providers(batch)], now)
    fresh = batch if new == len(batch) else _fresh(batch, records)
    notices = [(one.suppression.reason, about_suppression(one)) for one in _notifiable(fresh, hooks.notices)]
    if hooks.spikes:
        detected = hooks.spikes.detect(raw, fresh, newest, now)
        notices += [("spike", about_detected(found)) for found in detected if "spike" in hooks.notices]
    if hooks.erasure_guard:
        hooks.erasure_guard.check(raw, fresh)
    enqueue_notices(connection, raw, notices, now)
    return Recorded(new=new, duplicates=len(batch) - new)


def _with_id_providers(batch: QueueBatch[QueuedSuppression]) -> list[QueuedSuppression]:
    id_providers = batch.column("id_providers")
    return [batch[index] for index, names in enumerate(id_providers) if names] if any(id_providers) else []


def _notifiable(batch: QueueBatch[QueuedSuppression], kinds: Collection[str]) -> list[QueuedSuppression]:
    reasons = batch.column("reason")
    if not kinds or set(reasons).isdisjoint(kinds):
        return []
    return [batch[index] for index, reason in enumerate(reasons) if reason in kinds]


def _fresh(batch: QueueBatch[QueuedSuppression], ids: Collection[str]) -> QueueBatch[QueuedSuppression]:
    """The new suppressions of a batch, once each."""
    indices = {record: index for index, record in reversed([*enumerate(batch.column("id"))]) if record in ids}
    return QueueBatch.of(QueuedSuppression, (batch[index] for index in sorted(indices.values())))


def _dispatch(connection: Connection, raw: sqlite3.Connection, batch: Sequence[QueuedSuppression], now: float) -> None:
    """Insert the dispatches of single suppressions, which are few: known ones, and ones with ids alone."""
    rows = [
        {"record": entry.suppression.id, "recipient": entry.suppression.subject, "provider": provider, "now": now}
        for entry in batch
        for provider in (entry.providers if entry.suppression.recipient else entry.id_providers)
    ]
    if rows:
        raw.executemany(connection.sql("insert_dispatch"), rows)


def _known(batch: QueueBatch[QueuedSuppression], new: set[str]) -> list[QueuedSuppression]:
    """The duplicates, of the batch itself or of the spool: a provider may have been added since."""
    known = []
    for index, record in enumerate(batch.column("id")):
        if record in new:
            new.remove(record)
        else:
            known.append(batch[index])
    return known
