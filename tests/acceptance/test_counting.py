"""Soft bounces through the whole program: enough of them suppress, a delivery begins anew, and nothing counts twice."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.acceptance.harness import Program, Row, accounting, bounce
from tests.fakes.webhook import SECRET, FakeReceiver

ANN = "ann@example.net"


def soft(day: int, recipient: str = ANN, category: str = "quota-issues") -> Row:
    """A soft bounce on a day of March."""
    at = f"2026-03-{day:02} 09:30:00+0000"
    return bounce(recipient, category, timeLogged=at, timeQueued=at, dsnStatus="5.2.2 (mailbox full)")


def delivered(day: int, recipient: str = ANN) -> Row:
    """A delivery on that day, some hours after the bounce."""
    return {"type": "d", "timeLogged": f"2026-03-{day:02} 12:00:00+0000", "rcpt": recipient}


@pytest.fixture
def receiver() -> Iterator[FakeReceiver]:
    """The one provider."""
    with ExitStack() as stack:
        yield stack.enter_context(FakeReceiver())


@pytest.fixture
def program(tmp_path: Path, receiver: FakeReceiver) -> Program:
    """An installation with that provider."""
    program = Program(tmp_path)
    program.configure(crm={"type": "webhook", "url": receiver.hook, "secret": SECRET})
    return program


def test_three_days(program: Program, receiver: FakeReceiver) -> None:
    """The third day's bounce suppresses; the event names which bounces were counted; what is fed again is nothing."""
    for day in (1, 2, 2, 1):
        assert program.feed([soft(day)]).finished["suppressed"] == 0
    assert receiver.events == []
    finished = program.feed([soft(3)])
    assert (finished.status, finished.finished["suppressed"]) == (0, 1)
    (event,) = receiver.events
    assert event["data"]["recipient"] == ANN
    assert event["data"]["diagnostic"].startswith("3 soft bounces: 2026-03-01 quota-issues 5.2.2")
    assert event["data"]["rule"] == 'policy.bounce.quota-issues = { suppress_after = 3, within = "21d" }'
    program.feed([soft(day) for day in (3, 2, 1)])
    assert len(receiver.events) == 1


def test_a_delivery_begins_anew(program: Program, receiver: FakeReceiver) -> None:
    """Deliveries in the same file, or in another one that is fed later, end what bounced before them."""
    program.feed([soft(1), soft(2), delivered(2), soft(3), soft(4)])
    assert receiver.events == []
    program.feed([delivered(3)])
    program.feed([soft(5)])
    assert receiver.events == []
    program.feed([soft(6)])
    assert receiver.recipients == [ANN]


def test_old_ones(program: Program, receiver: FakeReceiver) -> None:
    """What lies outside the window, or on the same day, is not enough."""
    program.feed([soft(1), soft(2), soft(23), soft(23, category="no-answer-from-host")])
    assert receiver.events == []


def test_two_instances(program: Program, receiver: FakeReceiver) -> None:
    """Two processes on one spool count together: 500 people, three days each, every one suppressed once."""
    people = [f"user{number}@example.net" for number in range(500)]
    days = [accounting(soft(day, subject) for subject in people) for day in (1, 2, 3)]
    with program.start() as one, program.start() as other:
        one.pour(days[0] + days[2])
        other.pour(days[1])
        assert {one.wait().status, other.wait().status} <= {0, 75}
    program.feed([bounce("x@example.net", "other")])
    assert sorted(receiver.recipients) == sorted(people)


def test_dry_run(program: Program, receiver: FakeReceiver) -> None:
    """A dry run counts nothing."""
    program.feed([soft(day) for day in (1, 2, 3)], "--dry-run")
    assert (receiver.events, program.spool.exists()) == ([], False)
