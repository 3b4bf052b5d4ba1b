"""`bouncehandler spool`: copy the spool while it is in use, and remove old entries."""

import time
from collections.abc import Collection, Iterator
from pathlib import Path

import click

from bouncehandler.cli.exits import CONFIGURATION, OK, CommandError, exit_code_for_errors
from bouncehandler.cli.options import GlobalOptions, global_options
from bouncehandler.cli.session import Session, open_session
from bouncehandler.durations import format_duration
from bouncehandler.runtime.maintenance import prune_once, retention_periods
from bouncehandler.settings.sections import KINDS
from bouncehandler.spool import Spool

_VACUUM = 20.0
"""Seconds that copying may take; writing back the copy takes as long again, and PowerMTA waits for 60."""


@click.group("spool")
@global_options
def command(options: GlobalOptions) -> int:  # noqa: ARG001  # its commands receive the options
    """Copy the spool, or remove old entries."""
    return OK


@command.command("backup", short_help="Copy the spool to a file while it is in use.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace FILE.")
@global_options
def backup(options: GlobalOptions, file: Path, *, force: bool) -> int:
    """Copy the spool to FILE while others read and write it.

    The copy holds one state of the spool, whole; it is proved before it has its name. It names people: FILE is readable
    by its owner alone.
    """
    spool = _opened(open_session(options))
    with exit_code_for_errors():
        saved = spool.backup(file.absolute(), overwrite=force)
    click.echo(
        f"{file}: {saved.suppressions:,} suppressions; {saved.waiting:,} dispatches wait, {saved.done:,} are done, "
        f"{saved.dead:,} are dead letters; {saved.size:,} bytes"
    )
    return OK


@command.command("prune", short_help="Remove old entries, as `work` does by itself.")
@click.option("--kind", "kinds", type=click.Choice(KINDS), multiple=True, help="Only this kind; may be repeated.")
@click.option("--vacuum", "is_shrunk", is_flag=True, help="Then shrink the file; the spool can't be written meanwhile.")
@global_options
def prune(options: GlobalOptions, kinds: tuple[str, ...], *, is_shrunk: bool) -> int:
    """Remove suppressions that every provider has carried out longer ago than `keep_done` of [spool] or [spool.keep].

    `work`, and runs that dispatch, do the same by themselves, every hour. What waits, is held or is dead stays. The
    kinds are the reasons of suppressions; `attempts`: calls and their answers, which may go before their suppressions;
    and `figures`: the hourly counts.

    The file keeps its size, and new entries fill the room. --vacuum makes it as small as it can be; that needs as
    much room again, and gives up after 20 seconds, so that PowerMTA's pipe can wait for it.
    """
    session = open_session(options)
    spool = _opened(session)
    with exit_code_for_errors():
        for line in _pruned(session, spool, kinds or KINDS):
            click.echo(line)
        if is_shrunk:
            click.echo(f"the file is {spool.vacuum(_VACUUM):,} bytes smaller")
    return OK


def _pruned(session: Session, spool: Spool, kinds: Collection[str]) -> Iterator[str]:
    """Remove old entries; yields a sentence for each kind."""
    settings = session.settings
    keeps = retention_periods(settings, kinds)
    attempts, figures = keeps.pop("attempts"), keeps.pop("figures")
    removed = prune_once(spool, settings, _rest, kinds)
    times = {keep for keep in keeps.values() if keep is not None}
    if times:
        what = "suppression that was" if removed.suppressions == 1 else "suppressions that were"
        yield f"removed {removed.suppressions:,} {what} done {_ago(times)}"
    if attempts is not None and (removed.attempts or not times):
        yield f"removed {removed.attempts:,} of the attempts for dispatches done {_ago({attempts})}"
    if figures is not None and (removed.figures or set(kinds) == {"figures"}):
        yield f"removed {removed.figures:,} figures of hours {_ago({figures})}"
    elif attempts is None and not times:
        yield f"nothing is removed: {'keep_done is' if settings.spool.keep_done is None else 'it is kept'} forever"


def _ago(times: Collection[float]) -> str:
    return f"more than {format_duration(*times)} ago" if len(times) == 1 else "longer ago than [spool.keep] allows"


def _opened(session: Session) -> Spool:
    """Open the spool, which has to exist: the home of another user would give an empty one."""
    if not session.paths.spool.exists():
        raise CommandError(f"there is no spool {session.paths.spool}: name it in [spool] url", CONFIGURATION)
    return session.open_spool()


def _rest(seconds: float) -> bool:
    """Wait, so that other processes get the spool."""
    time.sleep(seconds)
    return False
