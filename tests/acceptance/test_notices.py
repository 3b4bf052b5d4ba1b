"""Notices to the postmaster, with the program as a subprocess and a real SMTP server."""

import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bouncehandler.spool import QueuedSuppression
from bouncehandler.spool.sqlite.store import SqliteSpool
from tests.acceptance.harness import Program, bounce
from tests.acceptance.shell import trail
from tests.contract.spool.examples import suppression
from tests.fakes.mailwizz import FakeMailWizz
from tests.fakes.server import wait_until
from tests.fakes.smtp import CERTIFICATE, FakeSmtp, closed_smtp_port

TO = "postmaster@example.com"


@pytest.fixture
def smtp() -> Iterator[FakeSmtp]:
    """An SMTP server."""
    with FakeSmtp() as server:
        yield server


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """An installation."""
    return Program(tmp_path)


def configure(program: Program, smtp: str, **notify: object) -> None:
    """Configure notices through that SMTP server; one provider, which accepts all calls."""
    table = {"to": [TO], "sender": "bh@example.com", "smtp": smtp, "timeout": "60s", **notify}
    program.configure({"notify": table}, trail=trail(program.folder))


def complain(program: Program, count: int, first: int = 0) -> None:
    """Put complaints into the spool, as an ingesting process does."""
    spool = SqliteSpool.open(program.spool, notices=frozenset({"complaint"}))
    people = [suppression(f"user{n}@example.com", reason="complaint") for n in range(first, first + count)]
    spool.record([QueuedSuppression(one, ("trail",), (), (("Subject", "Sale"),)) for one in people])
    spool.close()


def counted(smtp: FakeSmtp) -> list[int]:
    """Return the number of complaints in each mail."""
    found = [re.search(r"([0-9,]+) complaints?", subject) for subject in smtp.subjects]
    return [int(match[1].replace(",", "")) for match in found if match]


def test_off_by_default(program: Program, smtp: FakeSmtp) -> None:
    """Without recipients nothing is queued, and the server is not called."""
    program.configure({"notify": {"smtp": smtp.address}}, trail=trail(program.folder))
    program.feed(b"type,junk\nb,\nb,\n")
    assert program.status()["notices"] == 0
    assert smtp.connections == 0


def test_a_run_sends_what_is_due(program: Program, smtp: FakeSmtp) -> None:
    """At the end of a run the due notices are sent, masked; the rest stays for the next run."""
    configure(program, smtp.address)
    complain(program, 500)
    assert program.feed([bounce("jane@example.com")]).status == 0
    assert counted(smtp) == [500]
    (taken,) = smtp.taken
    assert (taken.sender, taken.recipients) == ("bh@example.com", (TO,))
    assert "1. u***@example.com" in taken.text()
    assert "and 450 more; `bouncehandler suppressions --reason complaint` lists them" in taken.text()
    complain(program, 3, 500)
    assert program.feed([bounce("joe@example.com")]).status == 0
    assert counted(smtp) == [500]
    assert program.status()["notices"] == 3
    assert "3 notices to the postmaster" in program.run("status").stdout


@pytest.mark.parametrize("option", ["--no-dispatch", "--dry-run"])
def test_a_run_that_does_not_dispatch(program: Program, smtp: FakeSmtp, option: str) -> None:
    """Without dispatching nothing is sent either."""
    configure(program, smtp.address)
    complain(program, 2)
    assert program.feed([bounce("jane@example.com")], option).status == 0
    assert smtp.connections == 0
    assert program.status()["notices"] == 2


def test_work_sends(program: Program, smtp: FakeSmtp) -> None:
    """`work` sends what another process queues, as it comes."""
    configure(program, smtp.address, every="each")
    with program.start("work") as running:
        running.wait_for("started")
        complain(program, 3)
        wait_until(lambda: len(smtp.taken) == 3)
        running.signal(signal.SIGTERM)
        assert running.wait().status == 0
    assert smtp.subjects == ["bouncehandler: 1 complaint (u***@example.com)"] * 3


def test_a_provider_held_and_back(program: Program, smtp: FakeSmtp) -> None:
    """A list manager that refuses the credentials is reported with its reason, and so is its recovery."""
    table = {"to": TO, "sender": "bh@example.com", "smtp": smtp.address, "every": "each"}
    with FakeMailWizz() as mailwizz:
        for key in ("not-the-right-key", mailwizz.api_key):
            news = {"type": "mailwizz", "url": mailwizz.api_url, "api_key": key}
            program.configure({"notify": table, "dispatch": {"probe_every": "1s"}}, news=news)
            with program.start("work") as running:
                running.wait_for("started")
                if not smtp.taken:
                    spool = SqliteSpool.open(program.spool)
                    spool.record([QueuedSuppression(suppression("jane@example.com"), ("news",))])
                    spool.close()
                results = len(smtp.taken)
                wait_until(lambda results=results: len(smtp.taken) > results)  # type: ignore[misc]  # a default is no type
                running.signal(signal.SIGTERM)
                running.wait()
    assert smtp.subjects == [
        "bouncehandler: 1 provider held (news is held)",
        "bouncehandler: 1 provider back (news is back)",
    ]
    assert "Invalid API key" in smtp.taken[0].text()


def test_a_dead_smtp_server(program: Program) -> None:
    """A dead SMTP server costs no status, no dispatch and no notice: it is logged."""
    with closed_smtp_port() as address:
        configure(program, address)
        complain(program, 4)
        finished = program.feed([bounce("jane@example.com")])
        assert finished.status == 0
        (event,) = finished.logged("notices_delayed", level="warning")
        assert "can't be reached" in event["reason"]
    assert program.status()["notices"] == 4


@pytest.mark.parametrize("stage", ["GREETING", "DATA"])
def test_a_held_up_smtp_server(program: Program, smtp: FakeSmtp, stage: Any) -> None:  # noqa: ANN401  # a literal
    """An SMTP server that answers nothing delays the end of a run, by its time-out and no more, and blocks no dispatch.

    How long exactly, whatever else the machine does: `tests/unit/runtime/test_shutdown.py`.
    """
    smtp.hangs_at = stage
    configure(program, smtp.address, timeout="2s")
    complain(program, 4)
    finished = program.feed([bounce("jane@example.com")])
    assert finished.status == 0
    assert finished.finished["providers"]["trail"]["waiting"] == 0
    assert program.status()["notices"] == 4


def test_check(program: Program) -> None:
    """`check` tests server, STARTTLS and login without a mail, and describes failures without the password."""
    trusted = {"SSL_CERT_FILE": str(CERTIFICATE)}
    login = {"tls": "starttls", "username": "bh", "password": "hunter2-hunter2"}
    with FakeSmtp(tls="starttls", login=("bh", "hunter2-hunter2")) as smtp:
        configure(program, smtp.address, **login)
        finished = checked(program, **trusted)
        assert f"ok    notify: the SMTP server {smtp.address} answers, offers STARTTLS and accepts the login of bh" in (
            finished
        )
        assert "FAIL  notify: the certificate of the SMTP server" in checked(program)
        configure(program, smtp.address, **login | {"password": "wrong-hunter2"})
        finished = checked(program, **trusted)
        assert "FAIL  notify: the SMTP server" in finished
        assert "refuses the login (535): correct notify.username and notify.password" in finished
        assert "hunter2" not in finished
        assert smtp.tries == 0
    configure(program, smtp.address)
    assert "wait  notify: the SMTP server" in checked(program)


def checked(program: Program, **environ: str) -> str:
    """Return the check of the SMTP server."""
    with program.start("check", environ=environ) as running:
        return running.finish().stdout


def test_a_spool_that_fails(program: Program, smtp: FakeSmtp) -> None:
    """A spool that fails under the notification worker ends the process with 75, as under a dispatcher."""
    configure(program, smtp.address)
    program.run("status")
    with program.start("work") as running:
        running.wait_for("started")
        spool = SqliteSpool.open(program.spool)
        with spool._connection.writing() as raw:  # noqa: SLF001  # nothing but damage makes a spool fail
            raw.execute("DROP TABLE notice_queue")
        spool.close()
        finished = running.wait()
    assert finished.status == 75
    assert "the spool" in finished.sentences[-1]
