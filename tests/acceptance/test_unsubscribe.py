"""List-Unsubscribe by mail, as PowerMTA calls it: exit statuses, kept messages, and that none is lost."""

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bouncehandler.record import Subscriber
from bouncehandler.unsubscribe.maildrop_reader import AutoReply, UnsubscribeRequest
from tests.acceptance.harness import LONGEST, MODULE, SCRIPT, Program
from tests.acceptance.unsubscribing import (
    BY_IDS,
    BY_SIGNATURE,
    IDS,
    MAIL,
    PROVIDER,
    SIGNING,
    configure,
    folder_of,
    installation,
    maildrop_messages,
    send,
    signed,
    warm,
)


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """An installation with a domain for ids and one that signs."""
    return installation(tmp_path)


@pytest.mark.parametrize("way", [MODULE, SCRIPT], ids=["module", "script"])
def test_a_request_is_kept(tmp_path: Path, way: tuple[str, ...]) -> None:
    """With 0 the mail is on disk, with ids and with a signed address, and there is no output."""
    program = Program(tmp_path, way)
    configure(program, PROVIDER, BY_IDS, BY_SIGNATURE)
    for to in (IDS, signed("o'hara@example.com")):
        finished = send(program, to=to)
        assert (finished.status, finished.stdout, finished.stderr) == (0, "", "")
    by_ids, by_signature = maildrop_messages(program)
    assert isinstance(by_ids, UnsubscribeRequest)
    assert isinstance(by_signature, UnsubscribeRequest)
    assert by_ids.record.subscriber == Subscriber("mailwizz", "ab123cd456ef7", "gh890ij123kl4", "mn567op890qr1")
    assert (by_ids.record.provider, by_ids.record.sender) == ("news", "jane@example.com")
    assert dict(by_ids.record.headers)["Message-Id"] == "<1@example.com>"
    assert abs((datetime.now(UTC) - by_ids.record.received_at).total_seconds()) < LONGEST
    assert by_signature.record.recipient == "o'hara@example.com"


@pytest.mark.parametrize("sender", ["", "postmaster@outlook.com"])
def test_an_empty_sender_is_normal(program: Program, sender: str) -> None:
    """Without an envelope sender, or with Outlook's, the sender is the person in From."""
    assert send(program, sender=sender).status == 0
    (message,) = maildrop_messages(program)
    assert isinstance(message, UnsubscribeRequest)
    assert message.record.sender == "jane@example.com"


def test_automatic_mail_is_accepted_and_unsubscribes_no_person(program: Program) -> None:
    """A bounce sent to the address gets its 0, so that no bounce answers it, and is an auto-reply."""
    report = b"From: MAILER-DAEMON@mx.example.com\nContent-Type: multipart/report; boundary=x\n\n--x\n"
    assert send(program, report, sender="").status == 0
    (message,) = maildrop_messages(program)
    assert isinstance(message, AutoReply)


@pytest.mark.parametrize(
    "to",
    [
        "gh890ij123kl4.ab123cd456ef7@fbl-unsub.example.com",
        "postmaster@fbl-unsub.example.com",
        "@fbl-unsub.example.com",
        f"{'0' * 16}ffff.jane=example.com@{SIGNING}",
        signed("jane@example.com").replace(".jane=", ".joan="),
        signed("jane@example.com", today=100, valid_for_days=1),
        f"anything@{SIGNING}",
    ],
    ids=["one id short", "postmaster", "empty", "forged", "altered", "expired", "unsigned"],
)
def test_what_is_no_token_is_refused_alike(program: Program, to: str) -> None:
    """A forged, altered or expired token, and one of no shape, are refused with the same words, and leave nothing."""
    finished = send(program, to=to)
    assert (finished.status, finished.stdout, finished.stderr) == (67, "", "bouncehandler: no such address\n")
    assert maildrop_messages(program) == []


@pytest.mark.parametrize("to", ["a.b.c@other.example.com", "", "no address", "x@", "a\nb@c\x1b[31m"])
def test_a_domain_that_is_not_configured_waits(program: Program, to: str) -> None:
    """PowerMTA sends us mail for a domain that we don't know: a slip in a configuration, which must lose nothing."""
    finished = send(program, to=to)
    assert finished.status == 75
    (sentence,) = finished.sentences
    assert "no [[unsubscribe]] of the configuration has that domain" in sentence


@pytest.mark.parametrize(
    "args",
    [
        ("unsubscribe",),
        ("unsubscribe", "--to", IDS),
        ("unsubscribe", "--from", "a@example.com"),
        ("unsubscribe", "--from", "a@example.com", "--to"),
        ("unsubscribe", "--form", "a@example.com", "--to", IDS),
        ("unsubscribe", "--from", "a@example.com", "--to", IDS, "more"),
        ("unsubscribe", "--debug=1", "--from", "a@example.com", "--to", IDS),
        ("--no-dispatch", "unsubscribe", "--from", "a@example.com", "--to", IDS),
        ("--confg=x", "unsubscribe", "--from", "a@example.com", "--to", IDS),
    ],
    ids=" ".join,
)
def test_wrong_usage_waits(program: Program, args: tuple[str, ...]) -> None:
    """A mistake in PowerMTA's command line is reported in one sentence, and loses no request."""
    finished = program.run(*args)
    assert finished.status == 75
    assert len(finished.sentences) == 1
    assert maildrop_messages(program) == []


@pytest.mark.parametrize(
    "args",
    [
        ("--config={config}", "unsubscribe", "--from={sender}", "--to={to}"),
        ("unsubscribe", "--from", "{sender}", "--to", "{to}", "--config", "{config}"),
        ("--debug", "unsubscribe", "--from=x", "--from", "{sender}", "--to", "{to}", "--config={config}"),
        ("unsubscribe", "--config", "{config}", "--from", "{sender}", "--", "--to", "{to}"),
    ],
)
def test_options_in_any_order(program: Program, args: tuple[str, ...]) -> None:
    """Options stand before or after the command, with = or without; the last one holds."""
    words = [arg.format(config=program.config, sender="jane@example.com", to=IDS) for arg in args]
    finished = subprocess.run(
        [*SCRIPT, *words],
        input=MAIL,
        capture_output=True,
        env={"HOME": str(program.folder)},
        timeout=LONGEST,
        check=False,
    )
    if "--" in words:
        assert finished.returncode == 75
        return
    assert finished.returncode == 0, finished.stderr
    (message,) = maildrop_messages(program)
    assert isinstance(message, UnsubscribeRequest)
    assert message.record.sender == "jane@example.com"


@pytest.mark.parametrize("command", ["unsubscribe", "unsubscribe-address"])
def test_help(program: Program, command: str) -> None:
    """Both commands explain themselves."""
    finished = program.run(command, "--help")
    assert (finished.status, finished.stderr) == (0, "")
    assert finished.stdout.startswith(f"Usage: bouncehandler {command}")


def test_each_mail_has_one_line_in_the_log(program: Program) -> None:
    """With --logfile every outcome is one JSON line, with addresses and tokens masked."""
    log = program.folder / "log.jsonl"
    for to in (IDS, "unknown@fbl-unsub.example.com", 'x@un"known.example'):
        send(program, MAIL, "--logfile", str(log), to=to)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [(line["level"], line["event"], line["exit_status"]) for line in lines] == [
        ("info", "unsubscribe_kept", 0),
        ("warning", "unsubscribe_refused", 67),
        ("error", "failed", 75),
    ]
    assert all(datetime.fromisoformat(line["timestamp"]).tzinfo for line in lines)
    assert (lines[0]["from"], lines[0]["to"]) == ("j***@example.com", "g***@fbl-unsub.example.com")
    assert "jane" not in log.read_text()
    assert "gh890" not in log.read_text()
    assert log.stat().st_mode & 0o007 == 0


def test_the_log_obeys_the_configuration(program: Program) -> None:
    """`log.addresses` and `log.level` count here, too, with a kept configuration as without."""
    configure(program, PROVIDER, BY_IDS, '[log]\naddresses = "plain"\nlevel = "warning"\n')
    log = program.folder / "log.jsonl"
    for _ in range(2):
        send(program, MAIL, "--logfile", str(log))
        send(program, MAIL, "--logfile", str(log), to="no\u20ac\U0001f600body@fbl-unsub.example.com")
    lines = [json.loads(line) for line in log.read_text("ascii").splitlines()]
    assert [line["event"] for line in lines] == ["unsubscribe_refused"] * 2
    assert lines[0]["from"] == "jane@example.com"


def test_a_wrong_configuration_is_reported_in_the_log(program: Program) -> None:
    """An error is logged where PowerMTA's operator looks."""
    configure(program, "[unsubscribe]\n")
    log = program.folder / "log.jsonl"
    finished = send(program, MAIL, "--logfile", str(log))
    assert finished.status == 75
    assert "Traceback" not in finished.stderr
    (line,) = map(json.loads, log.read_text().splitlines())
    assert (line["event"], line["exit_status"]) == ("failed", 75)
    assert "unsubscribe" in line["reason"]


@pytest.mark.parametrize(
    "mail", [b"", b"\0" * 100, b"x" * 200_000, b"\r\n\r\n", b"\xff\xfe\n", MAIL + bytes(range(256))]
)
def test_any_bytes_are_a_mail(program: Program, mail: bytes) -> None:
    """No mail, NULs, no line end, no header: it came to a token's address, so it is kept."""
    assert send(program, mail).status == 0
    (message,) = maildrop_messages(program)
    assert isinstance(message, UnsubscribeRequest)
    assert message.record.subscriber.subscriber_id == "gh890ij123kl4"


@pytest.mark.parametrize("is_warm", [True, False], ids=["warm", "cold"])
def test_fifty_megabytes(program: Program, *, is_warm: bool) -> None:
    """A mail of 50 MB is read to its end, and a small message is kept."""
    if is_warm:
        warm(program)
    with program.start("unsubscribe", "--from", "j@example.com", "--to", IDS) as running:
        running.write(MAIL + b"x" * 50_000_000)  # returns only when all of it was read, or the test fails
        assert running.finish().status == 0
    (message,) = maildrop_messages(program)
    assert (folder_of(program) / message.name).stat().st_size < 1000
