"""Gathers what was read in figures, many rows at a time, and hands them to the spool every few seconds."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from bouncehandler.accounting import Layout
from bouncehandler.ingest.stats.batch import BounceStatsColumns, RowStats, StatsBucket, alike, word_of
from bouncehandler.ingest.stats.dimensions import Columns, columns_of, hour_at, hour_of, row_stats
from bouncehandler.ingest.stats.labels import domain, in_words, name
from bouncehandler.policy import Policy, Verdict
from bouncehandler.record import Complaint, ListUnsubscribe
from bouncehandler.record.bounce_batch import BounceBatch
from bouncehandler.spikes import MailboxProviders
from bouncehandler.spool import HourlyCount, MetricCounter
from bouncehandler.spool.models import OTHERS

EVERY = 5.0
"""Seconds between two commits of figures at most, and what a kill -9 costs of them."""

_CHUNK = 256
"""Rows that are added up together: more do not fit into the processor's cache, and take twice as long."""
_NAMES, _KEPT = 1000, 200
"""Names that a sum may gather before those with the smallest numbers become `(others)`; and how many then stay."""
_SUMS = 5000
"""Sums that are gathered before they are handed over at once: an archive has many hours."""
_TEXTS = 20_000
"""Cells that are gathered before they get their names."""
_AHEAD = 24
"""Hours that a record's time may lie ahead; what lies further is a wrong clock's, and counts as read now."""

_KINDS = {"b": "bounce", "rb": "bounce", "d": "delivery", "t": "transient", "tq": "transient"}

_Alike = tuple[int, str, str, str]
"""Hour, kind, verdict and rule, which is empty where each category has its own."""

_Sum = tuple[int, str, str, str]
"""Hour, kind, verdict and dimension."""


class StatsSink(Protocol):
    """Where figures go."""

    def add_hourly_counts(self, figures: Sequence[HourlyCount], counters: Sequence[MetricCounter] = ()) -> None:
        """See `StatsStore.add_hourly_counts`."""
        ...


class StatsCollector:
    """Adds up; one input's alone.

    Args:
        clock: seconds since the epoch.
    """

    def __init__(
        self, keeper: StatsSink, policy: Policy, mailbox_providers: MailboxProviders, clock: Callable[[], float]
    ) -> None:
        self._keeper, self._policy, self._operators, self._clock = keeper, policy, mailbox_providers, clock
        self._columns: dict[str, tuple[Layout, Columns]] = {}
        self._cells: dict[_Alike, StatsBucket] = {}
        self._bounces: dict[tuple[str, str], list[BounceStatsColumns]] = {}
        """By word and rule of the verdict."""
        self._gathered: Counter[tuple[str, str]] = Counter()
        """How many these are."""
        self._sums: dict[_Sum, Counter[str]] = {}
        self._totals: Counter[tuple[str, tuple[tuple[str, str], ...]]] = Counter()
        self._counted: Mapping[str, int] = {}
        self._began = clock()

    @property
    def seconds_left(self) -> float | None:
        """Seconds until what was gathered is to be handed over; None: nothing was."""
        if not (self._totals or self._bounces):
            return None
        since = self._clock() - self._began
        return EVERY - since if since >= 0 else 0.0  # the clock was set back

    def plain(self, record_type: str, layout: Layout, rows: Sequence[Sequence[str]]) -> None:
        """Rows that are only tallied, each with as many cells as their layout: ignored bounces, deliveries, delays."""
        found = self._columns.get(record_type)
        if found is None or found[0] is not layout:
            found = self._columns[record_type] = layout, columns_of(layout, record_type)
        columns = found[1]
        verdict = "ignore" if _KINDS[record_type] == "bounce" else ""
        self._count_records(record_type, verdict, len(rows))
        when = columns.when

        def hour(row: Sequence[str]) -> int | None:
            return hour_of(row[when]) if when is not None else None

        for at, some in self._by_hour(rows, hour):
            self._take((at, _KINDS[record_type], verdict, ""), row_stats(columns, some))

    def bounces(self, bounces: BounceBatch, verdicts: Sequence[Verdict]) -> None:
        """Bounces, and what was decided."""
        seen = BounceStatsColumns.of(bounces)
        places_of = alike(verdicts)
        for key, places in places_of.items():
            self._bounces.setdefault(key, []).append(seen if len(places_of) == 1 else seen.those(places))
            self._gathered[key] += len(places)
            if self._gathered[key] >= _CHUNK:
                self._add_bounces(key, self._bounces.pop(key))

    def complaint(self, complaint: Complaint, verdict: Verdict) -> None:
        """A complaint, and what was decided."""
        at = complaint.logged_at
        named = {
            "category": name(complaint.feedback_type),
            "rule": verdict.rule,
            "mailbox_provider": self._mailbox_provider(complaint.recipient),
            "originator": domain(complaint.originator.partition("@")[2]),
            "job": name(complaint.job_id),
        }
        self._add_one(hour_at(at) if at else None, "complaint", word_of(verdict), named)
        self._count_records("f", word_of(verdict))

    def listed(self, recipient: str, verdict: Verdict) -> None:
        """An address fed by hand."""
        self._add_one(
            None,
            "list",
            word_of(verdict),
            {"rule": verdict.rule, "mailbox_provider": self._mailbox_provider(recipient)},
        )
        self._count_records("list", word_of(verdict))

    def request(self, request: ListUnsubscribe, verdict: Verdict) -> None:
        """A List-Unsubscribe mail, and what was decided."""
        named = {"rule": verdict.rule, "mailbox_provider": self._mailbox_provider(request.recipient)}
        self._add_one(hour_at(request.received_at), "unsubscribe", word_of(verdict), named)
        self._count_records("unsubscribe", word_of(verdict))

    def unreadable(self, reason: str) -> None:
        """A row that can't be read."""
        self._add_one(None, "unreadable", "", {"reason": name(reason)})
        self._totals["unreadable", (("reason", reason),)] += 1

    def others(self, counted: Mapping[str, int]) -> None:
        """What the reader has counted by now, since the stream began, of the types that nothing is decided about."""
        for record_type in ("r", "rs"):
            if new := counted.get(record_type, 0) - self._counted.get(record_type, 0):
                self._count_records(record_type, "", new)
        self._counted = dict(counted)

    def flush(self, *, is_last: bool = False) -> None:
        """Hand over what was gathered, if it is time to, or `is_last`.

        Raises:
            SpoolError: the disk failed us.
        """
        left = self.seconds_left
        if left is None or not (is_last or left <= 0 or len(self._sums) >= _SUMS):
            return
        for key, bounces in self._bounces.items():
            self._add_bounces(key, bounces)
        self._name()
        figures = [
            HourlyCount(*key, value, number) for key, sums in self._sums.items() for value, number in sums.items()
        ]
        counters = [MetricCounter(what, labels, number) for (what, labels), number in self._totals.items()]
        now = self._clock()
        self._keeper.add_hourly_counts(figures, [*counters, MetricCounter("last_record", (), now, is_latest=True)])
        self._bounces, self._sums, self._totals, self._began = {}, {}, Counter(), now

    def _add_bounces(self, key: tuple[str, str], several: Sequence[BounceStatsColumns]) -> None:
        verdict, rule = key
        del self._gathered[key]
        seen = BounceStatsColumns.together(several)
        for record_type, number in Counter(seen.record_types).items():
            self._count_records(record_type, verdict, number)
        everywhere = range(len(seen.hosts))

        def hour(place: int) -> int | None:
            at = seen.occurred_at[place]
            return hour_at(at) if at else None

        for at, places in self._by_hour(everywhere, hour):
            some = seen if places is everywhere else seen.those(places)
            self._take((at, "bounce", verdict, rule), some.told)

    def _by_hour(self, rows: Sequence[Any], hour: Callable[[Any], int | None]) -> Iterable[tuple[int, Sequence[Any]]]:
        """The rows with their hours; they come in the order of time, so first and last nearly always tell of all."""
        first = self._sound(hour(rows[0]))
        if first == self._sound(hour(rows[-1])):
            return [(first, rows)]
        found: dict[int, list[Any]] = {}
        for row in rows:
            found.setdefault(self._sound(hour(row)), []).append(row)
        return found.items()

    def _sound(self, hour: int | None) -> int:
        now = int(self._clock() // 3600)
        return now if hour is None or hour > now + _AHEAD else hour

    def _take(self, common: _Alike, told: RowStats) -> None:
        cells = self._cells.get(common)
        if cells is None:
            cells = self._cells[common] = StatsBucket()
        cells.take(told)
        if cells.size > _TEXTS or len(self._cells) > _SUMS:
            self._name()

    def _name(self) -> None:
        """Give the cells that were gathered their names."""
        for (hour, kind, verdict, rule), cells in self._cells.items():
            self._add((hour, kind, verdict, ""), {"": cells.number})
            self._add((hour, kind, verdict, "rule"), {rule: cells.number})
            for dimension, numbers in cells.named.items():
                self._add((hour, kind, verdict, dimension), _named(numbers, name))
                if dimension == "category" and verdict == "ignore" and not rule:
                    self._add((hour, kind, verdict, "rule"), _named(numbers, self._rule))
            self._add((hour, kind, verdict, "originator"), _named(cells.originators, domain))
            mailbox_providers = (
                (self._mailbox_provider(to, cells.hosts.get(to, "")), n) for to, n in cells.recipients.items()
            )
            self._add((hour, kind, verdict, "mailbox_provider"), _summed(mailbox_providers))
            self._add((hour, kind, verdict, "diagnostic"), _named(cells.diagnostics, in_words))
            self._add((hour, kind, verdict, "mailbox_provider+diagnostic"), _summed(self._deferrals(cells)))
        self._cells = {}

    def _deferrals(self, cells: StatsBucket) -> Iterator[tuple[str, int]]:
        """Who defers our mail, a tabulator, and in which words."""
        for (to, text), number in cells.deferrals.items():
            mailbox_provider = self._mailbox_provider(to, cells.hosts.get(to, ""))
            if mailbox_provider:
                yield f"{mailbox_provider}\t{in_words(text)}", number

    def _rule(self, category: str) -> str:
        return self._policy.of_category(category).rule

    def _mailbox_provider(self, recipient: str, host: str = "") -> str:
        """Who runs the mailbox of an address, or of a domain; empty where that is not to be told."""
        to = domain(recipient.rpartition("@")[2])
        return self._operators.of(to, host) if to else ""

    def _add_one(self, hour: int | None, kind: str, verdict: str, named: Mapping[str, str]) -> None:
        at = self._sound(hour)
        self._add((at, kind, verdict, ""), {"": 1})
        for dimension, value in named.items():
            self._add((at, kind, verdict, dimension), {value: 1})

    def _add(self, key: _Sum, numbers: Mapping[str, int]) -> None:
        """Add to a sum; what has no name counts in the whole alone."""
        sums = self._sums.get(key)
        if sums is None:
            sums = self._sums[key] = Counter()
        for value, number in numbers.items():
            if value or not key[3]:
                sums[value] += number
        if len(sums) > _NAMES:
            kept = dict(sums.most_common(_KEPT))
            kept[OTHERS] = kept.get(OTHERS, 0) + sums.total() - sum(kept.values())
            self._sums[key] = Counter(kept)

    def _count_records(self, record_type: str, verdict: str, number: int = 1) -> None:
        self._totals["records", (("type", record_type), ("verdict", verdict))] += number


class NoStats:
    """Adds nothing up."""

    seconds_left = None

    def plain(self, record_type: str, layout: Layout, rows: Sequence[Sequence[str]]) -> None:
        """Nothing."""

    def bounces(self, bounces: BounceBatch, verdicts: Sequence[Verdict]) -> None:
        """Nothing."""

    def complaint(self, complaint: Complaint, verdict: Verdict) -> None:
        """Nothing."""

    def listed(self, recipient: str, verdict: Verdict) -> None:
        """Nothing."""

    def unreadable(self, reason: str) -> None:
        """Nothing."""

    def others(self, counted: Mapping[str, int]) -> None:
        """Nothing."""

    def flush(self, *, is_last: bool = False) -> None:
        """Nothing."""


def _named(numbers: Mapping[str, int], naming: Callable[[str], str]) -> dict[str, int]:
    """The numbers under the names that are told instead."""
    return _summed((naming(text), number) for text, number in numbers.items())


def _summed(numbers: Iterable[tuple[str, int]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for value, number in numbers:
        found[value] = found.get(value, 0) + number
    return found
