"""What is logged of notices: each change for the worse or the better once, not each try."""

from typing import Protocol

from bouncehandler.notifications.digest import Digest
from bouncehandler.notifications.smtp_errors import Refused, explained, refusals
from bouncehandler.notifications.smtp_server import SmtpServer

_LONGEST = 500
"""Characters of what a bug says."""


class NotificationLog(Protocol):
    """The part of a structlog logger that is used here."""

    def debug(self, event: str, **values: object) -> object:
        """Of interest to who looks closely."""
        ...

    def info(self, event: str, **values: object) -> object:
        """Something went as it should."""
        ...

    def warning(self, event: str, **values: object) -> object:
        """Something went wrong and will be tried again."""
        ...


class NotificationLogger:
    """Remembers how things stand, and logs when they change."""

    def __init__(self, log: NotificationLog, server: SmtpServer) -> None:
        self._log, self._server = log, server
        self._trouble = ""
        self._refused: frozenset[tuple[str, int]] = frozenset()

    def failed(self, error: Exception) -> None:
        """Nothing could be sent."""
        trouble = explained(error, self._server)
        if trouble.key != self._trouble:
            self._trouble = trouble.key
            self._log.warning("notices_wait", reason=f"{trouble.sentence}; they are kept, and tried again")

    def report_failed(self, error: Exception) -> None:
        """A report could not be made, which is a bug."""
        self._log.warning("report_failed", reason=f"{type(error).__name__}: {error}"[:_LONGEST])

    def sent(self, digest: Digest, refused: Refused, *, is_digest: bool) -> None:
        """A mail was accepted, maybe not for everybody."""
        say = self._log.info if is_digest else self._log.debug
        say("notices_sent", notices={group.kind: group.count for group in digest.groups.values()})
        if self._trouble:
            self._trouble = ""
            self._log.info("notices_sent_again")
        now_refused = frozenset((who, code) for who, (code, _) in refused.items())
        if now_refused and now_refused != self._refused:
            why = refusals(refused, self._server)
            self._log.warning(
                "recipients_refused",
                reason=f"the SMTP server {self._server.name} refuses some of notify.to ({why}): the others are told",
            )
        self._refused = now_refused
