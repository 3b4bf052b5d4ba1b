"""The program against a receiver of Standard Webhooks that verifies every delivery with the public library."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.acceptance.bounce_scenarios import AWKWARD, JOB, LOWER_CASE, SUPPRESSED, Case, feed_bounces
from tests.acceptance.harness import Event, Program, accounting, bounce
from tests.acceptance.transient_failures import (
    JANE,
    PATIENT,
    REFUSALS,
    TIMED_OUT,
    InjectedFailure,
    feed_until,
    feed_while_failing,
)
from tests.fakes.server import Answer, closed_port
from tests.fakes.webhook import SECRET, FakeReceiver

NEW_SECRET = "whsec_bmV3LXNlY3JldC1uZXctc2VjcmV0LW5ldw=="
KINDS: dict[str, Event] = {
    "single": {"secret": SECRET},
    "batch": {"secret": SECRET, "batch_size": 5},
    "rotated": {"secret": [NEW_SECRET, SECRET]},
}
"""Provider to its settings; each receiver knows `SECRET` alone."""


def _settings(receiver: FakeReceiver, **others: object) -> Event:
    return {"type": "webhook", "url": receiver.hook, "secret": SECRET, **others}


@pytest.fixture(scope="module", params=["header", "no header"])
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case[FakeReceiver]]:
    """One delivery a suppression, batches, and a secret that is being changed; with and without a header."""
    program = Program(tmp_path_factory.mktemp("webhook"))
    with ExitStack() as stack:
        receivers = {name: stack.enter_context(FakeReceiver()) for name in KINDS}
        program.configure(
            {"log": {"addresses": "plain"}}, **{n: _settings(r, **KINDS[n]) for n, r in receivers.items()}
        )
        yield feed_bounces(program, receivers, has_header=request.param == "header")


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """An installation without providers."""
    return Program(tmp_path)


@pytest.mark.parametrize("provider", KINDS)
def test_every_suppression_is_delivered_once_and_verified(case: Case[FakeReceiver], provider: str) -> None:
    """The hard categories' recipients and no others, each once, in deliveries that the library verifies; exit 0."""
    assert case.first.status == 0, case.first.stderr
    receiver = case.servers[provider]
    assert receiver.refused == []
    assert sorted(receiver.recipients) == sorted(SUPPRESSED)
    assert len(receiver.ids) == len(set(receiver.ids)) == case.made[provider]
    assert case.first.finished["providers"][provider] == {"done": len(SUPPRESSED), "waiting": 0, "dead": 0}


@pytest.mark.parametrize("provider", KINDS)
def test_the_same_again_makes_no_call(case: Case[FakeReceiver], provider: str) -> None:
    """The same file a second time, and later bounces of recipients delivered within a day, cost no call."""
    assert case.again.status == 0, case.again.stderr
    assert len(case.servers[provider].requests) == case.made[provider]


@pytest.mark.parametrize("provider", KINDS)
def test_an_event_reports_what_happened_and_why(case: Case[FakeReceiver], provider: str) -> None:
    """Each event has the documented shape: who, why, by which rule, and the evidence."""
    events = {event["data"]["recipient"]: event for event in case.servers[provider].events}
    event, data = events[LOWER_CASE], events[LOWER_CASE]["data"]
    assert event["type"] == "recipient.suppressed"
    assert (data["reason"], data["category"], data["status"]) == ("bounce", "bad-mailbox", "5.1.1")
    assert (data["originator"], data["job_id"]) == ("news@lists.example", JOB)
    assert event["timestamp"] == data["occurred_at"]
    assert data["occurred_at"].startswith("2026-03-01T09:30:0")
    assert "policy.bounce.bad-mailbox" in data["rule"]
    assert "victim@example.com" in events[AWKWARD[0]]["data"]["diagnostic"]


def test_one_call_for_a_batch(program: Program) -> None:
    """A hundred suppressions that wait in the spool are delivered in ten arrays of ten."""
    recipients = {f"r{number}@example.com" for number in range(100)}
    with FakeReceiver() as receiver:
        program.configure(None, crm=_settings(receiver, batch_size=10))
        assert program.feed(map(bounce, recipients), "--no-dispatch").status == 0
        assert receiver.requests == []
        assert program.feed([bounce("r0@example.com")]).status == 0
        assert set(receiver.recipients) == recipients
        assert len(receiver.requests) == 10


def test_a_list_is_delivered_to_every_receiver(program: Program) -> None:
    """A plain list is for every provider, whatever its originators, and reports that it was one."""
    with FakeReceiver() as receiver:
        program.configure(None, crm=_settings(receiver, originators=["other@elsewhere.example"]))
        assert program.feed("\n".join(["Email Address;Name", *(f"{r};N." for r in AWKWARD)]).encode()).status == 0
        assert sorted(receiver.recipients) == sorted(AWKWARD)
        assert [event["data"]["reason"] for event in receiver.events] == ["list"] * len(AWKWARD)


def test_a_retry_keeps_its_id(program: Program) -> None:
    """When the answer to a delivery is lost, it is made again under the same webhook-id, newly signed."""
    with FakeReceiver() as receiver:
        receiver.lost_answers = 1
        program.configure({"dispatch": PATIENT}, crm=_settings(receiver))
        feed_while_failing(program, {"crm": receiver})
        feed_until(program, lambda: len(receiver.ids) == 2)
        assert receiver.ids[0] == receiver.ids[1]
        assert receiver.recipients == [JANE]
        assert receiver.refused == []


@pytest.mark.parametrize("kind", ["busy", "busy_until"])
def test_a_short_pause_is_waited_for(program: Program, kind: str) -> None:
    """A run at the end of its input waits as long as a receiver asks, by seconds or by date, and then is done."""
    busy = InjectedFailure(REFUSALS[kind])
    with FakeReceiver() as receiver:
        receiver.fail_when = busy
        program.configure(None, crm=_settings(receiver, concurrency=1))
        with program.start() as running:
            running.write(accounting([bounce(JANE)]))
            running.wait_until(lambda: bool(busy.failed_at))
            busy.is_over = True
            finished = running.finish()
        assert finished.status == 0, finished.stderr
        assert receiver.recipients == [JANE]
        assert busy.wait >= 1


def test_each_failure_is_retried(program: Program) -> None:
    """Each failure, for single deliveries and for arrays: nothing done, exit 75; afterwards all is done."""
    with ExitStack() as stack:
        down = stack.enter_context(closed_port())
        failures = {
            f"{kind}_{size}": InjectedFailure(answer) for kind, answer in REFUSALS.items() for size in ("1", "9")
        }
        receivers = {name: stack.enter_context(FakeReceiver()) for name in (*failures, "refused")}
        for name, failure in failures.items():
            receivers[name].fail_when = failure
        sizes = {name: 9 if name.endswith("9") else 1 for name in receivers}
        settings = {name: _settings(r, concurrency=1, batch_size=sizes[name]) for name, r in receivers.items()}
        hasty = {name: {"timeout": "300ms"} for name in receivers if name.startswith(TIMED_OUT)}
        unreachable = {"refused": {"url": down}}
        program.configure(
            {"dispatch": PATIENT}, **{n: s | hasty.get(n, {}) | unreachable.get(n, {}) for n, s in settings.items()}
        )
        feed_while_failing(program, receivers)
        assert not any(receiver.events for receiver in receivers.values())

        program.configure({"dispatch": PATIENT}, **settings)
        for failure in failures.values():
            failure.is_over = True
        feed_until(program, lambda: all(receiver.recipients == [JANE] for receiver in receivers.values()))
        waited = {name: failure.wait for name, failure in failures.items() if name.startswith("busy")}
        assert {name for name, seconds in waited.items() if seconds < 1} == set()


def test_what_a_person_has_to_mend_holds_the_receiver(program: Program) -> None:
    """A wrong secret, a redirect, 410: held with all pending and no attempt spent; never followed; mended, all done."""
    with ExitStack() as stack:
        elsewhere = stack.enter_context(FakeReceiver())
        moved = Answer(307, headers={"Location": elsewhere.hook})
        refusing = {"wrong": None, "moved": moved, "gone": Answer(410)}
        receivers = {name: stack.enter_context(FakeReceiver()) for name in refusing}
        for name, receiver in receivers.items():
            receiver.always = refusing[name]
        settings = {name: _settings(receiver) for name, receiver in receivers.items()}
        program.configure(None, **settings | {"wrong": _settings(receivers["wrong"], secret=NEW_SECRET)})
        finished = program.feed([bounce(JANE), bounce("john@example.com")])
        assert finished.status == 75
        state = program.status()["providers"]
        assert {n: (p["state"], p["pending"], p["dead"]) for n, p in state.items()} == dict.fromkeys(
            receivers, ("held", 2, 0)
        )
        assert [code in state[name]["reason"] for name, code in (("wrong", "401"), ("moved", "307"), ("gone", "410"))]
        assert elsewhere.requests == []

        for receiver in receivers.values():
            receiver.always = None
        program.configure(None, **settings)
        mended = program.feed([bounce(JANE), bounce("john@example.com")])
        assert mended.status == 0, mended.stderr
        assert [event["attempt"] for event in mended.logged("unsubscribed")] == [1] * 2 * len(receivers)
        assert all(sorted(r.recipients) == [JANE, "john@example.com"] for r in receivers.values())


def test_a_bounce_is_delivered_while_the_pipe_is_open(program: Program) -> None:
    """PowerMTA's pipe stays open for days: what is written into it is delivered at once, not at its end."""
    with FakeReceiver() as receiver:
        program.configure(None, crm=_settings(receiver))
        with program.start() as running:
            for number in range(1, 4):
                running.write(
                    f"b,2026-03-01 09:30:0{number}+0000,bad-mailbox,,,r{number}@example.com,,,,5.1.1,,\n".encode()
                )
                running.wait_until(lambda number=number: len(receiver.recipients) == number)  # type: ignore[misc]  # mypy can't infer a default's type
            finished = running.finish()
        assert finished.status == 0, finished.stderr
        assert finished.finished["suppressed"] == 3
