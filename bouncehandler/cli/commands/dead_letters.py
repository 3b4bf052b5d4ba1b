"""`bouncehandler dead-letters`: list, retry or drop the dispatches that were given up."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import get_args

import click

from bouncehandler.cli.exits import OK, exit_code_for_errors
from bouncehandler.cli.filters import filter_options
from bouncehandler.cli.options import GlobalOptions, combined, global_options
from bouncehandler.cli.output.tables import Row, format_option, write
from bouncehandler.cli.session import open_session
from bouncehandler.runtime.run_summary import moment
from bouncehandler.spool import DeadLetter, Selection, Spool
from bouncehandler.suppression import Reason

_COLUMNS = ("id", "provider", "recipient", "attempts", "died_at", "answer")
_DROPPED_COLUMNS = ("id", "provider", "recipient", "attempts", "dropped_at", "answer", "reason")

_GROUP = 500
"""Dead letters that are changed in one transaction: the pipe waits for none of them long."""

_Change = Callable[[Spool, Sequence[int]], int]


@click.group("dead-letters")
@global_options
def command(options: GlobalOptions) -> int:  # noqa: ARG001  # its commands receive the options
    """List the dead letters; retry or drop them."""
    return OK


@command.command("list", short_help="List the dead letters, oldest first.")
@click.option("--dropped", is_flag=True, help="Those that were dropped, when, and why, as long as they are kept.")
@format_option
@filter_options(by_provider=True)
@global_options
def list_(options: GlobalOptions, form: str, selection: Selection, *, dropped: bool) -> int:
    """List the dead letters, oldest first, with the last answer of the provider."""
    spool = open_session(options).open_spool()
    with exit_code_for_errors():
        found = spool.dropped(selection) if dropped else spool.dead_letters(selection)
        write(map(_row, found), _DROPPED_COLUMNS if dropped else _COLUMNS, form)
    return OK


_chosen = combined(
    click.argument("ids", nargs=-1, type=click.IntRange(min=1), metavar="[ID]..."),
    click.option("--all", "everything", is_flag=True, help="Every dead letter that the other options select."),
    click.option("--yes", "is_sure", is_flag=True, help="Don't ask before changing --all."),
)


@command.command("retry", short_help="Make dead letters due at once.")
@_chosen
@filter_options(by_provider=True)
@global_options
def retry(options: GlobalOptions, ids: Sequence[int], selection: Selection, *, everything: bool, is_sure: bool) -> int:
    """Make dead letters due at once, with a new schedule: those named by their id, or --all that are selected."""
    _refuse_contradictions(ids, selection, everything=everything)
    question = "Try {} again?" if everything and not is_sure else ""
    change: _Change = lambda spool, group: spool.retry_dead_letters(group)  # noqa: E731  # one expression
    return _change(options, ids or selection, change, question, "will be tried again")


@command.command("drop", short_help="Settle dead letters without a call.")
@click.option("--reason", "why", metavar="TEXT", default="", help="Why; `list --dropped` shows it.")
@_chosen
@filter_options(by_provider=True, reason="--suppressed-for")
@global_options
def drop(  # noqa: PLR0913  # one parameter an option
    options: GlobalOptions, ids: Sequence[int], selection: Selection, why: str, *, everything: bool, is_sure: bool
) -> int:
    """Settle dead letters without a call: those named by their id, or --all that are selected.

    Their suppressions stay recorded.
    """
    _refuse_contradictions(ids, selection, everything=everything)
    if why.strip() in get_args(Reason):
        raise click.UsageError(
            f"--reason is why you drop them; to select those suppressed for a {why.strip()}, write --suppressed-for"
        )
    question = "Drop {}?" if everything and not is_sure else ""
    change: _Change = lambda spool, group: spool.drop_dead_letters(group, why.strip())  # noqa: E731  # one expression
    return _change(options, ids or selection, change, question, "dropped")


def _refuse_contradictions(ids: Sequence[int], selection: Selection, *, everything: bool) -> None:
    if bool(ids) == everything:
        raise click.UsageError("name dead letters by their id (see `bouncehandler dead-letters list`), or give --all")
    if ids and selection != Selection():
        raise click.UsageError("the options that select go with --all, not with ids")


def _change(options: GlobalOptions, which: Sequence[int] | Selection, change: _Change, question: str, done: str) -> int:
    """Change dead letters; the question, if there is one, is put to a person on a terminal."""
    spool = open_session(options).open_spool()
    with exit_code_for_errors():
        if isinstance(which, Selection) and question and sys.stdin and sys.stdin.isatty():
            which = [one.dispatch for one in spool.dead_letters(which)]
            if not which or not click.confirm(question.format(_many(len(which)))):
                click.echo("no dead letter was changed")
                return OK
        ids = (one.dispatch for one in spool.dead_letters(which)) if isinstance(which, Selection) else which
        count = sum(change(spool, group) for group in _groups(ids))
    click.echo(f"{_many(count)} {done}")
    return OK


def _many(count: int) -> str:
    return f"{count} dead letter{'' if count == 1 else 's'}"


def _groups(ids: Iterable[int]) -> Iterator[Sequence[int]]:
    rest = iter(ids)
    while group := list(islice(rest, _GROUP)):
        yield group


def _row(dead: DeadLetter) -> Row:
    return {
        "id": dead.dispatch,
        "provider": dead.provider,
        "recipient": dead.suppression.subject,
        "attempts": dead.attempts,
        "died_at": moment(dead.died_at),
        "dropped_at": moment(dead.died_at),
        "answer": dead.answer,
        "reason": dead.note,
    }
