"""Whatever an adapter does, in any order, each dispatch ends as the rules of the provider port demand, attempts too."""

import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from bouncehandler.dispatcher.worker_settings import WorkerSettings
from bouncehandler.provider import PermanentFailure, ProviderUnavailable, TemporaryFailure
from bouncehandler.spool import QueuedSuppression
from bouncehandler.spool.sqlite.store import SqliteSpool
from bouncehandler.suppression import Outcome, Suppression
from tests.contract.dispatcher import workers
from tests.contract.dispatcher.workers import MINUTE, RunningWorker, rows
from tests.contract.spool.examples import CLOCK, NOW, at_time, due_at, people
from tests.examples import many
from tests.fakes.adapter import FakeAdapter

WAITS = (1.05 * MINUTE, 1.05 * 5 * MINUTE)
"""The schedule of `RunningWorker`, with its jitter."""

_DAY = 86_400.0

OUTCOMES = ("unsubscribed", "already", "unknown", "slow")
UNKNOWN: dict[str, Callable[[], BaseException]] = {
    "value-error": lambda: ValueError("no"),
    "time-out": lambda: httpx.ReadTimeout("no"),
    "exit": lambda: SystemExit(1),
    "interrupt": KeyboardInterrupt,
    "temporary": lambda: TemporaryFailure("HTTP 500"),
}
"""Behaviours that lead to a retry by the schedule."""

Behaviour = str | float
"""One of the words here, or the seconds of a Retry-After."""

behaviours: st.SearchStrategy[Behaviour] = st.one_of(
    st.sampled_from([*OUTCOMES, *UNKNOWN, "nothing", "permanent", "unavailable", "unavailable"]),
    st.sampled_from([0.0, 5.0, 90.0, 1e9]),
)


@dataclass
class Clock:
    """Time that passes only between rounds, and in slow calls."""

    now: float = NOW

    def __call__(self) -> float:
        """Seconds."""
        return self.now


class ScriptedAdapter(FakeAdapter):
    """An adapter that behaves as its script demands for each recipient, and then carries out."""

    def __init__(self, script: dict[str, list[Behaviour]]) -> None:
        super().__init__()
        self.script = script
        self.clock = Clock()
        self.calls: list[tuple[str, Behaviour, float]] = []
        """Recipient, behaviour, and when the call ended."""

    def unsubscribe(self, suppression: Suppression) -> Outcome:
        """One call."""
        left = self.script[suppression.recipient]
        behaviour = left.pop(0) if left else "unsubscribed"
        if behaviour == "slow":
            self.clock.now += 5.0
        self.calls.append((suppression.recipient, behaviour, self.clock.now))
        return _done(behaviour)


def _done(behaviour: Behaviour) -> Outcome:
    if isinstance(behaviour, float):
        raise TemporaryFailure("HTTP 429", retry_after=behaviour)
    if behaviour in UNKNOWN:
        error = UNKNOWN[behaviour]()
        raise error
    if behaviour == "permanent":
        raise PermanentFailure("never")
    if behaviour == "unavailable":
        raise ProviderUnavailable("HTTP 401")
    if behaviour == "nothing":
        return None  # type: ignore[return-value]  # an author's mistake
    return Outcome("unsubscribed" if behaviour == "slow" else behaviour)  # type: ignore[arg-type]  # one of three


@dataclass
class Expected:
    """One dispatch, by the rules."""

    state: str = "pending"
    attempts: int = 0
    retry_index: int = 0
    due_at: float = NOW

    def call(self, behaviour: Behaviour, at: float) -> None:
        """What one call makes of it."""
        assert self.state == "pending", "called although it was settled"
        assert self.due_at <= at, "called before it was due"
        if behaviour == "unavailable":
            return
        self.attempts += 1
        if isinstance(behaviour, float):
            self.due_at = at + min(max(behaviour, 1.0), _DAY)
        elif behaviour in OUTCOMES:
            self.state = "done"
        elif behaviour == "permanent" or self.retry_index == len(WAITS):
            self.state = "dead"
        else:
            self.due_at = at + WAITS[self.retry_index]
            self.retry_index += 1


def one_round(spool: SqliteSpool, adapter: ScriptedAdapter, worker_settings: WorkerSettings) -> None:
    """Carry out all that is due, as one process, as far as the provider lets it."""
    running = RunningWorker(spool, adapter, worker_settings, clock=adapter.clock, monotonic=adapter.clock)
    running.drain()
    assert running.worker.failure is None


def agree(place: Path, expected: dict[str, Expected], now: float) -> None:
    """The spool's state of every dispatch is what the rules demand."""
    for recipient, row in rows(place).items():
        rule = expected[recipient]
        assert row[:3] == (rule.state, rule.attempts, rule.retry_index), recipient
        if rule.state == "pending":  # what was given back meanwhile is due now
            assert abs(row.due_at - rule.due_at) < 1e-3 or rule.due_at <= row.due_at <= now, recipient
    with closing(sqlite3.connect(place)) as raw:
        kept = raw.execute("SELECT count(*), coalesce(sum(number), 0) FROM attempt").fetchone()
    attempts = [rule.attempts for rule in expected.values()]
    assert kept == (sum(attempts), sum(n * (n + 1) // 2 for n in attempts)), "each attempt is kept under its number"


@settings(max_examples=many(40), deadline=None)
@given(
    scripts=st.lists(st.lists(behaviours, max_size=5), min_size=1, max_size=6),
    suspect_after=st.sampled_from([2, 20]),
    concurrency=st.sampled_from([1, 3]),
)
def test_any_sequence_of_behaviours(scripts: list[list[Behaviour]], suspect_after: int, concurrency: int) -> None:
    """After each round every dispatch is done, dead or pending as the rules state; in the end none is left pending."""
    recipients = [one.recipient for one in people(len(scripts))]
    adapter = ScriptedAdapter(dict(zip(recipients, scripts, strict=True)))
    expected = {recipient: Expected() for recipient in recipients}
    if any("slow" in script for script in scripts):
        concurrency = 1  # else time would pass during other calls, and their end would be unknown
    worker_settings = workers.settings(concurrency=concurrency, drain_budget=0.0, suspect_after=suspect_after)
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(SqliteSpool.open(Path(folder) / "spool.db", clock=CLOCK)) as spool,
    ):
        at_time(spool, NOW).record([QueuedSuppression(one, ("news",)) for one in people(len(scripts))])
        for _ in range(len(recipients) * 8):
            one_round(spool, adapter, worker_settings)
            for recipient, behaviour, at in adapter.calls:
                expected[recipient].call(behaviour, at)
            adapter.calls.clear()
            agree(spool.path, expected, adapter.clock.now)
            due = due_at(spool, "news")
            if due is None:
                break
            adapter.clock.now = max(adapter.clock.now + 1, due)
        assert {rule.state for rule in expected.values()} <= {"done", "dead"}
