"""The spool in one SQLite file; its parts are classes in the modules of this folder."""

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from bouncehandler.spikes.detector import SpikeSettings
from bouncehandler.spool.sqlite.admin import SqliteSpoolAdmin
from bouncehandler.spool.sqlite.claim import SqliteClaims
from bouncehandler.spool.sqlite.connection import Connection, random_token
from bouncehandler.spool.sqlite.history import SqliteHistory
from bouncehandler.spool.sqlite.notifications import SqliteNoticeQueue
from bouncehandler.spool.sqlite.providers import SqliteHeldProviders
from bouncehandler.spool.sqlite.retention import SqliteRetention
from bouncehandler.spool.sqlite.settle import SqliteSettlement
from bouncehandler.spool.sqlite.soft_bounces import SqliteSoftBounces
from bouncehandler.spool.sqlite.spikes import SpikeDetector
from bouncehandler.spool.sqlite.stats import SqliteStats
from bouncehandler.spool.sqlite.status import SqliteStatus
from bouncehandler.spool.sqlite.undo import SqliteUndo


class SqliteSpool(
    SqliteSpoolAdmin,
    SqliteClaims,
    SqliteSettlement,
    SqliteSoftBounces,
    SqliteHeldProviders,
    SqliteNoticeQueue,
    SqliteStats,
    SqliteRetention,
    SqliteHistory,
    SqliteStatus,
    SqliteUndo,
):
    """The embedded spool; see `Spool` for the contract of each method."""

    @classmethod
    def open(  # noqa: PLR0913  # each has a default
        cls,
        path: Path | str,
        *,
        wait: float = 60.0,
        notices: frozenset[str] = frozenset(),
        spikes: SpikeSettings | None = None,
        initial_delay: float = 0.0,
        clock: Callable[[], float] = time.time,
        new_token: Callable[[], str] = random_token,
        sqlite_version: tuple[int, ...] = sqlite3.sqlite_version_info,
    ) -> Self:
        """Open the spool in a file; a new one is created, an older one migrated.

        Args:
            path: a relative one counts from the current folder, once and for all.
            wait: seconds to wait while another process writes.
            sqlite_version: the SQLite that is linked, which decides the journal.

        See `open_spool` for `notices`, `spikes` and `initial_delay`, and `SpoolPart` for the others.

        Raises:
            SpoolError: the file, the disk or this SQLite is not fit.
        """
        connection = Connection.open(Path(path).absolute(), wait=wait, version=sqlite_version)
        detector = SpikeDetector(connection, spikes, initial_delay) if spikes else None
        return cls(connection, clock=clock, new_token=new_token, notices=notices, spikes=detector)

    @classmethod
    def open_reading(cls, path: Path | str, *, wait: float = 60.0) -> Self:
        """Open a spool that is there, for reading alone: no byte of it is written.

        Raises:
            SpoolError: the file is not fit, or of another version.
        """
        return cls(Connection.open_reading(Path(path).absolute(), wait=wait))

    @property
    def journal(self) -> str:
        """The journal in use: `wal` or `persist` (a rollback journal)."""
        return str(self._connection.pragma("journal_mode"))

    def close(self) -> None:
        self._connection.close()
