"""Ingest pipeline: decides on the records of one input, and commits the decisions to the spool in batches."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from bouncehandler.accounting import AnonymousComplaint, ColumnsMissing, Item, RecordReader, Unreadable
from bouncehandler.ingest.counters import IngestCounters
from bouncehandler.ingest.pending_batch import PendingBatch
from bouncehandler.ingest.ports import IngestContext, RejectSink
from bouncehandler.ingest.rejects import ANONYMOUS, MIN_ROWS, RejectBuffer, RejectTracker
from bouncehandler.ingest.stats.collector import NoStats
from bouncehandler.policy import Count, Ignore, Suppress, Verdict
from bouncehandler.record import Bounce, Complaint, Delivery, ListedAddress, status_text
from bouncehandler.record.bounce_batch import BounceBatch
from bouncehandler.spool import QueuedSuppression, SoftBounceEntry
from bouncehandler.spool.queue_batch import QueueBatch

_MAX_IGNORED_CATEGORIES = 1000
"""Ignored categories that the reader learns; the set is open, memory is not."""

_MAX_BATCH_BYTES = 1 << 22
"""Bytes of input per commit, whatever the rows are like."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestOptions:
    """Options of an ingest pipeline."""

    batch_rows: int = 1000
    """Decisions after which the batch is committed even though more input waits."""
    unreadable_share: float = 0.01
    """Share of unreadable rows above which the postmaster gets a notice."""
    logs_rows: bool = False
    """Whether each row and its verdict is logged at level debug; then no row is only counted."""


class IngestPipeline:
    """Reads one input to its end.

    Args:
        reader: fresh, for this input.
        rejects: takes the rows that can't be read.
    """

    def __init__(
        self,
        reader: RecordReader,
        context: IngestContext,
        rejects: RejectSink,
        options: IngestOptions = IngestOptions(),  # it is frozen
    ) -> None:
        self._reader, self._context, self._options = reader, context, options
        self._policy, self._builder, self._spool = context.policy, context.builder, context.spool
        self._counters = IngestCounters()
        self._pending = PendingBatch()
        self._rejects = RejectBuffer(rejects, reader.header_before)
        self._reject_tracker = RejectTracker(self._rejects, self._counters, context.log, options.unreadable_share)
        self._stats = context.stats or NoStats()
        reader.observe(self._stats.add_raw_rows)

    @property
    def is_inside_row(self) -> bool:
        """Whether the input has paused inside a quoted cell."""
        return self._reader.is_open

    @property
    def refusal(self) -> str:
        """Why the input is refused, at its end; empty where it is not. See `RecordReader.refusal`."""
        return self._reader.refusal()

    @property
    def rows(self) -> int:
        """Readable rows so far."""
        return self._reader.rows

    @property
    def seconds_to_stats(self) -> float | None:
        """Seconds until `commit` is due for the statistics; None where there are none to write."""
        return self._stats.seconds_left

    @property
    def is_waiting_to_commit(self) -> bool:
        """Whether anything read is not on disk yet."""
        return bool(self._pending or self._rejects)

    def feed(self, block: bytes) -> None:
        """Read a block and decide; commit when the batch is full.

        Raises:
            SpoolError: the disk failed.
        """
        self._process(self._reader.feed(block))
        self._pending.input_bytes += len(block)
        size = len(self._pending) + len(self._rejects)
        is_full = size >= self._options.batch_rows or self._pending.input_bytes >= _MAX_BATCH_BYTES
        if is_full or self._rejects.is_open:  # the pieces of a row without end must not gather in memory
            self.commit()
        self._stats.flush()

    def close(self) -> None:
        """Read what is left behind the last line end, and commit. Raises as `feed`."""
        self._process(self._reader.close())
        self._rejects.end_row()
        self.commit()
        self.end()
        self._notify_of_rejects(1)

    def end(self) -> None:
        """Write the statistics, since nothing more will be read. Raises as `feed`."""
        self._stats.flush(is_last=True)

    def free_swallowed_rows(self) -> None:
        """See `RecordReader.give_up_open_row`. Raises as `feed`."""
        self._process(self._reader.give_up_open_row())
        self.commit()

    def commit(self) -> None:
        """Put the batch on disk, rows that can't be read first. Raises as `feed`."""
        pending = self._pending
        pending.input_bytes = 0
        if self._rejects:
            self._rejects.flush()
            self._notify_of_rejects(MIN_ROWS)
        if pending.suppressions:
            recorded = self._spool.record(pending.suppressions)
            self._counters.duplicates += recorded.duplicates
            pending.suppressions = QueueBatch(QueuedSuppression)
            self._context.on_commit()
        self._commit_soft_bounces(pending)
        self._stats.flush()

    def _commit_soft_bounces(self, pending: PendingBatch) -> None:
        """Deliveries first: within a batch they may have come before the bounces, and not after."""
        if pending.deliveries:
            self._spool.record_deliveries(pending.deliveries)
            pending.deliveries = {}
        if pending.soft_bounces:
            recorded = self._spool.count(pending.soft_bounces)
            pending.soft_bounces = QueueBatch(SoftBounceEntry)
            self._counters.suppressed += recorded.new
            if recorded.new:
                self._context.on_commit()

    def tally(self) -> IngestCounters:
        """The numbers as of now."""
        records, ignored = self._reader.counted.copy(), self._counters.ignored.copy()
        for record_type, tally in self._reader.tallies.items():
            records[record_type] += sum(tally.values())
            for category, rows in tally.items():
                ignored[self._policy.of_category(category).rule] += rows
        return replace(self._counters, records=+records, ignored=+ignored)

    def _process(self, items: list[Item]) -> None:
        single = []
        for item in items:
            if isinstance(item, BounceBatch):
                self._process_bounces(item)
            elif isinstance(item, Bounce):
                single.append(item)
            else:
                self._process_other(item)
        if single:
            self._process_bounces(BounceBatch.from_rows(single))
        self._stats.update_record_counts(self._reader.counted)

    def _process_other(self, item: Item) -> None:
        if isinstance(item, Delivery):
            self._pending.add_delivery(item)
        elif isinstance(item, Complaint):
            self._process_complaint(item)
        elif isinstance(item, AnonymousComplaint):
            self._process_complaint(item.complaint, item)
        elif isinstance(item, ListedAddress):
            self._process_listed(item)
        elif isinstance(item, Unreadable):
            self._reject_tracker.add_row(item)
            if item.is_first_piece:
                self._stats.add_unreadable(item.reason)
        elif isinstance(item, ColumnsMissing):
            self._reject_tracker.log_missing_columns(item)

    def _process_bounces(self, bounces: BounceBatch) -> None:
        """Decide on all bounces of a block at once, which is faster than one by one."""
        verdicts = self._policy.decide_batch(bounces)
        self._stats.add_bounces(bounces, verdicts)
        for kind, indices in _group_by_kind(verdicts).items():
            group = bounces if len(indices) == len(verdicts) else bounces.take(indices)
            self._apply(kind, group, [verdicts[index] for index in indices])
        for bounce, verdict in zip(bounces, verdicts, strict=True) if self._options.logs_rows else ():
            self._log_row(
                verdict,
                recipient=bounce.recipient,
                originator=bounce.originator,
                category=bounce.category,
                status=status_text(bounce.status),
            )

    def _apply(self, kind: type[Verdict], bounces: BounceBatch, verdicts: Sequence[Any]) -> None:
        """Enqueue or count bounces whose verdicts are of one kind."""
        if kind is Suppress:
            self._enqueue(bounces, verdicts)
        elif kind is Count:
            self._pending.soft_bounces.extend(self._builder.soft_bounces(bounces, verdicts).columns)
            self._counters.counted.update(verdict.rule for verdict in verdicts)
        else:
            self._counters.ignored.update(verdict.rule for verdict in verdicts)
            for category in set(bounces.categories):
                self._ignore_if_settled(category)

    def _enqueue(self, bounces: BounceBatch, verdicts: Sequence[Suppress]) -> None:
        entries = self._builder.bounces(bounces, verdicts)
        routed = entries.column("providers")
        if self._builder.routes.all_providers and () in routed:
            for originator, providers in zip(bounces.originators, routed, strict=True):
                if not providers:
                    self._counters.count_unrouted(originator)
        self._pending.suppressions.extend(entries.columns)
        self._counters.suppressed += len(entries)

    def _process_listed(self, listed: ListedAddress) -> None:
        verdict = self._policy.decide(listed)
        self._stats.add_listed(listed.recipient, verdict)
        if isinstance(verdict, Suppress):
            day = datetime.fromtimestamp(self._context.clock(), UTC).date().isoformat()
            self._pending.suppressions.append(self._builder.listed(listed, verdict, day))
            self._counters.suppressed += 1
        if self._options.logs_rows:
            self._log_row(verdict, recipient=listed.recipient)

    def _process_complaint(self, complaint: Complaint, anonymous: AnonymousComplaint | None = None) -> None:
        verdict = self._policy.decide(complaint)
        entry = self._builder.complaint(complaint, verdict) if isinstance(verdict, Suppress) else None
        is_anonymous = isinstance(verdict, Suppress) and not entry
        self._stats.add_complaint(complaint, Ignore(ANONYMOUS) if is_anonymous else verdict)
        if entry:
            self._pending.suppressions.append(entry)
            self._counters.suppressed += 1
            if not entry.id_providers and not entry.suppression.recipient:
                self._counters.count_unrouted(f"(ids of {entry.suppression.list_manager})")
        elif is_anonymous and anonymous:
            self._reject_tracker.add_anonymous(anonymous)
            return
        else:
            self._counters.ignored[verdict.rule] += 1
        if self._options.logs_rows:
            subject = entry.suppression.subject if entry else complaint.recipient
            self._log_row(
                verdict, recipient=subject, originator=complaint.originator, feedback_type=complaint.feedback_type
            )

    def _ignore_if_settled(self, category: str) -> None:
        """Have the reader only count a category that no other field of the record can save from being ignored."""
        has_room = len(self._reader.tallies["b"]) < _MAX_IGNORED_CATEGORIES
        if has_room and not self._options.logs_rows and self._policy.is_settled(category):
            self._reader.ignore(category)

    def _notify_of_rejects(self, min_rows: int) -> None:
        if about := self._reject_tracker.build_notice(self.rows, min_rows):
            self._spool.enqueue_notice("unreadable", about)

    def _log_row(self, verdict: Verdict, **record: object) -> None:
        self._context.log.debug("row", **record, verdict=verdict.word, rule=verdict.rule)


def _group_by_kind(verdicts: Sequence[Verdict]) -> dict[type[Verdict], Sequence[int]]:
    """The indices of each kind of verdict."""
    kinds = list(map(type, verdicts))
    if len(set(kinds)) == 1:
        return {kinds[0]: range(len(kinds))}
    groups: dict[type[Verdict], list[int]] = {}
    for index, kind in enumerate(kinds):
        groups.setdefault(kind, []).append(index)
    return {**groups}
