"""Rows as a table to read, CSV, one JSON array, or one JSON object a line."""

import csv
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import Any

import click

from bouncehandler.cli import streams
from bouncehandler.cli.exits import TRY_AGAIN, CommandError

Row = Mapping[str, object]

_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""Beginnings of a formula in a spreadsheet (CSV injection); the wide forms in East Asian ones."""

_CONTROL = re.compile(r"[\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
"""Characters that JSON permits, and that can control a terminal."""

_MEASURED = 1000
"""Rows that determine the widths of the columns."""


def format_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --format to a command; it receives `form`."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(["table", "csv", "json", "jsonl"]),
        default="table",
        show_default=True,
        help="jsonl: one JSON object a line. csv: an apostrophe goes before what a spreadsheet would run.",
    )(command)


def write(rows: Iterable[Row], columns: tuple[str, ...], form: str) -> None:
    """Print rows on stdout as they come; memory stays flat however many there are.

    Raises:
        CommandError: stdout takes no more.
    """
    lines = {"table": _table, "csv": _csv, "json": _json, "jsonl": _jsonl}[form](iter(rows), columns)
    if form != "table":
        streams.use_utf8()
    try:
        for line in lines:
            sys.stdout.write(line + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        streams.abandon_stdout()
        raise CommandError(f"the output can't be written: {error.strerror}", TRY_AGAIN) from error


def printable(text: str) -> str:
    """Replace characters that could move a terminal's cursor or change its colours."""
    return text if text.isprintable() else "".join(char if char.isprintable() else "?" for char in text)


def _table(rows: Iterator[Row], columns: tuple[str, ...]) -> Iterator[str]:
    first = list(islice(rows, _MEASURED))
    widths = [max([len(name), *(len(_text(row[name])) for row in first)]) for name in columns]
    widths[-1] = 0
    yield _aligned(columns, widths)
    for row in chain(first, rows):
        yield _aligned([_text(row[name]) for name in columns], widths)


def _aligned(cells: Iterable[str], widths: list[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _text(value: object) -> str:
    return "" if value is None else printable(str(value))


def _csv(rows: Iterator[Row], columns: tuple[str, ...]) -> Iterator[str]:
    writer = csv.writer(_Echo(), lineterminator="")
    yield writer.writerow(columns)
    for row in rows:
        yield writer.writerow([_harmless(row[name]) for name in columns])


class _Echo:
    """File that returns each line, as `csv.writer` then does."""

    def write(self, line: str) -> str:
        return line


def _harmless(value: object) -> str:
    """Put an apostrophe before a value that a spreadsheet would run."""
    text = _text(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _json(rows: Iterator[Row], columns: tuple[str, ...]) -> Iterator[str]:
    yield "["
    previous = ""
    for line in _jsonl(rows, columns):
        if previous:
            yield previous + ","
        previous = line
    if previous:
        yield previous
    yield "]"


def _jsonl(rows: Iterator[Row], columns: tuple[str, ...]) -> Iterator[str]:
    for row in rows:
        yield as_json_text(json.dumps({name: row[name] for name in columns}, ensure_ascii=False))


def as_json_text(text: str) -> str:
    """Escape characters in JSON that can control a terminal."""
    return _CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
