"""Erasure of a subject's data: a keyed hash takes its place, so that the subject stays suppressed."""

import hmac
import os
import sqlite3
from collections.abc import Iterable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from bouncehandler.files import give_to_folders_owner, sync
from bouncehandler.spool.admin import ErasureResult
from bouncehandler.spool.models import QueuedSuppression, SpoolError
from bouncehandler.spool.sqlite.codec import sanitize_text
from bouncehandler.spool.sqlite.connection import Connection, Row, SpoolPart

_ERASING = ("erasure_attempts", "erasure_notes", "erasure_events", "erasure_event", "erasure_suppression")
_KEY_SIZE = 32  # bytes
_PREFIX = "forgotten:"
"""No address has it, and no list manager's ids."""


class SqliteErasure(SpoolPart):
    """Erasure of subjects."""

    def forget(self, subject: str, *, asked_by: str) -> ErasureResult:
        connection, subject, key = self._connection, sanitize_text(subject), _key(self._connection.path)
        name = _hashed(key, subject)
        values = {"name": name, "subject": subject, "now": self._clock(), "asked_by": sanitize_text(asked_by)}
        with connection.writing() as raw:
            raw.execute("PRAGMA secure_delete = ON")  # erased data is overwritten, from now on in this process
            raw.execute(connection.sql("erasure_insert"), values)
            erased, waiting = _erase(connection, raw, key, values)
            counted = raw.execute(connection.sql("erasure_soft_bounces"), values).rowcount
            counted += raw.execute(connection.sql("erasure_delivery"), values).rowcount
            for statement in ("erasure_notices", "erasure_examples", "erasure_defer" if waiting else "erasure_finish"):
                raw.execute(connection.sql(statement), values)
        connection.leave_no_journal()
        return ErasureResult(name, erased, waiting, counted)

    def forget_rest(self) -> int:
        erased = 0
        for (subject,) in self._connection.rows("erasure_pending"):
            name = _hashed(_key(self._connection.path), subject)
            by: list[Row] = self._connection.rows("erasure_asked_by", {"name": name})
            erased += self.forget(subject, asked_by=by[0][0] if by else "").erased
        return erased


class ErasureGuard:
    """Finds erased subjects that are recorded anew, to be erased as soon as their calls are done."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: tuple[object, ...] = (0, None)
        self._names: frozenset[str] = frozenset()
        self._key = b""

    def check(self, raw: sqlite3.Connection, batch: Iterable[QueuedSuppression]) -> None:
        """Note the erased subjects of a batch, within the transaction that records it."""
        known = raw.execute(self._connection.sql("erasure_count")).fetchone()
        if known != self._known:
            self._names = frozenset(row[0] for row in raw.execute(self._connection.sql("erasure_names")))
            self._known, self._key = known, _key(self._connection.path)
        if not self._names:
            return
        subjects = {entry.suppression.subject for entry in batch}
        rows = [{"subject": sanitize_text(one)} for one in subjects if _hashed(self._key, one) in self._names]
        raw.executemany(self._connection.sql("erasure_defer"), rows)


def _erase(connection: Connection, raw: sqlite3.Connection, key: bytes, values: dict[str, object]) -> tuple[int, int]:
    """Erase the suppressions for which no call is left; returns how many, and how many wait."""
    rows: list[Row] = raw.execute(connection.sql("erasure_rows"), values).fetchall()
    done = [(number, record) for number, record, _, is_waiting in rows if not is_waiting]
    for number, record in done:
        row = {**values, "id": number, "record": _hashed(key, record)[len(_PREFIX) :]}
        for statement in _ERASING:
            raw.execute(connection.sql(statement), row)
    return len(done), len(rows) - len(done)


def _hashed(key: bytes, text: str) -> str:
    return _PREFIX + hmac.new(key, text.encode("utf-8", "replace"), sha256).hexdigest()[:32]


def _key(spool: Path) -> bytes:
    """Read the key of the hashes, for `spool.db` in `spool.key`; made where there is none yet.

    Raises:
        SpoolError: the file can't be read or made.
    """
    file = spool.with_suffix(".key")
    try:
        if not file.exists():
            _make(file)
        key = file.read_bytes()
    except OSError as error:
        raise SpoolError(f"the key {file} can't be read ({error.strerror}): let this user read it") from None
    if len(key) < _KEY_SIZE:
        raise SpoolError(
            f"the key {file} is not whole: put it back from a backup, since without it no erased subject is recognised"
        )
    return key


def _make(file: Path) -> None:
    """Make a key, whole or not at all, also where two processes make one, or this one is killed."""
    import tempfile  # noqa: PLC0415  # takes a while to import, and only the first `forget` needs it

    descriptor, part = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)  # 0600
    try:
        os.write(descriptor, os.urandom(_KEY_SIZE))
        os.fsync(descriptor)
        give_to_folders_owner(descriptor, file.parent)
        with suppress(FileExistsError):
            os.link(part, file)
        sync(file.parent)
    finally:
        os.close(descriptor)
        Path(part).unlink()
