"""The tables of a report: records by category, mailbox provider, originator and others, by rule and by diagnostic."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from bouncehandler.record.dimensions import CATEGORY, DIMENSIONS
from bouncehandler.report.aggregates import Aggregates, KeyCounts, count_records
from bouncehandler.report.model import Kind, Table, TableColumn, Value
from bouncehandler.spool.models import OTHERS

MAX_ROWS = 200
"""Rows of a table, so that the size of a page is bounded."""

_MAX_NAME = 160
"""Characters of a row's name."""

_VERDICTS = {"suppressed": "suppress", "counted": "count", "ignored": "ignore"}
PARTS = tuple(_VERDICTS)


class Breakdown(NamedTuple):
    """A table by one dimension."""

    name: str
    title: str
    dimension: str
    heading: str
    note: str = ""
    has_others: bool = True
    """Whether complaints and deliveries have this dimension, too."""
    kind: Kind = "code"


BOUNCES = (
    Breakdown(CATEGORY.table, CATEGORY.title, CATEGORY.name, CATEGORY.heading, has_others=False),
    Breakdown(
        "mailbox_providers",
        "By mailbox provider",
        "mailbox_provider",
        "Mailbox provider",
        "Small ones by their domain.",
    ),
    Breakdown("originators", "By originator", "originator", "Domain", "The domain of the envelope sender."),
    *(Breakdown(one.table, one.title, one.name, one.heading) for one in DIMENSIONS if one is not CATEGORY),
    Breakdown(
        "diagnostics",
        "Top diagnostics",
        "diagnostic",
        "Diagnostic",
        "Without addresses, hosts and message ids.",
        has_others=False,
    ),
)

_KINDS = {"bounce": "Bounces", "complaint": "Complaints", "unsubscribe": "Requests", "list": "Listed"}
"""Titles of the kinds of records that have verdicts."""


def bounce_table(aggregates: Aggregates, breakdown: Breakdown) -> Table | None:
    """Build the table of bounces, with complaints and deliveries if any, by a dimension; None without bounces."""
    kinds = ("bounce", "complaint") if breakdown.has_others else ("bounce",)
    values = aggregates.counts_by(breakdown.dimension, *kinds)
    columns = [TableColumn(breakdown.dimension, breakdown.heading, breakdown.kind), TableColumn("bounces", "Bounces")]
    has_complaints = breakdown.has_others and any(count_records(counts, "complaint") for counts in values.values())
    columns += [TableColumn(name, name.capitalize(), is_minor=has_complaints or name != "suppressed") for name in PARTS]
    has_deliveries = breakdown.has_others and any(count_records(counts, "delivery") for counts in values.values())
    columns += [TableColumn("complaints", "Complaints")] if has_complaints else []
    columns += [TableColumn("delivered", "Delivered", is_minor=True)] if has_deliveries else []
    columns += [TableColumn("bounce_share", "Bounce rate", "share", is_minor=True)] if has_deliveries else []
    columns += [TableColumn("complaint_share", "Complaint rate", "share")] if has_complaints and has_deliveries else []
    rows = {value: tuple(_measure(counts, column.name) for column in columns[1:]) for value, counts in values.items()}
    return _ranked(breakdown.name, breakdown.title, breakdown.note, columns, rows, parts=PARTS)


def _measure(counts: KeyCounts, name: str) -> Value:
    bounced, delivered = count_records(counts, "bounce"), count_records(counts, "delivery")
    match name:
        case "bounces":
            return bounced
        case "delivered":
            return delivered
        case "complaints":
            return count_records(counts, "complaint")
        case "bounce_share":
            return bounced / (bounced + delivered) if delivered else None
        case "complaint_share":
            return count_records(counts, "complaint", "suppress") / delivered if delivered else None
    return count_records(counts, "bounce", _VERDICTS[name])


def _ranked(  # noqa: PLR0913, PLR0917  # the parts of a table
    name: str,
    title: str,
    note: str,
    columns: Sequence[TableColumn],
    numbers: Mapping[str, tuple[Value, ...]],
    parts: tuple[str, ...] = (),
) -> Table | None:
    """Build a table of the largest rows, and the sum of the rest; None without rows."""
    if not numbers:
        return None
    others = [numbers[OTHERS]] if OTHERS in numbers else []
    named = [(value, row) for value, row in numbers.items() if value != OTHERS]
    named.sort(key=lambda pair: tuple(-cell if isinstance(cell, int | float) else 0 for cell in pair[1]))
    others += [row for _, row in named[MAX_ROWS:]]
    rest = (OTHERS, *_sum_rows(others, columns[1:])) if others else None
    rows = [(value[:_MAX_NAME] or "(none)", *row) for value, row in named[:MAX_ROWS]]
    return Table(name, title, note, columns, rows, rest, columns[1].name, parts)


def _sum_rows(rows: Sequence[tuple[Value, ...]], columns: Sequence[TableColumn]) -> Iterable[Value]:
    """Add up rows; None for shares."""
    for index, column in enumerate(columns):
        cells = [row[index] for row in rows]
        yield sum(cell for cell in cells if isinstance(cell, int | float)) if column.kind == "count" else None


def complaint_table(aggregates: Aggregates) -> Table | None:
    """Build the table of complaints by feedback type; None without complaints."""
    columns = [TableColumn("type", "Feedback type", "code"), TableColumn("complaints", "Complaints")]
    columns += [TableColumn(name, name.capitalize()) for name in ("suppressed", "ignored")]
    rows: dict[str, tuple[Value, ...]] = {
        value: (
            count_records(counts, "complaint"),
            count_records(counts, "complaint", "suppress"),
            count_records(counts, "complaint", "ignore"),
        )
        for value, counts in aggregates.counts_by("category", "complaint").items()
    }
    return _ranked("feedback", "Complaints by feedback type", "", columns, rows)


def rule_table(aggregates: Aggregates, name: str, title: str, note: str, *verdicts: str) -> Table | None:
    """Build the table of records with these verdicts, by rule; None without any."""
    by_rule = {
        rule: {kind: sum(count_records(counts, kind, verdict) for verdict in verdicts) for kind in _KINDS}
        for rule, counts in aggregates.counts_by("rule", *_KINDS).items()
    }
    kinds = [kind for kind in _KINDS if any(row[kind] for row in by_rule.values())]
    separate = kinds if len(kinds) > 1 else []
    columns = [TableColumn("rule", "Rule", "code"), TableColumn("rows", "Rows")]
    columns += [TableColumn(_KINDS[kind].lower(), _KINDS[kind], is_minor=True) for kind in separate]
    rows: dict[str, tuple[Value, ...]] = {
        rule: (sum(row.values()), *(row[kind] for kind in separate))
        for rule, row in by_rule.items()
        if any(row.values())
    }
    return _ranked(name, title, note, columns, rows)


def unreadable_table(aggregates: Aggregates) -> Table | None:
    """Build the table of unreadable rows by reason; None without any."""
    rows: dict[str, tuple[Value, ...]] = {
        reason: (count_records(counts, "unreadable"),)
        for reason, counts in aggregates.counts_by("reason", "unreadable").items()
    }
    note = "They are in the reject file beside the spool, to be corrected and ingested again."
    return _ranked(
        "unreadable", "Unreadable", note, (TableColumn("reason", "Reason", "code"), TableColumn("rows", "Rows")), rows
    )


def throttling_table(aggregates: Aggregates) -> Table | None:
    """Build the table of deferrals by mailbox provider and diagnostic; None without any."""
    columns = (
        TableColumn("mailbox_provider", "Mailbox provider", "code"),
        TableColumn("deferrals", "Deferrals"),
        TableColumn("diagnostic", "Diagnostic", "code"),
    )
    values = aggregates.counts_by("mailbox_provider+diagnostic", "transient")
    deferrals = {value: count_records(counts, "transient") for value, counts in values.items()}
    others = deferrals.pop(OTHERS, 0)
    ranked = sorted(deferrals.items(), key=lambda pair: -pair[1])
    if not ranked:
        return None
    others += sum(count for _, count in ranked[MAX_ROWS:])
    pairs = [(value.partition("\t"), count) for value, count in ranked[:MAX_ROWS]]
    rows = [(pair[0] or "(none)", count, pair[2] or "(none)") for pair, count in pairs]
    rest = (OTHERS, others, None) if others else None
    return Table("throttling", "Throttling", "Transient failures (t and tq records).", columns, rows, rest, "deferrals")
