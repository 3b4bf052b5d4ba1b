"""Failures of the SMTP server and their descriptions: refusals, time-outs, TLS, logins; no secret in any of them."""

import smtplib
import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from bouncehandler.notifications.smtp import SmtpClient
from bouncehandler.notifications.smtp_errors import describe_smtp_error
from bouncehandler.notifications.smtp_server import SmtpServer
from bouncehandler.runtime.notifier import build_smtp_client
from bouncehandler.settings.mail import NotifySettings
from tests.fakes.raw import RawServer
from tests.fakes.server import PATIENCE, wait_until
from tests.fakes.smtp import FakeSmtp, closed_smtp_port
from tests.unit.notifications.sending import Bench, server_at, trusting

PASSWORD = "hunter2-hunter2"


def logged_reason(folder: Path, server: SmtpServer, **bench: Any) -> str:  # noqa: ANN401  # whatever the bench takes
    """Return the logged reason of a notice that can't be sent: once for three attempts; it stays queued."""
    with Bench(folder, server, **bench) as there:
        there.enqueue_notice(2)
        there.start()
        wait_until(lambda: len(there.spool.waits) >= 3)
        assert there.spool.status().notices == 2
        (reason,) = there.log.reasons()
        assert not there.failures
    assert reason.endswith("they stay queued, and are retried")
    assert reason.isprintable()
    return reason


def port_of(raw: RawServer) -> int:
    """Port of the server."""
    return int(raw.url.rstrip("/").rpartition(":")[2])


@pytest.mark.parametrize(
    ("stage", "answer", "message"),
    [
        ("GREETING", "554 5.3.2 go away", "takes no mail (554 5.3.2 go away)"),
        ("MAIL", "451 4.7.1 later", "takes no mail (451 4.7.1 later)"),
        ("MAIL", "550 5.7.1 not you", "refuses the sender (550 5.7.1 not you): set notify.sender"),
        ("RCPT", "550 5.1.1 no such user", "postmaster@example.com: 550 5.1.1 no such user): correct notify.to"),
        ("RCPT", "450 4.2.0 greylisted", "postmaster@example.com: 450 4.2.0 greylisted): see its log"),
        ("DATA", "452 4.3.1 disk full", "takes no mail (452 4.3.1 disk full)"),
        ("DATA", "554 5.7.1 {spam} %s", "takes no mail (554 5.7.1 {spam} %s)"),
        ("DATA", "421 4.3.2 shutting down", "takes no mail (421 4.3.2 shutting down)"),
    ],
)
def test_refusals(tmp_path: Path, smtp: FakeSmtp, stage: str, answer: str, message: str) -> None:
    """A refusal at any stage is quoted with a remedy; then the notice is sent."""
    smtp.answers[stage] = answer  # type: ignore[index]  # one of the stages
    reason = logged_reason(tmp_path, server_at(smtp.port))
    assert f"the SMTP server 127.0.0.1:{smtp.port}" in reason
    assert message in reason
    smtp.answers.clear()
    with Bench(tmp_path, server_at(smtp.port)) as bench:
        bench.clock.now += 24 * 3600
        bench.pass_once()
    assert len(smtp.taken) == 1


@pytest.mark.parametrize("stage", ["GREETING", "EHLO", "MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("how", ["hangs_at", "cuts_at"])
def test_silence(tmp_path: Path, smtp: FakeSmtp, how: str, stage: str) -> None:
    """A server that stops answering, or hangs up, at any stage, gets its time-out and no more."""
    setattr(smtp, how, stage)
    reason = logged_reason(tmp_path, server_at(smtp.port, timeout=0.1))
    assert "hung up, or did not answer within 0.1 seconds" in reason


def test_no_server(tmp_path: Path) -> None:
    """A closed port is reported."""
    with closed_smtp_port() as address:
        reason = logged_reason(tmp_path, server_at(int(address.rpartition(":")[2])))
    assert "can't be reached (Connection refused): does it run, is notify.smtp right?" in reason


@pytest.mark.parametrize("host", ["nowhere.invalid", "a..b", "x" * 300])
def test_no_such_host(host: str) -> None:
    """An unknown or invalid host is reported."""
    client = SmtpClient(SmtpServer(host, 25, timeout=1))
    with pytest.raises((OSError, ValueError)) as raised:
        client.check()
    assert "is notify.smtp right?" in describe_smtp_error(raised.value, client.server).sentence


def test_noise(tmp_path: Path) -> None:
    """A server of another protocol, or one that sends control characters, is reported."""

    def talk(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 400 \x1b[2J\xff\0\r\n\r\n")

    with RawServer(talk) as raw:
        reason = logged_reason(tmp_path, server_at(port_of(raw), timeout=1.0))
    assert "the SMTP server" in reason


@pytest.mark.parametrize("line", [b"220-still greeting\r\n", b"2"])
def test_dripping(line: bytes) -> None:
    """A server that keeps within each time-out, and yet never comes to an end, is cut off."""
    is_over, has_ended = threading.Event(), threading.Event()

    def talk(connection: socket.socket) -> None:
        for _ in range(3000):  # far longer than it may take; not for ever
            if is_over.wait(0.02):
                return
            connection.sendall(line)
        has_ended.set()

    with RawServer(talk) as raw:
        server = server_at(port_of(raw), timeout=0.1)
        with pytest.raises(smtplib.SMTPException) as raised:
            SmtpClient(server).check()
        is_over.set()
        assert not has_ended.is_set(), "it was the server that came to an end"
    assert "the SMTP server 127.0.0.1" in describe_smtp_error(raised.value, server).sentence


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_tls_and_login(tmp_path: Path, tls: Any) -> None:  # noqa: ANN401  # one of the three
    """Over TLS of either kind, with a certificate that can be verified and a login, mail goes out."""
    with (
        FakeSmtp(tls=tls, login=("bh", PASSWORD)) as smtp,
        Bench(tmp_path, server_at(smtp.port, tls=tls, username="bh", password=PASSWORD)) as bench,
    ):
        bench.enqueue_notice()
        bench.pass_once()
        assert len(smtp.taken) == 1


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_untrusted_certificate(tls: Any) -> None:  # noqa: ANN401  # one of the three
    """A certificate of an unknown authority is rejected, and no login is sent."""
    with FakeSmtp(tls=tls, login=("bh", PASSWORD)) as smtp:
        server = server_at(smtp.port, tls=tls, username="bh", password=PASSWORD)
        with pytest.raises(OSError, match="certificate verify failed") as raised:
            SmtpClient(server).check()
        found = describe_smtp_error(raised.value, server)
        assert "is not to be trusted (self-signed certificate)" in found.sentence
        assert found.is_permanent


def test_wrong_name() -> None:
    """A certificate for another name is rejected, whatever its authority."""
    with RawServer(lambda _: None, host="127.0.0.2", tls=True) as raw:
        server = SmtpServer("127.0.0.2", port_of(raw), "tls", timeout=PATIENCE)
        with pytest.raises(OSError, match="certificate verify failed: IP address mismatch"):
            SmtpClient(server, 1, trusting).check()


def test_wrong_kind_of_tls(tmp_path: Path, smtp: FakeSmtp) -> None:
    """TLS at a port for plain SMTP, and missing STARTTLS, are reported."""
    reason = logged_reason(tmp_path, server_at(smtp.port, tls="starttls"))
    assert "offers no STARTTLS" in reason
    server = server_at(smtp.port, tls="tls")
    with pytest.raises(OSError, match="SSL") as raised:
        SmtpClient(server).check()
    assert "can't agree on TLS" in describe_smtp_error(raised.value, server).sentence


@pytest.mark.parametrize(("user", "password"), [("bh", "wrong-" + PASSWORD), ("other", PASSWORD), ("bh", "")])
def test_wrong_login(tmp_path: Path, user: str, password: str) -> None:
    """A refused login is reported, with no part of it but the user name."""
    with FakeSmtp(tls="starttls", login=("bh", PASSWORD)) as smtp:
        server = server_at(smtp.port, tls="starttls", username=user, password=password)
        reason = logged_reason(tmp_path, server)
    assert "refuses the login (535): correct notify.username and notify.password" in reason
    assert "hunter2" not in reason
    assert "hunter2" not in repr(server)


def test_no_login_offered(tmp_path: Path, smtp: FakeSmtp) -> None:
    """A login at a server without logins is reported as a mistake."""
    reason = logged_reason(tmp_path, server_at(smtp.port, username="bh", password=PASSWORD))
    assert "can't be used (No suitable authentication method found.): does notify fit it?" in reason


def test_a_server_that_repeats_the_password(tmp_path: Path) -> None:
    """A password is in no sentence, even when the server's answer repeats it."""
    with FakeSmtp(tls="starttls", login=("bh", PASSWORD)) as smtp:
        smtp.answers["MAIL"] = f"451 {PASSWORD} AGJoAGh1bnRlcjItaHVudGVyMg== aHVudGVyMi1odW50ZXIy"
        server = server_at(smtp.port, tls="starttls", username="bh", password=PASSWORD)
        reason = logged_reason(tmp_path, server)
    assert "451 *** *** ***" in reason


def test_internationalised_recipients(tmp_path: Path, smtp: FakeSmtp) -> None:
    """Mail for an internationalised address goes to servers that support it (RFC 6531); others are reported."""
    to = ("j\u00f6rg@example.com",)
    assert "takes no internationalised addresses" in logged_reason(tmp_path, server_at(smtp.port), to=to)
    with FakeSmtp(knows_utf8=True) as modern, Bench(tmp_path, server_at(modern.port), to=to) as bench:
        bench.clock.now += 24 * 3600
        bench.pass_once()
        assert [taken.recipients for taken in modern.taken] == [to]


@pytest.mark.parametrize(
    ("smtp", "host", "port", "name"),
    [
        ("localhost:25", "localhost", 25, "localhost:25"),
        ("[::1]:587", "::1", 587, "[::1]:587"),
        ("192.0.2.1:465", "192.0.2.1", 465, "192.0.2.1:465"),
    ],
)
def test_settings(smtp: str, host: str, port: int, name: str) -> None:
    """Host and port come apart, an IPv6 address out of its brackets."""
    server = build_smtp_client(NotifySettings(smtp=smtp, to=["a@example.com"])).server
    assert (server.host, server.port, server.name) == (host, port, name)
    assert (server.tls, server.username, server.password, server.timeout) == ("none", None, "", 30.0)


def test_ipv6() -> None:
    """A server at an IPv6 address is reached."""
    has_ended = threading.Event()

    def talk(connection: socket.socket) -> None:
        with connection:
            connection.sendall(b"220 hello\r\n")
            while connection.recv(1000):
                connection.sendall(b"250 fine\r\n")
        has_ended.set()

    listening = socket.create_server(("::1", 0), family=socket.AF_INET6)
    with listening:
        thread = threading.Thread(target=lambda: talk(listening.accept()[0]), daemon=True)
        thread.start()
        client = build_smtp_client(NotifySettings(smtp=f"[::1]:{listening.getsockname()[1]}", to=["a@example.com"]))
        assert client.check() == f"the SMTP server {client.server.name} answers"
        assert has_ended.wait(PATIENCE)
        thread.join(PATIENCE)


@pytest.mark.parametrize(
    ("tls", "username", "message"),
    [
        ("none", None, "answers"),
        ("starttls", None, "answers, offers STARTTLS"),
        ("tls", None, "answers over TLS"),
        ("starttls", "bh", "answers, offers STARTTLS and accepts the login of bh"),
    ],
)
def test_check(tls: Any, username: str | None, message: str) -> None:  # noqa: ANN401  # one of the three
    """A check reports its result, and sends nothing."""
    login = ("bh", PASSWORD) if username else None
    with FakeSmtp(tls=tls, login=login) as smtp:
        server = server_at(smtp.port, tls=tls, username=username, password=PASSWORD if username else "")
        assert SmtpClient(server, 1, trusting).check() == f"the SMTP server {server.name} {message}"
        assert smtp.tries == 0
