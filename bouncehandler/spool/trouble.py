"""What SQLite's errors mean to an operator: one sentence each, with what to do."""

import sqlite3
from pathlib import Path

from bouncehandler.spool import SpoolError

_SENTENCES = {
    sqlite3.SQLITE_BUSY: (
        "stayed locked for {seconds:g} s: another bouncehandler, a backup or an open sqlite3 shell holds it; "
        "`fuser {path}` shows which"
    ),
    sqlite3.SQLITE_READONLY: "can't be written: give this user the right to write the file and its folder",
    sqlite3.SQLITE_IOERR: "met a disk error ({error}): look into the kernel's log, mend the disk, then start again",
    sqlite3.SQLITE_CORRUPT: (
        "is damaged ({error}): stop every bouncehandler, keep a copy, and rescue it with `sqlite3 {path} .recover`"
    ),
    sqlite3.SQLITE_FULL: "can't grow, the disk is full: make room; nothing that was recorded is lost",
    sqlite3.SQLITE_CANTOPEN: "can't be opened: correct the path, or the rights to the file and its folder",
    sqlite3.SQLITE_NOTADB: "is not a SQLite database: name another file, or move this one away",
}
_SENTENCES[sqlite3.SQLITE_LOCKED] = _SENTENCES[sqlite3.SQLITE_BUSY]
_SENTENCES[sqlite3.SQLITE_PERM] = _SENTENCES[sqlite3.SQLITE_READONLY]

_MOVED = "was moved or deleted while it was open: put it back, then start again"
_SPECIAL = {"SQLITE_READONLY_DBMOVED": _MOVED, "SQLITE_IOERR_FSTAT": _MOVED}


def primary_code(error: sqlite3.Error) -> int:
    """SQLite's result code without its extension, `SQLITE_IOERR` for `SQLITE_IOERR_FSYNC`; 0 where there is none."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def explained(error: sqlite3.Error, path: Path, seconds: float) -> SpoolError:
    """The error as a sentence; `seconds` is how long a lock was waited for."""
    name = getattr(error, "sqlite_errorname", "")
    sentence = _SPECIAL.get(name) or _SENTENCES.get(primary_code(error), "failed: {error}")
    return SpoolError(f"the spool {path} " + sentence.format(path=path, seconds=seconds, error=name or error))
