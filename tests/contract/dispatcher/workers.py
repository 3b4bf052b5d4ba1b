"""A worker, or several, against a real spool and a fake adapter: short ways to build, run and look."""

import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple, cast

from bouncehandler.dispatcher.call_executor import CallExecutor
from bouncehandler.dispatcher.circuit_breaker import BreakerSettings
from bouncehandler.dispatcher.retry import RetrySchedule
from bouncehandler.dispatcher.worker import ProviderWorker
from bouncehandler.dispatcher.worker_settings import WorkerSettings
from bouncehandler.spool import QueuedSuppression, Spool
from bouncehandler.suppression import Suppression
from tests.contract.spool.examples import CLOCK, people
from tests.fakes.adapter import FakeAdapter, FixedResponse, KeptLog
from tests.fakes.server import PATIENCE, wait_until

MINUTE = 60.0
NEVER = 3600.0
"""Seconds between two polls that no test waits for: dispatches are found without polling."""


class Row(NamedTuple):
    """A row of the table `dispatch`."""

    state: str
    attempts: int
    retry_index: int
    due_at: float
    outcome: str | None


def rows(place: Path, provider: str = "news") -> dict[str, Row]:
    """Every dispatch of a provider, by recipient; for tests with one for each."""
    sql = """SELECT s.recipient, d.state, d.attempts, d.retry_index, d.due_at, d.outcome
             FROM dispatch AS d JOIN suppression AS s ON s.id = d.suppression WHERE d.provider = ?"""
    with closing(sqlite3.connect(place)) as raw:
        return {recipient: Row(*fields) for recipient, *fields in raw.execute(sql, [provider])}


def enqueue(spool: Spool, *suppressions: Suppression, to: tuple[str, ...] = ("news",)) -> None:
    """Enqueue suppressions that are due now."""
    spool.record([QueuedSuppression(one, to) for one in suppressions])


def enqueue_recipients(spool: Spool, count: int, to: tuple[str, ...] = ("news",)) -> list[str]:
    """Enqueue a suppression of each of so many recipients; returns the recipients."""
    enqueue(spool, *people(count), to=to)
    return [one.recipient for one in people(count)]


def settings(  # noqa: PLR0913, PLR0917  # each has a default that most tests want
    concurrency: int = 4,
    rate: float | None = None,
    lease: float = 60.0,
    poll: float = 0.02,
    probe_every: float = 300.0,
    drain_budget: float = 30.0,
    suspect_after: int = 20,
) -> WorkerSettings:
    """A worker's settings, impatient enough for a test."""
    breaker = BreakerSettings(probe_every=probe_every, drain_budget=drain_budget, suspect_after=suspect_after)
    return WorkerSettings(concurrency=concurrency, rate=rate, lease=lease, poll=poll, breaker=breaker)


class RunningWorker:
    """A started worker, with its adapter, its log, and an event for its end."""

    def __init__(  # noqa: PLR0913  # each has a default that most tests want
        self,
        spool: Spool,
        adapter: FakeAdapter,
        worker_settings: WorkerSettings | None = None,
        *,
        name: str = "news",
        answer: str = "HTTP 200: ok",
        redact: Callable[[str], str] = str,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        if clock is not time.time:
            CLOCK.source = clock  # a spool has the clock of its worker
        self.adapter = adapter
        self.log = KeptLog()
        self.has_ended = threading.Event()
        executor = CallExecutor(
            adapter, FixedResponse(answer), RetrySchedule([MINUTE, 5 * MINUTE], lambda: 0.5), clock, redact
        )
        self.worker = ProviderWorker(
            name,
            executor,
            spool,
            self.log,
            worker_settings or settings(),
            clock=clock,
            monotonic=monotonic,
            on_end=self.has_ended.set,
        )
        self.worker.start()

    def drain(self) -> None:
        """Drain the worker, and wait for its end."""
        self.worker.drain()
        self.joins()

    def stop(self) -> None:
        """Stop the worker, and wait for its end."""
        self.worker.stop()
        self.joins()

    def joins(self) -> None:
        """Wait for the end of the worker and of its threads."""
        assert self.has_ended.wait(PATIENCE), "the worker did not end"
        wait_until(lambda: not self.threads())

    def threads(self) -> list[str]:
        """Names of the worker's threads that are alive."""
        return [thread.name for thread in threading.enumerate() if thread.name.startswith(f"{self.worker.name}-")]


class ObservedSpool:
    """A spool that records which methods are called, and fails on request."""

    def __init__(self, spool: Spool) -> None:
        self.asked: list[str] = []
        """The methods that were called, in order."""
        self.failing: dict[str, Exception] = {}
        """By method: what it raises from now on."""
        self.before: Callable[[str], None] = lambda _: None
        """Called with each method before it is answered."""
        self._spool = spool

    @property
    def spool(self) -> Spool:
        """The same object, typed as the spool that it stands for."""
        return cast("Spool", self)

    def __getattr__(self, method: str) -> Callable[..., object]:
        def observed(*args: object, **values: object) -> object:
            self.asked.append(method)
            self.before(method)
            if method in self.failing:
                raise self.failing[method]
            return getattr(self._spool, method)(*args, **values)

        return observed
