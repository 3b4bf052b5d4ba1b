"""The protocol of a spool, as ingest, dispatcher and notifications need it.

The store has a clock of its own: a caller passes durations in seconds, counted from now. Times are seconds since the
epoch, and stand only where they are facts of a record. Every method is one transaction, is safe to call from several
threads and several processes at once, and raises `SpoolError` when the store fails it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from bouncehandler.spool.admin import SpoolAdmin
from bouncehandler.spool.models import (
    Claimed,
    HourlyCount,
    MetricCounter,
    Notice,
    NoticeBatch,
    ProviderState,
    Pruned,
    QueuedSuppression,
    Recorded,
    RetentionPeriods,
    Settlement,
    SoftBounceEntry,
    Status,
)
from bouncehandler.suppression import Dispatch


class Spool(SpoolAdmin, Protocol):
    """Suppressions, the queue of their dispatches, and the counts and notices kept beside them."""

    def record(self, batch: Sequence[QueuedSuppression]) -> Recorded:
        """Put a batch on disk; when this returns, it is safe."""

    def count(self, batch: Sequence[SoftBounceEntry]) -> Recorded:
        """Put soft bounces on disk, and record the suppressions that they come to.

        A recipient counts once a day, by the latest bounce of that day; bounces since its latest delivery count. The
        records' own times matter, not the order in which they come. A bounce is counted in one suppression only, whose
        diagnostic lists all of them.
        """

    def record_deliveries(self, deliveries: Mapping[str, int]) -> None:
        """Note deliveries, seconds since the epoch by recipient: soft bounces before them no longer count."""

    def prune_counts(self, older_than: float, rest: Callable[[], bool] = ...) -> int:
        """Remove soft bounces and deliveries that were recorded longer ago than that; returns how many.

        One transaction after another: `rest` is called before each, and ends it when it returns true.
        """

    def prune(self, periods: RetentionPeriods, *, after: int, limit: int) -> Pruned:
        """Remove old suppressions: one step, which looks at the `limit` oldest ones with ids above `after`.

        A suppression goes with its dispatches and attempts, as one: when all its dispatches were done longer ago than
        the period for its reason, or it was recorded longer ago than that and has no dispatch. Dead, held and waiting
        ones stay, with all that belongs to them. A record that comes again after it was removed counts anew. The newest
        suppression stays. So does a complaint or an unsubscribe request, as long as another suppression of the same
        subject that stays could be undone: it keeps the subject from being put back.
        """

    def prune_attempts(self, older_than: float, *, after: int, limit: int) -> Pruned:
        """Remove the attempts alone of suppressions that `prune` would remove after this period, whatever their reason.

        One step, which looks at the attempts for the `limit` oldest dispatches with ids above `after`. The outcome of a
        dispatch, and the lists that it changed, stay with it.
        """

    def claim(  # noqa: PLR0913  # one atomic step, all of it needed
        self,
        provider: str,
        limit: int,
        *,
        lease_for: float,
        repeat_after: float,
        per_campaign: bool,
        probing: bool = False,
    ) -> Claimed:
        """Claim up to `limit` due dispatches for this process and so many seconds, oldest first, counting an attempt.

        Empty means that nothing is due, or that the provider is held.

        One recipient is one piece of work at a time: later dispatches of the same recipient to the same provider wait
        behind an unsettled one, and are settled as repeats when one was carried out (unsubscribed or already) since
        they were recorded, or less than `repeat_after` seconds ago. With `per_campaign` that holds only within the same
        `job_id`.
        A claim whose time has passed is up for claiming again. Where nothing is due, dispatches that wait by a clock
        that was set back since are made due. A held provider's dispatches are claimed only with `probing`, by the
        process that `claim_probe` chose.

        Raises:
            ValueError: `lease_for` is not positive.
        """

    def extend(self, dispatches: Iterable[Dispatch], lease_for: float) -> None:
        """Renew claims that are still being worked on."""

    def settle(
        self,
        settlements: Sequence[Settlement],
        *,
        per_campaign: bool = False,
        counters: Sequence[MetricCounter] = (),
    ) -> int:
        """Write down how claims ended, all or none; a dispatch that was claimed anew meanwhile is left alone.

        Where an outcome holds the address of a suppression that had only ids, that address is recorded as a suppression
        with the same id, and routed to the same providers but the one that knew it.

        Dispatches that wait behind one that was unsubscribed or already off the lists are settled with it, as far as a
        claim has come across them, else by the claim that does; behind one that was unknown or is dead they are due at
        once.
        With `per_campaign` that holds only within the same `job_id`.

        The lists that calls had changed before they failed are kept with the dispatch: a later `already` or `unknown`
        is settled as `unsubscribed` from them.

        `counters` are added in the same transaction.

        Returns:
            How many that waited behind were settled too.
        """

    def hold(self, provider: str, reason: str, *, probe_in: float) -> None:
        """Hold a provider for every process; `since` stays at the first hold, `reason` is the latest."""

    def release(self, provider: str) -> None:
        """End a provider's hold."""

    def claim_probe(self, provider: str, *, next_probe_in: float, known: float = 0.0) -> bool:
        """Take the turn to probe a held provider, which keeps others from it for `next_probe_in` seconds.

        Args:
            known: the `probe_at` that the caller has read: a probe that is not due is granted while it is still that.

        Returns:
            Whether the caller is the one.
        """

    def state(self, provider: str) -> ProviderState:
        """Whether a provider is held."""

    def due_in(self, provider: str) -> float | None:
        """Seconds until the earliest unsettled dispatch of a provider is due, 0 or less: it is; None: there is none."""

    def status(self) -> Status:
        """The whole spool in numbers."""

    def enqueue_notice(self, kind: str, about: Mapping[str, str]) -> None:
        """Queue a notice, if this spool was opened with notices of that kind.

        The spool queues by itself, in the transaction that makes it so: new complaints and unsubscribe requests, a
        provider that is held or released, and dead letters.
        """

    def queue_report(self, since: float, until: float) -> bool:
        """Queue the report of a time as a notice, if none that ends then, or later, was queued; whether it was queued.

        Any number of processes may ask: one of them queues it.
        """

    def claim_notices(self, *, every: float, lease_for: float) -> NoticeBatch | None:
        """Claim the queued notices for so many seconds.

        None when there are none, or less than `every` seconds have passed since the last were sent, or another process
        has them. A claim that has run out is up for claiming again; so is one whose end lies more than an hour ahead,
        since it was made before the clock was set back.

        Raises:
            ValueError: `lease_for` is not positive, or more than an hour.
        """

    def notices(self, batch: NoticeBatch, *, after: int, limit: int) -> list[Notice]:
        """The claimed notices with ids above `after`, oldest first, at most `limit`."""

    def settle_notices(self, batch: NoticeBatch, *, through: int) -> None:
        """Remove the claimed notices up to this id, which were sent; with the last one the claim ends.

        Another process's claim is left alone.
        """

    def postpone_notices(self, batch: NoticeBatch, pause_for: float) -> None:
        """Give the claim back; no process may have it for so many seconds, an hour at most."""

    def add_hourly_counts(self, hourly_counts: Sequence[HourlyCount], counters: Sequence[MetricCounter] = ()) -> None:
        """Add to the counts of these hours, and to counters.

        Of one hour, kind and dimension at most 200 values are kept; a further one is added to `(others)`. The same file
        read twice is added twice: rows that were read are counted.
        """

    def hourly_counts(self, since: float, until: float) -> Iterator[HourlyCount]:
        """The counts of the hours that begin in `since` to `until` (seconds since the epoch), by hour.

        Each read is short; counts added meanwhile may be missed, or be there.
        """

    def prune_hourly_counts(self, older_than: float, rest: Callable[[], bool] = ...) -> int:
        """Remove the counts of hours that ended longer ago; returns how many. See `prune_counts` for `rest`."""

    def add_counters(self, counters: Sequence[MetricCounter]) -> None:
        """Add to counters; of times (`MetricCounter.is_latest`) the latest stays."""

    def counters(self) -> Sequence[MetricCounter]:
        """Every counter, since the spool began."""

    def close(self) -> None:
        """Give back the store; nothing is lost without it."""
