"""`unsubscribe-address` creates addresses that `unsubscribe` accepts, and neither prints a secret."""

from pathlib import Path

import pytest

from tests.acceptance.harness import Program
from tests.acceptance.unsubscribing import (
    BY_IDS,
    BY_SIGNATURE,
    MAIL,
    PROVIDER,
    SECRET,
    SIGNING,
    configure,
    installation,
    maildrop_messages,
    send,
    signed,
)
from tests.fakes.server import wait_until


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """An installation with a domain for ids and one that signs."""
    return installation(tmp_path)


def test_the_address_command(program: Program) -> None:
    """An address from `unsubscribe-address` is accepted for its recipient."""
    finished = program.run("unsubscribe-address", "Jane@Example.com")
    assert finished.status == 0, finished.stderr
    made = finished.stdout.strip()
    assert made == signed("jane@example.com")
    assert send(program, to=made.upper()).status == 0
    (message,) = maildrop_messages(program)
    assert message.record.recipient == "jane@example.com"  # type: ignore[union-attr]  # it is a request, or this fails


def test_the_address_command_asks_which_domain(program: Program) -> None:
    """With several secrets --domain chooses; a missing one is reported; its days are a duration."""
    second = f'[[unsubscribe]]\ndomain = "two.example.com"\nsecret = "{SECRET[::-1]}"\n'
    configure(program, BY_SIGNATURE, second)
    asked = program.run("unsubscribe-address", "jane@example.com")
    assert asked.status == 64
    assert "two.example.com, unsubscribe.example.com" in asked.stderr
    chosen = program.run(
        "unsubscribe-address", "jane@example.com", "--domain", "Two.example.com", "--valid-for", "1d12h"
    )
    assert chosen.stdout.endswith("@two.example.com\n")
    for args in (("jane", "--domain", "two.example.com"), ("jane@example.com", "--domain", "x.example")):
        assert program.run("unsubscribe-address", *args).status == 64
    unitless = ("--domain", "two.example.com", "--valid-for", "60")
    assert "60d" in program.run("unsubscribe-address", "--help").stdout
    assert program.run("unsubscribe-address", "jane@example.com", *unitless).status == 64
    configure(program, PROVIDER, BY_IDS)
    without = program.run("unsubscribe-address", "jane@example.com")
    assert without.status == 78
    assert "has a secret" in without.stderr


def test_no_secret_is_reported(program: Program) -> None:
    """Neither log nor output ever contains the secret."""
    log = program.folder / "log.jsonl"
    for to in (signed(), f"x@{SIGNING}", "x@y.example"):
        send(program, MAIL, "--debug", "--logfile", str(log), to=to)
    configure(program, BY_SIGNATURE, "pattern = 1\n")
    send(program, MAIL, "--debug", "--logfile", str(log), to=signed())
    wait_until(log.exists)
    output = "".join(path.read_text() for path in (log, *program.folder.glob("run*")))
    assert SECRET not in output
    assert "jane@example.com" not in output
