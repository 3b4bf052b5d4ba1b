"""How a batch of suppressions is put on disk, as set-wise as SQL can."""

import sqlite3
from collections.abc import Collection, Sequence

from bouncehandler.spool import Owed, Recorded
from bouncehandler.spool.connection import Connection, Row
from bouncehandler.spool.notices import about_suppression, tell
from bouncehandler.spool.rows import suppression_rows


def record(connection: Connection, batch: Sequence[Owed], now: float, notices: Collection[str] = ()) -> Recorded:
    """See `Spool.record`; `notices` are the reasons of which the postmaster is told."""
    if not batch:
        return Recorded(new=0, duplicates=0)
    wanted = {owed.providers: ",".join(owed.providers) for owed in batch}
    rows = suppression_rows(batch, wanted, now)  # before the transaction, which others wait for
    with connection.writing() as raw:
        return _put(connection, raw, batch, rows, now, notices)


def put(connection: Connection, raw: sqlite3.Connection, batch: Sequence[Owed], now: float) -> Recorded:
    """The same within a transaction that has begun, and telling nobody."""
    if not batch:
        return Recorded(new=0, duplicates=0)
    wanted = {owed.providers: ",".join(owed.providers) for owed in batch}
    return _put(connection, raw, batch, suppression_rows(batch, wanted, now), now, ())


def _put(  # noqa: PLR0913, PLR0917  # one step of a transaction, all of it needed
    connection: Connection,
    raw: sqlite3.Connection,
    batch: Sequence[Owed],
    rows: Sequence[Row],
    now: float,
    notices: Collection[str],
) -> Recorded:
    sql = connection.sql
    newest = raw.execute(sql("newest_suppression")).fetchone()[0]
    new = raw.executemany(sql("record_suppression"), rows).rowcount
    providers = dict.fromkeys(provider for owed in batch for provider in owed.providers)
    raw.executemany(sql("owe_new"), [{"provider": name, "newest": newest, "now": now} for name in providers])
    known = _known(batch, _records(connection, raw, newest)) if new < len(rows) else []
    _owe(connection, raw, [*known, *(owed for owed in batch if owed.resolvers)], now)
    told = [owed for owed in batch if owed.suppression.reason in notices]
    if told:
        new_ones = _records(connection, raw, newest)
        fresh = {o.suppression.id: o for o in reversed(told) if o.suppression.id in new_ones}
        tell(connection, raw, [(o.suppression.reason, about_suppression(o)) for o in reversed(fresh.values())], now)
    return Recorded(new=new, duplicates=len(rows) - new)


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
