"""Sends notices to the postmaster, as `[notify]` configures it."""

import socket
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from bouncehandler.record import parse_address
from bouncehandler.redaction import mask_addresses
from bouncehandler.settings.mail import NotifySettings
from bouncehandler.spool import Notice, Spool

if TYPE_CHECKING:  # mail libraries take a while to import, and most installations send no notices
    from bouncehandler.notifications.outcome_log import NotificationLog
    from bouncehandler.notifications.report_schedule import RenderedReport, ReportScheduler
    from bouncehandler.notifications.smtp import SmtpClient
    from bouncehandler.notifications.worker import NotificationWorker


def build_smtp_client(settings: NotifySettings) -> "SmtpClient":
    """Build the client of the SMTP server."""
    from bouncehandler.notifications.smtp import SmtpClient  # noqa: PLC0415  # imports are lazy at the edges
    from bouncehandler.notifications.smtp_server import SmtpServer  # noqa: PLC0415  # as above

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
    """Service that sends notices; idle without recipients in `[notify] to`.

    Args:
        on_failure: called from the sender's thread when the spool fails.
        render_report: renders the report of a queued notice.
        stop_limit: seconds that `stop` may take, None for no limit beside `[notify] timeout`; called by `stop`.
    """

    def __init__(  # noqa: PLR0913, PLR0917  # each has its own source
        self,
        settings: NotifySettings,
        spool: Spool,
        log: "NotificationLog",
        on_failure: Callable[[], None],
        render_report: "Callable[[Notice], RenderedReport]",
        stop_limit: Callable[[], float | None],
    ) -> None:
        self._timeout, self._stop_limit = settings.timeout, stop_limit
        self._worker = _build_worker(settings, spool, log, on_failure, render_report) if settings.to else None

    def start(self) -> None:
        """Start sending."""
        if self._worker:
            self._worker.start()

    def stop(self) -> None:
        """Send the due notices, in `[notify] timeout` seconds at most, or within the stop limit where that is less.

        Raises:
            Exception: the error that ended it before its time, such as a `SpoolError`.
        """
        if self._worker:
            limit = self._stop_limit()
            self._worker.stop(self._timeout if limit is None else min(limit, self._timeout))


def _build_worker(
    settings: NotifySettings,
    spool: Spool,
    log: "NotificationLog",
    on_failure: Callable[[], None],
    render_report: "Callable[[Notice], RenderedReport]",
) -> "NotificationWorker":
    from bouncehandler.notifications.message import MailEnvelope  # noqa: PLC0415  # as above
    from bouncehandler.notifications.sanitize import TextSanitizer  # noqa: PLC0415  # as above
    from bouncehandler.notifications.worker import NotificationSettings, NotificationWorker  # noqa: PLC0415  # as above

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
        scheduler=_build_scheduler(settings, spool),
        render_report=render_report,
    )


def _build_scheduler(settings: NotifySettings, spool: Spool) -> "ReportScheduler | None":
    from bouncehandler.notifications.report_schedule import ReportSchedule, ReportScheduler  # noqa: PLC0415  # as above

    if settings.report == "off":
        return None
    hour, minute = map(int, settings.report_at.split(":"))
    return ReportScheduler(spool, ReportSchedule(settings.report, hour, minute), time.time)


def plain_address(address: str) -> str:
    """Address without the display name that the settings permit."""
    return parse_address(address) or address
