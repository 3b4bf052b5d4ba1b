"""The spool: whether it is whole, can be written and has room, its owner, and its backlog."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from bouncehandler.cli.checks.finding import CheckResult, fail, ok, wait, warn
from bouncehandler.cli.checks.users import owner, this_user
from bouncehandler.cli.session import Session
from bouncehandler.spool import SpoolError, Status
from bouncehandler.spool.url import open_spool

_ROOM = 2_000_000
"""Bytes: what a commit of 1,000 rows takes at most, with its journal."""
_ROOMY = 250_000_000
"""Bytes: what a million suppressions take; less than that is worth a warning."""
_QUICKLY_READ = 256_000_000
"""Bytes that are read in less than a second, which is how long the pipe may have to wait for it."""


def spool_findings(session: Session) -> Iterator[CheckResult]:
    """Check the spool as this user; it is created where there is none."""
    try:
        spool = open_spool(session.settings.spool.url)
        status = spool.status()
        found = spool.examine(room=_ROOM, read_up_to=_QUICKLY_READ)
    except SpoolError as error:
        yield (wait if error.is_temporary else fail)("spool", str(error))
        return
    path = session.paths.spool.absolute()
    user = this_user().name + ("" if os.geteuid() else ", though any user who owns its folder would do")
    yield ok(
        "spool",
        f"{path} can be written by {user} ({found.store}); "
        f"{status.suppressions:,} suppressions, {status.dispatches.waiting:,} dispatches wait, "
        f"{status.dispatches.dead:,} are dead letters"
        + (f"; too large to be read through now: `{found.unread}` does" if found.unread else ""),
    )
    spool.close()
    yield _place(path)
    yield from _left_alone(session, status)


def _place(path: Path) -> CheckResult:
    found, disk = path.stat(), os.statvfs(path.parent)
    free = disk.f_bavail * disk.f_frsize
    text = (
        f"{path} has {found.st_size:,} bytes, belongs to {owner(path)}, mode {stat.S_IMODE(found.st_mode):04o}; "
        f"its folder belongs to {owner(path.parent)}, mode {stat.S_IMODE(path.parent.stat().st_mode):04o}; "
        f"{free:,} bytes are free"
    )
    if found.st_mode & 0o077:
        return warn("spool", f"{text}; others may read it, and it names people: chmod 600 {path}")
    if free < _ROOMY:
        return warn("spool", f"{text}, a million suppressions take {_ROOMY:,}: make room")
    return ok("spool", text)


def _left_alone(session: Session, status: Status) -> Iterator[CheckResult]:
    """Warn of dispatches for providers that are not configured, or held."""
    for name, counts in status.providers.items():
        if counts.waiting and name not in session.settings.providers:
            yield warn(
                "spool",
                f"{counts.waiting:,} dispatches wait for {name}, which is no longer configured: give it its name back",
            )
    for name, state in status.states.items():
        if name in session.settings.providers:
            yield warn("spool", f"{name} is held, and tried again from time to time: {state.reason}")
