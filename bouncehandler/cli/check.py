"""`bouncehandler check`: prove configuration, spool and credentials; say what is wrong and how to mend it."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bouncehandler.cli.check_post import check_post
from bouncehandler.cli.check_unsubscribe import unsubscribe_findings
from bouncehandler.cli.exits import CONFIGURATION, OK, TRY_AGAIN
from bouncehandler.cli.findings import Finding, Mark
from bouncehandler.cli.options import Common, common
from bouncehandler.cli.session import Session, begin, exit_status, root_warning
from bouncehandler.cli.tables import printable
from bouncehandler.settings import ConfigurationError
from bouncehandler.settings.sources import read_file
from bouncehandler.spool import SpoolError, Status
from bouncehandler.spool.connection import Connection
from bouncehandler.spool.place import prove_room
from bouncehandler.spool.sqlite import SqliteSpool

if TYPE_CHECKING:
    from bouncehandler.settings.model import ProviderSection

_ROOM = 2_000_000
"""Bytes: what a commit of 1,000 rows takes at most, with its journal."""
_QUICKLY_READ = 256_000_000
"""Bytes that are read in less than a second, which is how long the pipe may have to wait for it."""
_PATIENCE = 60.0
"""Seconds to wait for another process that writes."""


@click.command("check", short_help="Prove the configuration, the spool and the credentials.")
@common
def command(options: Common) -> int:
    """Prove the configuration, the spool, and each provider's credentials; say what is wrong and how to mend it.

    Changes nothing at any provider.
    """
    session = begin(options, dict(os.environ), quiet=True)
    marks = {Mark.FINE}
    for finding in _findings(session):
        marks.add(finding.mark)
        click.echo(f"{finding.mark.value:4}  {finding.what}: {printable(finding.sentence)}")
    if Mark.WRONG in marks:
        return CONFIGURATION
    return TRY_AGAIN if Mark.LATER in marks else OK


def _findings(session: Session) -> Iterator[Finding]:
    file, _ = read_file(session.options.config, os.environ)
    yield Finding(Mark.FINE, "configuration", f"{file or 'the default, with what the environment says,'} is valid")
    yield from _secrecy(session, file)
    if warning := root_warning(session.spool_path):
        yield Finding(Mark.WARNING, "root", warning)
    yield from _spool(session)
    if not session.settings.providers:
        yield Finding(Mark.WARNING, "providers", "none is configured: suppressions are recorded, nothing is dispatched")
    for name, section in session.settings.providers.items():
        yield _provider(name, section)
    if session.settings.notify.to:
        yield check_post(session.settings.notify)
    yield from unsubscribe_findings(session)


def _secrecy(session: Session, file: Path | None) -> Iterator[Finding]:
    """A configuration with secrets that anybody may read."""
    if file and session.settings.providers and file.stat().st_mode & 0o004:
        yield Finding(Mark.WARNING, "configuration", f"everybody may read {file}: chmod o-r it, it holds secrets")


def _spool(session: Session) -> Iterator[Finding]:
    try:
        spool = SqliteSpool.open(session.settings.spool.url)
        status = spool.status()
        _prove_writable(spool)
        is_whole = _prove_whole(spool.path)
    except SpoolError as error:
        mark = Mark.LATER if exit_status(error) == TRY_AGAIN else Mark.WRONG
        yield Finding(mark, "spool", str(error))
        return
    journal = "write-ahead log" if spool.journal == "wal" else "rollback journal"
    yield Finding(
        Mark.FINE,
        "spool",
        f"{spool.path} can be written by {_user()} ({journal}, SQLite {sqlite3.sqlite_version}); "
        f"{status.suppressions:,} suppressions, {status.dispatches.waiting:,} dispatches wait, "
        f"{status.dispatches.dead:,} are dead letters"
        + ("" if is_whole else f"; too large to be read through now: `sqlite3 {spool.path} 'PRAGMA quick_check'` does"),
    )
    spool.close()
    yield from _left_alone(session, status)


def _prove_writable(spool: SqliteSpool) -> None:
    """Raise a SpoolError where the file, or the folder for its journal, is read-only to this user, or has no room."""
    spool.release("", 0.0)  # a transaction that writes: no provider has that name
    prove_room(spool.path, _ROOM)


def _prove_whole(path: Path) -> bool:
    """Raise a SpoolError where the file is damaged; returns whether it was read: a large one takes too long."""
    if path.stat().st_size > _QUICKLY_READ:
        return False
    connection = Connection.open(path, wait=_PATIENCE, version=sqlite3.sqlite_version_info)
    try:
        connection.prove_whole()
    finally:
        connection.close()
    return True


def _user() -> str:
    """Who this is: a spool is often made by the wrong one."""
    import pwd  # noqa: PLC0415  # imports are lazy at the edges

    try:
        name = pwd.getpwuid(os.geteuid()).pw_name
        return name if os.geteuid() else f"{name}, though any user who owns its folder would do"
    except KeyError:
        return f"user {os.geteuid()}"


def _left_alone(session: Session, status: Status) -> Iterator[Finding]:
    """What waits for a provider that nobody serves at the moment."""
    for name, counts in status.providers.items():
        if counts.waiting and name not in session.settings.providers:
            yield Finding(
                Mark.WARNING,
                "spool",
                f"{counts.waiting:,} dispatches wait for {name}, which is no longer configured: give it its name back",
            )
    for name, state in status.states.items():
        if name in session.settings.providers:
            yield Finding(Mark.WARNING, "spool", f"{name} is held, and tried again from time to time: {state.reason}")


def _provider(name: str, section: "ProviderSection") -> Finding:
    from bouncehandler import registry  # noqa: PLC0415  # imports are lazy at the edges

    what = f"provider {name}"
    try:
        adapter, hide = registry.build(name, section), registry.secret_hider(name, section)
    except ConfigurationError as error:
        return Finding(Mark.WRONG, what, str(error))
    except Exception as error:  # noqa: BLE001  # a stranger's adapter may raise anything
        return Finding(Mark.WRONG, what, f"the adapter of type {section.type} fails with {type(error).__name__}")
    return _answer(what, section.type, adapter, hide)


def _answer(what: str, kind: str, adapter: object, hide: Callable[[str], str]) -> Finding:
    """What the provider says when it is asked; like all answers without secrets, which a server may repeat."""
    from bouncehandler.dispatcher.calls import plain  # noqa: PLC0415  # imports are lazy at the edges
    from bouncehandler.provider import Checkable, ProviderUnavailable  # noqa: PLC0415  # as above

    if not isinstance(adapter, Checkable):
        return Finding(Mark.FINE, what, f"{kind}, configured; can't be proved without changing something")
    try:
        return Finding(Mark.FINE, what, plain(adapter.check(), hide))
    except ProviderUnavailable as error:
        return Finding(Mark.WRONG, what, plain(error, hide))
    except Exception as error:  # noqa: BLE001  # an adapter may raise anything: here it is what was asked for
        return Finding(Mark.LATER, what, f"can't be reached now: {plain(error, hide)}")
