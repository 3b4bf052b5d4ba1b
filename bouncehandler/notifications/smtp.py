"""The SMTP client: sessions that connect, log in and send, each within a time limit."""

import smtplib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from email.message import EmailMessage

from bouncehandler.notifications.smtp_errors import Refused
from bouncehandler.notifications.smtp_server import SmtpServer

_TIMEOUTS = 5
"""Time-outs that a connection or a mail may take, besides one for each recipient."""
_MAX_LIMIT = 1200.0
"""Seconds that either may take at most, so that a claim on the notices can outlast it."""

_ConnectionErrors = (smtplib.SMTPException, OSError, ValueError)  # ValueError: a TLS socket that was shut down


class SmtpClient:
    """Opens sessions with one SMTP server, one at a time.

    Args:
        recipients: of a mail, their number.
        tls_context: builds the TLS context of a session.
    """

    def __init__(
        self,
        server: SmtpServer,
        recipients: int = 1,
        tls_context: Callable[[], ssl.SSLContext] = ssl.create_default_context,
    ) -> None:
        self.server = server
        self.limit = min(server.timeout * (_TIMEOUTS + recipients), _MAX_LIMIT)
        """Seconds after which connecting, or sending a mail, is aborted."""
        self._tls_context = tls_context
        self._smtp: smtplib.SMTP | None = None
        self.is_aborted = False
        """Whether `abort` was called, after which no session is opened."""

    @contextmanager
    def session(self) -> Iterator["SmtpSession"]:
        """Open a session that is ready to send.

        Raises:
            smtplib.SMTPException: the server refuses, or lacks, something.
            OSError: the server can't be reached or trusted, or does not answer in time.
        """
        try:
            with self._time_limit():
                smtp = self._connected()
            yield SmtpSession(smtp, self._time_limit)
            with suppress(*_ConnectionErrors), self._time_limit():  # all mails are sent
                smtp.quit()
        finally:
            if self._smtp:
                with suppress(*_ConnectionErrors):
                    self._smtp.close()
            self._smtp = None

    def check(self) -> str:
        """Connect and log in without sending a mail; returns a sentence on the result. Raises as `session` does."""
        server = self.server
        with self.session():
            greeting = {"none": "answers", "starttls": "answers, offers STARTTLS", "tls": "answers over TLS"}[
                server.tls
            ]
            login = f" and accepts the login of {server.username}" if server.username is not None else ""
            return f"the SMTP server {server.name} {greeting}{login}"

    def abort(self) -> None:
        """End the session at once, and open no other; may be called from any thread."""
        self.is_aborted = True
        self._shut_down()

    def _connected(self) -> smtplib.SMTP:
        server = self.server
        self._ensure_not_aborted()
        if server.tls == "tls":
            smtp: smtplib.SMTP = _Tls(self._keep, server, self._tls_context())
        else:
            smtp = _Plain(self._keep, server)
        smtp.ehlo_or_helo_if_needed()
        if server.tls == "starttls":
            smtp.starttls(context=self._tls_context())
        if server.username is not None:
            self._ensure_not_aborted()
            smtp.login(server.username, server.password)
        return smtp

    def _keep(self, smtp: smtplib.SMTP) -> None:
        self._smtp = smtp

    def _ensure_not_aborted(self) -> None:
        if self.is_aborted:
            raise smtplib.SMTPServerDisconnected("aborted")

    @contextmanager
    def _time_limit(self) -> Iterator[None]:
        """Shut the connection down when the limit is reached: a server that answers byte by byte never times out."""
        self._ensure_not_aborted()
        timer = threading.Timer(self.limit, self._shut_down)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _shut_down(self) -> None:
        smtp = self._smtp
        connection = smtp.sock if smtp else None
        if connection:
            with suppress(OSError):
                # Not the TLS socket's own method, which would remove the TLS layer while another thread reads.
                socket.socket.shutdown(connection, socket.SHUT_RDWR)


class _Plain(smtplib.SMTP):
    """A connection that is registered before it connects, so that it can be shut down at any time."""

    def __init__(self, keep: Callable[[smtplib.SMTP], None], server: SmtpServer) -> None:
        keep(self)
        super().__init__(server.host, server.port, timeout=server.timeout)


class _Tls(smtplib.SMTP_SSL):
    """The same with TLS from the beginning."""

    def __init__(self, keep: Callable[[smtplib.SMTP], None], server: SmtpServer, context: ssl.SSLContext) -> None:
        keep(self)
        super().__init__(server.host, server.port, timeout=server.timeout, context=context)


class SmtpSession:
    """An open connection, after the login."""

    def __init__(self, smtp: smtplib.SMTP, time_limit: Callable[[], AbstractContextManager[None]]) -> None:
        self._smtp, self._time_limit = smtp, time_limit

    def send(self, mail: EmailMessage) -> Refused:
        """Send a mail; returns the recipients that the server refused, where it accepted others.

        Raises:
            smtplib.SMTPException: the server refuses the mail, or hangs up.
            OSError: the server does not answer in time.
        """
        with self._time_limit():
            return self._smtp.send_message(mail)
