"""How a batch of suppressions is put on disk, as set-wise as SQL can."""

import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain

from bouncehandler.spool import Owed, Recorded
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


def record(connection: Connection, batch: Sequence[Owed], now: float, watching: Watching) -> Recorded:
    """See `Spool.record`."""
    if not batch:
        return Recorded(new=0, duplicates=0)
    values = _values(batch, now)  # before the transaction, which others wait for
    with connection.writing() as raw:
        return _put(connection, raw, batch, values, now, watching)


def put(
    connection: Connection, raw: sqlite3.Connection, batch: Sequence[Owed], now: float, watching: Watching
) -> Recorded:
    """The same within a transaction that has begun."""
    if not batch:
        return Recorded(new=0, duplicates=0)
    return _put(connection, raw, batch, _values(batch, now), now, watching)


def _values(batch: Sequence[Owed], now: float) -> list[list[Row]]:
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
    batch: Sequence[Owed],
    values: Sequence[Sequence[Row]],
    now: float,
    watching: Watching,
) -> Recorded:
    sql = connection.sql
    newest = raw.execute(sql("newest_suppression")).fetchone()[0]
    new = _insert(raw, sql("record_suppression"), values)
    providers = {provider: None for several in dict.fromkeys(owed.providers for owed in batch) for provider in several}
    raw.executemany(sql("owe_new"), [{"provider": name, "newest": newest, "now": now} for name in providers])
    ids = _records(connection, raw, newest) if new < len(batch) else set()
    known = _known(batch, set(ids)) if new < len(batch) else []
    _owe(connection, raw, [*known, *(owed for owed in batch if owed.resolvers)], now)
    fresh = batch if new == len(batch) else _fresh(batch, ids)
    told = []
    if watching.notices:
        told = [(o.suppression.reason, about_suppression(o)) for o in fresh if o.suppression.reason in watching.notices]
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


def _fresh(batch: Sequence[Owed], ids: Collection[str]) -> list[Owed]:
    """What of a batch is new, once each."""
    found = {owed.suppression.id: owed for owed in reversed(batch) if owed.suppression.id in ids}
    return list(reversed(found.values()))


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


def _known(batch: Sequence[Owed], new: set[str]) -> list[Owed]:
    """What the batch repeats, of itself or of the spool: a provider that was added since may want it."""
    known = []
    for owed in batch:
        if owed.suppression.id in new:
            new.remove(owed.suppression.id)
        else:
            known.append(owed)
    return known
