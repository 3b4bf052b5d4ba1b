"""Output refreshed at an interval: redrawn on a terminal, appended elsewhere."""

import os
import select
import sys
from collections.abc import Callable, Sequence

import click

from bouncehandler.cli.color import console, is_dumb
from bouncehandler.runtime.shutdown import ShutdownSignal


def watch(lines: Callable[[], Sequence[str]], every: float, color: str, *, is_for_programs: bool) -> None:
    """Print the result of `lines` every so many seconds, until SIGINT, SIGTERM or SIGHUP.

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
