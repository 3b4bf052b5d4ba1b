"""`undo` restores recipients on the lists that were changed, and on no others."""

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


class Installation:
    """An installation with a list manager of each kind, and two subscribers on their lists."""

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
        """Lists and statuses of a recipient at both list managers."""
        return self.mailwizz.status_of(subject), self.interspire.status_of(subject)

    def undo(self, *args: str) -> list[Event]:
        """Output of `undo`; carries out what is due afterwards."""
        finished = self.program.run("undo", *args, "--format", "jsonl")
        assert finished.status == 0, finished.stderr
        self.program.feed([])
        return [json.loads(line) for line in finished.stdout.splitlines()]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Installation]:
    """A fresh one."""
    with ExitStack() as stack:
        yield Installation(Program(tmp_path), stack)


def test_everything_is_as_before(site: Installation) -> None:
    """Each list manager restores the lists that were changed; the receiver of webhooks gets an event."""
    before = site.lists(ANN)
    site.program.feed([bounce(ANN), bounce(BOB)])
    assert site.lists(ANN) != before
    notices = site.undo("--address", ANN.upper())
    assert {(one["recipient"], one["provider"], one["what"]) for one in notices} == {
        (ANN, "news", "restoring"), (ANN, "old", "restoring"), (ANN, "crm", "restoring"),
    }  # fmt: skip
    assert site.lists(ANN) == before
    assert site.lists(BOB) != before
    assert [event["type"] for event in site.receiver.events].count("recipient.restored") == 1
    assert site.undo("--address", ANN) == []
    events = [
        json.loads(line)["event"] for line in site.program.run("explain", ANN, "--format", "jsonl").stdout.splitlines()
    ]
    assert events.count("done: restored") == 3
    assert "undone" in events


def test_a_new_bounce_suppresses_again(site: Installation) -> None:
    """A new bounce suppresses again, however lately the last one was done."""
    site.program.feed([bounce(ANN)])
    site.undo("--domain", "example.net")
    site.program.feed([bounce(ANN, timeQueued="2026-03-09 09:30:00+0000")])
    assert site.lists(ANN)[0] == {NEWS: "unsubscribed", SHOP: "unsubscribed"}


def test_dry_run(site: Installation) -> None:
    """A dry run reports the same, and changes nothing."""
    site.program.feed([bounce(ANN)])
    after = site.lists(ANN)
    assert len(site.undo("--match", "NO SUCH user", "--dry-run")) == 3
    assert site.lists(ANN) == after
    shown = site.program.run("undo", "--category", "bad-mailbox", "--dry-run").stdout
    assert "would be undone: 3 to be restored" in shown


def test_complaints(site: Installation) -> None:
    """Complaints stay, unless forced one by one."""
    site.program.feed([bounce(ANN)])
    site.program.feed([report(ANN)])
    assert {one["what"] for one in site.undo("--all")} == {"kept"}
    assert site.program.run("undo", "--all", "--force").status == 64
    assert site.lists(ANN)[0][NEWS] == "unsubscribed"
    site.undo("--address", ANN, "--force")
    assert site.lists(ANN)[0] == {NEWS: "confirmed", SHOP: "unsubscribed"}


def test_one_provider(site: Installation) -> None:
    """`--provider` undoes there alone."""
    before = site.lists(ANN)
    site.program.feed([bounce(ANN)])
    site.undo("--provider", "news")
    assert site.lists(ANN)[0] == before[0]
    assert site.lists(ANN)[1] != before[1]


def test_nothing_selected(site: Installation) -> None:
    """Undoing everything has to be asked for."""
    finished = site.program.run("undo")
    assert finished.status == 64
    assert "--all" in finished.stderr


def test_the_list_of_suppressions(site: Installation) -> None:
    """Undone suppressions are listed apart."""
    site.program.feed([bounce(ANN), bounce(BOB)])
    site.undo("--address", ANN)
    assert [one["recipient"] for one in site.program.suppressions()] == [BOB]
    assert ANN in site.program.run("suppressions", "--undone").stdout


def test_a_provider_that_is_down(site: Installation) -> None:
    """A restoration waits and is tried again like any other call."""
    site.program.feed([bounce(ANN)])
    site.mailwizz.is_offline = True
    site.undo("--address", ANN)
    assert site.lists(ANN)[0][NEWS] == "unsubscribed"
    site.mailwizz.is_offline = False
    with site.program.start("work") as work:
        work.wait_for("restored")
        work.process.terminate()
        work.wait()
    assert site.lists(ANN)[0][NEWS] == "confirmed"
