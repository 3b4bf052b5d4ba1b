"""Connection to a spool's file: how it is opened, and how transactions on it begin, end and fail."""

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from bouncehandler.spool.models import SpoolError
from bouncehandler.spool.sqlite.errors import damaged, describe_error, moved, primary_code
from bouncehandler.spool.sqlite.files import create_private, file_at
from bouncehandler.spool.sqlite.queries import queries
from bouncehandler.spool.sqlite.schema import ensure_newest, migrate

Row = tuple[Any, ...]

OLDEST = (3, 37, 0)
"""STRICT tables came with this SQLite."""
WAL_IS_SAFE = (3, 51, 3)
"""Before it, two connections that write and checkpoint at once could corrupt a database in WAL mode."""

_PAUSE = 0.02
"""Seconds between two tries to switch the journal."""

_MAX_FINDING = 100
"""Characters of SQLite's text about damage."""

_SETTINGS = (
    "page_size = 8192",  # bytes, of a new file: a tenth less time for a recorded row than SQLite's own 4096
    "synchronous = FULL",
    "cache_size = -16000",  # kB
    "temp_store = MEMORY",
    "journal_size_limit = 8000000",  # bytes, after one huge transaction
)


def journal_mode(version: tuple[int, ...]) -> str:
    """The journal for a version of SQLite.

    The rollback journals are equally quick, as far as two runs differ (a commit of one row: persist 0.8 ms, truncate
    0.8-1.1, delete 0.9-1.0; of 1,000 rows: 8.0-10.3, 9.3-11.2, 8.7-9.5). `delete` is out: under synchronous=FULL the
    removal is not synced, so after a power failure the journal can come back and undo the last commit. `persist` and
    `truncate` sync it; `persist` leaves the file's size alone.
    """
    return "wal" if version >= WAL_IS_SAFE else "persist"


class Connection:
    """SQLite connection of the whole process, handed from thread to thread under a lock.

    One for each thread would lose its page cache whenever another thread writes, and SQLite's way to wait for a lock
    is to sleep and look again. The lock hands over at once; SQLite's waiting is left for other processes.
    """

    def __init__(self, path: Path, raw: sqlite3.Connection, wait: float) -> None:
        self.path = path
        self._raw = raw
        self._wait = wait
        self._file = file_at(path)
        self._lock = threading.Lock()
        self._queries = queries()
        self._is_closed = False
        self._broken = ""
        """Cause of a failed disk, after which nothing more is written: another thread may have met it first."""

    @classmethod
    def open(cls, path: Path, *, wait: float, version: tuple[int, ...]) -> "Connection":
        """Open the file, creating and migrating it as needed. `wait`: seconds to wait for other processes.

        Raises:
            SpoolError: the file, the disk or this SQLite is not fit.
        """
        if version < OLDEST:
            raise SpoolError(f"SQLite {_dotted(version)} is too old for the spool: it needs {_dotted(OLDEST)} or newer")
        create_private(path)
        return cls._opened(
            path, str(path.absolute()), wait, lambda raw: _prepare(raw, path, journal_mode(version), wait)
        )

    @classmethod
    def open_reading(cls, path: Path, *, wait: float) -> "Connection":
        """Open a file that is there for reading alone: no byte of it, nor of its journal, is written.

        Raises:
            SpoolError: the file is not fit, or of another version.
        """
        return cls._opened(path, f"{path.absolute().as_uri()}?mode=ro", wait, lambda raw: ensure_newest(raw, path))

    @classmethod
    def _opened(
        cls, path: Path, place: str, wait: float, prepare: Callable[[sqlite3.Connection], None]
    ) -> "Connection":
        """Open a file, by its path or a URI for it, and have it prepared; it is closed where that fails."""
        is_uri = place.startswith("file:")
        try:
            raw = sqlite3.connect(place, uri=is_uri, timeout=wait, isolation_level=None, check_same_thread=False)
            try:
                prepare(raw)
            except BaseException:
                raw.close()
                raise
        except sqlite3.Error as error:
            raise describe_error(error, path, wait) from error
        return cls(path, raw, wait)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that writes: committed and synced at the end of the block, rolled back when it raises."""
        with self._lock, self._described():
            if self._broken:
                raise SpoolError(f"{self._broken} (it takes no more since the disk failed)")
            try:
                # IMMEDIATE waits for the lock here, where waiting is safe; a read that turns into a write can't wait.
                self._raw.execute("BEGIN IMMEDIATE")
                yield self._raw
                if file_at(self.path) != self._file:
                    raise moved(self.path)  # with a write-ahead log SQLite goes on, in a file that has no name any more
                self._raw.execute("COMMIT")
            except sqlite3.Error as error:
                # After a failed sync the kernel may take the lost pages for written: whatever follows builds on sand.
                if primary_code(error) == sqlite3.SQLITE_IOERR:
                    self._broken = str(describe_error(error, self.path, self._wait))
                raise
            finally:
                if self._raw.in_transaction:
                    with suppress(sqlite3.Error):  # SQLite may have rolled back already
                        self._raw.execute("ROLLBACK")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A transaction that only reads, so that all its statements see the same state; it must be short."""
        with self._lock, self._described():
            self._raw.execute("BEGIN")
            try:
                yield self._raw
            finally:
                self._raw.execute("COMMIT")

    def rows(self, statement: str, values: Mapping[str, object] | Sequence[object] = ()) -> list[Row]:
        """Rows of one named statement."""
        with self._lock, self._described():
            return self._raw.execute(self.sql(statement), values).fetchall()

    def sql(self, name: str) -> str:
        """The query of that name; a KeyError where there is none."""
        return self._queries[name]

    def leave_no_journal(self) -> None:
        """Empty the journal, which holds pages as they were before the latest transactions."""
        with self._lock, self._described():
            if self._raw.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
                self._raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                return
            limit = self._raw.execute("PRAGMA journal_size_limit").fetchone()[0]
            self._raw.execute("PRAGMA journal_size_limit = 0")
            self._raw.execute("BEGIN IMMEDIATE")
            self._raw.execute("PRAGMA user_version = " + str(self._raw.execute("PRAGMA user_version").fetchone()[0]))
            self._raw.execute("COMMIT")
            self._raw.execute(f"PRAGMA journal_size_limit = {limit}")

    def pragma(self, name: str) -> object:
        """The value of one of SQLite's own settings."""
        with self._lock, self._described():
            return self._raw.execute(f"PRAGMA {name}").fetchone()[0]

    def prove_whole(self) -> None:
        """Read the whole file, during which no other process can write; raises SpoolError where it is damaged."""
        with self._lock, self._described():
            found = self._raw.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise damaged(self.path, " ".join(found.split())[:_MAX_FINDING])

    def close(self) -> None:
        """Give back the file; a second time does nothing."""
        with self._lock:
            self._is_closed = True
            self._raw.close()

    @contextmanager
    def _described(self) -> Iterator[None]:
        if self._is_closed:
            raise SpoolError(f"the spool {self.path} is closed")
        try:
            yield
        except sqlite3.Error as error:
            raise describe_error(error, self.path, self._wait) from error


def _prepare(raw: sqlite3.Connection, path: Path, journal: str, wait: float) -> None:
    for setting in _SETTINGS:
        raw.execute(f"PRAGMA {setting}")
    if _switched(raw, journal, wait) != journal:
        raise SpoolError(f"the spool {path} can't use SQLite's journal mode {journal!r} here: put it on a local disk")
    migrate(raw, path)


def _switched(raw: sqlite3.Connection, journal: str, wait: float) -> str:
    """Switch the journal; returns the one in use. WAL needs the file alone, for which SQLite itself does not wait."""
    switch = f"PRAGMA journal_mode = {journal}"
    try:
        return str(raw.execute(switch).fetchone()[0])
    except sqlite3.OperationalError as error:
        if not _is_busy(error):
            raise
    from tenacity import Retrying, retry_if_exception, stop_before_delay, wait_fixed  # noqa: PLC0415  # seldom used

    switching = Retrying(
        stop=stop_before_delay(wait), wait=wait_fixed(_PAUSE), retry=retry_if_exception(_is_busy), reraise=True
    )
    return str(switching(raw.execute, switch).fetchone()[0])


def _is_busy(error: BaseException) -> bool:
    return isinstance(error, sqlite3.OperationalError) and primary_code(error) == sqlite3.SQLITE_BUSY


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def random_token() -> str:
    """A name for a claim."""
    return os.urandom(8).hex()


class SpoolPart:
    """Base of the parts of `SqliteSpool`, each in a module of its own; see `Spool` for the contract of each method.

    Args:
        clock: seconds since the epoch.
        new_token: makes a name for each claim that no other claim has.
        notices: the kinds of `Notice` that are queued.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        clock: Callable[[], float] = time.time,
        new_token: Callable[[], str] = random_token,
        notices: frozenset[str] = frozenset(),
    ) -> None:
        self._connection, self._clock, self._new_token, self._notices = connection, clock, new_token, notices
