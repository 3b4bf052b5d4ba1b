"""The report in short, as plain text: for a mail, whose attachment is the whole."""

from collections.abc import Iterator

from bouncehandler.report.formatting import day, moment, written
from bouncehandler.report.model import Report, Table

_TOP = 5
_SHOWN = ("mailbox_providers", "categories", "ignored_rules", "feedback", "providers")
_LONGEST = 60
"""Characters of a row's name."""


def subject(report: Report) -> str:
    """What a mail with this report is called: `bouncehandler report, 19 Nov 2026 to 20 Nov 2026: 1,204 bounces`."""
    counts = ", ".join(
        f"{headline.value:,.0f} {headline.title.lower()}"
        for headline in report.headlines
        if headline.name in {"bounces", "complaints"} and headline.value
    )
    return f"bouncehandler report, {day(report.since)} to {day(report.until)}: {counts or 'nothing was read'}"


def render_text(report: Report) -> str:
    """A few lines: the headlines, what to look at, and the top of some tables."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield f"bouncehandler on {report.host}: {moment(report.since)} to {moment(report.until)} UTC"
    yield ""
    if report.is_empty:
        yield "Nothing was read in this time. `bouncehandler check` and `bouncehandler status` help to find out why."
    for headline in () if report.is_empty else report.headlines:
        note = f"  ({headline.note})" if headline.note else ""
        yield f"{headline.title + ':':26}{written(headline.value, headline.kind)}{note}"
    if report.alerts:
        yield from ("", "What to look at", *(f"* {remark.text}" for remark in report.alerts))
    for name in _SHOWN:
        table = report.table(name)
        if table:
            yield from ("", table.title, *_top(table))


def _top(table: Table) -> Iterator[str]:
    for row in table.rows[:_TOP]:
        told = ", ".join(
            f"{column.title.lower()} {written(value, column.kind)}"
            for value, column in zip(row[1:], table.columns[1:], strict=True)
            if value and not column.is_minor
        )
        yield f"  {str(row[0])[:_LONGEST]}: {told}"
    if len(table.rows) > _TOP:
        yield f"  and {len(table.rows) - _TOP} more"
