"""Failures while a List-Unsubscribe mail arrives lose no request: closed streams, full disks, kill -9."""

import os
import resource
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bouncehandler.unsubscribe.maildrop_reader import UnsubscribeRequest
from tests.acceptance.harness import LONGEST, SCRIPT, Program
from tests.acceptance.unsubscribing import (
    IDS,
    MAIL,
    folder_of,
    installation,
    maildrop_messages,
    send,
    warm,
)


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """An installation with a domain for ids and one that signs."""
    return installation(tmp_path)


def _environ(program: Program) -> dict[str, str]:
    """This process's, with the installation's own home."""
    return os.environ | {"HOME": str(program.folder)}


def test_a_closed_stdin_waits(program: Program) -> None:
    """Without standard input there was no mail, and none is acknowledged; nor does its number go to a file of ours."""
    command = [*SCRIPT, "--config", str(program.config), "unsubscribe", "--from", "", "--to", IDS]
    closing = ["sh", "-c", 'exec "$@" <&-', "sh", *command]
    finished = subprocess.run(closing, capture_output=True, env=_environ(program), timeout=LONGEST, check=False)
    assert (finished.returncode, b"standard input" in finished.stderr) == (75, True)
    assert maildrop_messages(program) == []


def test_closed_outputs_change_nothing(program: Program) -> None:
    """With stdout and stderr closed a message is kept as always, and a refusal is one, too."""
    for to, status in ((IDS, 0), ("x@fbl-unsub.example.com", 67)):
        command = [*SCRIPT, "--config", str(program.config), "unsubscribe", "--from", "a@b.example", "--to", to]
        closing = ["sh", "-c", 'exec "$@" >&- 2>&-', "sh", *command]
        assert (
            subprocess.run(closing, input=MAIL, env=_environ(program), timeout=LONGEST, check=False).returncode
            == status
        )
    (message,) = maildrop_messages(program)
    assert isinstance(message, UnsubscribeRequest)


def _without_room() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def test_a_full_disk_waits(program: Program) -> None:
    """A message that can't be written is reported, and no half of it stays."""
    warm(program)
    command = [*SCRIPT, "--config", str(program.config), "unsubscribe", "--from", "a@b.example", "--to", IDS]
    finished = subprocess.run(
        command,
        input=MAIL,
        capture_output=True,
        preexec_fn=_without_room,
        timeout=LONGEST,
        check=False,
        env=_environ(program),
    )
    assert finished.returncode == 75
    assert finished.stderr.decode().startswith(f"bouncehandler: the mail can't be kept in {folder_of(program)} (")
    assert list(folder_of(program).iterdir()) == []


@pytest.mark.parametrize("is_warm", [True, False])
def test_a_maildrop_that_can_not_be_used_waits(program: Program, *, is_warm: bool) -> None:
    """A file in the place of its folder costs no request, and the sentence names it."""
    if is_warm:
        warm(program)
        folder_of(program).rmdir()
    folder_of(program).write_text("")
    finished = send(program)
    assert finished.status == 75
    assert len(finished.sentences) == 1
    folder_of(program).unlink()
    assert send(program).status == 0
    assert len(maildrop_messages(program)) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_waits(program: Program, number: signal.Signals) -> None:
    """A mail without its end is not acknowledged."""
    warm(program)
    with program.start("unsubscribe", "--from", "", "--to", IDS) as running:
        running.write(MAIL * 10_000)  # more than a pipe holds: it is being read
        running.signal(number)
        assert running.wait().status == 75
    assert maildrop_messages(program) == []


def test_a_damaged_installation_waits(tmp_path: Path) -> None:
    """While an upgrade replaces files a module may be missing for a moment: the mail is sent again."""
    broken = tmp_path / "broken" / "bouncehandler" / "cli"
    broken.mkdir(parents=True)
    for name in ("__init__.py", "cli/__init__.py"):
        original = Path(__file__).parents[2] / "bouncehandler" / name
        (broken.parent / name).write_text(original.read_text())
    arguments = ["unsubscribe", "--from", "", "--to", "x"]
    code = f"import sys; sys.argv[1:] = {arguments}; from bouncehandler.cli import entry; entry()"
    finished = subprocess.run(
        [sys.executable, "-c", code],
        input=MAIL,
        capture_output=True,
        cwd=broken.parents[1],
        timeout=LONGEST,
        check=False,
    )
    assert finished.returncode == 75
    assert b"Traceback" not in finished.stderr
    assert b"installation that is not whole" in finished.stderr


def test_64_in_parallel(program: Program) -> None:
    """Of 64 mails, 16 at once, each one is kept, or ends with a status for a retry; here all are kept."""
    warm(program)
    with ThreadPoolExecutor(16) as threads:
        mails = [b"Message-Id: <%d@x>\nFrom: a@example.com\n\n" % number for number in range(64)]
        statuses = list(threads.map(lambda mail: _sent(program, mail), mails))
    assert statuses == [0] * 64
    found = maildrop_messages(program)
    assert {
        dict(message.record.headers)["Message-Id"] for message in found if isinstance(message, UnsubscribeRequest)
    } == {f"<{number}@x>" for number in range(64)}
    assert len(found) == 64


def _sent(program: Program, mail: bytes) -> int:
    """`send`, which counts its runs and so is not for threads."""
    command = [*SCRIPT, "--config", str(program.config), "unsubscribe", "--from", "", "--to", IDS]
    place = program.folder  # as of the mails that warmed it
    return subprocess.run(
        command, input=mail, env=_environ(program), cwd=place, timeout=LONGEST, check=False
    ).returncode


def test_kill_at_any_moment(program: Program) -> None:
    """What was acknowledged is there whole, whenever kill -9 comes; and what was not is there whole or not at all.

    The wait grows with each kill and shrinks with each acknowledgement: however fast the machine is, it goes
    through all that a process does, and then hovers about the moment at which it answers.
    """
    warm(program)
    acknowledged, patience = 0, 0.001
    for _ in range(60):
        with program.start("unsubscribe", "--from", "", "--to", IDS) as running:
            running.write(MAIL)
            running.end_input()
            try:
                running.process.wait(patience)
            except subprocess.TimeoutExpired:
                running.signal(signal.SIGKILL)
            answered = running.wait().status == 0
        acknowledged += answered
        patience *= 0.9 if answered else 1.2
    found = maildrop_messages(program)
    assert all(isinstance(message, UnsubscribeRequest) for message in found)
    assert acknowledged <= len(found)
    assert acknowledged > 0
    assert len(found) < 60, "no kill came in time"


def test_kill_while_the_mail_comes(program: Program) -> None:
    """A process that is killed before the mail's end leaves nothing that could be read."""
    warm(program)
    with program.start("unsubscribe", "--from", "", "--to", IDS) as running:
        running.write(MAIL * 10_000)
        running.signal(signal.SIGKILL)
        running.wait()
    assert maildrop_messages(program) == []
