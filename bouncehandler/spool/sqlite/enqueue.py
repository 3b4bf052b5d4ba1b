"""Records a batch of suppressions, as set-wise as SQL can."""

import sqlite3
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cache
from itertools import chain
from typing import TypeVar

from bouncehandler.spool.models import QueuedSuppression, Recorded, SoftBounceEntry
from bouncehandler.spool.queue_batch import QueueBatch
from bouncehandler.spool.sqlite.codec import suppression_rows
from bouncehandler.spool.sqlite.connection import Connection, Row, SpoolPart, random_token
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


class SqliteEnqueue(SpoolPart):
    """Records suppressions and, in the same transaction, notices of them, spikes, and erased subjects among them."""

    def __init__(
        self,
        connection: Connection,
        *,
        clock: Callable[[], float] = time.time,
        new_token: Callable[[], str] = random_token,
        notices: frozenset[str] = frozenset(),
        spikes: SpikeDetector | None = None,
    ) -> None:
        super().__init__(connection, clock=clock, new_token=new_token, notices=notices)
        self._spikes, self._erasure_guard = spikes, ErasureGuard(connection)

    def record(self, batch: Sequence[QueuedSuppression]) -> Recorded:
        if not batch:
            return Recorded(new=0, duplicates=0)
        now = self._clock()
        entries = QueueBatch.of(QueuedSuppression, batch)
        values = suppression_values(entries, now)  # before the transaction, which others wait for
        with self._connection.writing() as raw:
            return self._put(raw, entries, values, now)

    def _put(
        self, raw: sqlite3.Connection, batch: QueueBatch[QueuedSuppression], values: Values, now: float
    ) -> Recorded:
        """Record suppressions within a transaction that has begun."""
        if not batch:
            return Recorded(new=0, duplicates=0)
        connection, sql = self._connection, self._connection.sql
        newest = raw.execute(sql("newest_suppression")).fetchone()[0]
        new = insert(raw, sql("insert_suppression"), values)
        providers = {name: None for several in dict.fromkeys(batch.column("providers")) for name in several}
        targets = [{"provider": name, "newest": newest, "now": now} for name in providers]
        raw.executemany(sql("insert_dispatches"), targets)
        inserted = raw.execute(sql("inserted_records"), {"newest": newest}) if new < len(batch) else ()
        records = {row[0] for row in inserted}
        known = _known(batch, set(records)) if new < len(batch) else []
        _dispatch(connection, raw, [*known, *_with_id_providers(batch)], now)
        fresh = batch if new == len(batch) else _fresh(batch, records)
        notices = [(one.suppression.reason, about_suppression(one)) for one in _notifiable(fresh, self._notices)]
        if self._spikes:
            detected = self._spikes.detect(raw, fresh, newest, now)
            notices += [("spike", about_detected(found)) for found in detected if "spike" in self._notices]
        self._erasure_guard.check(raw, fresh)
        enqueue_notices(connection, raw, notices, now)
        return Recorded(new=new, duplicates=len(batch) - new)


def suppression_values(batch: QueueBatch[QueuedSuppression], now: float) -> Values:
    """Make the values of a batch for `insert_suppression`."""
    return values_of(batch, lambda some: suppression_rows(some, now))


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
