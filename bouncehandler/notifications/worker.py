"""The notification worker: a thread that claims the queued notices, sends them, and retries failed mails."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from itertools import chain

from bouncehandler.notifications.digest import Digest, build_digest, split_into_mails
from bouncehandler.notifications.message import MailEnvelope, compose, compose_report
from bouncehandler.notifications.outcome_log import NotificationLog, NotificationLogger
from bouncehandler.notifications.report_schedule import RenderedReport, ReportScheduler
from bouncehandler.notifications.sanitize import TextSanitizer
from bouncehandler.notifications.smtp import SmtpClient
from bouncehandler.spool import Notice, NoticeBatch, Spool, SpoolError

_PAGE = 500
"""Notices read in one query."""
_MAX_READ = 120.0
"""Seconds that reading the notices of one digest may take; the rest goes into the next."""


@dataclass(frozen=True, slots=True)
class NotificationSettings:
    """Intervals of the notification worker, in seconds."""

    every: float = 900.0
    """Between two digests; 0: a mail for each notice."""
    linger: float = 1.0
    """Delay of the first notice, so that simultaneous ones become one mail."""
    poll: float = 0.5
    """Between two queries of the spool."""
    waits: tuple[float, ...] = (60.0, 120.0, 240.0, 480.0, 900.0)
    """Between attempts that fail in a row; the last one from then on."""


class NotificationWorker:
    """Sends notices from `start` to `stop`; each stays queued until the SMTP server has accepted its mail.

    Args:
        clock: seconds since the epoch.
        monotonic: seconds of a clock that is never set.
        on_failure: called from the worker's own thread when the spool fails.
        scheduler: enqueues reports; None: reports are off.
        render_report: renders a queued report; None: its notice is sent like any other.
    """

    def __init__(  # noqa: PLR0913  # the parts that a worker connects
        self,
        spool: Spool,
        smtp: SmtpClient,
        envelope: MailEnvelope,
        settings: NotificationSettings,
        *,
        sanitizer: TextSanitizer,
        log: NotificationLog,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
        on_failure: Callable[[], None] = lambda: None,
        scheduler: ReportScheduler | None = None,
        render_report: Callable[[Notice], RenderedReport] | None = None,
    ) -> None:
        self.failure: Exception | None = None
        """The exception that ended the thread: a `SpoolError`, or a bug; None while it runs."""
        self._spool, self._smtp, self._envelope, self._sanitizer = spool, smtp, envelope, sanitizer
        self._settings = settings
        self._clock, self._monotonic, self._on_failure = clock, monotonic, on_failure
        self._scheduler, self._render_report = scheduler, render_report
        self._log = NotificationLogger(log, smtp.server)
        self._lease = 2 * smtp.limit + 2 * _MAX_READ
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="notices", daemon=True)
        self._failed_attempts = 0
        self._sent = 0
        """Mails of the current claim that were sent."""

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, within: float) -> None:
        """Send the due notices, and end within so many seconds, whatever the SMTP server does; the rest stays queued.

        Raises:
            Exception: the `failure` of the thread.
        """
        self._stopping.set()
        self._thread.join(within * 0.9)
        if self._thread.is_alive():
            self._smtp.abort()
            self._thread.join(within * 0.1)
        if self.failure:
            raise self.failure

    def _run(self) -> None:
        try:
            while not self._stopping.wait(self._settings.poll):
                self._send_due(lingers=True)
            while not self._smtp.is_aborted and self._send_due(lingers=False):
                pass
        except Exception as error:  # noqa: BLE001  # kept for the owner, who ends the process over it
            self.failure = error
            self._on_failure()

    def _send_due(self, *, lingers: bool) -> bool:
        """Claim and send the notices that are due; returns whether any mail was sent."""
        if self._scheduler:
            self._scheduler.enqueue_due()
        lease_ends = self._monotonic() + self._lease
        batch = self._spool.claim_notices(every=self._settings.every, lease_for=self._lease)
        if batch is None or (lingers and self._is_postponed(batch)):
            return False
        self._sent = 0
        try:
            self._send(batch, lease_ends)
        except SpoolError:
            raise
        except Exception as error:  # noqa: BLE001  # a failing mail must not end the process; it is logged
            self._retry_later(batch, error)
        return self._sent > 0

    def _is_postponed(self, batch: NoticeBatch) -> bool:
        """Postpone a claim whose first notice is recent, since others may follow; returns whether it was."""
        first = self._spool.notices(batch, after=0, limit=1) if self._settings.every else []
        age = self._clock() - first[0].at if first else -1.0
        if not 0 <= age < self._settings.linger:
            return False
        self._spool.postpone_notices(batch, self._settings.linger - age)
        return True

    def _send(self, batch: NoticeBatch, lease_ends: float) -> None:
        """Send the mails of a claim until its lease ends; each is settled before the next is sent."""
        digests = self._digests(batch)
        first = next(digests, None)
        through = 0 if first else batch.through
        if first:
            with self._smtp.session() as session:
                for digest in chain([first], digests):
                    if self._monotonic() + self._smtp.limit > lease_ends:
                        break
                    refused = session.send(self._compose(digest))
                    through = digest.last
                    self._spool.settle_notices(batch, through=through)
                    self._log.sent(digest, refused, is_digest=self._settings.every > 0)
                    self._sent += 1
                    self._failed_attempts = 0
        if through < batch.through:
            self._spool.postpone_notices(batch, 0.0)

    def _compose(self, digest: Digest) -> EmailMessage:
        """Build the mail of a digest, or of its report; a report that can't be rendered is reported as a notice."""
        now = self._clock()
        if digest.report and self._render_report:
            try:
                return compose_report(self._render_report(digest.report), digest, self._envelope, now)
            except SpoolError:
                raise
            except Exception as error:  # noqa: BLE001  # a failing report must not delay all notices
                self._log.report_failed(error)
        return compose(digest, self._envelope, now)

    def _digests(self, batch: NoticeBatch) -> Iterator[Digest]:
        """Build the digest of each mail."""
        pages = self._pages(batch)
        mails = split_into_mails(pages) if self._settings.every else ([[notice]] for page in pages for notice in page)
        return (digest for mail in mails if (digest := build_digest(mail, self._sanitizer)))

    def _pages(self, batch: NoticeBatch) -> Iterator[list[Notice]]:
        deadline = self._monotonic() + _MAX_READ
        after = 0
        while self._monotonic() < deadline and (page := self._spool.notices(batch, after=after, limit=_PAGE)):
            yield page
            after = page[-1].id

    def _retry_later(self, batch: NoticeBatch, error: Exception) -> None:
        """Give the claim back: at once where this session has sent mails, since a new one may; else after a wait."""
        wait = 0.0
        if not self._sent:
            waits = self._settings.waits
            wait = waits[min(self._failed_attempts, len(waits) - 1)]
            self._failed_attempts += 1
            self._log.failed(error)
        self._spool.postpone_notices(batch, wait)
