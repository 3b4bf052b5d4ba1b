"""Backup of a spool that may be in use: in short steps, whole or not at all, and proved before it gets its name."""

import os
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt

from bouncehandler.files import sync
from bouncehandler.spool.models import BackupSummary, SpoolError
from bouncehandler.spool.sqlite.errors import describe_error

_PAGES = 2_000
"""Pages, of 4 kB each, that the first try copies in one step; a writer waits for one step."""
_TRIES = 12
"""SQLite starts over when another process has written: each try takes steps twice as long, the last a single one."""
_MAX_SECONDS = 300.0
"""Seconds after which the copy is given up: something else holds the file all the time."""
_WAIT, _PAUSE = 60.0, 0.005
"""Seconds for which SQLite waits for a writer, and between two looks if that was not enough."""


class _StartsOver(Exception):  # noqa: N818  # no error: the way out of SQLite's loop
    """Raised when another process wrote while pages were copied."""


def back_up(source: Path, target: Path, *, overwrite: bool, monotonic: Callable[[], float]) -> BackupSummary:
    """See `SpoolAdmin.backup`.

    Args:
        source: a spool that this program has opened, so that it is of this version.
        monotonic: seconds of a clock that is never set.
    """
    _refuse(source, target, overwrite=overwrite)
    part = None
    try:
        descriptor, part = tempfile.mkstemp(".part", f".{target.name[:200]}.", target.parent)  # 0600 whatever the umask
        os.close(descriptor)
        saved = _proved(source, part, _copy(source, part, monotonic))
        _put_in_place(Path(part), target, overwrite=overwrite)
    except sqlite3.Error as error:
        raise describe_error(error, source, _WAIT) from error
    except OSError as error:
        raise SpoolError(f"the copy {target} can't be written: {error.strerror or error}") from error
    finally:
        if part:
            Path(part).unlink(missing_ok=True)
    return saved


def _refuse(source: Path, target: Path, *, overwrite: bool) -> None:
    if not target.exists():
        return
    if target.samefile(source):
        raise SpoolError(f"{target} is the spool itself: name another file")
    if not target.is_file():
        raise SpoolError(f"{target} is no file: name another one")
    if not overwrite:
        raise SpoolError(f"{target} is there already: name another file, or add --force")


def _copy(source: Path, part: str, monotonic: Callable[[], float]) -> int:
    """Copy the pages; returns the number of the newest suppression before that."""
    with closing(_connected(source)) as origin, closing(_connected(part)) as copy:
        copy.execute("PRAGMA synchronous = OFF")  # it is synced as a whole, at the end
        newest = _newest(origin)
        if origin.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
            origin.execute("BEGIN")  # a reader of a write-ahead log keeps its state, and no writer waits for it
            _newest(origin)
        deadline = monotonic() + _MAX_SECONDS
        for attempt in Retrying(stop=stop_after_attempt(_TRIES), retry=retry_if_exception_type(_StartsOver)):
            number, progress = attempt.retry_state.attempt_number, _Progress(source, monotonic, deadline)
            pages = -1 if number == _TRIES else _PAGES << number - 1
            with attempt:
                origin.backup(copy, pages=pages, progress=progress, sleep=_PAUSE)
        copy.execute("PRAGMA journal_mode = delete")  # one file, whatever the spool has beside it
        return newest


def _connected(path: str | Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=_WAIT, isolation_level=None)


def _newest(raw: sqlite3.Connection) -> int:
    return int(raw.execute("SELECT coalesce(max(id), 0) FROM suppression").fetchone()[0])


class _Progress:
    """Ends a copy that starts over, or takes too long."""

    def __init__(self, source: Path, monotonic: Callable[[], float], deadline: float) -> None:
        self._source, self._monotonic, self._deadline = source, monotonic, deadline
        self._left: int | None = None

    def __call__(self, status: int, left: int, total: int) -> None:
        """Check the number of pages that are left after a step: fewer than before, unless it starts over."""
        if self._monotonic() > self._deadline:
            raise SpoolError(f"the spool {self._source} was written all the time: try again when less comes in")
        if status != sqlite3.SQLITE_OK or not total:  # another process writes: nothing was copied
            return
        if self._left is not None and left >= self._left:
            raise _StartsOver
        self._left = left


def _proved(source: Path, part: str, newest_before: int) -> BackupSummary:
    """Read the whole copy. Ids of suppressions only grow: its newest lies between the spool's before and after.

    Raises:
        SpoolError: something is missing.
    """
    with closing(_connected(source)) as origin:
        newest_after = _newest(origin)
    with closing(_connected(part)) as copy:
        trouble = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
        if trouble != "ok":
            raise SpoolError(f"the copy is not sound ({trouble}): look whether the spool {source} is")
        if not newest_before <= _newest(copy) <= newest_after:
            raise SpoolError(f"the copy lacks a part of the spool {source}: try again")
        states = dict(copy.execute("SELECT state, count(*) FROM dispatch GROUP BY state"))
        suppressions = copy.execute("SELECT count(*) FROM suppression").fetchone()[0]
    waiting = sum(states.get(state, 0) for state in ("pending", "claimed", "held"))
    return BackupSummary(Path(part).stat().st_size, suppressions, waiting, states.get("done", 0), states.get("dead", 0))


def _put_in_place(part: Path, target: Path, *, overwrite: bool) -> None:
    """Give the copy its name, synced before and after."""
    sync(part)
    if overwrite:
        part.replace(target)
    else:
        try:
            os.link(part, target)  # unlike a rename it replaces nothing that came meanwhile
        except FileExistsError:
            raise SpoolError(f"{target} is there already: name another file, or add --force") from None
    sync(target.parent)
