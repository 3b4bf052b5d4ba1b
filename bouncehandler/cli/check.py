"""`bouncehandler check`: prove configuration, spool and credentials; say what is wrong and how to mend it."""

import os
import sqlite3
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

import click

from bouncehandler.cli.exits import CONFIGURATION, OK, TRY_AGAIN, CommandError, explained
from bouncehandler.cli.options import Common, common
from bouncehandler.cli.session import Session, begin
from bouncehandler.cli.terminal import printable
from bouncehandler.provider import Checkable, ProviderUnavailable
from bouncehandler.settings import ConfigurationError
from bouncehandler.settings.model import ProviderSection


class _Mark(Enum):
    """How a check ended."""

    FINE = "ok"
    WARNING = "warn"
    LATER = "wait"
    WRONG = "FAIL"


class _Finding(NamedTuple):
    """One line of the command's output."""

    mark: _Mark
    what: str
    sentence: str


@click.command("check")
@common
def command(options: Common) -> int:
    """Prove the configuration, the spool, and each provider's credentials; say what is wrong and how to mend it.

    Changes nothing at any provider.
    """
    session = begin(options, dict(os.environ), quiet=True)
    marks = {_Mark.FINE}
    for finding in _findings(session):
        marks.add(finding.mark)
        click.echo(f"{finding.mark.value:4}  {finding.what}: {printable(finding.sentence)}")
    if _Mark.WRONG in marks:
        return CONFIGURATION
    return TRY_AGAIN if _Mark.LATER in marks else OK


def _findings(session: Session) -> Iterator[_Finding]:
    yield _Finding(_Mark.FINE, "configuration", f"{session.options.config or 'defaults and environment'} is valid")
    yield from _spool(session)
    yield from _secrecy(session)
    if not session.settings.providers:
        yield _Finding(
            _Mark.WARNING, "providers", "none is configured: suppressions are recorded, nothing is dispatched"
        )
    for name, section in session.settings.providers.items():
        yield _provider(name, section)


def _spool(session: Session) -> Iterator[_Finding]:
    try:
        spool = session.open_spool()
        with explained():
            status = spool.status()
    except CommandError as error:
        yield _Finding(_Mark.WRONG, "spool", str(error))
        return
    journal = "write-ahead log" if spool.journal == "wal" else "rollback journal"
    yield _Finding(
        _Mark.FINE,
        "spool",
        f"{spool.path} can be written ({journal}, SQLite {sqlite3.sqlite_version}); {status.suppressions:,} "
        f"suppressions, {status.dispatches.waiting:,} dispatches wait, {status.dispatches.dead:,} are dead letters",
    )
    spool.close()


def _secrecy(session: Session) -> Iterator[_Finding]:
    """A configuration with secrets that anybody may read."""
    file = session.options.config
    if file and session.settings.providers and file.stat().st_mode & 0o004:
        yield _Finding(_Mark.WARNING, "configuration", f"everybody may read {file}: chmod o-r it, it holds secrets")


def _provider(name: str, section: ProviderSection) -> _Finding:
    from bouncehandler import registry  # noqa: PLC0415  # imports are lazy at the edges

    what = f"provider {name}"
    try:
        adapter = registry.build(name, section)
        if not isinstance(adapter, Checkable):
            return _Finding(_Mark.FINE, what, f"{section.type}, configured; can't be proved without changing something")
        return _Finding(_Mark.FINE, what, adapter.check())
    except (ConfigurationError, ProviderUnavailable) as error:
        return _Finding(_Mark.WRONG, what, str(error))
    except Exception as error:  # noqa: BLE001  # an adapter may raise anything: here it is what was asked for
        return _Finding(_Mark.LATER, what, f"can't be reached now: {str(error) or type(error).__name__}")
