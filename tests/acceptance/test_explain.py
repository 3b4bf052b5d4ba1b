"""`explain` lists everything about one person, in order."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.acceptance.harness import Event, Program, bounce
from tests.acceptance.test_complaints import NEWS, Installation, report
from tests.fakes.server import Answer

ANN = "ann@example.net"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Installation]:
    """A fresh installation with a list manager of each kind."""
    with ExitStack() as stack:
        yield Installation(Program(tmp_path), stack)


def explained(program: Program, subject: str) -> list[Event]:
    """Output of `explain --format jsonl`."""
    finished = program.run("explain", subject, "--format", "jsonl")
    assert finished.status == 0, finished.stderr
    return [json.loads(line) for line in finished.stdout.splitlines()]


def test_from_the_first_to_the_last(site: Installation) -> None:
    """The history has record, decision, calls, failure, and the lists that each list manager changed, by time."""
    site.crm.failures = [Answer(503)]
    site.program.configure({"dispatch": {"schedule": ["1ms", "1ms"]}}, crm=site.crm_settings)
    row = {"timeLogged": "2026-03-01 09:30:05+0000", "timeQueued": "2026-03-01 09:30:00+0000"}
    site.program.feed([bounce(ANN, "quota-issues", dsnStatus="5.2.2 (full)", timeLogged="2026-02-01 08:00:00+0000")])
    site.program.feed([bounce(ANN, **row)])
    history = explained(site.program, ANN.upper())
    assert [one["event"] for one in history] == [
        "bounced softly", "bounced", "was suppressed", "call: temporary", "call: unsubscribed", "done: unsubscribed",
    ]  # fmt: skip
    assert [one["at"] for one in history] == sorted(one["at"] for one in history)
    assert history[0]["at"] == "2026-02-01T08:00:00+00:00"
    assert "counts" in history[0]["detail"]
    assert "bad-mailbox 5.1.1 smtp;550 5.1.1 no such user here (from news@lists.example)" in history[1]["detail"]
    assert 'policy.bounce.bad-mailbox = "suppress"; routed to crm' in history[2]["detail"]
    assert "HTTP 503" in history[3]["detail"]
    assert history[4]["provider"] == "crm"


def test_ids_and_the_returned_address(site: Installation) -> None:
    """A complaint by ids is found by the returned address, and by the ids."""
    history = {"header_List_Id": NEWS, "header_X_Mw_Subscriber_Uid": site.ann}
    assert site.reports(report("", **history)).status == 0
    events = explained(site.program, ANN)
    name = f"mailwizz:{NEWS}/{site.ann}"
    assert f"complained as {name}" in [one["event"] for one in events]
    by_provider = {one["provider"]: one for one in events if one["event"] == "done: unsubscribed"}
    assert by_provider.keys() == {"news", "old", "shop", "crm"}
    assert NEWS in by_provider["news"]["detail"]
    assert "complained" in [one["event"] for one in explained(site.program, name)]


def test_what_waits_and_what_was_given_up(site: Installation) -> None:
    """A dispatch that waits stands at the time when it is due; one that was given up has its number of calls."""
    site.crm.always = Answer(500)
    site.program.configure(crm=site.crm_settings)
    site.program.feed([bounce(ANN)])
    assert explained(site.program, ANN)[-1]["event"] == "waits (pending)"
    site.program.configure({"dispatch": {"schedule": ["1ms"]}}, crm=site.crm_settings)
    site.program.feed([bounce("bob@example.net")])
    last = explained(site.program, "bob@example.net")[-1]
    assert (last["event"], last["detail"]) == ("given up", "after 2 calls")


def test_unknown_person(site: Installation) -> None:
    """An unknown person is reported as unknown; in a program's format there is just nothing."""
    finished = site.program.run("explain", "unknown@example.net")
    assert finished.status == 0
    assert finished.stdout == "nothing is known of unknown@example.net: it was neither suppressed nor counted here\n"
    assert explained(site.program, "unknown@example.net") == []
