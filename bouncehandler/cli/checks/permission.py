"""Rights of the user that PowerMTA runs this program as: to start it, and to reach configuration, spool and log."""

import os
from collections.abc import Iterator
from pathlib import Path

from bouncehandler.cli.checks.finding import CheckResult, fail, ok
from bouncehandler.cli.checks.users import User
from bouncehandler.cli.session import Session
from bouncehandler.settings.sources import read_file


def rights_findings(session: Session, user: User, logs: list[Path]) -> Iterator[CheckResult]:
    """Check that a user may use configuration, spool, maildrop and logs."""
    trouble = [*_configuration(session, user), *_spool(session, user), *_maildrop(session, user)]
    trouble += [one for log in logs for one in _log(user, log)]
    yield from trouble
    if not trouble:
        names = ", ".join(filter(None, ("the configuration", "the spool", *map(str, logs))))
        yield ok(f"user {user.name}", f"may use {names} ({user.how})")


def _configuration(session: Session, user: User) -> Iterator[CheckResult]:
    file, _ = read_file(session.options.config, os.environ)
    if file and not user.may([(file.absolute(), os.R_OK)])[0]:
        yield _wrong(user, f"can't read {file}: chgrp it to the user's group and chmod g+r it")


def _spool(session: Session, user: User) -> Iterator[CheckResult]:
    path = session.paths.spool.absolute()
    beside = sorted({path, path.with_name(f"{path.name}-journal"), path.with_name(f"{path.name}-wal")})
    found = [one for one in beside if one.exists()]
    if not all(user.may([(path.parent, os.W_OK | os.X_OK), *((one, os.R_OK | os.W_OK) for one in found)])):
        yield _wrong(user, f"can't write the spool {path} and its folder: chown -R {user.name} {path.parent}")


def _maildrop(session: Session, user: User) -> Iterator[CheckResult]:
    """Check the maildrop; where there is none, the first process that needs it creates it."""
    folder = session.paths.maildrop.absolute()
    if session.settings.unsubscribe and folder.exists() and not user.may([(folder, os.R_OK | os.W_OK | os.X_OK)])[0]:
        yield _wrong(user, f"can't write the maildrop {folder}: chown -R {user.name} {folder}")


def _log(user: User, log: Path) -> Iterator[CheckResult]:
    if not user.may_append(log):
        missing = "" if log.parent.is_dir() else f"make the folder {log.parent}, and "
        yield _wrong(user, f"can't write the log {log}: {missing}give it to {user.name}")


def _wrong(user: User, sentence: str) -> CheckResult:
    return fail(f"user {user.name}", f"{sentence} ({user.how})")
