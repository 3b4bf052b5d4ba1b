"""The spool: what was decided, on disk, until every provider has heard of it. This is the protocol; sqlite.py keeps it.

Times are seconds since the epoch, passed in. Every method is one transaction, is safe to call from several threads and
several processes at once, and raises `SpoolError` when the disk, or the file, fails it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from bouncehandler.spool.admin import (
    DeadLetter,
    ErasureResult,
    HeldSpike,
    HistoryEvent,
    ManualAction,
    Selection,
    SpoolAdmin,
    Undone,
)
from bouncehandler.spool.models import (
    BounceFingerprint,
    Claimed,
    Completed,
    Counts,
    DeadLettered,
    HourlyCount,
    MetricCounter,
    Notice,
    NoticeBatch,
    ProviderState,
    Pruned,
    QueuedSuppression,
    Recorded,
    Released,
    RetentionCutoffs,
    RetryLater,
    Settlement,
    SoftBounceEntry,
    SpoolError,
    Status,
)
from bouncehandler.spool.stats import StatsStore
from bouncehandler.suppression import Dispatch

__all__ = [
    "BounceFingerprint",
    "Claimed",
    "Completed",
    "Counts",
    "DeadLetter",
    "DeadLettered",
    "ErasureResult",
    "HeldSpike",
    "HistoryEvent",
    "HourlyCount",
    "ManualAction",
    "MetricCounter",
    "Notice",
    "NoticeBatch",
    "ProviderState",
    "Pruned",
    "QueuedSuppression",
    "Recorded",
    "Released",
    "RetentionCutoffs",
    "RetryLater",
    "Selection",
    "Settlement",
    "SoftBounceEntry",
    "Spool",
    "SpoolAdmin",
    "SpoolError",
    "StatsStore",
    "Status",
    "Undone",
]


class Spool(SpoolAdmin, StatsStore, Protocol):
    """What reads and what dispatches need of it; see the module's text for what holds for every method."""

    def record(self, batch: Sequence[QueuedSuppression], now: float) -> Recorded:
        """Put a batch on disk; when this returns, it is safe."""
        ...

    def count(self, batch: Sequence[SoftBounceEntry], now: float) -> Recorded:
        """Put soft bounces on disk, and record the suppressions that they come to.

        A recipient counts once a day, by the latest bounce of that day; those since its latest delivery count. It is
        the records' own times that matter, not the order in which they come. A bounce is counted in one suppression
        only, whose diagnostic lists all of them.
        """
        ...

    def delivered(self, deliveries: Mapping[str, int], now: float) -> None:
        """Note deliveries, seconds since the epoch by recipient: what bounced before no longer counts."""
        ...

    def prune_counts(self, before: float, rest: Callable[[], bool] = ...) -> int:
        """Forget soft bounces and deliveries that came before then; returns how many.

        One transaction after another: `rest` is called before each, and ends it when it returns true.
        """
        ...

    def prune(self, before: RetentionCutoffs, *, now: float, after: int, most: int) -> Pruned:
        """Remove what was done long ago: one step, which looks at the `most` oldest suppressions after `after`.

        A suppression goes with its dispatches and attempts, as one: when all its dispatches were done before the time
        for its reason, or it was recorded before then and owed to nobody. What is dead, held or waiting stays, and so
        does all that belongs to it. A record that comes again after it was removed counts anew. The newest suppression
        stays. So does a person's own word, a complaint or an unsubscribe request, as long as another suppression of
        theirs that stays could be undone: it keeps them from being put back.
        """
        ...

    def prune_attempts(self, before: float, *, now: float, after: int, most: int) -> Pruned:
        """Remove the attempts alone of suppressions that `prune` would remove by this time, whatever their reason.

        One step, which looks at the attempts for the `most` oldest dispatches after `after`. What a dispatch came to,
        and the lists that it changed, stay with it.
        """
        ...

    def claim(  # noqa: PLR0913  # one atomic step, all of it needed
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
        """Claim up to `limit` due dispatches for this process until `until`, oldest first, counting an attempt.

        Empty means that nothing is due, or that the provider is held.

        One recipient is one piece of work at a time: later dispatches of the same recipient to the same provider wait
        behind an unsettled one, and are settled as repeats when one was carried out (unsubscribed or already) since
        they were recorded, or less than `repeat_after` seconds ago. With `per_campaign` that holds only within the same
        `job_id`.
        A claim whose time has passed is up for claiming again. Where nothing is due, what waits by a clock that was set
        back since is made due. A held provider's dispatches are claimed only with
        `probing`, which is for whoever `claim_probe` chose.

        Raises:
            ValueError: `until` is not after `now`.
        """
        ...

    def extend(self, dispatches: Iterable[Dispatch], until: float) -> None:
        """Keep claims that are still being worked on."""
        ...

    def settle(
        self,
        settlements: Sequence[Settlement],
        now: float,
        *,
        per_campaign: bool = False,
        counters: Sequence[MetricCounter] = (),
    ) -> int:
        """Write down how claims ended, all or none; one that somebody else has claimed meanwhile is left alone.

        Where an outcome tells the address of a suppression that had only ids, that address is recorded as a suppression
        with the same id, owed to all providers that want it but the one that told.

        Those that wait behind one that was unsubscribed or already off the lists are settled with it, as far as a claim
        has come across them, else by the claim that does; behind one that was unknown or is dead they are due at once.
        With `per_campaign` that holds only within the same `job_id`.

        The lists that calls had changed before they failed are kept with the dispatch: a later `already` or `unknown`
        is settled as `unsubscribed` from those.

        `counters` are added in the same transaction.

        Returns:
            How many that waited behind were settled too.
        """
        ...

    def hold(self, provider: str, reason: str, *, now: float, probe_at: float) -> None:
        """Hold a provider for every process; `since` stays at the first hold, `reason` is the latest."""
        ...

    def release(self, provider: str, now: float) -> None:
        """End a provider's hold."""
        ...

    def claim_probe(self, provider: str, *, now: float, next_probe_at: float) -> bool:
        """Whether this process is the one to try a held provider now; the next may try at `next_probe_at`."""
        ...

    def state(self, provider: str) -> ProviderState:
        """Whether a provider is held."""
        ...

    def next_due_at(self, provider: str) -> float | None:
        """When the earliest unsettled dispatch of a provider is due; None when there is none."""
        ...

    def status(self) -> Status:
        """The whole spool in numbers."""
        ...

    def enqueue_notice(self, kind: str, about: Mapping[str, str], now: float) -> None:
        """Queue a notice, if this spool was opened with notices of that kind.

        It queues by itself, in the transaction that makes it so: new complaints and unsubscribe requests, a provider
        that is held or back, and dead letters.
        """
        ...

    def queue_report(self, since: float, until: float, now: float) -> bool:
        """Queue the report of a time as a notice, if none was queued yet that tells until then; whether it was queued.

        Any number of processes may ask: one of them queues it.
        """
        ...

    def claim_notices(self, *, now: float, every: float, until: float) -> NoticeBatch | None:
        """Claim the queued notices until `until`.

        None when there are none, or less than `every` seconds have passed since the last were sent, or another process
        has them. A claim that has run out is up for claiming again; so is one whose end lies more than an hour ahead,
        since it was made before the clock was set back.

        Raises:
            ValueError: `until` is not after `now`, or more than an hour after it.
        """
        ...

    def notices(self, post: NoticeBatch, *, after: int, limit: int) -> list[Notice]:
        """The claimed notices with numbers above `after`, oldest first, at most `limit`."""
        ...

    def settle_notices(self, post: NoticeBatch, *, upto: int, now: float) -> None:
        """Forget the claimed notices up to this number, which were sent; with the last one the claim ends.

        Somebody else's claim is left alone.
        """
        ...

    def postpone_notices(self, post: NoticeBatch, until: float) -> None:
        """Give the claim back; nobody may have it before `until`, at most an hour ahead."""
        ...

    def close(self) -> None:
        """Give back the file; nothing is lost without it."""
        ...
