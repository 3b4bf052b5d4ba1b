"""How a batch of suppressions is put on disk, as set-wise as SQL can."""

import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from bouncehandler.spool import Owed, Recorded
from bouncehandler.spool.batch import Batch
from bouncehandler.spool.connection import Connection
from bouncehandler.spool.forgetting import Remembering
from bouncehandler.spool.inserting import Values, insert, values_of
from bouncehandler.spool.notices import about_suppression, tell
from bouncehandler.spool.rows import suppression_rows
from bouncehandler.spool.watching import Watch, about_noticed


@dataclass(frozen=True, slots=True)
class Watching:
    """Who else looks at what is recorded, within the same transaction."""

    notices: Collection[str] = ()
    """The kinds of which the postmaster is told."""
    watch: Watch | None = None
    """Sees spikes."""
    remembering: Remembering | None = None
    """Knows who was forgotten."""


def record(connection: Connection, owed: Sequence[Owed], now: float, watching: Watching) -> Recorded:
    """See `Spool.record`."""
    if not owed:
        return Recorded(new=0, duplicates=0)
    batch = Batch.of(Owed, owed)
    values = _values(batch, now)  # before the transaction, which others wait for
    with connection.writing() as raw:
        return _put(connection, raw, batch, values, now, watching)


def put(
    connection: Connection, raw: sqlite3.Connection, owed: Sequence[Owed], now: float, watching: Watching
) -> Recorded:
    """The same within a transaction that has begun."""
    if not owed:
        return Recorded(new=0, duplicates=0)
    batch = Batch.of(Owed, owed)
    return _put(connection, raw, batch, _values(batch, now), now, watching)


def _values(batch: Batch[Owed], now: float) -> Values:
    return values_of(batch, lambda some: suppression_rows(some, now))


def _put(  # noqa: PLR0913, PLR0917  # one step of a transaction, all of it needed
    connection: Connection,
    raw: sqlite3.Connection,
    batch: Batch[Owed],
    values: Values,
    now: float,
    watching: Watching,
) -> Recorded:
    sql = connection.sql
    newest = raw.execute(sql("newest_suppression")).fetchone()[0]
    new = insert(raw, sql("record_suppression"), values)
    providers = {name: None for several in dict.fromkeys(batch.column("providers")) for name in several}
    raw.executemany(sql("owe_new"), [{"provider": name, "newest": newest, "now": now} for name in providers])
    ids = _records(connection, raw, newest) if new < len(batch) else set()
    known = _known(batch, set(ids)) if new < len(batch) else []
    _owe(connection, raw, [*known, *_with_resolvers(batch)], now)
    fresh = batch if new == len(batch) else _fresh(batch, ids)
    told = [(o.suppression.reason, about_suppression(o)) for o in _to_tell_of(fresh, watching.notices)]
    if watching.watch:
        noticed = watching.watch.look(raw, fresh, newest, now)
        told += [("spike", about_noticed(found)) for found in noticed if "spike" in watching.notices]
    if watching.remembering:
        watching.remembering.look(raw, fresh)
    tell(connection, raw, told, now)
    return Recorded(new=new, duplicates=len(batch) - new)


def _with_resolvers(batch: Batch[Owed]) -> list[Owed]:
    resolvers = batch.column("resolvers")
    return [batch[place] for place, names in enumerate(resolvers) if names] if any(resolvers) else []


def _to_tell_of(batch: Batch[Owed], kinds: Collection[str]) -> list[Owed]:
    reasons = batch.column("reason")
    if not kinds or set(reasons).isdisjoint(kinds):
        return []
    return [batch[place] for place, reason in enumerate(reasons) if reason in kinds]


def _fresh(batch: Batch[Owed], ids: Collection[str]) -> Batch[Owed]:
    """What of a batch is new, once each."""
    places = {record: place for place, record in reversed([*enumerate(batch.column("id"))]) if record in ids}
    return Batch.of(Owed, (batch[place] for place in sorted(places.values())))


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


def _known(batch: Batch[Owed], new: set[str]) -> list[Owed]:
    """What the batch repeats, of itself or of the spool: a provider that was added since may want it."""
    known = []
    for place, record in enumerate(batch.column("id")):
        if record in new:
            new.remove(record)
        else:
            known.append(batch[place])
    return known
