"""The thread that sends notices: claims what is due, sends it, and puts off what could not be sent."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from itertools import chain

from bouncehandler.notifications.digest import Digest, apart, gather
from bouncehandler.notifications.message import MailEnvelope, compose, compose_report
from bouncehandler.notifications.outcome_log import NotificationLog, NotificationLogger
from bouncehandler.notifications.report_schedule import RenderedReport, ReportScheduler
from bouncehandler.notifications.sanitize import TextSanitizer
from bouncehandler.notifications.smtp import SmtpClient
from bouncehandler.notifications.smtp_errors import Refused
from bouncehandler.spool import Notice, NoticeBatch, Spool, SpoolError

_PAGE = 500
"""Notices read at once."""
_READING = 120.0
"""Seconds that reading the notices of one digest may take; those left over go into the next."""


@dataclass(frozen=True, slots=True)
class NotificationSettings:
    """How notices are sent; times in seconds."""

    every: float = 900.0
    """Between two digests; 0: a mail for each notice."""
    linger: float = 1.0
    """What the first notice waits for others, so that what happens at once is one mail."""
    poll: float = 0.5
    """Between two looks into the spool."""
    waits: tuple[float, ...] = (60.0, 120.0, 240.0, 480.0, 900.0)
    """Between tries that fail one after the other; the last one from then on."""


class NotificationWorker:
    """Sends notices from `start` to `stop`; whatever the SMTP server does, the notices are kept until it took them.

    Args:
        clock: seconds since the epoch.
        monotonic: seconds of a clock that is never set.
        on_failure: called from the sender's own thread when the spool fails it.
        secretary: queues reports; None: nobody wants any.
        enclose: makes the report that a notice stands for; None: it is told of like any other.
    """

    def __init__(  # noqa: PLR0913  # what a sender connects
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
        """What ended the thread before its time: a `SpoolError`, or a bug."""
        self._spool, self._courier, self._letterhead, self._readable = spool, smtp, envelope, sanitizer
        self._settings = settings
        self._clock, self._monotonic, self._on_failure = clock, monotonic, on_failure
        self._scheduler, self._enclose = scheduler, render_report
        self._journal = NotificationLogger(log, smtp.server)
        self._lease = 2 * smtp.limit + 2 * _READING
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="notices", daemon=True)
        self._failed_tries = 0
        self._sent = 0

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self, within: float) -> None:
        """Send what is due, and end within so many seconds, whatever the SMTP server does; the rest stays queued.

        Raises:
            Exception: what ended the thread before its time.
        """
        self._stopping.set()
        self._thread.join(within * 0.9)
        if self._thread.is_alive():
            self._courier.abandon()
            self._thread.join(within * 0.1)
        if self.failure:
            raise self.failure

    def _keep(self) -> None:
        """What the thread does."""
        try:
            while not self._stopping.wait(self._settings.poll):
                self._round(lingers=True)
            while not self._courier.is_abandoned and self._round(lingers=False):
                pass
        except Exception as error:  # noqa: BLE001  # kept for the owner, who ends the process over it
            self.failure = error
            self._on_failure()

    def _round(self, *, lingers: bool) -> bool:
        """Send what is due; returns whether something was sent."""
        if self._scheduler:
            self._scheduler.look()
        lease_ends = self._monotonic() + self._lease
        post = self._spool.claim_notices(every=self._settings.every, lease_for=self._lease)
        if post is None or (lingers and self._is_gathering(post)):
            return False
        self._sent = 0
        try:
            self._deliver(post, lease_ends)
        except SpoolError:
            raise
        except Exception as error:  # noqa: BLE001  # a mail must not end what it is about; it is logged
            self._put_off(post, error)
        return self._sent > 0

    def _is_gathering(self, post: NoticeBatch) -> bool:
        """Whether the claim was given back, since more may come in a moment."""
        first = self._spool.notices(post, after=0, limit=1) if self._settings.every else []
        age = self._clock() - first[0].at if first else -1.0
        if not 0 <= age < self._settings.linger:
            return False
        self._spool.postpone_notices(post, self._settings.linger - age)
        return True

    def _deliver(self, post: NoticeBatch, lease_ends: float) -> None:
        """Send the mails of a claim while it lasts; each is settled before the next is sent."""
        digests = self._digests(post)
        first = next(digests, None)
        upto = 0 if first else post.through
        if first:
            with self._courier.conversation() as conversation:
                for digest in chain([first], digests):
                    if self._monotonic() + self._courier.limit > lease_ends:
                        break
                    refused = conversation.send(self._composed(digest))
                    upto = digest.last
                    self._spool.settle_notices(post, through=upto)
                    self._succeeded(digest, refused)
        if upto < post.through:
            self._spool.postpone_notices(post, 0.0)

    def _composed(self, digest: Digest) -> EmailMessage:
        """The mail for a digest, or with the report that it stands for; one that can't be made is only told of."""
        now = self._clock()
        if digest.report and self._enclose:
            try:
                return compose_report(self._enclose(digest.report), digest, self._letterhead, now)
            except SpoolError:
                raise
            except Exception as error:  # noqa: BLE001  # what only a report can cause must not keep all notices back
                self._journal.report_failed(error)
        return compose(digest, self._letterhead, now)

    def _digests(self, post: NoticeBatch) -> Iterator[Digest]:
        """What each mail tells."""
        pages = self._pages(post)
        groups = apart(pages) if self._settings.every else ([[notice]] for page in pages for notice in page)
        return (digest for group in groups if (digest := gather(group, self._readable)))

    def _pages(self, post: NoticeBatch) -> Iterator[list[Notice]]:
        deadline = self._monotonic() + _READING
        after = 0
        while self._monotonic() < deadline and (page := self._spool.notices(post, after=after, limit=_PAGE)):
            yield page
            after = page[-1].id

    def _succeeded(self, digest: Digest, refused: Refused) -> None:
        self._journal.sent(digest, refused, is_digest=self._settings.every > 0)
        self._sent += 1
        self._failed_tries = 0

    def _put_off(self, post: NoticeBatch, error: Exception) -> None:
        """Give the claim back: for the next connection, where this one carried mails; else for a while."""
        wait = 0.0
        if not self._sent:
            waits = self._settings.waits
            wait = waits[min(self._failed_tries, len(waits) - 1)]
            self._failed_tries += 1
            self._journal.failed(error)
        self._spool.postpone_notices(post, wait)
