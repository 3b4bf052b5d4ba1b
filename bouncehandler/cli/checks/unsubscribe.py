"""Checks of List-Unsubscribe mail: its domains, and the maildrop."""

import os
from collections.abc import Iterator

from bouncehandler.cli.checks.finding import CheckResult, fail, ok
from bouncehandler.cli.session import Session
from bouncehandler.settings import ConfigurationError
from bouncehandler.settings.mail import UnsubscribeSection
from bouncehandler.spool import SpoolError
from bouncehandler.unsubscribe import maildrop, maildrop_reader


def unsubscribe_findings(session: Session) -> Iterator[CheckResult]:
    """Check each domain, and the maildrop; no results where no domain is configured."""
    for section in session.settings.unsubscribe:
        yield _domain(session, section)
    if session.settings.unsubscribe:
        yield _maildrop(session)


def _domain(session: Session, section: UnsubscribeSection) -> CheckResult:
    what = f"unsubscribe {section.domain}"
    manual_actions = "signed addresses" if section.secret else ""
    if section.provider:
        kind = session.settings.providers[section.provider].type
        if not _takes_ids(kind):
            return fail(
                what,
                f"the provider {section.provider} is of type {kind}, which needs an address and can't act on ids: name "
                "another provider, or use a secret in place of pattern and provider",
            )
        manual_actions = " and ".join(filter(None, (f"the ids of {section.provider}", manual_actions)))
    return ok(what, f"takes {manual_actions}")


def _takes_ids(kind: str) -> bool:
    from bouncehandler import plugins  # noqa: PLC0415  # imports are lazy at the edges

    try:
        return bool(getattr(plugins.load(kind), "takes_subscriber_ids", False))
    except ConfigurationError:
        return True  # reported with the provider


def _maildrop(session: Session) -> CheckResult:
    folder = session.paths.maildrop
    try:
        maildrop.create(str(folder))
        waiting = maildrop_reader.count_messages(folder)
    except OSError as error:
        return fail("maildrop", f"{folder} can't be made ({error.strerror}): correct the rights")
    except SpoolError as error:
        return fail("maildrop", str(error))
    if not os.access(folder, os.W_OK | os.X_OK):
        return fail("maildrop", f"{folder} can't be written: give this user the right to")
    return ok("maildrop", f"mail is kept in {folder}; {waiting:,} messages wait")
