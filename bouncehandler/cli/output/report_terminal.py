"""Report on a terminal: tables with small bars, the largest rows of each."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from bouncehandler.cli.color import console
from bouncehandler.report import Report, Table, Timeline
from bouncehandler.report.formatting import format_day, format_time, format_value
from bouncehandler.report.model import TableColumn, Tone, Value

_ROWS = 10
_BAR = 16
"""Characters of the longest bar."""
_LONGEST = 60
"""Characters of a row's name."""
_WIDE = 160
"""Characters of a line where no terminal bounds it."""
_STYLES: dict[Tone, str] = {"bad": "red", "doubtful": "yellow", "good": "green", "plain": ""}
_PARTS = {"suppressed": "red", "counted": "yellow", "ignored": "bright_black"}
_HEIGHTS = " ▁▂▃▄▅▆▇█"


def show(report: Report, color: str) -> None:
    """Print a report on stdout, coloured by `--color`."""
    screen = console(color, stderr=False)
    if not screen.is_terminal:  # a file, or a mail, is as wide as it is written
        screen.width = max(screen.width, _WIDE)
    for part in _parts(report):
        screen.print(part)


def _parts(report: Report) -> Iterator[RenderableType]:
    yield Text(f"{format_day(report.since)} to {format_day(report.until)}", style="bold")
    yield Text(f"{format_time(report.since)} to {format_time(report.until)} UTC, {report.host}", style="dim")
    if report.is_empty:
        yield Text(
            "\nNothing was read in this time. `bouncehandler check` proves the chain, `bouncehandler status` shows"
        )
        yield Text("when something last came, and --since 400d looks further back.")
    else:
        yield _headlines(report)
    if report.alerts:
        yield Text("\nAlerts", style="bold")
        yield from (Text(f"* {alert.text}", style=_STYLES[alert.tone]) for alert in report.alerts)
    if not report.is_empty:
        yield _timeline(report.timeline)
    for table in report.tables:
        yield _grid(table)


def _headlines(report: Report) -> RenderableType:
    grid = Grid.grid(padding=(0, 2))
    for headline in report.headlines:
        value = Text(format_value(headline.value, headline.kind), style=f"bold {_STYLES[headline.tone]}".strip())
        grid.add_row(headline.title, value, Text(headline.note, style="dim"))
    grid.columns[1].justify = "right"
    return Padding(grid, (1, 0, 0, 0))


def _timeline(timeline: Timeline) -> RenderableType:
    """Build a line of small columns for each series that is not empty."""
    series = {
        "bounces": [sum(numbers) for numbers in zip(*(timeline.series[name] for name in _PARTS), strict=True)],
        "complaints": timeline.series["complaints"],
        "unsubscribes": timeline.series["unsubscribes"],
        "delivered": timeline.series["delivered"],
    }
    grid = Grid.grid(padding=(0, 2))
    for name, numbers in series.items():
        most = max(numbers)
        if most:
            columns = "".join(_HEIGHTS[-(-number * 8 // most)] for number in numbers)
            grid.add_row(name, Text(columns, style="cyan", no_wrap=True), Text(f"at most {most:,}", style="dim"))
    hours = timeline.step // 3600
    what = "an hour" if hours == 1 else "a day" if hours == 24 else f"{hours} hours"  # noqa: PLR2004  # of a day
    return Group(Text(f"\nOver time, {what} each", style="bold"), grid)


def _grid(table: Table) -> RenderableType:
    grid = Grid(box=None, pad_edge=False, show_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    if table.parts:
        grid.add_column("", no_wrap=True, width=_BAR)
    for column in table.columns:
        is_number = column.kind not in {"text", "code"}
        grid.add_column(column.title, justify="right" if is_number else "left", no_wrap=is_number)
    shown = [*table.rows[:_ROWS], *([table.rest] if table.rest and len(table.rows) <= _ROWS else [])]
    for row in shown:
        bar = [_bar(table, row)] if table.parts else []
        grid.add_row(*bar, *(_cell(value, column) for value, column in zip(row, table.columns, strict=True)))
    more = len(table.rows) - _ROWS
    rest = [Text(f"and {more:,} more: --html and --csv have them", style="dim")] if more > 0 else []
    return Group(Text(f"\n{table.title}", style="bold"), grid, *rest)


def _cell(value: Value, column: TableColumn) -> Text:
    text = format_value(value, column.kind)
    return Text(text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…")


def _bar(table: Table, row: tuple[Value, ...]) -> Text:
    """Build the bar of a row, as long as its share of the longest."""
    bar, at, drawn = Text(), 0.0, 0
    for name, style in _PARTS.items():
        at += table.part(row, name) * _BAR / table.widest
        bar.append("█" * (min(_BAR, round(at)) - drawn), style=style)
        drawn = min(_BAR, round(at))
    return bar if drawn or not table.whole(row) else Text("▏", style="dim")
