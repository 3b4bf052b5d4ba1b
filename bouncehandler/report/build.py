"""Builds a report from the hourly counts and the current status of the spool."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from bouncehandler.report.aggregates import Aggregates, aggregate, build_timeline
from bouncehandler.report.alerts import COMPLAINTS_BAD, COMPLAINTS_DOUBTFUL, build_alerts, complaint_share
from bouncehandler.report.formatting import format_share, pluralize
from bouncehandler.report.model import Headline, Report, Table, TableColumn, Tone, Value
from bouncehandler.report.provider_table import build_provider_table
from bouncehandler.report.tables import (
    BOUNCES,
    bounce_table,
    complaint_table,
    rule_table,
    throttling_table,
    unreadable_table,
)
from bouncehandler.spool import HeldSpike, HourlyCount, ManualAction, MetricCounter, Status

_MAX_TEXT = 160
"""Characters of any text."""


class Scope(NamedTuple):
    """The period and installation of a report; times are seconds since the epoch."""

    since: float
    until: float
    made_at: float
    host: str
    providers: Sequence[str]
    """Configured ones."""


class Sources(NamedTuple):
    """The data of a report."""

    hourly_counts: Iterable[HourlyCount]
    """Those of the period."""
    status: Status
    counters: Sequence[MetricCounter]
    spikes: Sequence[HeldSpike]
    manual_actions: Sequence[ManualAction]
    """Those of the period."""


def build_report(scope: Scope, sources: Sources, sanitize: Callable[[str], str]) -> Report:
    """Build the report.

    Args:
        sanitize: makes hostile text safe to show, and masks addresses.
    """
    aggregates = aggregate(
        hourly._replace(value=_sanitized_value(hourly.value, sanitize)) for hourly in sources.hourly_counts
    )
    spikes = [spike for spike in sources.spikes if scope.since <= spike.until and spike.since < scope.until]
    tables = [*_record_tables(aggregates), _spikes(spikes, sanitize), _manual_actions(sources.manual_actions, sanitize)]
    tables += [build_provider_table(sources.status, sources.counters, scope.providers)]
    return Report(
        scope.host,
        scope.since,
        scope.until,
        scope.made_at,
        list(_headlines(aggregates, sources.status)),
        build_alerts(aggregates, sources.status, sources.spikes, scope.made_at),
        build_timeline(aggregates, scope.since, scope.until),
        [table for table in tables if table],
        is_empty=not aggregates.total,
    )


def _sanitized_value(value: str, sanitize: Callable[[str], str]) -> str:
    """Sanitize a value; the tab between the two parts of a combined one stays."""
    return "\t".join(sanitize(part)[:_MAX_TEXT] for part in value.split("\t", 1)) if value else ""


def _record_tables(aggregates: Aggregates) -> Iterator[Table | None]:
    for breakdown in BOUNCES:
        yield bounce_table(aggregates, breakdown)
    yield rule_table(aggregates, "ignored_rules", "Ignored, by rule", "Rows that suppress no one.", "ignore")
    yield rule_table(aggregates, "deciding_rules", "Suppressed or counted, by rule", "", "suppress", "count")
    yield complaint_table(aggregates)
    yield unreadable_table(aggregates)
    yield throttling_table(aggregates)


def _headlines(aggregates: Aggregates, status: Status) -> Iterator[Headline]:
    bounced = aggregates.count("bounce")
    yield Headline(
        "bounces", "Bounces", bounced, "count", _of(aggregates.count("bounce", "ignore"), bounced, "ignored")
    )
    suppressed = aggregates.count("bounce", "suppress")
    yield Headline("suppressed", "Suppressed for bounces", suppressed, "count", _of(suppressed, bounced, "of bounces"))
    complained = aggregates.count("complaint")
    ignored = aggregates.count("complaint", "ignore")
    yield Headline("complaints", "Complaints", complained, "count", f"{ignored:,} of them ignored" if ignored else "")
    yield Headline("unsubscribes", "Unsubscribe requests", aggregates.count("unsubscribe"), "count", "by mail")
    rate = complaint_share(aggregates)
    if rate is not None:
        delivered = pluralize(aggregates.count("delivery"), "delivery", "deliveries")
        yield Headline("complaint_share", "Complaint rate", rate, "share", f"of {delivered}", _tone(rate))
    waiting, dead = status.dispatches.waiting, status.dispatches.dead
    note = f"{pluralize(dead, 'dead letter')}" if dead else "no dead letters"
    yield Headline("waiting", "Unsubscribes waiting", waiting, "count", f"now; {note}", "doubtful" if dead else "plain")


def _of(part: int, whole: int, text: str) -> str:
    return f"{format_share(part / whole)} {text}" if whole else ""


def _tone(rate: float) -> Tone:
    return "bad" if rate >= COMPLAINTS_BAD else "doubtful" if rate >= COMPLAINTS_DOUBTFUL else "good"


def _spikes(spikes: Sequence[HeldSpike], sanitize: Callable[[str], str]) -> Table | None:
    columns = (
        TableColumn("spike", "Spike", "text"),
        TableColumn("since", "From", "moment"),
        TableColumn("until", "To", "moment", is_minor=True),
        TableColumn("bounces", "Bounces"),
        TableColumn("expected", "Expected", is_minor=True),
        TableColumn("held", "Held now"),
        TableColumn("verdict", "Decided", "text"),
        TableColumn("diagnostic", "Diagnostic", "code", is_minor=True),
    )
    rows: list[tuple[Value, ...]] = [
        (
            f"{spike.id}, {sanitize(spike.mailbox_provider)}",
            spike.since,
            spike.until,
            spike.bounces,
            spike.expected,
            spike.held,
            spike.verdict or "not yet",
            sanitize(spike.fingerprint),
        )
        for spike in spikes[-200:]
    ]
    note = "More hard bounces at a mailbox provider than its baseline predicts."
    return Table("spikes", "Spikes", note, columns, rows) if rows else None


def _manual_actions(manual_actions: Sequence[ManualAction], sanitize: Callable[[str], str]) -> Table | None:
    columns = (
        TableColumn("event", "Action", "text"),
        TableColumn("asked_by", "By", "text"),
        TableColumn("provider", "Provider", "text"),
        TableColumn("suppressions", "Suppressions"),
    )
    counts: Counter[tuple[str, str, str]] = Counter()
    for action in manual_actions:
        counts[sanitize(action.event), sanitize(action.asked_by), action.provider or "all"] += action.number
    rows: list[tuple[Value, ...]] = [(*key, number) for key, number in counts.most_common(200)]
    note = "Of `undo`, `holds` and the timeout of holds."
    if not rows:
        return None
    return Table("manual_actions", "Undone and decided holds", note, columns, rows, None, "suppressions")
