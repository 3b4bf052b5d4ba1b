"""`check --send`: a bounce goes the whole way, is distinguished from a real one, and can be taken back."""

import json
import time

import pytest

from bouncehandler.spool.sqlite.store import SqliteSpool
from tests.acceptance.harness import Program
from tests.acceptance.shell import delivered, on_terminal, trail
from tests.fakes.mailwizz import FakeMailWizz
from tests.fakes.server import closed_port


def test_the_whole_way_and_back(program: Program) -> None:
    """The address is unsubscribed at every provider, whatever senders they want; it is plain that it was a test."""
    program.configure(
        {"hold": {"grace": "1h"}},
        trail=trail(program.folder, originators=["*@bounce.example.org"]),
        second=trail(program.folder, originators=["news@example.org"]),
    )
    finished = program.run("check", "--send", "Test@Example.net", "--yes")
    assert finished.status == 0, finished.stdout + finished.stderr
    assert [line[:6] for line in finished.stdout.splitlines()] == ["ok    "] * 4
    assert "provider trail: call: unsubscribed" in finished.stdout
    assert "provider second: call: unsubscribed" in finished.stdout
    assert {one["recipient"] for one in delivered(program)} == {"test@example.net"}
    stored = program.suppressions()
    assert {one["job_id"] for one in stored} == {"bouncehandler-check"}
    assert "a test, made up by" in program.run("explain", "test@example.net").stdout
    undone = program.run("undo", "--address", "test@example.net", "--yes")
    assert undone.status == 0
    assert "2 to be restored" in undone.stdout


def test_a_second_time_is_reported_as_such(program: Program) -> None:
    """A recipient done a moment ago makes no second call: that proves less, and is reported."""
    program.run("check", "--send", "test@example.net", "--yes")
    deadline = time.monotonic() + 30
    again = program.run("check", "--send", "test@example.net", "--yes")
    while again.status == 75 and time.monotonic() < deadline:  # within the same second it is the same bounce
        again = program.run("check", "--send", "test@example.net", "--yes")
    assert again.status == 0
    assert "warn  provider trail: not called again so soon" in again.stdout
    assert len(delivered(program)) == 1


def test_no_recipient_is_unsubscribed_by_mistake(program: Program) -> None:
    """Without --yes and without a terminal, nothing is done; nor for what is no address, nor without a provider."""
    asked = program.run("check", "--send", "test@example.net")
    assert asked.status == 64
    assert "add --yes" in asked.stderr
    assert program.run("check", "--send", "nonsense", "--yes").status == 64
    program.configure()
    none = program.run("check", "--send", "test@example.net", "--yes")
    assert none.status == 78
    assert "no provider is configured" in none.stderr
    assert program.status()["suppressions"] == 0


@pytest.mark.parametrize(("answer", "called"), [(b"n\n", 0), (b"y\n", 1)])
def test_asked_on_a_terminal(program: Program, answer: bytes, called: int) -> None:
    """A person is asked, and the answer counts; stdout has the findings and nothing else."""
    status, output = on_terminal(program, answer, "check", "--json", "--send", "test@example.net")
    assert status == 0
    assert len(delivered(program)) == called
    assert not called or json.loads(output)["exit_status"] == 0


def test_refused_while_a_provider_is_held(program: Program) -> None:
    """A held provider would prove nothing: it is reported with the reason, and 75, and nothing is recorded."""
    spool = SqliteSpool.open(program.spool)
    spool.hold("trail", "HTTP 401", probe_in=300)
    spool.close()
    finished = program.run("check", "--send", "test@example.net", "--yes")
    assert finished.status == 75
    assert "trail is held" in finished.stderr
    assert "HTTP 401" in finished.stderr
    assert program.status()["suppressions"] == 0


def test_a_provider_that_is_down(program: Program) -> None:
    """An unreachable provider is reported with the answer, and 75: the dispatch waits, and is retried."""
    with closed_port() as url:
        program.configure(news={"type": "mailwizz", "url": f"{url}/api", "api_key": "any-key-at-all"})
        finished = program.run("check", "--send", "test@example.net", "--yes")
    assert finished.status == 75
    (line,) = [line for line in finished.stdout.splitlines() if "provider news" in line]
    assert line.startswith("wait  provider news: not done yet")
    assert "call: temporary" in line


def test_a_provider_that_refuses_the_credentials(program: Program) -> None:
    """A provider that is held over it is reported with its reason, and 78: a person has to mend something."""
    with FakeMailWizz() as server:
        program.configure(news={"type": "mailwizz", "url": server.api_url, "api_key": "not-the-right-key"})
        finished = program.run("check", "--send", "test@example.net", "--yes")
    assert finished.status == 78
    (line,) = [line for line in finished.stdout.splitlines() if "provider news" in line]
    assert line.startswith("FAIL  provider news: is held now")
    assert "Invalid API key" in line


def test_a_policy_that_makes_nothing_of_it(program: Program) -> None:
    """A policy that ignores even a bad mailbox is reported with its rule."""
    program.configure({"policy.bounce": {"bad-mailbox": "ignore"}}, trail=trail(program.folder))
    finished = program.run("check", "--send", "test@example.net", "--yes")
    assert finished.status == 78
    assert (
        "FAIL  send: policy makes nothing of a bad-mailbox bounce with status 5.1.1, by policy.bounce.bad-mailbox"
        in (finished.stdout)
    )
    assert delivered(program) == []
