"""The log of a run: JSON lines that no input can forge, addresses masked, in a file that may be moved away."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.acceptance.bounce_scenarios import others
from tests.acceptance.harness import Event, Program, accounting, bounce
from tests.acceptance.shell import trail
from tests.fakes.server import Answer, wait_until
from tests.fakes.webhook import SECRET, FakeReceiver

FORGED = (
    '\n{"timestamp": "2026-01-01T00:00:00Z", "level": "error", "event": "forged"}\n\x1b[2J\r\u2028\u202e\x9b31m\x07'
)
"""Begins a line of its own, and then does what it can to a terminal."""
FINISHED = {
    "records", "suppressed", "duplicates", "counted", "ignored", "unreadable", "unwanted", "providers", "exit_status",
}  # fmt: skip


def logged(file: Path) -> list[Event]:
    """The lines of a log file, each of which must be one object, with time, level and event in front."""
    events = [json.loads(line) for line in file.read_text(encoding="ascii").splitlines()]
    for event in events:
        assert list(event)[:3] == ["timestamp", "level", "event"]
        assert datetime.fromisoformat(event["timestamp"]).tzinfo == UTC
    return events


def test_each_line_is_one_object(program: Program) -> None:
    """In a pipe the log is JSON, one object a line; so it is in a file, and stderr is then silent."""
    logfile = program.folder / "bounces.log"
    rows = [bounce("jane@example.com"), bounce("no address"), bounce("spam@example.com", "spam-related")]
    finished = program.feed(rows, "--logfile", str(logfile))
    assert (finished.status, finished.stdout, finished.stderr) == (0, "", "")
    assert [event["event"] for event in logged(logfile)] == ["started", "unreadable", "unsubscribed", "finished"]
    assert logfile.stat().st_mode & 0o007 == 0, "a log may name people"
    again = program.feed(rows)
    assert [event["event"] for event in again.events] == ["started", "unreadable", "finished"]
    assert again.sentences == []


@pytest.mark.parametrize("debug", [(), ("--debug",)], ids=["info", "debug"])
def test_input_cannot_forge_a_line(program: Program, debug: tuple[str, ...]) -> None:
    """Whatever stands in a diagnostic, a sender, a category or a job makes no line of its own and no escape."""
    logfile = program.folder / "bounces.log"
    program.configure(trail=trail(program.folder, originators=["*@lists.example"]))
    rows = [
        bounce("jane@example.com", dsnDiag=FORGED, jobId=FORGED, dsnStatus=f"5.1.1 {FORGED}"),
        bounce("joe@example.com", orig=f"{FORGED}@evil.example"),
        bounce("jim@example.com", f"bad{FORGED}"),
        bounce(f"forged{FORGED}@example.com"),
    ]
    finished = program.feed(accounting(rows), "--logfile", str(logfile), *debug)
    assert finished.status == 0, finished.stderr
    text = logfile.read_text()
    assert all(line.isprintable() and line.isascii() for line in text.split("\n"))
    assert "forged" not in [event["event"] for event in logged(logfile)]
    assert all(line.isprintable() for line in finished.stderr.splitlines())
    (last,) = [event for event in logged(logfile) if event["event"] == "finished"]
    assert last["records"] == {"b": 3}
    assert list(last["unwanted"].values()) == [1]
    assert all(sender.endswith("***@evil.example") for sender in last["unwanted"])


def test_provider_cannot_forge_a_line(program: Program) -> None:
    """A provider's answer makes no line of its own either."""
    with FakeReceiver() as receiver:
        receiver.always = Answer(status=500, body=FORGED.encode())
        program.configure(crm={"type": "webhook", "url": receiver.hook, "secret": SECRET})
        finished = program.feed([bounce("jane@example.com")])
    assert finished.status == 75
    assert [event["event"] for event in finished.events] == ["started", "failed_will_retry", "finished"]
    assert all(line.isprintable() for line in finished.stderr.splitlines())
    assert len(finished.stderr.splitlines()) == 4
    (sentence,) = finished.sentences
    assert "HTTP 500" in sentence


@pytest.mark.parametrize("debug", [(), ("--debug",)], ids=["info", "debug"])
def test_addresses_are_masked(program: Program, debug: tuple[str, ...]) -> None:
    """No address of a person is in the log, wherever in a record it stood; the domain stays, to find faults by."""
    notices = "smtp;550 <jane.secret@example.com>: unknown; see https://x.example/?who=jane.secret%40example.com"
    program.configure(trail=trail(program.folder, originators=["other@lists.example"]))
    rows = [
        bounce("jane.secret@example.com", dsnDiag=notices, orig="jane.secret=example.com@verp.example"),
        bounce("jane.secret@example.com", "spam-related", dsnDiag=notices),
        bounce("jane.secret@example.com@example.com"),
    ]
    finished = program.feed(rows, *debug)
    assert finished.status == 0
    assert "jane.secret" not in finished.stderr
    assert "***@verp.example" in finished.stderr


def test_addresses_in_full(program: Program) -> None:
    """`addresses = "plain"` of [log] shows them in full, for those who want that."""
    program.configure({"log": {"addresses": "plain"}}, trail=trail(program.folder))
    finished = program.feed([bounce("jane.secret@example.com")])
    (event,) = finished.logged("unsubscribed")
    assert event["recipient"] == "jane.secret@example.com"


def test_log_file_that_was_moved_away(program: Program) -> None:
    """After logrotate has moved the file, the next line begins a new one; no line is lost."""
    logfile, moved = program.folder / "bounces.log", program.folder / "bounces.log.1"
    with program.start("--logfile", str(logfile)) as running:
        running.write(accounting([bounce("jane@example.com")]))
        wait_until(lambda: logfile.exists() and len(logged(logfile)) == 2)
        logfile.rename(moved)
        running.write(accounting([bounce("joe@example.com")], has_header=False))
        wait_until(lambda: logfile.exists() and len(logged(logfile)) == 1)
        finished = running.finish()
    assert (finished.status, finished.stderr) == (0, "")
    assert [event.get("recipient") for event in logged(moved)] == [None, "j***@example.com"]
    assert [event["event"] for event in logged(logfile)] == ["unsubscribed", "finished"]


def test_log_file_and_debug(program: Program) -> None:
    """With --logfile and --debug both the file and the console get everything, each row and why."""
    logfile = program.folder / "bounces.log"
    rows = [bounce("jane@example.com"), bounce("joe@example.com", "spam-related")]
    finished = program.feed(rows, "--logfile", str(logfile), "--debug")
    assert logged(logfile) == finished.events
    jane, joe = finished.logged("row")
    assert (jane["verdict"], jane["rule"]) == ("suppress", 'policy.bounce.bad-mailbox = "suppress"')
    assert (joe["verdict"], joe["category"]) == ("ignore", "spam-related")
    assert jane["level"] == "debug"


def test_rows_are_counted_and_not_logged(program: Program) -> None:
    """Without --debug no row has a line of its own; `level = "debug"` of [log] is the same as --debug in the pipe."""
    rows = [bounce("jane@example.com"), bounce("joe@example.com", "spam-related")]
    assert program.feed(rows).logged("row") == []
    program.configure({"log": {"level": "debug"}}, trail=trail(program.folder))
    assert len(program.feed(rows).logged("row")) == 2


def test_level(program: Program) -> None:
    """`level = "error"` of [log] leaves what an operator has to mend, and no more."""
    program.configure({"log": {"level": "error"}}, trail=trail(program.folder / "missing"))
    finished = program.feed([bounce("jane@example.com"), bounce("no address")])
    assert [event["event"] for event in finished.events] == ["provider_held"]
    assert len(finished.sentences) == 1


def test_finished(program: Program) -> None:
    """A run ends with one event that counts records, suppressions, and what was not done, by the rule or the reason."""
    program.configure(
        trail=trail(program.folder, originators=["news@lists.example"]),
        away=trail(program.folder / "missing", originators=["news@lists.example"]),
    )
    rows = [
        bounce("jane@example.com"),
        bounce("jane@example.com"),
        bounce("joe@example.com", type="rb"),
        bounce("spam@example.com", "spam-related"),
        bounce("spam@example.com", "spam-related"),
        bounce("full@example.com", "quota-issues"),
        bounce("soft@example.com", dsnStatus="4.2.2 (full)"),
        bounce("site@example.com", "site-special"),
        bounce("other@example.com", orig="someone@else.example"),
        bounce("no address"),
        bounce(""),
        *others(),
    ]
    finished = program.feed(rows)
    event = finished.finished
    assert set(event) >= FINISHED
    assert finished.events[-1] == event
    assert event["records"] == {"b": 8, "rb": 1, "d": 1, "t": 1, "tq": 1, "r": 1, "rs": 1}
    assert (event["suppressed"], event["duplicates"]) == (4, 1)
    assert event["ignored"] == {
        'policy.bounce.spam-related = "ignore"': 2,
        'policy.bounce."*" = "ignore"': 1,
    }
    assert event["counted"] == {
        'policy.bounce.quota-issues = { suppress_after = 3, within = "21d" }': 1,
        'policy.status."4.x.x" = { suppress_after = 3, within = "21d" }': 1,
    }
    assert event["unreadable"] == {"not-an-address": 1, "no-recipient": 1}
    assert event["unwanted"] == {"s***@else.example": 1}
    assert event["providers"]["trail"] == {"done": 2, "waiting": 0, "dead": 0}
    away = event["providers"]["away"]
    assert (away["done"], away["waiting"], away["dead"]) == (0, 2, 0)
    assert "missing/trail.jsonl" in away["why"]
    assert event["exit_status"] == finished.status == 75
    assert "2 dispatches wait for away, which is held" in event["reason"]
    assert event["reason"] in finished.sentences[0]


def test_dead_letters_are_counted(program: Program) -> None:
    """Dead letters of this run are in the numbers, and on a line of their own."""
    with FakeReceiver() as receiver:
        receiver.always = Answer(status=500)
        crm = {"type": "webhook", "url": receiver.hook, "secret": SECRET}
        program.configure({"dispatch": {"schedule": ["1ms"]}}, crm=crm)
        with program.start() as running:
            running.write(accounting([bounce("jane@example.com")]))
            running.wait_for("dead_letter")
            finished = running.finish()
    assert finished.status == 0, finished.stderr
    assert finished.finished["providers"]["crm"] == {"done": 0, "waiting": 0, "dead": 1}
    (lost,) = finished.logged("dead_letter")
    assert (lost["level"], lost["provider"], lost["recipient"]) == (
        "error",
        "crm",
        "j***@example.com",
    )


def test_columns_that_are_missing(program: Program) -> None:
    """A header without the columns that decisions rest on is reported once, with what to write for PowerMTA."""
    finished = program.feed(b"type,rcpt\nb,jane@example.com\nb,joe@example.com\n")
    (event,) = finished.logged("columns_missing")
    assert event["columns"] == ["bounceCat", "orig", "dsnStatus"]
    assert "record-fields" in event["mend"]
