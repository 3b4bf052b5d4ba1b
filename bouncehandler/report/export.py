"""Exports a report for programs: as a JSON object, and as rows of one long table."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from bouncehandler.report.model import Report, Table, TableColumn, Value

COLUMNS = ("table", "row", "measure", "value")
"""The columns of the long table."""


def as_json(report: Report) -> str:
    """Format a JSON object; times are ISO 8601, UTC, shares fractions of 1."""
    timeline = report.timeline
    content = {
        "host": report.host,
        "since": _iso(report.since),
        "until": _iso(report.until),
        "made_at": _iso(report.made_at),
        "is_empty": report.is_empty,
        "headlines": {headline.name: headline.value for headline in report.headlines},
        "alerts": [alert._asdict() for alert in report.alerts],
        "timeline": {
            "step_seconds": timeline.step,
            "starts": [_iso(start) for start in timeline.starts],
            **{name: list(numbers) for name, numbers in timeline.series.items()},
        },
        "tables": {table.name: _object(table) for table in report.tables},
    }
    return json.dumps(content, ensure_ascii=True, indent=1)


def as_rows(report: Report) -> Iterator[Mapping[str, object]]:
    """Yield a row with `COLUMNS` for each number."""
    for headline in report.headlines:
        yield _row("headlines", headline.name, "value", headline.value)
    for name, numbers in report.timeline.series.items():
        for start, number in zip(report.timeline.starts, numbers, strict=True):
            yield _row("timeline", _iso(start), name, number)
    for table in report.tables:
        for row in (*table.rows, *([table.rest] if table.rest else [])):
            for column, value in zip(table.columns[1:], row[1:], strict=True):
                yield _row(table.name, row[0], column.name, _plain(value, column))


def _object(table: Table) -> dict[str, object]:
    rows = [_named(table, row) for row in table.rows]
    return {"title": table.title, "rows": rows, "others": _named(table, table.rest) if table.rest else None}


def _named(table: Table, row: tuple[Value, ...]) -> dict[str, object]:
    return {column.name: _plain(value, column) for column, value in zip(table.columns, row, strict=True)}


def _plain(value: Value, column: TableColumn) -> Value:
    return _iso(value) if column.kind == "moment" and isinstance(value, int | float) else value


def _row(table: str, row: Value, measure: str, value: Value) -> Mapping[str, object]:
    return dict(zip(COLUMNS, (table, row, measure, value), strict=True))


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
