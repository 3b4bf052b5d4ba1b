"""`bouncehandler dead-letters`: see what was given up, try it again, or drop it."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

import click

from bouncehandler.cli.exits import OK, explained
from bouncehandler.cli.options import Common, common
from bouncehandler.cli.report import moment
from bouncehandler.cli.selection import selecting
from bouncehandler.cli.session import begin
from bouncehandler.cli.tables import Row, format_option, write
from bouncehandler.spool import DeadLetter, Selection
from bouncehandler.spool.sqlite import SqliteSpool

_COLUMNS = ("id", "provider", "recipient", "attempts", "died_at", "answer")

_GROUP = 500
"""Dead letters that are changed in one transaction: the pipe waits for none of them long."""


@click.group("dead-letters")
@common
def command(options: Common) -> int:  # noqa: ARG001  # its commands receive the options
    """See what was given up, try it again, or drop it."""
    return OK


@command.command("list", short_help="List the dead letters, oldest first.")
@format_option
@selecting(by_provider=True)
@common
def list_(options: Common, form: str, selection: Selection) -> int:
    """List the dead letters, oldest first, with what the provider said last."""
    spool = begin(options, dict(os.environ)).open_spool()
    with explained():
        write(map(_row, spool.dead_letters(selection)), _COLUMNS, form)
    return OK


def _chosen(command: Callable[..., Any]) -> Callable[..., Any]:
    command = click.option(
        "--all", "everything", is_flag=True, help="Every dead letter that the other options select."
    )(command)
    return click.argument("ids", nargs=-1, type=click.IntRange(min=1), metavar="[ID]...")(command)


@command.command("retry", short_help="Make dead letters due at once.")
@_chosen
@selecting(by_provider=True)
@common
def retry(options: Common, ids: Sequence[int], selection: Selection, *, everything: bool) -> int:
    """Make dead letters due at once, with a new schedule: those named by their id, or --all."""
    return _change(
        options, ids, selection, SqliteSpool.retry_dead_letters, "will be tried again", everything=everything
    )


@command.command("drop", short_help="Settle dead letters without a call.")
@_chosen
@selecting(by_provider=True)
@common
def drop(options: Common, ids: Sequence[int], selection: Selection, *, everything: bool) -> int:
    """Settle dead letters without a call: those named by their id, or --all. Their suppressions stay recorded."""
    return _change(options, ids, selection, SqliteSpool.drop_dead_letters, "dropped", everything=everything)


def _change(  # noqa: PLR0913  # what the two commands share
    options: Common,
    ids: Sequence[int],
    selection: Selection,
    change: Callable[[SqliteSpool, Sequence[int], float], int],
    done: str,
    *,
    everything: bool,
) -> int:
    if bool(ids) == everything:
        raise click.UsageError("name dead letters by their id (see `bouncehandler dead-letters list`), or say --all")
    if ids and selection != Selection():
        raise click.UsageError("the options that select go with --all, not with ids")
    spool = begin(options, dict(os.environ)).open_spool()
    with explained():
        letters = iter(ids) if ids else (letter.dispatch for letter in spool.dead_letters(selection))
        count = sum(change(spool, group, time.time()) for group in _groups(letters))
    click.echo(f"{count} dead letter{'' if count == 1 else 's'} {done}")
    return OK


def _groups(ids: Iterator[int]) -> Iterator[Sequence[int]]:
    while group := list(islice(ids, _GROUP)):
        yield group


def _row(letter: DeadLetter) -> Row:
    return {
        "id": letter.dispatch,
        "provider": letter.provider,
        "recipient": letter.suppression.person,
        "attempts": letter.attempts,
        "died_at": moment(letter.died_at),
        "answer": letter.answer,
    }
