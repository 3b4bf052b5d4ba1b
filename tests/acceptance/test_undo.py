"""`undo` takes back what was decided: people are put back on the lists that were changed, and on no others."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.acceptance.harness import Event, Program, bounce
from tests.acceptance.test_complaints import report
from tests.fakes.interspire import FakeInterspire
from tests.fakes.mailwizz import API_KEY, FakeMailWizz
from tests.fakes.webhook import SECRET, FakeReceiver

ANN, BOB = "ann@example.net", "bob@example.org"
NEWS, SHOP = "news00000list", "shop00000list"


class House:
    """An installation with a list manager of each kind, and two people on their lists."""

    def __init__(self, program: Program, stack: ExitStack) -> None:
        self.program = program
        self.mailwizz = stack.enter_context(FakeMailWizz())
        self.interspire = stack.enter_context(FakeInterspire())
        self.receiver = stack.enter_context(FakeReceiver())
        for subject in (ANN, BOB):
            self.mailwizz.subscribe(subject, NEWS)
            self.mailwizz.subscribe(subject, SHOP, "unsubscribed")
            self.interspire.put(subject, "1", "active")
            self.interspire.put(subject, "2", "unsubscribed")
        old = {"url": self.interspire.endpoint, "username": "admin", "token": self.interspire.token}
        program.configure(
            {"dispatch": {"schedule": ["100ms"] * 100}},
            news={"type": "mailwizz", "url": self.mailwizz.api_url, "api_key": API_KEY},
            old={"type": "interspire", **old},
            crm={"type": "webhook", "url": self.receiver.hook, "secret": SECRET},
        )

    def lists(self, subject: str) -> tuple[dict[str, str], dict[str, str]]:
        """What both list managers have of a person."""
        return self.mailwizz.status_of(subject), self.interspire.status_of(subject)

    def undo(self, *args: str) -> list[Event]:
        """Output of `undo`; then whatever is due is carried out."""
        finished = self.program.run("undo", *args, "--format", "jsonl")
        assert finished.status == 0, finished.stderr
        self.program.feed([])
        return [json.loads(line) for line in finished.stdout.splitlines()]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A fresh one."""
    with ExitStack() as stack:
        yield House(Program(tmp_path), stack)


def test_everything_is_as_before(house: House) -> None:
    """Each list manager restores the lists that were changed; the receiver of webhooks gets an event."""
    before = house.lists(ANN)
    house.program.feed([bounce(ANN), bounce(BOB)])
    assert house.lists(ANN) != before
    notices = house.undo("--address", ANN.upper())
    assert {(one["recipient"], one["provider"], one["what"]) for one in notices} == {
        (ANN, "news", "restoring"), (ANN, "old", "restoring"), (ANN, "crm", "restoring"),
    }  # fmt: skip
    assert house.lists(ANN) == before
    assert house.lists(BOB) != before
    assert [event["type"] for event in house.receiver.events].count("recipient.restored") == 1
    assert house.undo("--address", ANN) == []
    events = [
        json.loads(line)["event"] for line in house.program.run("explain", ANN, "--format", "jsonl").stdout.splitlines()
    ]
    assert events.count("done: restored") == 3
    assert "undone" in events


def test_a_new_bounce_suppresses_again(house: House) -> None:
    """However lately it was done before."""
    house.program.feed([bounce(ANN)])
    house.undo("--domain", "example.net")
    house.program.feed([bounce(ANN, timeQueued="2026-03-09 09:30:00+0000")])
    assert house.lists(ANN)[0] == {NEWS: "unsubscribed", SHOP: "unsubscribed"}


def test_dry_run(house: House) -> None:
    """It reports the same, and changes nothing."""
    house.program.feed([bounce(ANN)])
    after = house.lists(ANN)
    assert len(house.undo("--match", "NO SUCH user", "--dry-run")) == 3
    assert house.lists(ANN) == after
    shown = house.program.run("undo", "--category", "bad-mailbox", "--dry-run").stdout
    assert "would be undone: 3 to be restored" in shown


def test_complaints(house: House) -> None:
    """They stay, unless forced one by one."""
    house.program.feed([bounce(ANN)])
    house.program.feed([report(ANN)])
    assert {one["what"] for one in house.undo("--all")} == {"kept"}
    assert house.program.run("undo", "--all", "--force").status == 64
    assert house.lists(ANN)[0][NEWS] == "unsubscribed"
    house.undo("--address", ANN, "--force")
    assert house.lists(ANN)[0] == {NEWS: "confirmed", SHOP: "unsubscribed"}


def test_one_provider(house: House) -> None:
    """`--provider` undoes there alone."""
    before = house.lists(ANN)
    house.program.feed([bounce(ANN)])
    house.undo("--provider", "news")
    assert house.lists(ANN)[0] == before[0]
    assert house.lists(ANN)[1] != before[1]


def test_nothing_selected(house: House) -> None:
    """Everything has to be asked for."""
    finished = house.program.run("undo")
    assert finished.status == 64
    assert "--all" in finished.stderr


def test_the_list_of_suppressions(house: House) -> None:
    """What was undone is no suppression any more, and is listed apart."""
    house.program.feed([bounce(ANN), bounce(BOB)])
    house.undo("--address", ANN)
    assert [one["recipient"] for one in house.program.suppressions()] == [BOB]
    assert ANN in house.program.run("suppressions", "--undone").stdout


def test_a_provider_that_is_down(house: House) -> None:
    """A restoration waits and is tried again like any other call."""
    house.program.feed([bounce(ANN)])
    house.mailwizz.is_offline = True
    house.undo("--address", ANN)
    assert house.lists(ANN)[0][NEWS] == "unsubscribed"
    house.mailwizz.is_offline = False
    with house.program.start("work") as work:
        work.wait_for("restored")
        work.process.terminate()
        work.wait()
    assert house.lists(ANN)[0][NEWS] == "confirmed"
