"""Administration of a spool in one SQLite file."""

import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path

from bouncehandler.spool.models import BackupSummary, SpoolCheck
from bouncehandler.spool.sqlite.codec import sanitize_text
from bouncehandler.spool.sqlite.erasure import SqliteErasure
from bouncehandler.spool.sqlite.files import ensure_room
from bouncehandler.spool.sqlite.holds import SqliteHolds
from bouncehandler.spool.sqlite.lists import SqliteLists
from bouncehandler.spool.sqlite.retention import vacuum

_MAX_NUMBER = 2**63 - 1


class SqliteSpoolAdmin(SqliteLists, SqliteHolds, SqliteErasure):
    """See `SpoolAdmin` for the contract of each method."""

    @property
    def path(self) -> Path:
        """The file, absolute."""
        return self._connection.path

    @property
    def size(self) -> int:
        """Bytes of the file and its journal."""
        files = (self.path.with_name(self.path.name + ending) for ending in ("", "-wal", "-journal"))
        return sum(file.stat().st_size for file in files if file.exists())

    def examine(self, *, room: int, read_up_to: int) -> SpoolCheck:
        with self._connection.writing() as raw:
            raw.execute(self._connection.sql("provider_release"), {"provider": ""})  # no provider has that name
        ensure_room(self.path, room)
        is_large = self.path.stat().st_size > read_up_to
        if not is_large:
            self._connection.prove_whole()
        journal = "write-ahead log" if self._connection.pragma("journal_mode") == "wal" else "rollback journal"
        version = self._connection.pragma("user_version")
        store = f"{journal}, SQLite {sqlite3.sqlite_version}, schema {version}"
        return SpoolCheck(store, f"sqlite3 {self.path} 'PRAGMA quick_check'" if is_large else "")

    def backup(self, target: Path, *, overwrite: bool) -> BackupSummary:
        from bouncehandler.spool.sqlite.backup import back_up  # noqa: PLC0415  # imports tenacity

        return back_up(self.path, target, overwrite=overwrite, monotonic=time.monotonic)

    def vacuum(self, within: float) -> int:
        return vacuum(self.path, time.monotonic, within)

    def retry_dead_letters(self, ids: Sequence[int]) -> int:
        return self._change_dead_letters("dead_letter_retry", ids)

    def drop_dead_letters(self, ids: Sequence[int], reason: str = "") -> int:
        return self._change_dead_letters("dead_letter_drop", ids, reason=sanitize_text(reason))

    def _change_dead_letters(self, statement: str, ids: Sequence[int], **values: object) -> int:
        now = self._clock()
        rows = [{"id": number, "now": now, **values} for number in ids if 0 < number <= _MAX_NUMBER]
        if not rows:
            return 0
        with self._connection.writing() as raw:
            return raw.executemany(self._connection.sql(statement), rows).rowcount
