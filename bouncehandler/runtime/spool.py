"""Opens the spool as the settings describe it."""

import errno
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from bouncehandler.spikes import SpikeSettings
from bouncehandler.spool import SpoolError
from bouncehandler.spool.sqlite.errors import primary_code
from bouncehandler.spool.sqlite.store import SqliteSpool

if TYPE_CHECKING:
    from bouncehandler.settings.model import Settings
    from bouncehandler.settings.sections import HoldSettings

_PASSING = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})
_PASSING_ERRNO = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE})


class SpoolOpenError(SpoolError):
    """A spool that can't be opened.

    Attributes:
        is_passing: whether time, or room on the disk, mends it; else the configuration or the file has to be mended.
    """

    def __init__(self, error: SpoolError) -> None:
        super().__init__(str(error))
        self.is_passing = is_passing(error)


def open_spool(settings: "Settings") -> SqliteSpool:
    """Open the spool, created or migrated where needed.

    Raises:
        SpoolOpenError: the URL, the file, the disk or this SQLite is not fit.
    """
    notify, hold = settings.notify, settings.hold
    try:
        return SqliteSpool.open(
            settings.spool.url,
            notices=frozenset(notify.events if notify.to else ()),
            spikes=spike_settings(hold),
            grace=hold.grace,
        )
    except SpoolError as error:
        raise SpoolOpenError(error) from error


def open_read_only(path: Path) -> SqliteSpool:
    """Open an existing spool without ever writing to it.

    Raises:
        SpoolOpenError: the file is not fit, or of another version.
    """
    try:
        return SqliteSpool.open_reading(path)
    except SpoolError as error:
        raise SpoolOpenError(error) from error


def spike_settings(hold: "HoldSettings") -> SpikeSettings | None:
    """Thresholds of the spike detector; None where `[hold]` is disabled."""
    return SpikeSettings(minimum=hold.minimum, factor=hold.factor) if hold.enabled else None


def is_passing(error: SpoolError) -> bool:
    """Whether time, or room on the disk, mends the cause of an error on opening."""
    cause = error.__cause__
    if isinstance(cause, sqlite3.Error):
        return primary_code(cause) in _PASSING
    return isinstance(cause, OSError) and cause.errno in _PASSING_ERRNO
