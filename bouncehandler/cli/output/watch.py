"""Lines that are shown again and again: over one another on a terminal, one below the other elsewhere."""

import os
import select
import sys
from collections.abc import Callable, Sequence

import click

from bouncehandler.cli.color import console, is_dumb
from bouncehandler.durations import parse_duration
from bouncehandler.runtime.shutdown import ShutdownSignal

_LEAST, _MOST = 0.1, 86_400.0  # seconds


class Interval(click.ParamType[float]):
    """Seconds: a number, or a duration such as 500ms or 1m."""

    name = "seconds"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The seconds; wrong usage where they are none, or too few to be of use."""
        text = str(value)
        try:
            seconds = float(text) if text.replace(".", "", 1).isdigit() else float(parse_duration(text))
        except ValueError:
            self.fail("must be seconds such as 5, or a duration such as 1m", param, ctx)
        if not _LEAST <= seconds <= _MOST:
            self.fail("must be from 100ms to 1d", param, ctx)
        return seconds


def watch(lines: Callable[[], Sequence[str]], every: float, color: str, *, is_for_programs: bool) -> None:
    """Show what `lines` returns every so many seconds, until SIGINT, SIGTERM or SIGHUP.

    Where stdout is no terminal, or one that knows no escapes, each time is appended, with an empty line between two
    unless they are for programs.
    """
    stop = ShutdownSignal()
    stop.listen()
    if is_for_programs or not sys.stdout.isatty() or is_dumb(os.environ):
        _append(lines, every, stop, end="" if is_for_programs else "\n")
    else:
        _draw(lines, every, stop, color)


def _append(lines: Callable[[], Sequence[str]], every: float, stop: ShutdownSignal, *, end: str) -> None:
    while not stop.is_requested:
        click.echo("\n".join(lines()) + end)
        _wait(stop, every)


def _draw(lines: Callable[[], Sequence[str]], every: float, stop: ShutdownSignal, color: str) -> None:
    from rich.live import Live  # noqa: PLC0415  # only when shown
    from rich.text import Text  # noqa: PLC0415  # as above

    screen = console(color, stderr=False)
    with Live(console=screen, auto_refresh=False, vertical_overflow="crop") as live:
        while not stop.is_requested:
            live.update(Text.from_ansi("\n".join(lines())), refresh=True)
            _wait(stop, every)


def _wait(stop: ShutdownSignal, seconds: float) -> None:
    select.select([stop], [], [], seconds)
