"""The schema's versions: numbered SQL files, applied in order and in one transaction."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from bouncehandler.spool.models import SpoolError


def migrate(raw: sqlite3.Connection, path: Path, folder: Path | None = None) -> None:
    """Bring a spool to the newest version that `folder` holds; the version is in its `user_version`.

    Raises:
        SpoolError: the spool is newer than this program, or the file belongs to another one.
        sqlite3.Error: SQLite's own; the caller explains it.
    """
    steps = _steps(folder or Path(__file__).parent / "migrations")
    if _version(raw, path, newest=max(steps)) == max(steps):
        return
    raw.execute("BEGIN IMMEDIATE")
    try:
        done = _version(raw, path, newest=max(steps))  # another process may have been quicker
        if done == 0 and raw.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
            raise SpoolError(f"{path} is another program's database: name another file for the spool")
        for number in sorted(number for number in steps if number > done):
            for statement in _statements(steps[number].read_text(encoding="utf-8")):
                raw.execute(statement)
        raw.execute(f"PRAGMA user_version = {max(steps)}")
        raw.execute("COMMIT")
    finally:
        if raw.in_transaction:
            raw.execute("ROLLBACK")


def ensure_newest(raw: sqlite3.Connection, path: Path) -> None:
    """Prove that a spool, which is only to be read, has the newest version. Raises as `migrate`."""
    newest = max(_steps(Path(__file__).parent / "migrations"))
    found = _version(raw, path, newest=newest)
    if found < newest:
        raise SpoolError(
            f"the spool {path} is of version {found}, and only read here, where version {newest} is known: any command "
            "that opens it, such as `bouncehandler status`, brings it up to date"
        )


def _steps(folder: Path) -> dict[int, Path]:
    return {int(file.name.partition("_")[0]): file for file in folder.glob("[0-9]*.sql")}


def _version(raw: sqlite3.Connection, path: Path, newest: int) -> int:
    version = int(raw.execute("PRAGMA user_version").fetchone()[0])
    if version > newest:
        raise SpoolError(
            f"the spool {path} was written by a newer bouncehandler (version {version} of the spool, this one knows "
            f"{newest}): install the newer program again, or name another file"
        )
    return version


def _statements(script: str) -> Iterator[str]:
    """Split a script: `executescript` would commit the transaction first. Knows where a trigger ends."""
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
    if pending.strip():
        yield pending
