"""The spool in one SQLite file: each method of the protocol, and its module in this folder."""

import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Self

from bouncehandler.spikes import SpikeSettings
from bouncehandler.spool import (
    Claimed,
    MetricCounter,
    Pruned,
    QueuedSuppression,
    Recorded,
    RetentionPeriods,
    Settlement,
    SoftBounceEntry,
    Status,
)
from bouncehandler.spool.sqlite.admin import SqliteSpoolAdmin
from bouncehandler.spool.sqlite.claim import ClaimRequest, claim, extend
from bouncehandler.spool.sqlite.connection import Connection
from bouncehandler.spool.sqlite.enqueue import EnqueueHooks, record
from bouncehandler.spool.sqlite.erasure import ErasureGuard
from bouncehandler.spool.sqlite.notifications import SqliteNoticeQueue
from bouncehandler.spool.sqlite.providers import SqliteHeldProviders
from bouncehandler.spool.sqlite.retention import prune, prune_attempts
from bouncehandler.spool.sqlite.settle import settle
from bouncehandler.spool.sqlite.soft_bounces import count, prune_counts, record_deliveries
from bouncehandler.spool.sqlite.spikes import SpikeDetector
from bouncehandler.spool.sqlite.stats import SqliteStats
from bouncehandler.spool.sqlite.status import status
from bouncehandler.suppression import Dispatch


def _random_token() -> str:
    return os.urandom(8).hex()


class SqliteSpool(SqliteSpoolAdmin, SqliteHeldProviders, SqliteNoticeQueue, SqliteStats):
    """The embedded spool; see `Spool` for the contract of each method."""

    def __init__(
        self,
        connection: Connection,
        *,
        clock: Callable[[], float] = time.time,
        new_token: Callable[[], str] = _random_token,
        notices: frozenset[str] = frozenset(),
        spikes: SpikeDetector | None = None,
    ) -> None:
        super().__init__(connection, clock, notices)
        self._new_token = new_token
        self._hooks = EnqueueHooks(notices, spikes, ErasureGuard(connection))

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
        new_token: Callable[[], str] = _random_token,
        sqlite_version: tuple[int, ...] = sqlite3.sqlite_version_info,
    ) -> Self:
        """Open the spool in a file; a new one is created, an older one migrated.

        Args:
            path: a relative one counts from the current folder, once and for all.
            wait: seconds to wait while another process writes.
            notices: the kinds of `Notice` that are queued.
            spikes: how spikes of hard bounces are recognised, to be held; None: nothing is held.
            initial_delay: seconds that new hard bounces wait before they are due; see `open_spool`.
            clock: seconds since the epoch.
            new_token: makes a name for each claim that no other claim has.
            sqlite_version: the SQLite that is linked, which decides the journal.

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

    def record(self, batch: Sequence[QueuedSuppression]) -> Recorded:
        """Put a batch on disk; when this returns, it is safe."""
        return record(self._connection, batch, self._clock(), self._hooks)

    def count(self, batch: Sequence[SoftBounceEntry]) -> Recorded:
        """Put soft bounces on disk, and record the suppressions that they come to."""
        return count(self._connection, batch, self._clock(), self._hooks)

    def record_deliveries(self, deliveries: Mapping[str, int]) -> None:
        """Note deliveries: soft bounces before them no longer count."""
        record_deliveries(self._connection, deliveries, self._clock())

    def prune_counts(self, older_than: float, rest: Callable[[], bool] = lambda: False) -> int:
        """Remove soft bounces and deliveries that were recorded longer ago than that; returns how many."""
        return prune_counts(self._connection, self._clock() - older_than, rest)

    def prune(self, periods: RetentionPeriods, *, after: int, limit: int) -> Pruned:
        """Remove old suppressions among the `limit` oldest after `after`."""
        return prune(self._connection, periods, now=self._clock(), after=after, limit=limit)

    def prune_attempts(self, older_than: float, *, after: int, limit: int) -> Pruned:
        """Remove the attempts of old dispatches among the `limit` oldest after `after`."""
        return prune_attempts(self._connection, older_than, now=self._clock(), after=after, limit=limit)

    def claim(  # noqa: PLR0913  # the protocol's signature
        self,
        provider: str,
        limit: int,
        *,
        lease_for: float,
        repeat_after: float,
        per_campaign: bool,
        probing: bool = False,
    ) -> Claimed:
        """Claim up to `limit` due dispatches; `probing` overrides a hold. Empty means that none is due."""
        now = self._clock()
        request = ClaimRequest(
            provider=provider,
            limit=limit,
            now=now,
            until=now + lease_for,
            since=now - repeat_after,
            per_campaign=per_campaign,
            probing=probing,
            token=self._new_token(),
        )
        return claim(self._connection, request)

    def extend(self, dispatches: Iterable[Dispatch], lease_for: float) -> None:
        """Renew claims that are still being worked on."""
        extend(self._connection, dispatches, self._clock() + lease_for)

    def settle(
        self,
        settlements: Sequence[Settlement],
        *,
        per_campaign: bool = False,
        counters: Sequence[MetricCounter] = (),
    ) -> int:
        """Write down how claims ended, all or none; returns how many that waited behind were settled too."""
        return settle(
            self._connection,
            settlements,
            self._clock(),
            per_campaign=per_campaign,
            notices=self._notices,
            counters=counters,
        )

    def due_in(self, provider: str) -> float | None:
        """Seconds until the earliest unsettled dispatch of a provider is due; None when there is none."""
        due: list[tuple[float]] = self._connection.rows("next_due", {"provider": provider})
        return due[0][0] - self._clock() if due else None

    def status(self) -> Status:
        """The whole spool in numbers."""
        return status(self._connection)

    def close(self) -> None:
        """Give back the file; a second time does nothing."""
        self._connection.close()
