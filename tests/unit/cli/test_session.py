"""Sessions: exit statuses of spool errors, paths, options, garbage collection."""

import errno
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import structlog

from bouncehandler.cli.exits import CommandError
from bouncehandler.cli.options import GlobalOptions
from bouncehandler.cli.session import Session
from bouncehandler.settings import load
from bouncehandler.spool import SpoolError
from bouncehandler.spool.sqlite.errors import describe_error
from bouncehandler.spool.sqlite.store import SqliteSpool


def session(folder: Path) -> Session:
    """A session with its spool in the folder."""
    return Session(GlobalOptions(), load(None, {"HOME": str(folder)}), structlog.get_logger(), on_terminal=False)


def sqlite_error(code: int) -> sqlite3.Error:
    """SQLite's error with this code."""
    error = sqlite3.OperationalError("x")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("cause", "status"),
    [
        (sqlite_error(sqlite3.SQLITE_BUSY), 75),
        (sqlite_error(sqlite3.SQLITE_FULL), 75),
        (sqlite_error(sqlite3.SQLITE_IOERR_FSYNC), 75),
        (sqlite_error(sqlite3.SQLITE_NOTADB), 78),
        (sqlite_error(sqlite3.SQLITE_READONLY), 78),
        (OSError(errno.ENOSPC, "No space left on device"), 75),
        (OSError(errno.EACCES, "Permission denied"), 78),
        (None, 78),
    ],
    ids=["locked", "full", "disk", "noise", "read-only", "no room for it", "no right", "newer program"],
)
def test_spool_that_cannot_be_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cause: Exception | None, status: int
) -> None:
    """Errors that may pass exit with 75; errors that the operator has to mend exit with 78."""

    def fail(*_: object, **__: object) -> SqliteSpool:
        if isinstance(cause, sqlite3.Error):
            raise describe_error(cause, tmp_path, 60) from cause
        raise SpoolError("the spool can't be opened") from cause

    monkeypatch.setattr(SqliteSpool, "open", fail)
    with pytest.raises(CommandError, match="the spool") as raised:
        session(tmp_path).open_spool()
    assert raised.value.status == status


def test_places(tmp_path: Path) -> None:
    """Rows that can't be read are kept beside the spool, under its name."""
    assert session(tmp_path).paths.spool == tmp_path / ".local/state/bouncehandler/spool.db"
    assert session(tmp_path).paths.rejected == tmp_path / ".local/state/bouncehandler/spool.rejected.csv"


def test_nearer_options_hold() -> None:
    """An option after a command's name goes before one in front of it."""
    before = GlobalOptions(Path("a"), Path("log"), debug=True)
    assert GlobalOptions(Path("b")).over(before) == GlobalOptions(Path("b"), Path("log"), debug=True)
    assert GlobalOptions().over(None) == GlobalOptions()


def test_garbage_is_looked_for_seldom() -> None:
    """Whatever the command: next to none is made that refers to itself, and every look costs time."""
    code = "import gc; from bouncehandler.cli.app import main; main(['--version']); print(gc.get_threshold()[0])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout.split()[-1]) >= 10_000
