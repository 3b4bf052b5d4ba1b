"""What holds for every provider: counts, routing, exit statuses, dead letters, secrets and masked addresses."""

import json
import signal
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.acceptance.bounce_scenarios import (
    AWKWARD,
    COUNTING,
    IGNORED,
    SUPPRESSED,
    SUPPRESSING,
    others,
    rows,
)
from tests.acceptance.harness import LONGEST, SCRIPT, Event, Program, accounting, bounce
from tests.acceptance.transient_failures import JANE
from tests.fakes.interspire import FakeInterspire
from tests.fakes.mailwizz import API_KEY, FakeMailWizz
from tests.fakes.server import Answer, FakeServer
from tests.fakes.webhook import SECRET, FakeReceiver


def _webhook(server: FakeServer, **others: object) -> Event:
    return {"type": "webhook", "url": f"{server.url}/hooks/email", "secret": SECRET, **others}


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """An installation without providers."""
    return Program(tmp_path)


# What is reported of a run


def test_a_run_ends_with_its_numbers(program: Program) -> None:
    """One event `finished`: records by type, suppressed, counted, ignored by rule, duplicates, unreadable by reason."""
    data = accounting([*rows(), *others(), bounce(JANE), bounce(JANE)]) + b"x,y\nb,no,cells\n"
    finished = program.feed(data)
    numbers = finished.finished
    assert finished.status == 0, finished.stderr
    assert numbers["records"] == {"b": len(rows()) + 2, **dict.fromkeys(["d", "t", "tq", "r", "rs"], 1)}
    assert (numbers["suppressed"], numbers["duplicates"]) == (len(SUPPRESSED) + 2, 1)
    assert sum(numbers["unreadable"].values()) == 2
    ignored, counted = numbers["ignored"], numbers["counted"]
    assert sum(counted.values()) == len(COUNTING) + 1
    assert sum(ignored.values()) == len(IGNORED) + 2 + 2
    for category in COUNTING + IGNORED:
        assert any(f"policy.bounce.{category}" in rule for rule in (counted if category in COUNTING else ignored))
    assert sum(count for rule, count in ignored.items() if 'policy.bounce."*"' in rule) == 2
    assert any(rule.startswith('policy.status."4.x.x"') for rule in counted)
    assert any(rule.startswith('policy.status."5.7.x"') for rule in ignored)
    assert any("suppression_list_hit" in rule for rule in ignored)


def test_suppressions_can_be_listed_with_their_evidence(program: Program) -> None:
    """Without a provider suppressions are recorded all the same, each with reason, evidence and rule."""
    assert program.feed([*rows(), bounce(JANE, jobId="spring", orig="News@Lists.Example")]).status == 0
    listed = {suppression["recipient"]: suppression for suppression in program.suppressions()}
    assert set(listed) == {*SUPPRESSED, JANE}
    assert listed[JANE].keys() >= {"recipient", "reason", "category", "status", "originator", "job_id", "occurred_at"}
    assert (listed[JANE]["category"], listed[JANE]["status"], listed[JANE]["job_id"]) == (
        "bad-mailbox",
        "5.1.1",
        "spring",
    )
    assert listed[JANE]["originator"] == "News@Lists.Example"
    assert listed[JANE]["occurred_at"].startswith("2026-03-01T09:30:0")
    assert {s["category"] for s in listed.values()} == set(SUPPRESSING)
    assert all(s["rule"].startswith("policy.bounce.") for s in listed.values())


def test_the_console_script_is_the_same_program(tmp_path: Path) -> None:
    """`bouncehandler` does what `python -m bouncehandler` does."""
    with FakeReceiver() as receiver:
        program = Program(tmp_path, SCRIPT)
        program.configure(None, crm=_webhook(receiver))
        assert program.feed([bounce(JANE)]).status == 0
        assert receiver.recipients == [JANE]


def test_stdout_is_silent(program: Program) -> None:
    """Nothing is written to stdout, which in PowerMTA's pipe has no reader."""
    assert program.feed(rows(), "--debug").stdout == ""


# Routing


def test_originators_choose_the_providers(program: Program) -> None:
    """Whole addresses and `*` patterns match envelope senders, VERP among them, whatever their case; none wants all."""
    wanted = {
        "exact": ["news@lists.example"],
        "verp": ["bounce-*@verp.example", "*@Sub.Verp.Example"],
        "everything": [],
    }
    senders = {
        "a@example.com": "News@LISTS.example",
        "b@example.com": "bounce-4711-b=example.com@verp.example",
        "c@example.com": "x@sub.verp.example",
        "d@example.com": "<news@lists.example>",
        "e@example.com": "",
        "f@example.com": "newsXlists.example@evil.example",
    }
    with ExitStack() as stack:
        receivers = {name: stack.enter_context(FakeReceiver()) for name in wanted}
        program.configure(None, **{n: _webhook(r, originators=wanted[n]) for n, r in receivers.items()})
        assert program.feed([bounce(recipient, orig=orig) for recipient, orig in senders.items()]).status == 0
        assert {name: "".join(sorted(r[0] for r in receiver.recipients)) for name, receiver in receivers.items()} == {
            "exact": "ad",
            "verp": "bc",
            "everything": "abcdef",
        }


def test_a_bounce_that_no_provider_wants_is_reported_as_that(program: Program) -> None:
    """It is recorded, counted by its sender, dispatched to no provider, and no reason to try again."""
    with FakeReceiver() as receiver:
        program.configure({"log": {"addresses": "plain"}}, crm=_webhook(receiver, originators=["news@lists.example"]))
        stray = [bounce(f"r{number}@example.com", orig="stray@elsewhere.example") for number in range(3)]
        finished = program.feed([*stray, bounce(JANE)])
        assert (finished.status, finished.finished["unwanted"]) == (0, {"stray@elsewhere.example": 3})
        assert finished.finished["suppressed"] == 4
        assert receiver.recipients == [JANE]
        assert len(program.suppressions()) == 4


def test_a_list_goes_to_every_type_of_provider(program: Program) -> None:
    """A plain list is unsubscribed everywhere, whatever the originators."""
    with FakeMailWizz() as mailwizz, FakeInterspire() as interspire, FakeReceiver() as receiver:
        for recipient in AWKWARD:
            mailwizz.subscribe(recipient, "news")
            interspire.subscribe(recipient, "1")
        common = {"originators": ["other@elsewhere.example"]}
        program.configure(
            None,
            news={"type": "mailwizz", "url": mailwizz.api_url, "api_key": API_KEY, **common},
            shop={
                "type": "interspire",
                "url": interspire.endpoint,
                "username": interspire.username,
                "token": interspire.token,
                **common,
            },
            crm=_webhook(receiver, **common),
            archive={"type": "file", "path": str(program.folder / "archive.jsonl"), **common},
        )
        finished = program.feed("\n".join(["email", *AWKWARD, ""]).encode())
        assert finished.status == 0, finished.stderr
        assert [mailwizz.status_of(r) for r in AWKWARD] == [{"news": "unsubscribed"}] * len(AWKWARD)
        assert [interspire.status_of(r) for r in AWKWARD] == [{"1": "unsubscribed"}] * len(AWKWARD)
        assert sorted(receiver.recipients) == sorted(AWKWARD)
        written = (program.folder / "archive.jsonl").read_text().splitlines()
        assert sorted(json.loads(line)["recipient"] for line in written) == sorted(AWKWARD)


def test_a_recipient_who_bounces_twice_is_unsubscribed_once(program: Program) -> None:
    """Two bounces of one recipient in one file are two suppressions and one unsubscription."""
    with FakeMailWizz() as server:
        server.subscribe(JANE, "news")
        program.configure(None, news={"type": "mailwizz", "url": server.api_url, "api_key": API_KEY})
        again = bounce(JANE.upper(), timeQueued="2026-03-01 10:30:00+0000", jobId="another")
        finished = program.feed([bounce(JANE, jobId="one"), again])
        assert finished.status == 0, finished.stderr
        assert [request.method for request in server.requests] == ["GET", "PUT"]
        assert len(program.suppressions()) == 2
        assert program.status()["providers"]["news"]["pending"] == 0


def test_a_silent_provider_delays_no_other(program: Program) -> None:
    """While one provider lets every call hang, another gets all; a stop then leaves the first's queue."""
    recipients = {f"r{number}@example.com" for number in range(30)}
    with FakeReceiver() as silent, FakeReceiver() as well:
        silent.always = Answer(delay=10 * LONGEST)
        program.configure({"dispatch": {"grace": "100ms"}}, silent=_webhook(silent), well=_webhook(well))
        with program.start() as running:
            running.write(accounting(map(bounce, recipients)))
            running.wait_for("unsubscribed", len(recipients))
            assert set(well.recipients) == recipients
            assert silent.events == []
            running.signal(signal.SIGTERM)
            finished = running.wait()
        assert finished.status == 75
        waiting = {name: numbers["waiting"] for name, numbers in finished.finished["providers"].items()}
        assert waiting == {"silent": 30, "well": 0}
        assert "30 dispatches wait for silent" in " ".join(finished.sentences)


def test_a_stop_while_nothing_waits_is_a_success(program: Program) -> None:
    """SIGTERM in the pipe ends the run like the end of the input: what was read is reported, exit 0."""
    with FakeReceiver() as receiver:
        program.configure(None, crm=_webhook(receiver))
        with program.start() as running:
            running.write(accounting([bounce(JANE)]))
            running.wait_for("unsubscribed")
            running.signal(signal.SIGTERM)
            finished = running.wait()
        assert (finished.status, finished.sentences) == (0, [])
        assert finished.finished["providers"] == {"crm": {"done": 1, "waiting": 0, "dead": 0}}


# Parts of the program on their own


def test_one_process_fills_the_spool_and_another_works_it_off(program: Program) -> None:
    """--no-dispatch makes no call; `work` then carries it out, and what comes meanwhile, until it is stopped."""
    with FakeReceiver() as receiver:
        program.configure(None, crm=_webhook(receiver))
        filled = program.feed([bounce(JANE)], "--no-dispatch")
        assert filled.status == 0, filled.stderr
        assert (receiver.requests, program.status()["providers"]["crm"]["pending"]) == ([], 1)
        with program.start("work") as working:
            working.wait_until(lambda: receiver.recipients == [JANE])
            assert program.feed([bounce("john@example.com")], "--no-dispatch").status == 0
            working.wait_for("unsubscribed", 2)
            assert receiver.recipients == [JANE, "john@example.com"]
            working.signal(signal.SIGTERM)
            stopped = working.wait()
        assert stopped.status == 0, stopped.stderr
        assert stopped.finished["providers"] == {"crm": {"done": 2, "waiting": 0, "dead": 0}}


def test_a_dry_run_decides_and_does_nothing(program: Program) -> None:
    """--dry-run counts as a run would, writes no file, and makes no call."""
    with FakeReceiver() as receiver:
        program.configure(None, crm=_webhook(receiver))
        before = {path.name for path in program.folder.iterdir()}
        finished = program.feed(accounting(rows()) + b"torn", "--dry-run")
        assert finished.status == 0, finished.stderr
        assert finished.finished["suppressed"] == len(SUPPRESSED)
        assert sum(finished.finished["unreadable"].values()) == 1
        assert {path.name for path in program.folder.iterdir()} - before == {"run1.out", "run1.err"}
        assert receiver.requests == []


def test_dead_letters_are_listed_retried_and_dropped(program: Program) -> None:
    """After the last wait a dispatch is dead, with the last answer; a person drops it, or has it tried again."""
    recipients = ["one@example.com", "two@example.com", "three@example.com"]
    with FakeReceiver() as receiver:
        receiver.always = Answer(500, b"out of order")
        program.configure({"dispatch": {"schedule": ["10ms", "10ms"]}}, crm=_webhook(receiver))
        with program.start() as running:
            running.write(accounting(map(bounce, recipients)))
            running.wait_for("dead_letter", 3)
            finished = running.finish()
        assert finished.finished["providers"]["crm"]["dead"] == 3
        assert len(receiver.requests) == 3 * (1 + 2)

        dead = {lost["recipient"]: lost for lost in program.dead_letters()}
        assert set(dead) == set(recipients)
        assert {(lost["provider"], lost["attempts"]) for lost in dead.values()} == {("crm", 3)}
        assert all("out of order" in lost["answer"] for lost in dead.values())

        receiver.always = None
        assert program.run("dead-letters", "drop", str(dead["one@example.com"]["id"])).status == 0
        assert program.run("dead-letters", "retry", "--all").status == 0
        assert program.status()["providers"]["crm"] | {"done": 0} == {
            **dict.fromkeys(["done", "claimed", "held", "dead"], 0),
            "pending": 2,
            "state": "ok",
            "reason": None,
        }
        assert program.feed(map(bounce, recipients)).status == 0
        assert sorted(receiver.recipients) == ["three@example.com", "two@example.com"]
        assert program.dead_letters() == []
