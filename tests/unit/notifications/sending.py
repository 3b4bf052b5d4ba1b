"""A sender of notices between a real spool and a real SMTP server, with a clock that tests set."""

import re
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, get_args

from bouncehandler.notifications.message import MailEnvelope
from bouncehandler.notifications.sanitize import TextSanitizer
from bouncehandler.notifications.smtp import SmtpClient
from bouncehandler.notifications.smtp_server import SmtpServer
from bouncehandler.notifications.worker import NotificationSettings, NotificationWorker
from bouncehandler.redaction import mask_addresses
from bouncehandler.settings.mail import NoticeName
from bouncehandler.spool import NoticeBatch, QueuedSuppression
from bouncehandler.spool.sqlite.store import SqliteSpool
from tests.contract.spool.examples import suppression
from tests.fakes.server import PATIENCE, wait_until
from tests.fakes.smtp import CERTIFICATE, FakeSmtp
from tests.unit.notifications.examples import NOW, TO

KINDS = frozenset(get_args(NoticeName))


@dataclass
class Clock:
    """A clock that tests set."""

    now: float = NOW

    def __call__(self) -> float:
        """Seconds since the epoch."""
        return self.now


class KeptLines:
    """A log that keeps its lines."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str, Mapping[str, object]]] = []

    def debug(self, event: str, **values: object) -> None:
        """Keep it."""
        self.events.append(("debug", event, values))

    def info(self, event: str, **values: object) -> None:
        """Keep it."""
        self.events.append(("info", event, values))

    def warning(self, event: str, **values: object) -> None:
        """Keep it."""
        self.events.append(("warning", event, values))

    def reasons(self, event: str = "notices_delayed") -> list[str]:
        """Reasons of all warnings of that name."""
        return [str(values["reason"]) for level, name, values in self.events if (level, name) == ("warning", event)]

    def count(self, event: str) -> int:
        """Number of lines of that name."""
        return sum(name == event for _, name, _ in self.events)


class WatchedSpool(SqliteSpool):
    """A spool that records how long notices were postponed, and sets the clock to the end of that."""

    clock: Clock
    waits: list[float]
    put_off = 0
    """How often a claim was postponed."""

    def postpone_notices(self, batch: NoticeBatch, pause_for: float) -> None:
        """Record the wait, if it is one after a failure."""
        super().postpone_notices(batch, pause_for)
        self.put_off += 1
        if pause_for > 1:
            self.waits.append(pause_for)
            self.clock.now += pause_for


@dataclass
class Bench:
    """A spool, an SMTP server and a clock for senders; leaving the `with` block stops them and closes the spool."""

    folder: Path
    server: SmtpServer
    every: float = 900.0
    to: tuple[str, ...] = TO
    clock: Clock = field(default_factory=Clock)
    log: KeptLines = field(default_factory=KeptLines)
    failures: list[str] = field(default_factory=list)
    senders: list[NotificationWorker] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.spool = WatchedSpool.open(self.folder / "spool.db", notices=KINDS, clock=self.clock)
        self.spool.clock, self.spool.waits = self.clock, []

    def start(self, **changes: Any) -> NotificationWorker:  # noqa: ANN401  # whatever a sender takes
        """Start a sender."""
        sender = NotificationWorker(
            changes.pop("spool", self.spool),
            SmtpClient(self.server, len(self.to), trusting),
            changes.pop("envelope", MailEnvelope(self.to, "bh@example.com", lambda: "mta1.example.com")),
            NotificationSettings(every=self.every, poll=0.01, linger=changes.pop("linger", 0.0)),
            sanitizer=TextSanitizer(mask_addresses),
            log=self.log,
            clock=self.clock,
            monotonic=changes.pop("monotonic", time.monotonic),
            on_failure=lambda: self.failures.append("failed"),
            scheduler=changes.pop("scheduler", None),
            render_report=changes.pop("render_report", None),
        )
        self.senders.append(sender)
        sender.start()
        return sender

    def pass_once(self) -> NotificationWorker:
        """Run a worker until it has sent the due notices."""
        sender = self.start()
        sender.stop(10 * PATIENCE)
        return sender

    def enqueue_notice(self, count: int = 1) -> None:
        """Queue notices, numbered on from the last."""
        first = self.spool.status().suppressions
        self.complain(first, count)

    def complain(self, first: int, count: int) -> None:
        """Record complaints, the first of them of user `first`."""
        complaints = [suppression(f"user{n}@example.com", reason="complaint") for n in range(first, first + count)]
        self.spool.record([QueuedSuppression(one, ()) for one in complaints])

    def wait_until_empty(self) -> None:
        """Return as soon as nothing is queued."""
        wait_until(lambda: self.spool.status().notices == 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for sender in self.senders:
            if not sender.failure:
                sender.stop(PATIENCE)
        self.spool.close()


def trusting() -> ssl.SSLContext:
    """Certificates verified as usual, by the authority of the tests."""
    return ssl.create_default_context(cafile=CERTIFICATE)


def server_at(port: int, **settings: Any) -> SmtpServer:  # noqa: ANN401  # whatever a server has
    """Settings for the fake at this port."""
    return SmtpServer("127.0.0.1", port, **{"timeout": PATIENCE, **settings})


def counted(smtp: FakeSmtp) -> list[int]:
    """Return the number of complaints in each mail."""
    found = [re.search(r"([0-9,]+) complaints?", subject) for subject in smtp.subjects]
    return [int(match[1].replace(",", "")) for match in found if match]
