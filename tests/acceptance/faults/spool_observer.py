"""Looks into the spool from outside, while the program works and after it was killed: what is there must stay."""

import shutil
import sqlite3
import threading
from collections.abc import Iterable
from contextlib import closing
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, Self

from tests.acceptance.harness import LONGEST, Event

_OUTCOMES = frozenset({"unsubscribed", "already", "unknown"})
_FATES = """
SELECT suppression, provider, state, ifnull(outcome, ''), ifnull(lists, ''), ifnull(settled_at, 0), attempts
FROM dispatch
"""
_LOOK = 0.005
"""Seconds between two looks: the program must find the file free."""


class Fate(NamedTuple):
    """A dispatch."""

    suppression: int
    provider: str
    state: str
    outcome: str
    """Empty until it is done."""
    lists: str
    settled_at: float
    attempts: int


class Content:
    """All that the spool's file holds."""

    def __init__(
        self, suppressions: Iterable[tuple[object, ...]], fates: Iterable[Fate], tried: Iterable[object]
    ) -> None:
        self.suppressions = set(suppressions)
        self.dispatches = {(fate.suppression, fate.provider): fate for fate in fates}
        self.tried = set(tried)

    @classmethod
    def none(cls) -> "Content":
        """Before the first row."""
        return cls((), (), ())

    @classmethod
    def of(cls, file: Path) -> "Content":
        """Read it; a journal that was left behind is played back."""
        if not file.exists():
            return cls.none()
        with closing(sqlite3.connect(file, timeout=LONGEST, isolation_level=None)) as spool:
            spool.execute("BEGIN")  # all at one moment
            if not spool.execute("SELECT 1 FROM sqlite_schema WHERE name = 'suppression'").fetchall():
                return cls.none()
            return cls(
                spool.execute("SELECT id, record, recipient, * FROM suppression").fetchall(),
                [Fate(*row) for row in spool.execute(_FATES)],
                spool.execute("SELECT * FROM attempt").fetchall(),
            )

    @classmethod
    def left_behind(cls, file: Path) -> "Content":
        """Read a copy of what a killed process left, so that it is the program that has to play back the journal."""
        folder = file.parent / "copy"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for one in file.parent.glob(f"{file.name}*"):
            shutil.copy(one, folder)
        with closing(sqlite3.connect(folder / file.name)) as spool:
            assert spool.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return cls.of(folder / file.name)

    @cached_property
    def recipients(self) -> dict[int, str]:
        """By suppression."""
        return {int(str(row[0])): str(row[2]) for row in self.suppressions}

    def lacks(self, before: "Content") -> int:
        """Number of suppressions, attempts and outcomes that are gone, or not as they were."""
        gone = len(before.suppressions - self.suppressions) + len(before.tried - self.tried)
        return gone + sum(not _follows(self.dispatches.get(key), fate) for key, fate in before.dispatches.items())

    def belies(self, events: Iterable[Event]) -> int:
        """How many calls the program's log reports as written down, and are not."""
        done = {
            (self.recipients[one.suppression], one.provider) for one in self.dispatches.values() if one.state == "done"
        }
        output = {(event["recipient"], event["provider"]) for event in events if event["event"] in _OUTCOMES}
        return len(output - done)


def _follows(now: Fate | None, before: Fate) -> bool:
    """Whether a dispatch can have become what it is now: what is settled stays, what was tried was tried."""
    if now is None:
        return False
    return now == before if before.state in {"done", "dead"} else now.attempts >= before.attempts


class SpoolObserver:
    """A thread that sees, while the program works, what any other process sees: what is committed.

    It only reads, and plays back no journal.
    """

    def __init__(self, file: Path, before: Content) -> None:
        self.saw = threading.Event()
        """Set as soon as there is a new suppression."""
        self._file = file
        self._highest = max(before.recipients, default=0)
        self._suppressions: set[tuple[int, str, str]] = set()
        self._done: set[tuple[int, str]] = set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def misses(self, after: Content) -> int:
        """Number of committed rows that were seen and are not there."""
        there = {(row[0], row[1], row[2]) for row in after.suppressions}
        done = {key for key, fate in after.dispatches.items() if fate.state == "done"}
        return len(self._suppressions - there) + len(self._done - done)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(LONGEST)

    def _look(self) -> None:
        while not self._over.wait(_LOOK):
            try:
                with closing(sqlite3.connect(f"file:{self._file}?mode=ro", uri=True, timeout=0.01)) as spool:
                    self._read(spool)
            except sqlite3.OperationalError:  # not made yet, being written, or left by a killed process
                continue

    def _read(self, spool: sqlite3.Connection) -> None:
        new = spool.execute("SELECT id, record, recipient FROM suppression WHERE id > ?", [self._highest]).fetchall()
        done = "SELECT suppression, provider FROM dispatch WHERE suppression > ? AND state = 'done'"
        self._done.update(spool.execute(done, [self._highest]).fetchall())
        self._suppressions.update(new)
        if new:
            self.saw.set()
