"""Progress line and summary of a run, as rich renderables."""

from collections.abc import Iterable, Iterator, Mapping

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from bouncehandler.cli.output.tables import printable
from bouncehandler.durations import format_duration

_BAR = 12  # characters: all of the line fits into 80, up to millions of rows
_STATES = ("done", "waiting", "dead", "on_hold")


def progress(console: Console, *, is_measured: bool) -> Progress:
    """Build a transient progress line: with a bar, the share and the time left where the size is known."""
    columns: list[ProgressColumn] = [TextColumn("{task.description}")]
    if is_measured:
        columns += [BarColumn(_BAR), TaskProgressColumn(), TimeRemainingColumn(compact=True), TextColumn("left")]
    else:
        columns += [TimeElapsedColumn()]
    return Progress(*columns, console=console, transient=True)


def tables(
    rows: Iterable[tuple[str, str]], providers: Mapping[str, Mapping[str, object]], seconds: float
) -> Iterator[Table]:
    """Build the tables of records and decisions, and of each provider."""
    table = _table("what", "rows")
    for name, value in rows:
        is_number = value.replace(",", "").isdigit()
        table.add_row(Text(name), Text(value, justify="right" if is_number else "left"))
    table.add_row("time", Text(format_duration(round(seconds, 1)), justify="right"))
    yield table
    if providers:
        yield _of_providers(providers)


def _of_providers(providers: Mapping[str, Mapping[str, object]]) -> Table:
    states = [state for state in _STATES if state != "on_hold" or any(state in one for one in providers.values())]
    has_reasons = any("why" in numbers for numbers in providers.values())
    table = _table("provider", *(state.replace("_", " ") for state in states))
    if has_reasons:
        table.add_column("why", overflow="fold")
    for name, numbers in providers.items():
        counts = [_count(state, numbers.get(state, 0)) for state in states]
        table.add_row(name, *counts, *([printable(str(numbers.get("why", "")))] if has_reasons else []))
    return table


def _count(state: str, count: object) -> Text:
    style = {"dead": "red", "waiting": "yellow", "on_hold": "yellow"}.get(state, "") if count else ""
    return Text(f"{count:,}", style=style)


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column(first, overflow="fold")
    for other in others:
        table.add_column(other, justify="right", overflow="fold")
    return table
