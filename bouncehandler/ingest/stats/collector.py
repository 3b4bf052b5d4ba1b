"""Counts records by hour and dimension, many rows at a time, and writes the counts to the spool every few seconds."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from bouncehandler.accounting import Layout
from bouncehandler.ingest.stats.batch import CountedBounces, RowStats, StatsBucket, bounce_stats, group_by_verdict
from bouncehandler.ingest.stats.labels import cell_label, diagnostic_label, domain_label
from bouncehandler.ingest.stats.raw_rows import RawRowColumns, hour_of, parse_hour, raw_row_columns, raw_row_stats
from bouncehandler.policy import Policy, Verdict
from bouncehandler.record import Complaint, ListUnsubscribe
from bouncehandler.record.bounce_batch import BounceBatch
from bouncehandler.record.dimensions import CATEGORY
from bouncehandler.spikes.mailbox_providers import MailboxProviders
from bouncehandler.spool import HourlyCount, MetricCounter
from bouncehandler.spool.models import OTHERS

FLUSH_SECONDS = 5.0
"""Seconds between two writes of counts at most, and what a kill -9 loses of them."""

_CHUNK = 256
"""Rows that are counted together: more do not fit into the processor's cache, and take twice as long."""
_MAX_VALUES, _KEPT_VALUES = 1000, 200
"""Values of a counter before those with the smallest counts become `(others)`; and how many then stay."""
_MAX_COUNTERS = 5000
"""Counters in memory before they are written at once: an archive has many hours."""
_MAX_TEXTS = 20_000
"""Texts in memory before they are replaced by their labels."""
_MAX_HOURS_AHEAD = 24
"""Hours that a record's time may lie ahead; a later one comes from a wrong clock, and counts as read now."""

_KINDS = {"b": "bounce", "rb": "bounce", "d": "delivery", "t": "transient", "tq": "transient"}

_BucketKey = tuple[int, str, str, str]
"""Hour, kind, verdict and rule, which is empty where each category has its own."""

_CounterKey = tuple[int, str, str, str]
"""Hour, kind, verdict and dimension."""


class StatsSink(Protocol):
    """Destination of counts: the `Spool` is one."""

    def add_hourly_counts(
        self, hourly_counts: Sequence[HourlyCount], counters: Sequence[MetricCounter] = (), /
    ) -> None:
        """See `Spool.add_hourly_counts`."""


class StatsCollector:
    """Counts the records of one input.

    Args:
        clock: seconds since the epoch.
    """

    def __init__(
        self, sink: StatsSink, policy: Policy, mailbox_providers: MailboxProviders, clock: Callable[[], float]
    ) -> None:
        self._sink, self._policy, self._mailbox_providers, self._clock = sink, policy, mailbox_providers, clock
        self._columns: dict[str, tuple[Layout, RawRowColumns]] = {}
        self._buckets: dict[_BucketKey, StatsBucket] = {}
        self._batches: dict[tuple[str, str], list[CountedBounces]] = {}
        """Bounces that are not counted yet, by word and rule of the verdict."""
        self._batched: Counter[tuple[str, str]] = Counter()
        """Number of these bounces."""
        self._counters: dict[_CounterKey, Counter[str]] = {}
        self._totals: Counter[tuple[str, tuple[tuple[str, str], ...]]] = Counter()
        self._record_counts: Mapping[str, int] = {}
        self._last_flush = clock()

    @property
    def seconds_left(self) -> float | None:
        """Seconds until the counts are due to be written; None where there are none."""
        if not (self._totals or self._batches):
            return None
        since = self._clock() - self._last_flush
        return FLUSH_SECONDS - since if since >= 0 else 0.0  # the clock was set back

    def add_raw_rows(self, record_type: str, layout: Layout, rows: Sequence[Sequence[str]]) -> None:
        """Count rows that never become records, each as wide as their layout: ignored bounces, deliveries, delays."""
        cached = self._columns.get(record_type)
        if cached is None or cached[0] is not layout:
            cached = self._columns[record_type] = layout, raw_row_columns(layout, record_type)
        columns = cached[1]
        verdict = "ignore" if _KINDS[record_type] == "bounce" else ""
        self._count_records(record_type, verdict, len(rows))
        time = columns.time

        def hour(row: Sequence[str]) -> int | None:
            return parse_hour(row[time]) if time is not None else None

        for at, group in self._group_by_hour(rows, hour):
            self._add_stats((at, _KINDS[record_type], verdict, ""), raw_row_stats(columns, group))

    def add_bounces(self, bounces: BounceBatch, verdicts: Sequence[Verdict]) -> None:
        """Count bounces and their verdicts."""
        groups, counted = group_by_verdict(verdicts), CountedBounces(bounces)
        for key, indices in groups.items():
            self._batches.setdefault(key, []).append(counted if len(groups) == 1 else counted.take(indices))
            self._batched[key] += len(indices)
            if self._batched[key] >= _CHUNK:
                self._count_batches(key, self._batches.pop(key))

    def add_complaint(self, complaint: Complaint, verdict: Verdict) -> None:
        """Count a complaint and its verdict."""
        at = complaint.logged_at
        values = {
            "category": cell_label(complaint.feedback_type),
            "rule": verdict.rule,
            "mailbox_provider": self._mailbox_provider(complaint.recipient),
            "originator": domain_label(complaint.originator.partition("@")[2]),
            "job": cell_label(complaint.job_id),
        }
        self._count_one(hour_of(at) if at else None, "complaint", verdict.word, values)
        self._count_records("f", verdict.word)

    def add_listed(self, recipient: str, verdict: Verdict) -> None:
        """Count an address of a plain list."""
        values = {"rule": verdict.rule, "mailbox_provider": self._mailbox_provider(recipient)}
        self._count_one(None, "list", verdict.word, values)
        self._count_records("list", verdict.word)

    def add_request(self, request: ListUnsubscribe, verdict: Verdict) -> None:
        """Count a List-Unsubscribe mail and its verdict."""
        values = {"rule": verdict.rule, "mailbox_provider": self._mailbox_provider(request.recipient)}
        self._count_one(hour_of(request.received_at), "unsubscribe", verdict.word, values)
        self._count_records("unsubscribe", verdict.word)

    def add_unreadable(self, reason: str) -> None:
        """Count a row that can't be read."""
        self._count_one(None, "unreadable", "", {"reason": cell_label(reason)})
        self._totals["unreadable", (("reason", reason),)] += 1

    def update_record_counts(self, counted: Mapping[str, int]) -> None:
        """Count receipts, which need no decision, from the reader's totals since the stream began."""
        for record_type in ("r", "rs"):
            if new := counted.get(record_type, 0) - self._record_counts.get(record_type, 0):
                self._count_records(record_type, "", new)
        self._record_counts = dict(counted)

    def flush(self, *, is_last: bool = False) -> None:
        """Write the counts if they are due, or `is_last`.

        Raises:
            SpoolError: the disk failed.
        """
        left = self.seconds_left
        if left is None or not (is_last or left <= 0 or len(self._counters) >= _MAX_COUNTERS):
            return
        for key, batches in self._batches.items():
            self._count_batches(key, batches)
        self._label_buckets()
        hourly_counts = [
            HourlyCount(*key, value, count)
            for key, counter in self._counters.items()
            for value, count in counter.items()
        ]
        totals = [MetricCounter(name, labels, count) for (name, labels), count in self._totals.items()]
        now = self._clock()
        self._sink.add_hourly_counts(hourly_counts, [*totals, MetricCounter("last_record", (), now, is_latest=True)])
        self._batches, self._counters, self._totals, self._last_flush = {}, {}, Counter(), now

    def _count_batches(self, key: tuple[str, str], batches: Sequence[CountedBounces]) -> None:
        verdict, rule = key
        del self._batched[key]
        bounces = batches[0].joined(batches[1:]) if len(batches) > 1 else batches[0]
        for record_type, count in Counter(bounces.record_types).items():
            self._count_records(record_type, verdict, count)
        occurred_at = bounces.occurred_at

        def hour(index: int) -> int | None:
            at = occurred_at[index]
            return hour_of(at) if at else None

        everything = range(len(bounces))
        for at, indices in self._group_by_hour(everything, hour):
            group = bounces if indices is everything else bounces.take(indices)
            self._add_stats((at, "bounce", verdict, rule), bounce_stats(group))

    def _group_by_hour(
        self, rows: Sequence[Any], hour: Callable[[Any], int | None]
    ) -> Iterable[tuple[int, Sequence[Any]]]:
        """Group rows by hour; they come in the order of time, so that the first and last nearly always share theirs."""
        first = self._plausible(hour(rows[0]))
        if first == self._plausible(hour(rows[-1])):
            return [(first, rows)]
        groups: dict[int, list[Any]] = {}
        for row in rows:
            groups.setdefault(self._plausible(hour(row)), []).append(row)
        return groups.items()

    def _plausible(self, hour: int | None) -> int:
        now = int(self._clock() // 3600)
        return now if hour is None or hour > now + _MAX_HOURS_AHEAD else hour

    def _add_stats(self, key: _BucketKey, stats: RowStats) -> None:
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = StatsBucket()
        bucket.add(stats)
        if bucket.size > _MAX_TEXTS or len(self._buckets) > _MAX_COUNTERS:
            self._label_buckets()

    def _label_buckets(self) -> None:
        """Replace the cells of all buckets by their labels, and add them to the counters."""
        for (hour, kind, verdict, rule), bucket in self._buckets.items():
            self._add((hour, kind, verdict, ""), {"": bucket.rows})
            self._add((hour, kind, verdict, "rule"), {rule: bucket.rows})
            for dimension, counts in bucket.dimensions.items():
                self._add((hour, kind, verdict, dimension), _relabelled(counts, cell_label))
                if dimension == CATEGORY.name and verdict == "ignore" and not rule:
                    self._add((hour, kind, verdict, "rule"), _relabelled(counts, self._rule))
            self._add((hour, kind, verdict, "originator"), _relabelled(bucket.originators, domain_label))
            mailbox_providers = (
                (self._mailbox_provider(to, bucket.hosts.get(to, "")), count) for to, count in bucket.recipients.items()
            )
            self._add((hour, kind, verdict, "mailbox_provider"), _summed(mailbox_providers))
            self._add((hour, kind, verdict, "diagnostic"), _relabelled(bucket.diagnostics, diagnostic_label))
            self._add((hour, kind, verdict, "mailbox_provider+diagnostic"), _summed(self._deferrals(bucket)))
        self._buckets = {}

    def _deferrals(self, bucket: StatsBucket) -> Iterator[tuple[str, int]]:
        """Mailbox provider, a tabulator, and the label of its diagnostic, with their count."""
        for (to, text), count in bucket.deferrals.items():
            if mailbox_provider := self._mailbox_provider(to, bucket.hosts.get(to, "")):
                yield f"{mailbox_provider}\t{diagnostic_label(text)}", count

    def _rule(self, category: str) -> str:
        return self._policy.of_category(category).rule

    def _mailbox_provider(self, recipient: str, host: str = "") -> str:
        """The mailbox provider of an address or a domain; empty where the domain is none."""
        to = domain_label(recipient.rpartition("@")[2])
        return self._mailbox_providers.of(to, host) if to else ""

    def _count_one(self, hour: int | None, kind: str, verdict: str, values: Mapping[str, str]) -> None:
        at = self._plausible(hour)
        self._add((at, kind, verdict, ""), {"": 1})
        for dimension, value in values.items():
            self._add((at, kind, verdict, dimension), {value: 1})

    def _add(self, key: _CounterKey, counts: Mapping[str, int]) -> None:
        """Add to a counter; an empty value counts only where there is no dimension."""
        counter = self._counters.get(key)
        if counter is None:
            counter = self._counters[key] = Counter()
        for value, count in counts.items():
            if value or not key[3]:
                counter[value] += count
        if len(counter) > _MAX_VALUES:
            kept = dict(counter.most_common(_KEPT_VALUES))
            kept[OTHERS] = kept.get(OTHERS, 0) + counter.total() - sum(kept.values())
            self._counters[key] = Counter(kept)

    def _count_records(self, record_type: str, verdict: str, count: int = 1) -> None:
        self._totals["records", (("type", record_type), ("verdict", verdict))] += count


class NoStats:
    """Discards everything."""

    seconds_left = None

    def add_raw_rows(self, record_type: str, layout: Layout, rows: Sequence[Sequence[str]]) -> None:
        """Discard."""

    def add_bounces(self, bounces: BounceBatch, verdicts: Sequence[Verdict]) -> None:
        """Discard."""

    def add_complaint(self, complaint: Complaint, verdict: Verdict) -> None:
        """Discard."""

    def add_listed(self, recipient: str, verdict: Verdict) -> None:
        """Discard."""

    def add_unreadable(self, reason: str) -> None:
        """Discard."""

    def update_record_counts(self, counted: Mapping[str, int]) -> None:
        """Discard."""

    def flush(self, *, is_last: bool = False) -> None:
        """Discard."""


def _relabelled(counts: Mapping[str, int], label: Callable[[str], str]) -> dict[str, int]:
    """The counts by the labels of their values."""
    return _summed((label(text), count) for text, count in counts.items())


def _summed(counts: Iterable[tuple[str, int]]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for value, count in counts:
        sums[value] = sums.get(value, 0) + count
    return sums
