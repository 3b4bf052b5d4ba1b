"""Decides about what the reader reads, and commits it to the spool in groups."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from bouncehandler.accounting import AnonymousComplaint, ColumnsMissing, Item, PowerMtaCsvReader, Unreadable, refusal_of
from bouncehandler.ingest.counters import IngestCounters
from bouncehandler.ingest.ports import IngestLog, RejectSink, SuppressionSink
from bouncehandler.ingest.rejects import AT_LEAST, NAMELESS, RejectBuffer, RejectTracker
from bouncehandler.ingest.stats.collector import NoStats, StatsCollector
from bouncehandler.ingest.suppression_builder import SuppressionBuilder
from bouncehandler.policy import Count, Ignore, Policy, Suppress, Verdict
from bouncehandler.record import Bounce, Complaint, Delivery, ListedAddress, status_text
from bouncehandler.record.bounce_batch import BounceBatch
from bouncehandler.spool import QueuedSuppression, SoftBounceEntry
from bouncehandler.spool.queue_batch import QueueBatch

_CATEGORIES_LEARNT = 1000
"""So many ignored categories are remembered; the set is open, memory is not."""

_BATCH_BYTES = 1 << 22
"""Of input: whatever the rows are like, no more of it gathers in memory before a commit."""


class IngestPipeline:
    """Reads one input to its end.

    Args:
        reader: fresh, for this input.
        spool: takes the suppressions, a group at a time.
        rejected: takes the rows that can't be read.
        clock: seconds since the epoch.
        unreadable_share: the postmaster is told when more than this share of the rows can't be read.
        batch_rows: after so many suppressions the group is committed even though more input waits.
        committed: called after every commit that put something new into the spool.
        figures: adds up what was read; None: nobody does.
        says_each: whether each row and its verdict goes to the log at level debug.
    """

    def __init__(  # noqa: PLR0913, PLR0917  # the left half meets everything here
        self,
        reader: PowerMtaCsvReader,
        policy: Policy,
        builder: SuppressionBuilder,
        spool: SuppressionSink,
        rejected: RejectSink,
        log: IngestLog,
        *,
        clock: Callable[[], float],
        unreadable_share: float = 0.01,
        batch_rows: int = 1000,
        committed: Callable[[], None] = lambda: None,
        stats: StatsCollector | None = None,
        says_each: bool = False,
    ) -> None:
        self._tally = IngestCounters()
        self._reader, self._policy, self._owing = reader, policy, builder
        self._spool, self._log = spool, log
        self._clock, self._batch_rows, self._committed, self._says_each = clock, batch_rows, committed, says_each
        self._owed = QueueBatch(QueuedSuppression)
        self._counted = QueueBatch(SoftBounceEntry)
        self._deliveries: dict[str, int] = {}
        self._bytes = 0
        self._aside = RejectBuffer(rejected, reader.headers.before)
        self._unread = RejectTracker(self._aside, self._tally, log, unreadable_share)
        self._figures = stats or NoStats()
        reader.plain.watcher = self._figures.plain
        if not says_each:
            for category in policy.settled_categories():
                reader.ignore(category)

    @property
    def is_inside_row(self) -> bool:
        """Whether the input has paused inside a quoted cell."""
        return self._reader.is_open

    @property
    def refusal(self) -> str:
        """Why the input is refused, at its end; empty where it is not. See `refusal_of`."""
        return refusal_of(self._reader)

    @property
    def rows(self) -> int:
        """Readable rows so far."""
        return self._reader.rows

    @property
    def seconds_to_stats(self) -> float | None:
        """Seconds until `commit` is to be called for the figures' sake; None: there are none."""
        return self._figures.seconds_left

    @property
    def is_waiting_to_commit(self) -> bool:
        """Whether anything read is not on disk yet."""
        return bool(self._owed or self._counted or self._deliveries or self._aside)

    def feed(self, block: bytes) -> None:
        """Read a block and decide; commit when the group is full.

        Raises:
            SpoolError: the disk failed us.
        """
        self._take(self._reader.feed(block))
        self._bytes += len(block)
        waiting = len(self._owed) + len(self._counted) + len(self._deliveries) + len(self._aside)
        is_full = waiting >= self._batch_rows or self._bytes >= _BATCH_BYTES
        if is_full or self._aside.is_open:  # the pieces of a row without end must not gather in memory
            self.commit()
        self._figures.flush()

    def close(self) -> None:
        """Read what is left behind the last line end, and commit. Raises as `feed`."""
        self._take(self._reader.close())
        self._aside.end_row()
        self.commit()
        self.end()
        self._tell_of_share(1)

    def end(self) -> None:
        """Hand over the figures, since nothing more will be read. Raises as `feed`."""
        self._figures.flush(is_last=True)

    def free_swallowed_rows(self) -> None:
        """See `PowerMtaCsvReader.give_up_open_row`. Raises as `feed`."""
        self._take(self._reader.give_up_open_row())
        self.commit()

    def commit(self) -> None:
        """Put the group on disk, rows that can't be read first. Raises as `feed`."""
        self._bytes = 0
        if self._aside:
            self._aside.keep()
            self._tell_of_share(AT_LEAST)
        if self._owed:
            recorded = self._spool.record(self._owed)
            self._tally.duplicates += recorded.duplicates
            self._owed = QueueBatch(QueuedSuppression)
            self._committed()
        self._commit_counts()
        self._figures.flush()

    def _commit_counts(self) -> None:
        """Deliveries first: of a group, they may have come before the bounces that they end, and not after."""
        if self._deliveries:
            self._spool.record_deliveries(self._deliveries)
            self._deliveries = {}
        if self._counted:
            recorded = self._spool.count(self._counted)
            self._counted = QueueBatch(SoftBounceEntry)
            self._tally.suppressed += recorded.new
            if recorded.new:
                self._committed()

    def tally(self) -> IngestCounters:
        """The numbers as of now."""
        records, ignored = self._reader.counted.copy(), self._tally.ignored.copy()
        for record_type, tally in self._reader.tallies.items():
            records[record_type] += sum(tally.values())
            for category, rows in tally.items():
                ignored[self._policy.of_category(category).rule] += rows
        return replace(self._tally, records=+records, ignored=+ignored)

    def _take(self, items: list[Item]) -> None:
        single = []
        for item in items:
            if isinstance(item, BounceBatch):
                self._bounces(item)
            elif isinstance(item, Bounce):
                single.append(item)
            else:
                self._other(item)
        if single:
            self._bounces(BounceBatch.of(single))
        self._figures.others(self._reader.counted)

    def _other(self, item: Item) -> None:
        if isinstance(item, Delivery):
            self._delivered(item)
        elif isinstance(item, Complaint):
            self._complaint(item)
        elif isinstance(item, AnonymousComplaint):
            self._complaint(item.complaint, item)
        elif isinstance(item, ListedAddress):
            self._listed(item)
        elif isinstance(item, Unreadable):
            self._unread.put(item)
            if item.is_first_piece:
                self._figures.unreadable(item.reason)
        elif isinstance(item, ColumnsMissing):
            self._unread.miss(item)

    def _bounces(self, bounces: BounceBatch) -> None:
        """All bounces of a block at once, which is quicker than one by one."""
        verdicts = self._policy.decide_batch(bounces)
        self._figures.bounces(bounces, verdicts)
        for kind, places in _by_kind(verdicts).items():
            some = bounces if len(places) == len(verdicts) else bounces.those(places)
            self._sort(kind, some, [verdicts[place] for place in places])
        for bounce, verdict in zip(bounces, verdicts, strict=True) if self._says_each else ():
            self._say(
                verdict,
                recipient=bounce.recipient,
                originator=bounce.originator,
                category=bounce.category,
                status=status_text(bounce.status),
            )

    def _sort(self, kind: type[Verdict], bounces: BounceBatch, verdicts: Sequence[Any]) -> None:
        """Bounces with verdicts of one kind go where they belong."""
        if kind is Suppress:
            self._suppress(bounces, verdicts)
        elif kind is Count:
            self._counted.extend(self._owing.counted(bounces, verdicts).columns)
            self._tally.counted.update(verdict.rule for verdict in verdicts)
        else:
            self._tally.ignored.update(verdict.rule for verdict in verdicts)
            for category in set(bounces.categories):
                self._learn(category)

    def _suppress(self, bounces: BounceBatch, verdicts: Sequence[Suppress]) -> None:
        owed = self._owing.bounces(bounces, verdicts)
        wanting = owed.column("providers")
        if self._owing.routes.all_providers and () in wanting:
            for originator, providers in zip(bounces.originators, wanting, strict=True):
                if not providers:
                    self._tally.unrouted(originator)
        self._owed.extend(owed.columns)
        self._tally.suppressed += len(owed)

    def _delivered(self, delivery: Delivery) -> None:
        at = int(delivery.delivered_at.timestamp())
        self._deliveries[delivery.recipient] = max(at, self._deliveries.get(delivery.recipient, at))

    def _listed(self, listed: ListedAddress) -> None:
        verdict = self._policy.decide(listed)
        self._figures.listed(listed.recipient, verdict)
        if isinstance(verdict, Suppress):
            day = datetime.fromtimestamp(self._clock(), UTC).date().isoformat()
            self._owed.append(self._owing.listed(listed, verdict, day))
            self._tally.suppressed += 1
        if self._says_each:
            self._say(verdict, recipient=listed.recipient)

    def _complaint(self, complaint: Complaint, nameless: AnonymousComplaint | None = None) -> None:
        verdict = self._policy.decide(complaint)
        owed = self._owing.complaint(complaint, verdict) if isinstance(verdict, Suppress) else None
        decided = verdict if owed or not isinstance(verdict, Suppress) else Ignore(NAMELESS)
        self._figures.complaint(complaint, decided)
        if owed:
            self._owed.append(owed)
            self._tally.suppressed += 1
            if not owed.id_providers and not owed.suppression.recipient:
                self._tally.unrouted(f"(ids of {owed.suppression.list_manager})")
        elif isinstance(verdict, Suppress) and nameless:
            self._unread.put_nameless(nameless)
            return
        else:
            self._tally.ignored[verdict.rule] += 1
        if self._says_each:
            subject = owed.suppression.subject if owed else complaint.recipient
            self._say(
                verdict, recipient=subject, originator=complaint.originator, feedback_type=complaint.feedback_type
            )

    def _learn(self, category: str) -> None:
        """Have the reader only tally a category that no other field of the record can save from being ignored."""
        has_room = len(self._reader.tallies["b"]) < _CATEGORIES_LEARNT
        if has_room and not self._says_each and self._policy.is_settled(category):
            self._reader.ignore(category)

    def _tell_of_share(self, least: int) -> None:
        if about := self._unread.notice(self.rows, least):
            self._spool.enqueue_notice("unreadable", about)

    def _say(self, verdict: Verdict, **record: object) -> None:
        self._log.debug("row", **record, verdict=type(verdict).__name__.lower(), rule=verdict.rule)


def _by_kind(verdicts: Sequence[Verdict]) -> dict[type[Verdict], Sequence[int]]:
    """The places of each kind of verdict."""
    kinds = list(map(type, verdicts))
    if len(set(kinds)) == 1:
        return {kinds[0]: range(len(kinds))}
    found: dict[type[Verdict], list[int]] = {}
    for place, kind in enumerate(kinds):
        found.setdefault(kind, []).append(place)
    return {**found}
