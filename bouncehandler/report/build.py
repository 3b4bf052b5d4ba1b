"""Puts a report together: from what the spool has in figures, and how it stands now."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from bouncehandler.report.aggregates import Aggregates, added, timeline
from bouncehandler.report.alerts import COMPLAINTS_BAD, COMPLAINTS_DOUBTFUL, alerts, complaint_share
from bouncehandler.report.formatting import many, share
from bouncehandler.report.model import Column, Headline, Report, Table, Tone, Value
from bouncehandler.report.provider_table import providers
from bouncehandler.report.tables import BOUNCES, bounces, by_rule, complaints, counted_by, throttling
from bouncehandler.spool import HeldSpike, HourlyCount, ManualAction, MetricCounter, Status

_LONGEST = 160
"""Characters of any text."""


class Scope(NamedTuple):
    """What a report is about; times are seconds since the epoch."""

    since: float
    until: float
    made_at: float
    host: str
    providers: Sequence[str]
    """Those that are configured."""


class Sources(NamedTuple):
    """What a report is made of."""

    hourly_counts: Iterable[HourlyCount]
    """Of the time that it tells of."""
    status: Status
    counters: Sequence[MetricCounter]
    spikes: Sequence[HeldSpike]
    manual_actions: Sequence[ManualAction]
    """What people took back within that time."""


def build_report(scope: Scope, sources: Sources, readable: Callable[[str], str]) -> Report:
    """The report.

    Args:
        readable: makes a text of somebody else's fit to be shown, and takes addresses out of it.
    """
    sums = added(figure._replace(value=_readable_value(figure.value, readable)) for figure in sources.hourly_counts)
    spikes = [spike for spike in sources.spikes if scope.since <= spike.until and spike.since < scope.until]
    tables = [*_bounces(sums), *_decisions(sums), *_receivers(sums)]
    tables += [_spikes(spikes, readable), _undone(sources.manual_actions, readable)]
    tables += [providers(sources.status, sources.counters, scope.providers)]
    return Report(
        scope.host,
        scope.since,
        scope.until,
        scope.made_at,
        list(_headlines(sums, sources.status)),
        alerts(sums, sources.status, sources.spikes, scope.made_at),
        timeline(sums, scope.since, scope.until),
        [table for table in tables if table],
        is_empty=not sums.whole,
    )


def _readable_value(value: str, readable: Callable[[str], str]) -> str:
    """A figure's value; the tabulator between the two that some have stays."""
    return "\t".join(readable(part)[:_LONGEST] for part in value.split("\t", 1)) if value else ""


def _bounces(sums: Aggregates) -> Iterator[Table | None]:
    for breakdown in BOUNCES:
        yield bounces(sums, breakdown)


def _decisions(sums: Aggregates) -> Iterator[Table | None]:
    yield by_rule(sums, "ignored_rules", "Ignored, and why", "Rows that suppress nobody, by the rule.", "ignore")
    yield by_rule(
        sums, "deciding_rules", "Suppressed or counted, and why", "By the rule that decided.", "suppress", "count"
    )
    yield complaints(sums)
    yield counted_by(
        sums,
        "unreadable",
        "reason",
        name="unreadable",
        title="Unreadable",
        heading="Reason",
        count="Rows",
        note="They are kept beside the spool, to be mended and fed in again.",
    )


def _receivers(sums: Aggregates) -> Iterator[Table | None]:
    yield throttling(sums, "mailbox_provider+diagnostic")


def _headlines(sums: Aggregates, status: Status) -> Iterator[Headline]:
    bounced = sums.number("bounce")
    yield Headline("bounces", "Bounces", bounced, "count", _of(sums.number("bounce", "ignore"), bounced, "ignored"))
    suppressed = sums.number("bounce", "suppress")
    yield Headline("suppressed", "Suppressed for bounces", suppressed, "count", _of(suppressed, bounced, "of bounces"))
    complained = sums.number("complaint")
    ignored = sums.number("complaint", "ignore")
    yield Headline("complaints", "Complaints", complained, "count", f"{ignored:,} of them ignored" if ignored else "")
    yield Headline("unsubscribes", "Unsubscribe requests", sums.number("unsubscribe"), "count", "by mail")
    rate = complaint_share(sums)
    if rate is not None:
        delivered = many(sums.number("delivery"), "delivery", "deliveries")
        yield Headline("complaint_share", "Complaint rate", rate, "share", f"of {delivered}", _tone(rate))
    waiting, dead = status.dispatches.waiting, status.dispatches.dead
    note = f"{many(dead, 'dead letter')}" if dead else "no dead letters"
    yield Headline("waiting", "Unsubscribes waiting", waiting, "count", f"now; {note}", "doubtful" if dead else "plain")


def _of(part: int, whole: int, what: str) -> str:
    return f"{share(part / whole)} {what}" if whole else ""


def _tone(rate: float) -> Tone:
    return "bad" if rate >= COMPLAINTS_BAD else "doubtful" if rate >= COMPLAINTS_DOUBTFUL else "good"


def _spikes(spikes: Sequence[HeldSpike], readable: Callable[[str], str]) -> Table | None:
    columns = (
        Column("spike", "Spike", "text"),
        Column("since", "From", "moment"),
        Column("until", "To", "moment", is_minor=True),
        Column("bounces", "Bounces"),
        Column("expected", "Expected", is_minor=True),
        Column("held", "Held now"),
        Column("verdict", "Decided", "text"),
        Column("said", "Said", "code", is_minor=True),
    )
    rows: list[tuple[Value, ...]] = [
        (
            f"{spike.id}, {readable(spike.mailbox_provider)}",
            spike.since,
            spike.until,
            spike.bounces,
            spike.expected,
            spike.held,
            spike.verdict or "not yet",
            readable(spike.fingerprint),
        )
        for spike in spikes[-200:]
    ]
    note = "More hard bounces at one operator than its history explains."
    return Table("spikes", "Spikes", note, columns, rows) if rows else None


def _undone(manual_actions: Sequence[ManualAction], readable: Callable[[str], str]) -> Table | None:
    columns = (
        Column("event", "What", "text"),
        Column("asked_by", "By", "text"),
        Column("provider", "Provider", "text"),
        Column("suppressions", "Suppressions"),
    )
    counts: Counter[tuple[str, str, str]] = Counter()
    for one in manual_actions:
        counts[readable(one.event), readable(one.asked_by), one.provider or "all"] += one.number
    rows: list[tuple[Value, ...]] = [(*key, number) for key, number in counts.most_common(200)]
    note = "By `undo`, `holds` and what decides about them after a time."
    return Table("undone", "Decided and taken back", note, columns, rows, None, "suppressions") if rows else None
