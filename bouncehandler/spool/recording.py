"""How a batch of suppressions is put on disk, as set-wise as SQL can."""

from collections.abc import Sequence

from bouncehandler.spool import Owed, Recorded
from bouncehandler.spool.connection import Connection
from bouncehandler.spool.rows import suppression_rows


def record(connection: Connection, batch: Sequence[Owed], now: float) -> Recorded:
    """See `Spool.record`."""
    if not batch:
        return Recorded(new=0, duplicates=0)
    sql = connection.sql
    wanted = {owed.providers: ",".join(owed.providers) for owed in batch}
    rows = suppression_rows(batch, wanted, now)
    with connection.writing() as raw:
        newest = raw.execute(sql("newest_suppression")).fetchone()[0]
        new = raw.executemany(sql("record_suppression"), rows).rowcount
        providers = dict.fromkeys(provider for names in wanted for provider in names)
        raw.executemany(sql("owe_new"), [{"provider": name, "newest": newest, "now": now} for name in providers])
        if new < len(rows):
            known = _known(batch, {row[0] for row in raw.execute(sql("new_records"), {"newest": newest})})
            raw.executemany(
                sql("owe_known"),
                [
                    {"record": o.suppression.id, "recipient": o.suppression.recipient, "provider": p, "now": now}
                    for o in known
                    for p in o.providers
                ],
            )
    return Recorded(new=new, duplicates=len(rows) - new)


def _known(batch: Sequence[Owed], new: set[str]) -> list[Owed]:
    """What the batch repeats, of itself or of the spool: a provider that was added since may want it."""
    known = []
    for owed in batch:
        if owed.suppression.id in new:
            new.remove(owed.suppression.id)
        else:
            known.append(owed)
    return known
