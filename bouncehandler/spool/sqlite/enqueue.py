"""How a batch of suppressions is put on disk, as set-wise as SQL can."""

import sqlite3
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import TypeVar

from bouncehandler.spool import QueuedSuppression, Recorded
from bouncehandler.spool.models import QueuedSuppression, SoftBounceEntry
from bouncehandler.spool.queue_batch import QueueBatch
from bouncehandler.spool.sqlite.codec import suppression_rows
from bouncehandler.spool.sqlite.connection import Connection, Row
from bouncehandler.spool.sqlite.erasure import ErasureGuard
from bouncehandler.spool.sqlite.notifications import about_suppression, enqueue_notice
from bouncehandler.spool.sqlite.spikes import SpikeDetector, about_spike

_TOGETHER = 250
"""Rows that one statement inserts; more are no quicker."""

_One = TypeVar("_One", bound=QueuedSuppression | SoftBounceEntry)

Values = Sequence[Sequence[Row]]
"""For each statement its values: of many rows together, and at last those of single rows."""


def values_of(batch: QueueBatch[_One], rows: Callable[[QueueBatch[_One]], Iterable[Row]]) -> Values:
    """The values of a batch, which `rows` makes rows of, some hundred at a time."""
    together = len(batch) - len(batch) % _TOGETHER
    values = [[tuple(chain.from_iterable(rows(batch[at : at + _TOGETHER])))] for at in range(0, together, _TOGETHER)]
    rest = batch[together:]
    return [*values, list(rows(rest)) if rest else []]


def insert(raw: sqlite3.Connection, statement: str, values: Values) -> int:
    """Insert rows; how many changed anything."""
    *together, single = values
    new = sum(raw.execute(_of_many(statement), rows).rowcount for (rows,) in together)
    return new + (raw.executemany(statement, single).rowcount if single else 0)


@cache
def _of_many(statement: str) -> str:
    """A statement that inserts a row, as one that inserts many."""
    head, values, rest = statement.partition("VALUES ")
    row, end, tail = rest.partition(")")
    return head + values + ", ".join([row + end] * _TOGETHER) + tail


@dataclass(frozen=True, slots=True)
class EnqueueHooks:
    """Who else looks at what is recorded, within the same transaction."""

    notices: Collection[str] = ()
    """The kinds of which the postmaster is told."""
    watch: SpikeDetector | None = None
    """Sees spikes."""
    erasure_guard: ErasureGuard | None = None
    """Knows who was forgotten."""


def record(connection: Connection, owed: Sequence[QueuedSuppression], now: float, watching: EnqueueHooks) -> Recorded:
    """See `Spool.record`."""
    if not owed:
        return Recorded(new=0, duplicates=0)
    batch = QueueBatch.of(QueuedSuppression, owed)
    values = _values(batch, now)  # before the transaction, which others wait for
    with connection.writing() as raw:
        return _put(connection, raw, batch, values, now, watching)


def put(
    connection: Connection,
    raw: sqlite3.Connection,
    owed: Sequence[QueuedSuppression],
    now: float,
    watching: EnqueueHooks,
) -> Recorded:
    """The same within a transaction that has begun."""
    if not owed:
        return Recorded(new=0, duplicates=0)
    batch = QueueBatch.of(QueuedSuppression, owed)
    return _put(connection, raw, batch, _values(batch, now), now, watching)


def _values(batch: QueueBatch[QueuedSuppression], now: float) -> Values:
    return values_of(batch, lambda some: suppression_rows(some, now))


def _put(  # noqa: PLR0913, PLR0917  # one step of a transaction, all of it needed
    connection: Connection,
    raw: sqlite3.Connection,
    batch: QueueBatch[QueuedSuppression],
    values: Values,
    now: float,
    watching: EnqueueHooks,
) -> Recorded:
    sql = connection.sql
    newest = raw.execute(sql("newest_suppression")).fetchone()[0]
    new = insert(raw, sql("insert_suppression"), values)
    providers = {name: None for several in dict.fromkeys(batch.column("providers")) for name in several}
    raw.executemany(sql("insert_dispatches"), [{"provider": name, "newest": newest, "now": now} for name in providers])
    ids = _records(connection, raw, newest) if new < len(batch) else set()
    known = _known(batch, set(ids)) if new < len(batch) else []
    _owe(connection, raw, [*known, *_with_resolvers(batch)], now)
    fresh = batch if new == len(batch) else _fresh(batch, ids)
    told = [(o.suppression.reason, about_suppression(o)) for o in _to_tell_of(fresh, watching.notices)]
    if watching.watch:
        noticed = watching.watch.look(raw, fresh, newest, now)
        told += [("spike", about_spike(found)) for found in noticed if "spike" in watching.notices]
    if watching.erasure_guard:
        watching.erasure_guard.look(raw, fresh)
    enqueue_notice(connection, raw, told, now)
    return Recorded(new=new, duplicates=len(batch) - new)


def _with_resolvers(batch: QueueBatch[QueuedSuppression]) -> list[QueuedSuppression]:
    id_providers = batch.column("id_providers")
    return [batch[place] for place, names in enumerate(id_providers) if names] if any(id_providers) else []


def _to_tell_of(batch: QueueBatch[QueuedSuppression], kinds: Collection[str]) -> list[QueuedSuppression]:
    reasons = batch.column("reason")
    if not kinds or set(reasons).isdisjoint(kinds):
        return []
    return [batch[place] for place, reason in enumerate(reasons) if reason in kinds]


def _fresh(batch: QueueBatch[QueuedSuppression], ids: Collection[str]) -> QueueBatch[QueuedSuppression]:
    """What of a batch is new, once each."""
    places = {record: place for place, record in reversed([*enumerate(batch.column("id"))]) if record in ids}
    return QueueBatch.of(QueuedSuppression, (batch[place] for place in sorted(places.values())))


def _records(connection: Connection, raw: sqlite3.Connection, newest: int) -> set[str]:
    """The ids that were put in since `newest` was."""
    return {row[0] for row in raw.execute(connection.sql("inserted_records"), {"newest": newest})}


def _owe(connection: Connection, raw: sqlite3.Connection, batch: Sequence[QueuedSuppression], now: float) -> None:
    """Owe suppressions one by one, which are few: those that were known, and those that not every provider is told."""
    rows = [
        {"record": owed.suppression.id, "recipient": owed.suppression.subject, "provider": provider, "now": now}
        for owed in batch
        for provider in (owed.providers if owed.suppression.recipient else owed.id_providers)
    ]
    if rows:
        raw.executemany(connection.sql("insert_dispatch"), rows)


def _known(batch: QueueBatch[QueuedSuppression], new: set[str]) -> list[QueuedSuppression]:
    """What the batch repeats, of itself or of the spool: a provider that was added since may want it."""
    known = []
    for place, record in enumerate(batch.column("id")):
        if record in new:
            new.remove(record)
        else:
            known.append(batch[place])
    return known
