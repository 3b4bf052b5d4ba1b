"""Builds what sends notices to the postmaster from the settings, and starts and stops it."""

import socket
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from bouncehandler.record import parse_address
from bouncehandler.redaction import mask_addresses
from bouncehandler.settings.mail import NotifySettings
from bouncehandler.spool import Notice, Spool

if TYPE_CHECKING:  # mail libraries take a while to import, and most installations tell nobody
    from bouncehandler.notifications import (
        NotificationLog,
        NotificationWorker,
        RenderedReport,
        ReportScheduler,
        SmtpClient,
    )


def build_smtp_client(settings: NotifySettings) -> "SmtpClient":
    """Who talks to the SMTP server."""
    from bouncehandler.notifications import SmtpClient, SmtpServer  # noqa: PLC0415  # imports are lazy at the edges

    host, _, port = settings.smtp.rpartition(":")
    server = SmtpServer(
        host.removeprefix("[").removesuffix("]"),
        int(port),
        settings.tls,
        settings.username,
        settings.password.get_secret_value() if settings.password else "",
        settings.timeout,
    )
    return SmtpClient(server, len(settings.to))


class NotificationService:
    """Sends notices from `start` to `stop`; with nobody to tell it does nothing.

    Args:
        on_failure: called from a thread of its own when the spool fails it.
        enclose: makes the report that a notice stands for.
    """

    def __init__(
        self,
        settings: NotifySettings,
        spool: Spool,
        log: "NotificationLog",
        on_failure: Callable[[], None],
        render_report: "Callable[[Notice], RenderedReport]",
    ) -> None:
        self._timeout = settings.timeout
        self._sender = _sender(settings, spool, log, on_failure, render_report) if settings.to else None

    def start(self) -> None:
        """Begin to send."""
        if self._sender:
            self._sender.start()

    def stop(self, most: float | None = None) -> None:
        """Send what is due, in `timeout` seconds at most, or in `most` where that is less.

        Raises:
            Exception: what ended it before its time, such as a `SpoolError`.
        """
        if self._sender:
            self._sender.stop(self._timeout if most is None else min(most, self._timeout))


def _sender(
    settings: NotifySettings,
    spool: Spool,
    log: "NotificationLog",
    on_failure: Callable[[], None],
    render_report: "Callable[[Notice], RenderedReport]",
) -> "NotificationWorker":
    from bouncehandler.notifications import MailEnvelope, NotificationSettings, NotificationWorker, TextSanitizer  # noqa: PLC0415  # as above

    return NotificationWorker(
        spool,
        build_smtp_client(settings),
        MailEnvelope(
            [plain_address(to) for to in settings.to],
            settings.sender and plain_address(settings.sender),
            socket.getfqdn,
        ),
        NotificationSettings(every=settings.every),
        sanitizer=TextSanitizer(mask_addresses if settings.addresses == "masked" else str),
        log=log,
        clock=time.time,
        monotonic=time.monotonic,
        on_failure=on_failure,
        scheduler=_scheduler(settings, spool),
        render_report=render_report,
    )


def _scheduler(settings: NotifySettings, spool: Spool) -> "ReportScheduler | None":
    from bouncehandler.notifications import ReportSchedule, ReportScheduler  # noqa: PLC0415  # as above

    if settings.report == "off":
        return None
    hour, minute = map(int, settings.report_at.split(":"))
    return ReportScheduler(spool, ReportSchedule(settings.report, hour, minute), time.time)


def plain_address(address: str) -> str:
    """The address alone: the settings let it wear a display name."""
    return parse_address(address) or address
