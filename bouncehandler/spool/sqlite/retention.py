"""How what was done long ago is removed: in steps so short that the pipe hardly waits for one, and rests in between."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from bouncehandler.spool.models import Pruned, RetentionCutoffs, SpoolError
from bouncehandler.spool.sqlite.connection import Connection
from bouncehandler.spool.sqlite.errors import explained, primary_code

_LEAST, _MOST = 100, 500
"""Suppressions, or dispatches, that one step looks at."""
_STEP = 0.02
"""Seconds that a step should take at most: the next one is half as long after one that took more."""
_REST = 0.03
"""Seconds between two steps, at least: more than another process sleeps between two looks at the lock at first."""
_SHARE = 4
"""A rest is so many times as long as the step before it."""
_LOOKS = 10_000
"""Steps of SQLite's machine between two looks at the clock: well below a millisecond of them."""


def prune(connection: Connection, before: RetentionCutoffs, *, now: float, after: int, most: int) -> Pruned:
    """See `Spool.prune`. What is to be removed is looked up without the lock for writing, which is often not needed."""
    latest = max((time for time in before if time is not None), default=None)
    window: dict[str, object] = {"after": after, "limit": most, "before": latest, "now": now}
    upto, old = connection.rows("prune_window", window)[0]
    if latest is None or not old:
        return Pruned(0, None)
    bounds: dict[str, object] = {"after": after, "through": upto, **before._asdict()}
    return Pruned(_remove(connection, bounds) if connection.rows("prune_found", bounds) else 0, upto)


def prune_attempts(connection: Connection, before: float, *, now: float, after: int, most: int) -> Pruned:
    """See `Spool.prune_attempts`."""
    window: dict[str, object] = {"after": after, "limit": most, "before": before, "now": now}
    upto, old = connection.rows("prune_attempts_window", window)[0]
    if not old:
        return Pruned(0, None)
    bounds: dict[str, object] = {"after": after, "through": upto, "before": before}
    if not connection.rows("prune_attempts_found", bounds):
        return Pruned(0, upto)
    with connection.writing() as raw:
        found = [row[0] for row in raw.execute(connection.sql("prune_attempts_found"), bounds)]
        return Pruned(raw.execute(connection.sql("prune_attempts"), {"found": json.dumps(found)}).rowcount, upto)


def _remove(connection: Connection, bounds: dict[str, object]) -> int:
    """Looked up again: a provider that was added since may have been owed one of them meanwhile."""
    sql = connection.sql
    with connection.writing() as raw:
        found = [row[0] for row in raw.execute(sql("prune_found"), bounds)]
        for statement in ("prune_suppression_attempts", "prune_dispatches", "prune_events", "prune_suppressions"):
            raw.execute(sql(statement), {"found": json.dumps(found)})
    return len(found)


def sweep(step: Callable[[int, int], Pruned], monotonic: Callable[[], float], rest: Callable[[float], bool]) -> int:
    """Go through a spool once, from the oldest suppression, or dispatch, to those that are too new.

    Args:
        step: removes what is old among so many (the second number) after one of them (the first).
        monotonic: seconds of a clock that is never set.
        rest: waits so many seconds; true ends the sweep.

    Returns:
        How many were removed.

    Raises:
        SpoolError: the disk, or the file, failed.
    """
    after: int | None = 0
    most, removed = _LEAST, 0
    while after is not None:
        began = monotonic()
        pruned = step(after, most)
        took = monotonic() - began
        removed += pruned.removed
        after = pruned.last
        most = max(_LEAST, most // 2) if took > _STEP else min(_MOST, most * 2 if took < _STEP / 2 else most)
        if after is not None and rest(max(_REST, _SHARE * took)):
            break
    return removed


def vacuum(path: Path, monotonic: Callable[[], float], most: float) -> int:
    """Give the room of what was removed back to the file system; returns the bytes by which the file shrank.

    Nobody can write meanwhile, so it gives up after `most` seconds of copying, and all is as before.

    Raises:
        SpoolError: it gave up, or the disk has no room for a copy.
    """
    size, deadline = path.stat().st_size, monotonic() + most
    try:
        with closing(sqlite3.connect(path, timeout=most, isolation_level=None)) as raw:
            raw.execute("PRAGMA synchronous = FULL")
            raw.set_progress_handler(lambda: monotonic() > deadline, _LOOKS)
            raw.execute("VACUUM")
    except sqlite3.Error as error:
        if primary_code(error) != sqlite3.SQLITE_INTERRUPT:
            raise explained(error, path, most) from error
        raise SpoolError(
            f"the spool {path} takes longer than {most:g} s to shrink, and nobody could write it meanwhile: stop every "
            f"bouncehandler, then `sqlite3 {path} VACUUM`"
        ) from None
    return size - path.stat().st_size
