"""Conversations with the SMTP server: connecting, logging in, sending; none lasts longer than it may."""

import smtplib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from email.message import EmailMessage

from bouncehandler.notifications.smtp_errors import Refused
from bouncehandler.notifications.smtp_server import SmtpServer

__all__ = ["SmtpClient", "SmtpServer", "SmtpSession"]

_ANSWERS = 5
"""Time-outs that a conversation may take, and one more for each recipient: a server may be slow, not endless."""
_LONGEST = 1200.0
"""Seconds that a conversation may take at most, so that a claim on the notices can outlast it."""

_Broken = (smtplib.SMTPException, OSError, ValueError)  # ValueError: a TLS socket that was cut


class SmtpClient:
    """Talks to one SMTP server, one conversation at a time.

    Args:
        recipients: how many there are to a mail.
        tls_context: makes what certificates are verified with.
    """

    def __init__(
        self,
        server: SmtpServer,
        recipients: int = 1,
        tls_context: Callable[[], ssl.SSLContext] = ssl.create_default_context,
    ) -> None:
        self.server = server
        self.limit = min(server.timeout * (_ANSWERS + recipients), _LONGEST)
        """Seconds after which connecting, or sending a mail, is cut off."""
        self._tls_context = tls_context
        self._smtp: smtplib.SMTP | None = None
        self.is_abandoned = False
        """Whether it was told to begin no other conversation."""

    @contextmanager
    def conversation(self) -> Iterator["SmtpSession"]:
        """A connection that is ready to send.

        Raises:
            smtplib.SMTPException: the server refuses, or lacks, something.
            OSError: it can't be reached, or trusted, or does not answer in time.
        """
        try:
            with self._watched():
                smtp = self._connected()
            yield SmtpSession(smtp, self._watched)
            with suppress(*_Broken), self._watched():  # all mails are sent
                smtp.quit()
        finally:
            if self._smtp:
                with suppress(*_Broken):
                    self._smtp.close()
            self._smtp = None

    def check(self) -> str:
        """What the server says when it is asked for everything but to take a mail. Raises as `conversation` does."""
        server = self.server
        with self.conversation():
            talks = {"none": "answers", "starttls": "answers, offers STARTTLS", "tls": "answers over TLS"}[server.tls]
            login = f" and accepts the login of {server.username}" if server.username is not None else ""
            return f"the SMTP server {server.name} {talks}{login}"

    def abandon(self) -> None:
        """End the conversation at once, and begin no other; from any thread."""
        self.is_abandoned = True
        self._cut()

    def _connected(self) -> smtplib.SMTP:
        server = self.server
        self._go_on()
        if server.tls == "tls":
            smtp: smtplib.SMTP = _Tls(self._begin, server, self._tls_context())
        else:
            smtp = _Plain(self._begin, server)
        smtp.ehlo_or_helo_if_needed()
        if server.tls == "starttls":
            smtp.starttls(context=self._tls_context())
        if server.username is not None:
            self._go_on()
            smtp.login(server.username, server.password)
        return smtp

    def _begin(self, smtp: smtplib.SMTP) -> None:
        self._smtp = smtp

    def _go_on(self) -> None:
        if self.is_abandoned:
            raise smtplib.SMTPServerDisconnected("abandoned")

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Within it, the connection is cut when the limit is reached: a server that drips keeps within its time-out."""
        self._go_on()
        timer = threading.Timer(self.limit, self._cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _cut(self) -> None:
        smtp = self._smtp
        connection = smtp.sock if smtp else None
        if connection:
            with suppress(OSError):
                # Not a TLS socket's own method, which would take its layer away from under the thread that reads.
                socket.socket.shutdown(connection, socket.SHUT_RDWR)


class _Plain(smtplib.SMTP):
    """Shows itself before it connects, so that it can be cut from then on."""

    def __init__(self, begin: Callable[[smtplib.SMTP], None], server: SmtpServer) -> None:
        begin(self)
        super().__init__(server.host, server.port, timeout=server.timeout)


class _Tls(smtplib.SMTP_SSL):
    """The same, with TLS from the beginning."""

    def __init__(self, begin: Callable[[smtplib.SMTP], None], server: SmtpServer, context: ssl.SSLContext) -> None:
        begin(self)
        super().__init__(server.host, server.port, timeout=server.timeout, context=context)


class SmtpSession:
    """An open connection."""

    def __init__(self, smtp: smtplib.SMTP, watched: Callable[[], AbstractContextManager[None]]) -> None:
        self._smtp, self._watched = smtp, watched

    def send(self, mail: EmailMessage) -> Refused:
        """Send a mail; returns those recipients that the server refused, where it accepted others.

        Raises:
            smtplib.SMTPException: the server refuses the mail, or hangs up.
            OSError: it does not answer in time.
        """
        with self._watched():
            return self._smtp.send_message(mail)
