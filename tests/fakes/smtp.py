"""A real SMTP server on a loopback port, which keeps what it was sent and fails on demand."""

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any, Literal, Self
from weakref import WeakKeyDictionary

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

CERTIFICATE = Path(__file__).parent / "loopback.pem"
"""Self-signed, for 127.0.0.1 and localhost, with its key."""

Stage = Literal["", "GREETING", "EHLO", "MAIL", "RCPT", "DATA"]


@dataclass(frozen=True)
class AcceptedMail:
    """A mail that the server accepted."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes
    connection: int
    """Counted from 1."""

    @property
    def mail(self) -> EmailMessage:
        """The mail, parsed."""
        mail = message_from_bytes(self.raw, policy=default)
        assert isinstance(mail, EmailMessage)
        return mail

    @property
    def subject(self) -> str:
        """The Subject, decoded."""
        return str(self.mail["Subject"])

    def text(self, subtype: Literal["plain", "html"] = "plain") -> str:
        """One of the two forms."""
        part = self.mail.get_body((subtype,))
        assert part is not None
        return str(part.get_content()).replace("\r\n", "\n")


class FakeSmtp:
    """An SMTP server that accepts mail, unless one of its switches decides otherwise.

    Args:
        tls: `starttls` is offered, `tls` is spoken from the first byte.
        login: user and password that every sender must prove.
    """

    def __init__(
        self,
        *,
        tls: Literal["none", "starttls", "tls"] = "none",
        login: tuple[str, str] | None = None,
        knows_utf8: bool = False,
    ) -> None:
        self.taken: list[AcceptedMail] = []
        """Every mail accepted, in the order in which they came."""
        self.tries = 0
        """Mails begun, accepted or not."""
        self.connections = 0
        self.refuses: dict[str, str] = {}
        """By recipient: the answer to RCPT."""
        self.answers: dict[Stage, str] = {}
        """The answer at a stage, `451 try later`, in place of acceptance."""
        self.hangs_at: Stage = ""
        """The point from which it is silent."""
        self.cuts_at: Stage = ""
        """Where it closes the connection."""
        self.accepts_then_cuts = False
        """Whether it accepts a mail, and closes the connection in place of saying so."""
        self.most_per_connection = 0
        """Mails after which it answers 421; 0: any number."""
        self._server = _Controller(self, tls, login, knows_utf8=knows_utf8)
        self.released = asyncio.Event()
        """Ends what hangs."""
        self.open: set[SMTP] = set()
        """Connections."""
        self._server.start()
        self.connections = 0
        self.port = self._server.port

    @property
    def address(self) -> str:
        """`127.0.0.1:PORT`."""
        return f"127.0.0.1:{self.port}"

    @property
    def subjects(self) -> list[str]:
        """Subjects of the accepted mails."""
        return [taken.subject for taken in self.taken]

    def close(self) -> None:
        """Stop listening, and hang up."""
        asyncio.run_coroutine_threadsafe(self._hang_up(), self._server.loop).result(60)
        self._server.stop()

    async def _hang_up(self) -> None:
        self.released.set()
        for server in list(self.open):
            _close(server)
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(0)  # in which the loop lets go of the sockets

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Controller(Controller):
    def __init__(self, fake: FakeSmtp, tls: str, login: tuple[str, str] | None, *, knows_utf8: bool) -> None:
        self._fake = fake
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
        super().__init__(
            _Handler(fake, needs_login=login is not None),
            hostname="127.0.0.1",
            port=0,
            ssl_context=context if tls == "tls" else None,
            tls_context=context if tls == "starttls" else None,
            require_starttls=tls == "starttls",
            auth_require_tls=False,
            authenticator=_authenticator(login),
            auth_exclude_mechanism=() if login else ("PLAIN", "LOGIN"),
            enable_SMTPUTF8=knows_utf8,
        )

    def factory(self) -> SMTP:
        return _Smtp(self._fake, self.handler, **self.SMTP_kwargs)

    def _trigger_server(self) -> None:
        """The first connection, which proves that it listens; at the port that it was given, not the 0 it asked for."""
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]  # the library has no type for it


def _authenticator(login: tuple[str, str] | None) -> Any:  # noqa: ANN401  # the library's callback
    def prove(_: SMTP, __: Session, ___: Envelope, ____: str, proof: LoginPassword) -> AuthResult:
        is_right = login is not None and (proof.login, proof.password) == tuple(part.encode() for part in login)
        return AuthResult(success=is_right, handled=False, message=None if is_right else "535 5.7.8 who are you")

    return prove


class _Smtp(SMTP):
    """Hangs, cuts or refuses as the switches of the fake demand."""

    def __init__(self, fake: FakeSmtp, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  # the library's
        super().__init__(*args, **kwargs)
        self._fake = fake
        self._is_counted = False

    async def _handle_client(self) -> None:
        self._fake.open.add(self)
        try:
            self._fake.connections += not self._is_counted  # STARTTLS begins anew, on the same one
            self._is_counted = True
            if await self._greets():
                await super()._handle_client()
        except asyncio.CancelledError:  # the client has gone
            _close(self)
            raise
        finally:
            self._fake.open.discard(self)

    async def _greets(self) -> bool:
        """Whether the conversation begins as it should."""
        if self._fake.hangs_at == "GREETING":
            await self._fake.released.wait()
        if "GREETING" in self._fake.answers:
            await self.push(self._fake.answers["GREETING"])
        has_trouble = "GREETING" in {self._fake.hangs_at, self._fake.cuts_at, *self._fake.answers}
        if has_trouble:
            _close(self)
        return not has_trouble


class _Handler:
    """Answers of the fake, stage by stage."""

    def __init__(self, fake: FakeSmtp, *, needs_login: bool) -> None:
        self._fake, self._needs_login = fake, needs_login
        self._taken_on: WeakKeyDictionary[SMTP, int] = WeakKeyDictionary()

    async def handle_EHLO(  # noqa: N802  # the library's name
        self, server: SMTP, session: Session, _: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        bad = await self._trouble("EHLO", server)
        return [bad] if bad else responses

    async def handle_MAIL(  # noqa: N802  # the library's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self._fake.tries += 1
        if self._needs_login and not session.authenticated:
            return "530 5.7.0 log in first"
        bad = await self._trouble("MAIL", server)
        if not bad:
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return bad or "250 OK"

    async def handle_RCPT(  # noqa: N802  # the library's name
        self, server: SMTP, _: Session, envelope: Envelope, address: str, __: list[str]
    ) -> str:
        bad = await self._trouble("RCPT", server) or self._fake.refuses.get(address, "")
        if not bad:
            envelope.rcpt_tos.append(address)
        return bad or "250 OK"

    async def handle_DATA(self, server: SMTP, _: Session, envelope: Envelope) -> str:  # noqa: N802  # as above
        bad = await self._trouble("DATA", server)
        if bad:
            return bad
        on_this = self._taken_on[server] = self._taken_on.get(server, 0) + 1
        if self._fake.most_per_connection and on_this > self._fake.most_per_connection:
            return "421 4.7.0 too many mails on this connection"
        assert isinstance(envelope.content, bytes)
        recipients = tuple(envelope.rcpt_tos)
        self._fake.taken.append(
            AcceptedMail(envelope.mail_from or "", recipients, envelope.content, self._fake.connections)
        )
        if self._fake.accepts_then_cuts:
            _close(server)
        return "250 OK"

    async def _trouble(self, stage: Stage, server: SMTP) -> str:
        if self._fake.hangs_at == stage:
            await self._fake.released.wait()
        if self._fake.cuts_at == stage:
            _close(server)
        return self._fake.answers.get(stage, "")


def _close(server: SMTP) -> None:
    if isinstance(server.transport, asyncio.WriteTransport):
        server.transport.abort()


@contextmanager
def closed_smtp_port() -> Iterator[str]:
    """Host and port without a listener."""
    server = FakeSmtp()
    server.close()
    yield server.address
