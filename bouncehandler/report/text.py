"""Renders a summary of a report as plain text, for the mail that has the page attached."""

from collections.abc import Iterator

from bouncehandler.report.formatting import format_day, format_time, format_value
from bouncehandler.report.model import Report, Table

_TOP = 5
_SHOWN = ("mailbox_providers", "categories", "ignored_rules", "feedback", "providers")
_MAX_NAME = 60
"""Characters of a row's name."""


def subject(report: Report) -> str:
    """Format a subject: `bouncehandler report, 19 Nov 2026 to 20 Nov 2026: 1,204 bounces`."""
    counts = ", ".join(
        f"{headline.value:,.0f} {headline.title.lower()}"
        for headline in report.headlines
        if headline.name in {"bounces", "complaints"} and headline.value
    )
    period = f"{format_day(report.since)} to {format_day(report.until)}"
    return f"bouncehandler report, {period}: {counts or 'no records'}"


def render_text(report: Report) -> str:
    """Render headlines, alerts, and the first rows of some tables."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield f"bouncehandler on {report.host}: {format_time(report.since)} to {format_time(report.until)} UTC"
    yield ""
    if report.is_empty:
        yield "There are no records of this period. `bouncehandler check` and `bouncehandler status` may show why."
    for headline in () if report.is_empty else report.headlines:
        note = f"  ({headline.note})" if headline.note else ""
        yield f"{headline.title + ':':26}{format_value(headline.value, headline.kind)}{note}"
    if report.alerts:
        yield from ("", "Alerts", *(f"* {alert.text}" for alert in report.alerts))
    for name in _SHOWN:
        table = report.table(name)
        if table:
            yield from ("", table.title, *_top(table))


def _top(table: Table) -> Iterator[str]:
    for row in table.rows[:_TOP]:
        values = ", ".join(
            f"{column.title.lower()} {format_value(value, column.kind)}"
            for value, column in zip(row[1:], table.columns[1:], strict=True)
            if value and not column.is_minor
        )
        yield f"  {str(row[0])[:_MAX_NAME]}: {values}"
    if len(table.rows) > _TOP:
        yield f"  and {len(table.rows) - _TOP} more"
