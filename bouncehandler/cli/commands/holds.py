"""`bouncehandler holds`: list the spikes of bounces that are held, and release or discard them."""

import sys

import click

from bouncehandler.cli.exits import OK, exit_code_for_errors
from bouncehandler.cli.filters import filter_options
from bouncehandler.cli.options import GlobalOptions, combined, global_options
from bouncehandler.cli.output.tables import Row, format_option, write
from bouncehandler.cli.session import login, open_session
from bouncehandler.runtime.run_summary import moment
from bouncehandler.spool import HeldSpike, Selection
from bouncehandler.suppression import Suppression

_COLUMNS = ("id", "mailbox_provider", "held", "bounces", "expected", "since", "until", "verdict", "example")
_HELD_COLUMNS = ("spike", "mailbox_provider", "recipient", "occurred_at", "category", "status", "diagnostic")


@click.group("holds", short_help="List the spikes of bounces that are held, and decide.")
@global_options
def command(options: GlobalOptions) -> int:  # noqa: ARG001  # its commands receive the options
    """List the spikes of bounces that are held, and release or discard them."""
    return OK


@command.command("list", short_help="List the spikes that hold something.")
@click.option("--all", "everything", is_flag=True, help="Also those that were released, discarded, or held nothing.")
@format_option
@global_options
def list_(options: GlobalOptions, form: str, *, everything: bool) -> int:
    """List the spikes that hold something, oldest first; times are those of the records, UTC.

    `bounces` is how many there were when the spike was noticed, where so many as `expected` were to be expected.
    """
    spool = open_session(options).open_spool()
    with exit_code_for_errors():
        spikes = spool.spikes(Selection())
        write((_row(spike) for spike in spikes if spike.held or everything), _COLUMNS, form)
    return OK


_choosing = combined(
    click.argument("spike", required=False, type=click.IntRange(min=1), metavar="[SPIKE]"),
    click.option("--mailbox-provider", metavar="NAME", help="Only this mailbox provider's spikes."),
    filter_options(only=("recipient", "domain", "since", "until", "match")),
)


@command.command("show", short_help="List the held recipients.")
@format_option
@_choosing
@global_options
def show(options: GlobalOptions, form: str, selection: Selection) -> int:
    """List the held recipients, by all spikes or by SPIKE, as `holds list` numbers them."""
    spool = open_session(options).open_spool()
    with exit_code_for_errors():
        held = spool.on_hold(selection)
        write((_held_row(spike, one) for spike, one in held), _HELD_COLUMNS, form)
    return OK


_deciding = combined(
    click.option("--all", "everything", is_flag=True, help="Everything that is held, where no option selects."),
    click.option("--yes", "is_sure", is_flag=True, help="Don't ask."),
)


@command.command("release", short_help="Release held suppressions: they are dispatched.")
@_deciding
@_choosing
@global_options
def release(options: GlobalOptions, selection: Selection, *, everything: bool, is_sure: bool) -> int:
    """Release held suppressions: the bounces were true, and are dispatched like any others.

    Later bounces of a spike that is released as a whole are not held any more.
    """
    return _decide(options, selection, is_released=True, everything=everything, is_sure=is_sure)


@command.command("discard", short_help="Discard held suppressions: no one is suppressed for them.")
@_deciding
@_choosing
@global_options
def discard(options: GlobalOptions, selection: Selection, *, everything: bool, is_sure: bool) -> int:
    """Discard held suppressions: the bounces were false, and no one is suppressed for them.

    Those of the spike that were dispatched before it was noticed are restored by `bouncehandler undo`.
    """
    return _decide(options, selection, is_released=False, everything=everything, is_sure=is_sure)


def _decide(options: GlobalOptions, selection: Selection, *, is_released: bool, everything: bool, is_sure: bool) -> int:
    if everything == (selection != Selection()):
        raise click.UsageError("name a spike (see `bouncehandler holds list`), select with options, or add --all alone")
    spool = open_session(options).open_spool()
    verb = "Release" if is_released else "Discard"
    with exit_code_for_errors():
        if not is_sure and sys.stdin and sys.stdin.isatty():
            count = sum(1 for _ in spool.on_hold(selection))
            if not count or not click.confirm(f"{verb} {_many(count)}?"):
                click.echo("nothing was changed")
                return OK
        count = spool.decide_held(selection, is_released=is_released, asked_by=login())
    click.echo(f"{_many(count)} {'released: they are dispatched now' if is_released else 'discarded'}")
    return OK


def _many(count: int) -> str:
    return f"{count} held suppression{'' if count == 1 else 's'}"


def _row(spike: HeldSpike) -> Row:
    shown = {"expected": round(spike.expected, 1), "since": moment(spike.since), "until": moment(spike.until)}
    return {name: getattr(spike, name) for name in _COLUMNS} | shown


def _held_row(spike: HeldSpike, suppression: Suppression) -> Row:
    at = suppression.occurred_at
    shown = {"spike": spike.id, "mailbox_provider": spike.mailbox_provider, "recipient": suppression.subject}
    return suppression._asdict() | shown | {"occurred_at": at.isoformat() if at else None}
