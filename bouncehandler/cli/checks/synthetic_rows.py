"""The accounting rows that `check --send` feeds in: as PowerMTA writes them, and plainly a test."""

import csv
import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bouncehandler.routing import Routes

if TYPE_CHECKING:
    from bouncehandler.settings.model import Settings

JOB = "bouncehandler-check"
"""The job of these rows; no list manager has a campaign of that name."""

_SENDER = "bouncehandler-check@localhost.localdomain"
"""Sender where no provider asks for one of its own."""


def rows_for(recipient: str, settings: "Settings", now: float) -> tuple[bytes, list[str]]:
    """A header and a bounce for each sender that it takes to reach every provider; and these senders."""
    at = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d %H:%M:%S+0000")
    senders = _senders(settings)
    cells = {
        "type": "b",
        "timeLogged": at,
        "timeQueued": at,
        "rcpt": recipient,
        "dsnAction": "failed",
        "dsnStatus": "5.1.1 (bad destination mailbox address)",
        "dsnDiag": "smtp;550 5.1.1 a test, made up by `bouncehandler check --send`",
        "dsnMta": "localhost (127.0.0.1)",
        "bounceCat": "bad-mailbox",
        "jobId": JOB,
    }
    text = io.StringIO()
    writer = csv.DictWriter(text, ["type", "orig", *list(cells)[1:]], lineterminator="\n")
    writer.writeheader()
    writer.writerows(cells | {"orig": sender} for sender in senders)
    return text.getvalue().encode(), senders


def _senders(settings: "Settings") -> list[str]:
    """Envelope senders, one or a few, that together fit the `originators` of every provider."""
    patterns = {name: section.originators for name, section in settings.providers.items()}
    routes = Routes(patterns)
    chosen: list[str] = []
    for name, wanted in patterns.items():
        if wanted and not any(name in routes.of(sender) for sender in chosen):
            chosen.append(wanted[0].replace("*", "check"))
    return chosen or [_SENDER]
