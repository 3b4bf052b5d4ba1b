"""SQLite's errors as sentences for the sysadmin: one each, with the remedy."""

import sqlite3
from pathlib import Path

from bouncehandler.spool.models import SpoolError

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
_SENTENCES[sqlite3.SQLITE_ERROR] = (  # the statements are fixed, so it is the file that is not as it was
    "lacks what belongs into it ({error}): it was emptied or overwritten; put a copy back, or move it away"
)
_SENTENCES[sqlite3.SQLITE_LOCKED] = _SENTENCES[sqlite3.SQLITE_BUSY]
_SENTENCES[sqlite3.SQLITE_PERM] = _SENTENCES[sqlite3.SQLITE_READONLY]

_MOVED = "was moved or deleted while it was open: put it back, then start again"
_SPECIAL = {
    "SQLITE_READONLY_DBMOVED": _MOVED,
    "SQLITE_IOERR_FSTAT": _MOVED,
    # SQLite's code for EIO, and for EFBIG and EDQUOT too.
    "SQLITE_IOERR_WRITE": (
        "met a disk error ({error}): a quota, or a limit for the size of a file (`ulimit -f`), may be reached, "
        "or the kernel's log shows the cause; mend that, then start again"
    ),
}
_TEMPORARY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})

_NOT_TEXT = "Could not decode to UTF-8"
"""The beginning of the error of a damaged text, without a code; the rest repeats the text, which is private."""


def primary_code(error: sqlite3.Error) -> int:
    """SQLite's result code without its extension, `SQLITE_IOERR` for `SQLITE_IOERR_FSYNC`; 0 where there is none."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def moved(path: Path) -> SpoolError:
    """Make the error of a file that is not at its place any more."""
    return SpoolError(f"the spool {path} {_MOVED}")


def damaged(path: Path, finding: str) -> SpoolError:
    """Make the error of a damaged file; `finding` in a few words."""
    return SpoolError(f"the spool {path} " + _SENTENCES[sqlite3.SQLITE_CORRUPT].format(path=path, error=finding))


def describe_error(error: sqlite3.Error, path: Path, seconds: float) -> SpoolError:
    """Make a `SpoolError` of SQLite's error; `seconds` is how long a lock was waited for."""
    name = getattr(error, "sqlite_errorname", "")
    code = primary_code(error)
    if not code and str(error).startswith(_NOT_TEXT):
        code, name = sqlite3.SQLITE_CORRUPT, "a text is not UTF-8"
    sentence = _SPECIAL.get(name) or _SENTENCES.get(code, "failed: {error}")
    text = sentence.format(path=path, seconds=seconds, error=name or error)
    return SpoolError(f"the spool {path} {text}", is_temporary=code in _TEMPORARY)
