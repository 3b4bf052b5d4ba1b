"""The outcome log of notification mails: each change of state once, not each attempt."""

from typing import Protocol

from bouncehandler.notifications.digest import Digest
from bouncehandler.notifications.smtp_errors import Refused, describe_refusals, describe_smtp_error
from bouncehandler.notifications.smtp_server import SmtpServer

_MAX_REASON = 500
"""Characters of an unexpected error that are logged."""


class NotificationLog(Protocol):
    """The part of a structlog logger that is used here."""

    def debug(self, event: str, **values: object) -> object:
        """Log at the level debug."""

    def info(self, event: str, **values: object) -> object:
        """Log at the level info."""

    def warning(self, event: str, **values: object) -> object:
        """Log at the level warning."""


class NotificationLogger:
    """Remembers the last outcome, and logs when it changes."""

    def __init__(self, log: NotificationLog, server: SmtpServer) -> None:
        self._log, self._server = log, server
        self._failure = ""
        """Key of the failure that was logged last; empty while mails are sent."""
        self._refused: frozenset[tuple[str, int]] = frozenset()

    def failed(self, error: Exception) -> None:
        """Log that no mail could be sent."""
        failure = describe_smtp_error(error, self._server)
        if failure.key != self._failure:
            self._failure = failure.key
            self._log.warning("notices_delayed", reason=f"{failure.sentence}; they stay queued, and are retried")

    def report_failed(self, error: Exception) -> None:
        """Log that a report could not be rendered, which is a bug."""
        self._log.warning("report_failed", reason=f"{type(error).__name__}: {error}"[:_MAX_REASON])

    def sent(self, digest: Digest, refused: Refused, *, is_digest: bool) -> None:
        """Log that a mail was accepted, perhaps not for all recipients."""
        log = self._log.info if is_digest else self._log.debug
        log("notices_sent", notices={group.name: group.count for group in digest.groups.values()})
        if self._failure:
            self._failure = ""
            self._log.info("notices_recovered")
        now_refused = frozenset((recipient, code) for recipient, (code, _) in refused.items())
        if now_refused and now_refused != self._refused:
            reasons = describe_refusals(refused, self._server)
            self._log.warning(
                "recipients_refused",
                reason=f"the SMTP server {self._server.name} refuses some of notify.to ({reasons}): the others get it",
            )
        self._refused = now_refused
