"""`bouncehandler spool`: copy the spool while it is in use, and remove what was done long ago."""

import os
import time
from pathlib import Path

import click

from bouncehandler.cli.exits import CONFIGURATION, OK, CommandError, explained
from bouncehandler.cli.options import Common, common
from bouncehandler.cli.pruner import keep_of, prune_once
from bouncehandler.cli.session import Session, begin
from bouncehandler.durations import format_duration
from bouncehandler.spool.backup import back_up
from bouncehandler.spool.pruning import vacuum
from bouncehandler.spool.sqlite import SqliteSpool

_VACUUM = 20.0
"""Seconds that copying may take; writing back what was copied takes as long again, and PowerMTA waits for 60."""


@click.group("spool")
@common
def command(options: Common) -> int:  # noqa: ARG001  # its commands receive the options
    """Copy the spool, or remove what was done long ago."""
    return OK


@command.command("backup", short_help="Copy the spool to a file while it is in use.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace FILE.")
@common
def backup(options: Common, file: Path, *, force: bool) -> int:
    """Copy the spool to FILE while others read and write it.

    The copy holds one state of the spool, whole; it is proved before it has its name. It names people: FILE is readable
    by its owner alone.
    """
    spool = _opened(begin(options, dict(os.environ)))
    with explained():
        saved = back_up(spool.path, file.absolute(), overwrite=force, monotonic=time.monotonic)
    click.echo(
        f"{file}: {saved.suppressions:,} suppressions; {saved.waiting:,} dispatches wait, {saved.done:,} are done, "
        f"{saved.dead:,} are dead letters; {saved.size:,} bytes"
    )
    return OK


@command.command("prune", short_help="Remove what was done long ago, as `work` does by itself.")
@click.option("--vacuum", "is_shrunk", is_flag=True, help="Then shrink the file; nobody can write meanwhile.")
@common
def prune(options: Common, *, is_shrunk: bool) -> int:
    """Remove suppressions that every provider heard of longer ago than `keep_done` of [spool].

    `work`, and runs that dispatch, do the same by themselves, every hour. What waits, is held or is dead stays.

    The file keeps its size, and what comes next fills the room. --vacuum makes it as small as it can be; that needs as
    much room again, and gives up after 20 seconds, so that PowerMTA's pipe can wait for it.
    """
    session = begin(options, dict(os.environ))
    keep, spool = keep_of(session.settings), _opened(session)
    with explained():
        if keep is None:
            click.echo("nothing is removed: keep_done is forever")
        else:
            count = prune_once(spool, session.settings, time.time(), _rest).suppressions
            what = "suppression that was" if count == 1 else "suppressions that were"
            click.echo(f"removed {count:,} {what} done more than {format_duration(keep)} ago")
        if is_shrunk:
            click.echo(f"the file is {vacuum(spool.path, time.monotonic, _VACUUM):,} bytes smaller")
    return OK


def _opened(session: Session) -> SqliteSpool:
    """The spool, which has to be there: another user's home, say, would be an empty one."""
    if not session.spool_path.exists():
        raise CommandError(f"there is no spool {session.spool_path}: name it in [spool] url", CONFIGURATION)
    return session.open_spool()


def _rest(seconds: float) -> bool:
    """Let others have the spool."""
    time.sleep(seconds)
    return False
