"""How a batch of suppressions is put on disk, as set-wise as SQL can."""

import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain

from bouncehandler.spool import Owed, Recorded
from bouncehandler.spool.batch import Batch
from bouncehandler.spool.connection import Connection, Row
from bouncehandler.spool.forgetting import Remembering
from bouncehandler.spool.notices import about_suppression, tell
from bouncehandler.spool.rows import suppression_rows
from bouncehandler.spool.watching import Watch, about_noticed

_TOGETHER = 250
"""Rows that one statement inserts: a quarter less time than one statement each. More are no quicker."""


@dataclass(frozen=True, slots=True)
class Watching:
    """Who else looks at what is recorded, within the same transaction."""

    notices: Collection[str] = ()
    """The kinds of which the postmaster is told."""
    watch: Watch | None = None
    """Sees waves."""
    remembering: Remembering | None = None
    """Knows who was forgotten."""


def record(connection: Connection, owed: Sequence[Owed], now: float, watching: Watching) -> Recorded:
    """See `Spool.record`."""
    if not owed:
        return Recorded(new=0, duplicates=0)
    batch = Batch.of(owed)
    values = _values(batch, now)  # before the transaction, which others wait for
    with connection.writing() as raw:
        return _put(connection, raw, batch, values, now, watching)


def put(
    connection: Connection, raw: sqlite3.Connection, owed: Sequence[Owed], now: float, watching: Watching
) -> Recorded:
    """The same within a transaction that has begun."""
    if not owed:
        return Recorded(new=0, duplicates=0)
    batch = Batch.of(owed)
    return _put(connection, raw, batch, _values(batch, now), now, watching)


def _values(batch: Batch, now: float) -> list[list[Row]]:
    """The values for each statement that inserts: of many rows together, and at last of single ones."""
    together = len(batch) - len(batch) % _TOGETHER
    values = [
        [tuple(chain.from_iterable(suppression_rows(batch[at : at + _TOGETHER], now)))]
        for at in range(0, together, _TOGETHER)
    ]
    rest = batch[together:]
    return [*values, list(suppression_rows(rest, now)) if rest else []]


def _put(  # noqa: PLR0913, PLR0917  # one step of a transaction, all of it needed
    connection: Connection,
    raw: sqlite3.Connection,
    batch: Batch,
    values: Sequence[Sequence[Row]],
    now: float,
    watching: Watching,
) -> Recorded:
    sql = connection.sql
    newest = raw.execute(sql("newest_suppression")).fetchone()[0]
    new = _insert(raw, sql("record_suppression"), values)
    providers = {name: None for several in dict.fromkeys(batch.column("providers")) for name in several}
    raw.executemany(sql("owe_new"), [{"provider": name, "newest": newest, "now": now} for name in providers])
    ids = _records(connection, raw, newest) if new < len(batch) else set()
    known = _known(batch, set(ids)) if new < len(batch) else []
    _owe(connection, raw, [*known, *_with_resolvers(batch)], now)
    fresh = batch if new == len(batch) else _fresh(batch, ids)
    told = [(o.suppression.reason, about_suppression(o)) for o in _to_tell_of(fresh, watching.notices)]
    if watching.watch:
        noticed = watching.watch.look(raw, fresh, newest, now)
        told += [("wave", about_noticed(found)) for found in noticed if "wave" in watching.notices]
    if watching.remembering:
        watching.remembering.look(raw, fresh)
    tell(connection, raw, told, now)
    return Recorded(new=new, duplicates=len(batch) - new)


def _insert(raw: sqlite3.Connection, statement: str, values: Sequence[Sequence[Row]]) -> int:
    """Insert rows, most of them by one statement for many; how many were new."""
    *together, single = values
    new = sum(raw.execute(_of_many(statement), rows).rowcount for (rows,) in together)
    return new + (raw.executemany(statement, single).rowcount if single else 0)


@cache
def _of_many(statement: str) -> str:
    """A statement that inserts a row, as one that inserts many."""
    head, values, row = statement.rstrip().partition("VALUES ")
    return head + values + ", ".join([row] * _TOGETHER)


def _with_resolvers(batch: Batch) -> list[Owed]:
    resolvers = batch.column("resolvers")
    return [batch[place] for place, names in enumerate(resolvers) if names] if any(resolvers) else []


def _to_tell_of(batch: Batch, kinds: Collection[str]) -> list[Owed]:
    reasons = batch.column("reason")
    if not kinds or set(reasons).isdisjoint(kinds):
        return []
    return [batch[place] for place, reason in enumerate(reasons) if reason in kinds]


def _fresh(batch: Batch, ids: Collection[str]) -> Batch:
    """What of a batch is new, once each."""
    places = {record: place for place, record in reversed([*enumerate(batch.ids)]) if record in ids}
    return Batch.of(batch[place] for place in sorted(places.values()))


def _records(connection: Connection, raw: sqlite3.Connection, newest: int) -> set[str]:
    """The ids that were put in since `newest` was."""
    return {row[0] for row in raw.execute(connection.sql("new_records"), {"newest": newest})}


def _owe(connection: Connection, raw: sqlite3.Connection, batch: Sequence[Owed], now: float) -> None:
    """Owe suppressions one by one, which are few: those that were known, and those that not every provider is told."""
    rows = [
        {"record": owed.suppression.id, "recipient": owed.suppression.person, "provider": provider, "now": now}
        for owed in batch
        for provider in (owed.providers if owed.suppression.recipient else owed.resolvers)
    ]
    if rows:
        raw.executemany(connection.sql("owe_known"), rows)


def _known(batch: Batch, new: set[str]) -> list[Owed]:
    """What the batch repeats, of itself or of the spool: a provider that was added since may want it."""
    known = []
    for place, record in enumerate(batch.ids):
        if record in new:
            new.remove(record)
        else:
            known.append(batch[place])
    return known
