"""Retention: removes old rows, one step at a time; see `bouncehandler.spool.sweep` for the steps."""

import json
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

from bouncehandler.spool.models import Pruned, RetentionPeriods, SpoolError
from bouncehandler.spool.sqlite.connection import Connection, SpoolPart
from bouncehandler.spool.sqlite.errors import describe_error, primary_code

_GROUP = 500
"""Rows deleted in one transaction: the pipe waits for none of them long."""
_LOOKS = 10_000
"""Steps of SQLite's machine between two looks at the clock: well below a millisecond of them."""


class SqliteRetention(SpoolPart):
    """Retention. Old rows are looked up without the lock for writing, which is often not needed."""

    def prune(self, periods: RetentionPeriods, *, after: int, limit: int) -> Pruned:
        sql, now = self._connection.sql, self._clock()
        before = {reason: None if period is None else now - period for reason, period in periods._asdict().items()}
        latest = max((time for time in before.values() if time is not None), default=None)
        window: dict[str, object] = {"after": after, "limit": limit, "before": latest, "now": now}
        through, old = self._connection.rows("prune_window", window)[0]
        if latest is None or not old:
            return Pruned(0, None)
        bounds: dict[str, object] = {"after": after, "through": through, **before}
        if not self._connection.rows("prune_found", bounds):
            return Pruned(0, through)
        with self._connection.writing() as raw:  # looked up again: an added provider may have got one meanwhile
            found = [row[0] for row in raw.execute(sql("prune_found"), bounds)]
            for statement in ("prune_suppression_attempts", "prune_dispatches", "prune_events", "prune_suppressions"):
                raw.execute(sql(statement), {"found": json.dumps(found)})
        return Pruned(len(found), through)

    def prune_attempts(self, older_than: float, *, after: int, limit: int) -> Pruned:
        sql, now = self._connection.sql, self._clock()
        window: dict[str, object] = {"after": after, "limit": limit, "before": now - older_than, "now": now}
        through, old = self._connection.rows("prune_attempts_window", window)[0]
        if not old:
            return Pruned(0, None)
        bounds: dict[str, object] = {"after": after, "through": through, "before": now - older_than}
        if not self._connection.rows("prune_attempts_found", bounds):
            return Pruned(0, through)
        with self._connection.writing() as raw:
            found = [row[0] for row in raw.execute(sql("prune_attempts_found"), bounds)]
            return Pruned(raw.execute(sql("prune_attempts"), {"found": json.dumps(found)}).rowcount, through)


def delete_in_groups(
    connection: Connection, statement: str, bounds: Mapping[str, object], rest: Callable[[], bool]
) -> int:
    """Delete rows, one transaction after another, until none is left or `rest` returns true; returns how many."""
    total, deleted = 0, _GROUP
    while deleted == _GROUP and not rest():
        with connection.writing() as raw:
            deleted = raw.execute(connection.sql(statement), {**bounds, "limit": _GROUP}).rowcount
        total += deleted
    return total


def vacuum(path: Path, monotonic: Callable[[], float], within: float) -> int:
    """See `SpoolAdmin.vacuum`; `monotonic`: seconds of a clock that is never set."""
    size, deadline = path.stat().st_size, monotonic() + within
    try:
        with closing(sqlite3.connect(path, timeout=within, isolation_level=None)) as raw:
            raw.execute("PRAGMA synchronous = FULL")
            raw.set_progress_handler(lambda: monotonic() > deadline, _LOOKS)
            raw.execute("VACUUM")
    except sqlite3.Error as error:
        if primary_code(error) != sqlite3.SQLITE_INTERRUPT:
            raise describe_error(error, path, within) from error
        raise SpoolError(
            f"the spool {path} takes longer than {within:g} s to shrink, and no process could write it meanwhile: stop "
            f"every bouncehandler, then `sqlite3 {path} VACUUM`"
        ) from None
    return size - path.stat().st_size
