"""The spool in one SQLite file: every method of the protocol, and where in this folder it is done."""

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Self

from bouncehandler.spikes import SpikeSettings
from bouncehandler.spool import (
    Claimed,
    HourlyCount,
    MetricCounter,
    Notice,
    NoticeBatch,
    ProviderState,
    Pruned,
    QueuedSuppression,
    Recorded,
    RetentionCutoffs,
    Settlement,
    SoftBounceEntry,
    Status,
)
from bouncehandler.spool.sqlite.admin import SqliteSpoolAdmin
from bouncehandler.spool.sqlite.claim import ClaimRequest, claim, extend
from bouncehandler.spool.sqlite.codec import sanitize_text
from bouncehandler.spool.sqlite.connection import Connection
from bouncehandler.spool.sqlite.enqueue import EnqueueHooks, record
from bouncehandler.spool.sqlite.erasure import ErasureGuard
from bouncehandler.spool.sqlite.files import path_of
from bouncehandler.spool.sqlite.notifications import (
    claim_notices,
    enqueue_notice,
    notices,
    postpone_notices,
    queue_report,
    settle_notices,
)
from bouncehandler.spool.sqlite.retention import prune as prune_step
from bouncehandler.spool.sqlite.retention import prune_attempts
from bouncehandler.spool.sqlite.settle import settle
from bouncehandler.spool.sqlite.soft_bounces import count, delivered, prune
from bouncehandler.spool.sqlite.spikes import SpikeDetector
from bouncehandler.spool.sqlite.stats import (
    add_hourly_counts,
    counters,
    hourly_counts,
    prune_hourly_counts,
    put_counters,
)
from bouncehandler.spool.sqlite.status import states, status
from bouncehandler.suppression import Dispatch

__all__ = ["SqliteSpool", "path_of"]


def _random_token() -> str:
    return os.urandom(8).hex()


class SqliteSpool(SqliteSpoolAdmin):
    """The embedded spool. `Spool` says what each method promises; all of them raise `SpoolError`."""

    def __init__(
        self,
        connection: Connection,
        new_token: Callable[[], str],
        notices: frozenset[str],
        watch: SpikeDetector | None = None,
    ) -> None:
        super().__init__(connection, notices)
        self._new_token = new_token
        self._watching = EnqueueHooks(notices, watch, ErasureGuard(connection))

    @classmethod
    def open(  # noqa: PLR0913  # each has a default
        cls,
        place: str | Path,
        *,
        wait: float = 60.0,
        notices: frozenset[str] = frozenset(),
        spikes: SpikeSettings | None = None,
        grace: float = 0.0,
        new_token: Callable[[], str] = _random_token,
        sqlite_version: tuple[int, ...] = sqlite3.sqlite_version_info,
    ) -> Self:
        """Open the spool at a path or a `sqlite:///` URL; a new one is created, an older one migrated.

        Args:
            place: where it is; a relative path counts from the current folder, once and for all.
            wait: seconds to wait while another process writes.
            notices: the kinds of `Notice` that are queued.
            spikes: how spikes of hard bounces are recognised, to be held; None: nothing is held.
            grace: seconds that new hard bounces wait before they are due, so that a spike is caught from its beginning.
            new_token: gives each claim a name that no other claim has.
            sqlite_version: the SQLite that is linked, which decides the journal.

        Raises:
            SpoolError: the URL, the file, the disk or this SQLite is not fit.
        """
        path = path_of(place) if isinstance(place, str) and ":" in place else Path(place)
        connection = Connection.open(path.absolute(), wait=wait, version=sqlite_version)
        watch = SpikeDetector(connection, spikes, grace) if spikes else None
        return cls(connection, new_token, notices, watch)

    @classmethod
    def open_reading(cls, path: Path, *, wait: float = 60.0) -> Self:
        """Open a spool that is there, and is never to be written by whoever asks.

        Raises:
            SpoolError: the file is not fit, or of another version.
        """
        return cls(Connection.open_reading(path.absolute(), wait=wait), _random_token, frozenset())

    @property
    def path(self) -> Path:
        """The file, absolute."""
        return self._connection.path

    @property
    def size(self) -> int:
        """Bytes of the file and its journal."""
        files = (self.path.with_name(self.path.name + ending) for ending in ("", "-wal", "-journal"))
        return sum(file.stat().st_size for file in files if file.exists())

    @property
    def journal(self) -> str:
        """The journal in use: `wal` or `persist` (a rollback journal)."""
        return str(self._connection.pragma("journal_mode"))

    def record(self, batch: Sequence[QueuedSuppression], now: float) -> Recorded:
        """Put a batch on disk; when this returns, it is safe."""
        return record(self._connection, batch, now, self._watching)

    def count(self, batch: Sequence[SoftBounceEntry], now: float) -> Recorded:
        """Put soft bounces on disk, and record the suppressions that they come to."""
        return count(self._connection, batch, now, self._watching)

    def delivered(self, deliveries: Mapping[str, int], now: float) -> None:
        """Note deliveries: what bounced before no longer counts."""
        delivered(self._connection, deliveries, now)

    def prune_counts(self, before: float, rest: Callable[[], bool] = lambda: False) -> int:
        """Forget soft bounces and deliveries that came before then; returns how many."""
        return prune(self._connection, before, rest)

    def prune(self, before: RetentionCutoffs, *, now: float, after: int, most: int) -> Pruned:
        """Remove what was done before then among the `most` oldest suppressions after `after`."""
        return prune_step(self._connection, before, now=now, after=after, most=most)

    def prune_attempts(self, before: float, *, now: float, after: int, most: int) -> Pruned:
        """Remove the attempts of what was done before then, for the `most` oldest dispatches after `after`."""
        return prune_attempts(self._connection, before, now=now, after=after, most=most)

    def claim(  # noqa: PLR0913  # the protocol's signature
        self,
        provider: str,
        limit: int,
        *,
        now: float,
        until: float,
        repeat_after: float,
        per_campaign: bool,
        probing: bool = False,
    ) -> Claimed:
        """Claim up to `limit` due dispatches; `probing` overrides a hold. Empty means that none is due."""
        asked = ClaimRequest(
            provider=provider,
            limit=limit,
            now=now,
            until=until,
            since=now - repeat_after,
            per_campaign=per_campaign,
            probing=probing,
            token=self._new_token(),
        )
        return claim(self._connection, asked)

    def extend(self, dispatches: Iterable[Dispatch], until: float) -> None:
        """Keep claims that are still being worked on."""
        extend(self._connection, dispatches, until)

    def settle(
        self,
        settlements: Sequence[Settlement],
        now: float,
        *,
        per_campaign: bool = False,
        counters: Sequence[MetricCounter] = (),
    ) -> int:
        """Write down how claims ended, all or none; returns how many that waited behind were settled too."""
        return settle(
            self._connection, settlements, now, per_campaign=per_campaign, notices=self._notices, counters=counters
        )

    def hold(self, provider: str, reason: str, *, now: float, probe_at: float) -> None:
        """Hold a provider for every process."""
        values = {"provider": provider, "reason": sanitize_text(reason), "now": now, "probe_at": probe_at}
        with self._connection.writing() as raw:
            is_new = not raw.execute(self._connection.sql("provider_held"), {"provider": provider}).fetchone()
            raw.execute(self._connection.sql("provider_hold"), values)
            if is_new and "held" in self._notices:
                enqueue_notice(self._connection, raw, [("held", {"provider": provider, "reason": reason})], now)

    def release(self, provider: str, now: float) -> None:
        """End a provider's hold."""
        with self._connection.writing() as raw:
            was_held = raw.execute(self._connection.sql("provider_release"), {"provider": provider}).rowcount
            if was_held and "back" in self._notices:
                enqueue_notice(self._connection, raw, [("back", {"provider": provider})], now)

    def claim_probe(self, provider: str, *, now: float, next_probe_at: float) -> bool:
        """Whether this process is the one to try a held provider now."""
        values = {"provider": provider, "now": now, "next_probe_at": next_probe_at}
        return self._change("provider_probe", [values]) == 1

    def state(self, provider: str) -> ProviderState:
        """Whether a provider is held."""
        return states(self._connection, provider).get(provider, ProviderState())

    def next_due_at(self, provider: str) -> float | None:
        """When the earliest unsettled dispatch of a provider is due; None when there is none."""
        due: list[tuple[float]] = self._connection.rows("next_due", {"provider": provider})
        return due[0][0] if due else None

    def status(self) -> Status:
        """The whole spool in numbers."""
        return status(self._connection)

    def add_hourly_counts(self, hourly_counts: Sequence[HourlyCount], counters: Sequence[MetricCounter] = ()) -> None:
        """Add to what the spool has of these hours, and to its totals."""
        add_hourly_counts(self._connection, hourly_counts, counters)

    def hourly_counts(self, since: float, until: float) -> Iterator[HourlyCount]:
        """The figures of the hours that begin in `since` to `until`."""
        return hourly_counts(self._connection, since, until)

    def prune_hourly_counts(self, before: float, rest: Callable[[], bool] = lambda: False) -> int:
        """Forget the figures of hours that ended before then; returns how many."""
        return prune_hourly_counts(self._connection, before, rest)

    def add_counters(self, counters: Sequence[MetricCounter]) -> None:
        """Add to counters."""
        if counters:
            with self._connection.writing() as raw:
                put_counters(self._connection, raw, counters)

    def counters(self) -> Sequence[MetricCounter]:
        """Every counter, since the spool began."""
        return counters(self._connection)

    def enqueue_notice(self, kind: str, about: Mapping[str, str], now: float) -> None:
        """Queue a notice, if this spool was opened with notices of that kind."""
        if kind in self._notices:
            with self._connection.writing() as raw:
                enqueue_notice(self._connection, raw, [(kind, about)], now)

    def queue_report(self, since: float, until: float, now: float) -> bool:
        """Queue the report of a time, if none was queued yet that tells until then."""
        return queue_report(self._connection, since, until, now)

    def claim_notices(self, *, now: float, every: float, until: float) -> NoticeBatch | None:
        """Claim the queued notices; None when none are due, or another process has them."""
        return claim_notices(self._connection, self._new_token(), now=now, every=every, until=until)

    def notices(self, post: NoticeBatch, *, after: int, limit: int) -> list[Notice]:
        """The claimed notices with numbers above `after`."""
        return notices(self._connection, post, after=after, limit=limit)

    def settle_notices(self, post: NoticeBatch, *, upto: int, now: float) -> None:
        """Forget the claimed notices up to this number, which were sent."""
        settle_notices(self._connection, post, upto=upto, now=now)

    def postpone_notices(self, post: NoticeBatch, until: float) -> None:
        """Give the claim back; nobody may have it before `until`."""
        postpone_notices(self._connection, post, until)

    def close(self) -> None:
        """Give back the file; a second time does nothing."""
        self._connection.close()
