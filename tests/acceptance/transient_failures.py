"""Transient failures of a call, each at a server of its own, and the required result of a run."""

import re
import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from tests.acceptance.harness import Finished, Program, accounting, bounce
from tests.fakes.server import Answer, Request

JANE = "jane@example.com"
TIMED_OUT = "silent"
"""The kind for which a provider needs a short `timeout`."""

PATIENT = {"schedule": ["1h"] * 3, "patience": "0s"}
"""`[dispatch]`: one attempt a run, however long the run takes; and a run does not wait for pauses."""

_LATER = 2 * 3600.0
"""Seconds; longer than the schedule's wait, with its jitter."""

_PAGE = b"<!DOCTYPE html><html><body><h1>Just a moment...</h1></body></html>"


def _busy_until() -> Answer:
    at = datetime.now(UTC) + timedelta(seconds=2)
    return Answer(429, headers={"Retry-After": format_datetime(at, usegmt=True)})


REFUSALS: Mapping[str, Callable[[], Answer]] = {
    "unavailable": lambda: Answer(503, _PAGE),
    "busy": lambda: Answer(429, headers={"Retry-After": "1"}),
    "busy_until": _busy_until,
    "gateway": lambda: Answer(502, _PAGE),
    TIMED_OUT: lambda: Answer(200, delay=60),
    "reset": lambda: Answer(reset=True),
}
"""Answers that mean success at no provider."""
NONSENSE: Mapping[str, Callable[[], Answer]] = {
    "page": lambda: Answer(200, _PAGE),
    "empty": lambda: Answer(200, b""),
}
"""Answers that are neither JSON nor XML where one is due."""


class InjectedFailure:
    """A failure that makes a server answer the requests that are `meant` with `answer`, until `is_over`."""

    def __init__(self, answer: Callable[[], Answer], meant: Callable[[Request], bool] = lambda _: True) -> None:
        self.is_over = False
        self.failed_at: list[float] = []
        """Seconds on the monotonic clock."""
        self.back_at: list[float] = []
        """Likewise, each request since it is over."""
        self._answer, self._meant = answer, meant

    def __call__(self, request: Request) -> Answer | None:
        """See `FakeServer.fail_when`."""
        if self.is_over:
            self.back_at.append(time.monotonic())
        elif self._meant(request):
            self.failed_at.append(time.monotonic())
            return self._answer()
        return None

    @property
    def wait(self) -> float:
        """Seconds between the last failure and the next request."""
        return self.back_at[0] - self.failed_at[-1]


def feed_while_failing(program: Program, names: Mapping[str, object]) -> Finished:
    """Feed one bounce while every provider fails; asserts that it waits for each, and is done for none."""
    finished = program.feed([bounce(JANE)])
    assert finished.status == 75
    numbers = finished.finished["providers"]
    assert {name: (n["done"], n["waiting"], n["dead"]) for name, n in numbers.items()} == dict.fromkeys(
        names, (0, 1, 0)
    )
    assert not [e for e in finished.events if e["event"] in {"unsubscribed", "already", "unknown"}]
    assert all(numbers[name]["why"] for name in names)
    output = " ".join(finished.sentences)
    for name in names:
        assert re.search(rf"1 dispatch waits for {name} until \d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d", output), output
    return finished


def feed_until(program: Program, is_done: Callable[[], bool]) -> Finished:
    """Feed the same again, hours later: see `PATIENT`; keep the input open until `is_done`, then end it.

    Asserts that nothing waits any more.
    """
    _let_schedule_pass(program)
    with program.start() as running:
        running.write(accounting([bounce(JANE)]))
        running.wait_until(is_done)
        finished = running.finish()
    assert finished.status == 0, finished.stderr
    assert all((n["waiting"], n["dead"]) == (0, 0) for n in finished.finished["providers"].values())
    return finished


def _let_schedule_pass(program: Program) -> None:
    """Make all dispatches due that wait for the schedule, but for those that wait for Retry-After."""
    with closing(sqlite3.connect(program.spool)) as spool, spool:
        spool.execute("UPDATE dispatch SET due_at = due_at - ?1 WHERE due_at > ?2", [_LATER, time.time() + _LATER / 4])
