"""The tables of a report: by category, operator, originator and the like; why something was ignored; diagnostics."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from bouncehandler.record.dimensions import CATEGORY, DIMENSIONS
from bouncehandler.report.aggregates import Aggregates, Cell, number
from bouncehandler.report.model import Column, Kind, Table, Value
from bouncehandler.spool.models import OTHERS

MOST_ROWS = 200
"""Rows of a table: so a page of a million records is as quick as one of a thousand."""

_LONGEST_NAME = 160
"""Characters of a row's name."""

PARTS = ("suppressed", "counted", "ignored")


class Breakdown(NamedTuple):
    """A table by one dimension."""

    name: str
    title: str
    dimension: str
    heading: str
    note: str = ""
    has_others: bool = True
    """Whether complaints and deliveries are told by it, too."""
    kind: Kind = "code"


BOUNCES = (
    Breakdown(CATEGORY.table, CATEGORY.title, CATEGORY.name, CATEGORY.heading, has_others=False),
    Breakdown(
        "mailbox_providers",
        "By receiving operator",
        "mailbox_provider",
        "Operator",
        "Who runs the recipients' mailboxes; small ones by their domain.",
    ),
    Breakdown("originators", "By originator", "originator", "Domain", "The domain of the envelope sender."),
    *(Breakdown(one.table, one.title, one.name, one.heading) for one in DIMENSIONS if one is not CATEGORY),
    Breakdown(
        "diagnostics",
        "Top diagnostics",
        "diagnostic",
        "What receivers said",
        "Without what names a person, a host or a message.",
        has_others=False,
    ),
)

_DECIDED = {"bounce": "Bounces", "complaint": "Complaints", "unsubscribe": "Requests", "list": "Listed"}
"""Kinds of which something is decided, and what they are called together."""

_VERDICTS = {"suppress": "suppressed", "count": "counted", "ignore": "ignored"}


def bounces(sums: Aggregates, breakdown: Breakdown) -> Table | None:
    """Bounces, and where they are told complaints and deliveries, by one dimension; None where there are none."""
    kinds = ("bounce", "complaint") if breakdown.has_others else ("bounce",)
    values = sums.values(breakdown.dimension, *kinds)
    columns = [Column(breakdown.dimension, breakdown.heading, breakdown.kind), Column("bounces", "Bounces")]
    has_complaints = breakdown.has_others and any(number(cell, "complaint") for cell in values.values())
    columns += [Column(name, name.capitalize(), is_minor=has_complaints or name != "suppressed") for name in PARTS]
    has_deliveries = breakdown.has_others and any(number(cell, "delivery") for cell in values.values())
    columns += [Column("complaints", "Complaints")] if has_complaints else []
    columns += [Column("delivered", "Delivered", is_minor=True)] if has_deliveries else []
    columns += [Column("bounce_share", "Bounce rate", "share", is_minor=True)] if has_deliveries else []
    columns += [Column("complaint_share", "Complaint rate", "share")] if has_complaints and has_deliveries else []
    rows = {value: _numbers(cell, columns[1:]) for value, cell in values.items()}
    return _ranked(breakdown.name, breakdown.title, breakdown.note, columns, rows, parts=PARTS)


def _numbers(cell: Cell, columns: Iterable[Column]) -> tuple[Value, ...]:
    return tuple(_measure(cell, column.name) for column in columns)


def _measure(cell: Cell, name: str) -> Value:
    bounced, delivered = number(cell, "bounce"), number(cell, "delivery")
    match name:
        case "bounces":
            return bounced
        case "delivered":
            return delivered
        case "complaints":
            return number(cell, "complaint")
        case "bounce_share":
            return bounced / (bounced + delivered) if delivered else None
        case "complaint_share":
            return number(cell, "complaint", "suppress") / delivered if delivered else None
    verdicts = {title: verdict for verdict, title in _VERDICTS.items()}
    return number(cell, "bounce", verdicts[name])


def _ranked(  # noqa: PLR0913, PLR0917  # what a table has
    name: str,
    title: str,
    note: str,
    columns: Sequence[Column],
    numbers: Mapping[str, tuple[Value, ...]],
    parts: tuple[str, ...] = (),
) -> Table | None:
    """A table of the largest rows, and what is left together."""
    if not numbers:
        return None
    others = [numbers[OTHERS]] if OTHERS in numbers else []
    named = [(value, row) for value, row in numbers.items() if value != OTHERS]
    named.sort(key=lambda pair: tuple(-(cell or 0) if isinstance(cell, int | float) else 0 for cell in pair[1]))
    others += [row for _, row in named[MOST_ROWS:]]
    rest = (OTHERS, *_together(others, columns[1:])) if others else None
    rows = [(value[:_LONGEST_NAME] or "(none)", *row) for value, row in named[:MOST_ROWS]]
    return Table(name, title, note, columns, rows, rest, columns[1].name, parts)


def _together(rows: Sequence[tuple[Value, ...]], columns: Sequence[Column]) -> Iterable[Value]:
    """The sum of rows; shares can't be added."""
    for index, column in enumerate(columns):
        cells = [row[index] for row in rows]
        yield sum(cell for cell in cells if isinstance(cell, int | float)) if column.kind == "count" else None


def complaints(sums: Aggregates) -> Table | None:
    """Complaints by feedback type."""
    columns = [Column("type", "Feedback type", "code"), Column("complaints", "Complaints")]
    columns += [Column(name, name.capitalize()) for name in ("suppressed", "ignored")]
    rows: dict[str, tuple[Value, ...]] = {
        value: (
            number(cell, "complaint"),
            number(cell, "complaint", "suppress"),
            number(cell, "complaint", "ignore"),
        )
        for value, cell in sums.values("category", "complaint").items()
    }
    return _ranked("feedback", "Complaints by feedback type", "", columns, rows)


def by_rule(sums: Aggregates, name: str, title: str, note: str, *verdicts: str) -> Table | None:
    """What was decided so, by the rule that said it."""
    values = sums.values("rule", *_DECIDED)
    counts = {
        rule: {kind: sum(number(cell, kind, verdict) for verdict in verdicts) for kind in _DECIDED}
        for rule, cell in values.items()
    }
    seen = [kind for kind in _DECIDED if any(row[kind] for row in counts.values())]
    apart = seen if len(seen) > 1 else []
    columns = [Column("rule", "Rule", "code"), Column("rows", "Rows")]
    columns += [Column(_DECIDED[kind].lower(), _DECIDED[kind], is_minor=True) for kind in apart]
    rows: dict[str, tuple[Value, ...]] = {
        rule: (sum(row.values()), *(row[kind] for kind in apart)) for rule, row in counts.items() if any(row.values())
    }
    return _ranked(name, title, note, columns, rows)


def counted_by(  # noqa: PLR0913  # what such a table has
    sums: Aggregates, kind: str, dimension: str, *, name: str, title: str, heading: str, count: str, note: str = ""
) -> Table | None:
    """How many of a kind, by one dimension."""
    rows: dict[str, tuple[Value, ...]] = {
        value: (number(cell, kind),) for value, cell in sums.values(dimension, kind).items()
    }
    return _ranked(name, title, note, (Column(dimension, heading, "code"), Column("rows", count)), rows)


def throttling(sums: Aggregates, dimension: str) -> Table | None:
    """Who defers our mail, and in which words: of values that hold both, with a tabulator between."""
    columns = (
        Column("mailbox_provider", "Operator", "code"),
        Column("deferrals", "Deferrals"),
        Column("said", "What they said", "code"),
    )
    found = sums.values(dimension, "transient")
    pairs = [(value.partition("\t"), number(cell, "transient")) for value, cell in found.items() if value != OTHERS]
    pairs.sort(key=lambda pair: -pair[1])
    if not pairs:
        return None
    left = sum(count for _, count in pairs[MOST_ROWS:]) + number(found.get(OTHERS, Cell()), "transient")
    rows = [(pair[0] or "(none)", count, pair[2] or "(nothing)") for pair, count in pairs[:MOST_ROWS]]
    rest = (OTHERS, left, None) if left else None
    title, note = "Receivers that throttle us", "Transient failures (t and tq records), in their own words."
    return Table("throttling", title, note, columns, rows, rest, "deferrals")
