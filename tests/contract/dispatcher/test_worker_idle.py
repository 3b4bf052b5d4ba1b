"""Timing of a worker: no more calls than allowed, no busy loop, no lost wake-up, and its end in good order."""

import threading
import time
from itertools import count
from pathlib import Path

import pytest

from bouncehandler.provider import TemporaryFailure
from bouncehandler.spool import SpoolError
from bouncehandler.spool.sqlite.store import SqliteSpool
from tests.contract.dispatcher.workers import (
    MINUTE,
    NEVER,
    ObservedSpool,
    RunningWorker,
    enqueue,
    enqueue_recipients,
    rows,
    settings,
)
from tests.contract.spool.examples import suppression
from tests.fakes.adapter import BatchedAdapter, FakeAdapter
from tests.fakes.server import PATIENCE, wait_until


class _CallTimeClock(threading.local):
    """A monotonic clock of the seconds that each thread has spent in calls, so that no other work makes them longer."""

    seconds = 0.0


class TestBatches:
    """Adapters that carry out many with one call."""

    def test_full_batches(self, spool: SqliteSpool) -> None:
        """Dispatches that wait are sent in batches of the adapter's size, each once."""
        adapter = BatchedAdapter(10)
        recipients = enqueue_recipients(spool, 105)
        RunningWorker(spool, adapter).drain()
        assert sorted(adapter.batches) == [5] + [10] * 10
        assert sorted(adapter.called) == sorted(recipients)

    def test_a_batch_fails_together(self, place: Path, spool: SqliteSpool) -> None:
        """A batch that fails costs each of its dispatches one attempt, and no others."""
        adapter = BatchedAdapter(10)
        adapter.next = [TemporaryFailure("HTTP 500")]
        enqueue_recipients(spool, 20)
        RunningWorker(spool, adapter, settings(concurrency=1)).drain()
        assert sorted(row[:3] for row in rows(place).values()) == [("done", 1, 0)] * 10 + [("pending", 1, 1)] * 10


class TestRateAndConcurrency:
    """Limits of concurrency and rate that the operator configures."""

    def test_never_more_in_flight(self, spool: SqliteSpool, adapter: FakeAdapter) -> None:
        """`concurrency` is how many calls are in flight at most, and it is used."""
        adapter.open.clear()
        enqueue_recipients(spool, 60)
        running = RunningWorker(spool, adapter, settings(concurrency=5))
        wait_until(lambda: adapter.running == 5)
        assert not threading.Event().wait(0.1)
        adapter.open.set()
        running.drain()
        assert adapter.most_running == 5
        assert len(adapter.called) == 60

    def test_rate(self, spool: SqliteSpool, adapter: FakeAdapter) -> None:
        """No call comes before its turn, counted from the first; many threads don't make bursts."""
        enqueue_recipients(spool, 30)
        began = time.monotonic()
        RunningWorker(spool, adapter, settings(concurrency=8, rate=50.0)).drain()
        assert [at for number, at in enumerate(sorted(adapter.times)) if at < began + number / 50] == []

    def test_a_slow_provider_is_called_less(self, spool: SqliteSpool, adapter: FakeAdapter) -> None:
        """Fewer calls are in flight while calls take much longer than before, and all again afterwards."""
        enqueue_recipients(spool, 2000)
        spent, now, numbers = _CallTimeClock(), time.time(), count()
        seen: list[int] = []

        def call() -> None:
            number = next(numbers)
            spent.seconds += 0.15 if 100 <= number < 300 else 0.002
            if number == 250:
                wait_until(lambda: bool(running.log.named("concurrency_reduced")))
                adapter.open.clear()
                assert not threading.Event().wait(0.2)
                seen.append(adapter.running)
                adapter.open.set()
            if number == 1000:
                adapter.open.clear()
                wait_until(lambda: adapter.running == 8)
                adapter.open.set()

        adapter.during = call
        worker_settings = settings(concurrency=8, lease=NEVER)
        running = RunningWorker(spool, adapter, worker_settings, clock=lambda: now, monotonic=lambda: spent.seconds)
        running.drain()
        assert seen[0] <= 2
        assert running.log.named("concurrency_restored")
        assert running.worker.counters.done == 2000

    def test_429_reduces_concurrency(self, spool: SqliteSpool, adapter: FakeAdapter) -> None:
        """Fewer calls are in flight after a 429, and all again while the provider answers."""
        adapter.next = [TemporaryFailure("HTTP 429")] * 12
        enqueue_recipients(spool, 200)
        spent = _CallTimeClock()  # none: however long a call takes here, the provider is not slow
        now = time.time()  # stands still like the other clock: the two must not drift apart, which would be a jump
        worker_settings = settings(concurrency=8, lease=NEVER)
        running = RunningWorker(spool, adapter, worker_settings, clock=lambda: now, monotonic=lambda: spent.seconds)
        adapter.during = lambda: wait_until(
            lambda: len(adapter.called) <= 12 or bool(running.log.named("concurrency_reduced"))
        )
        running.drain()
        events = [event for _, event, _ in running.log.events]
        assert events.index("concurrency_reduced") < events.index("concurrency_restored")
        assert running.worker.counters.done == 188


class TestIdle:
    """An idle worker sleeps, and wakes in time."""

    def test_no_busy_loop_when_idle(self, spool: SqliteSpool, adapter: FakeAdapter) -> None:
        """An idle worker reads the spool once a poll, and never writes."""
        watched = ObservedSpool(spool)
        running = RunningWorker(watched.spool, adapter, settings(poll=0.1))
        wait_until(lambda: len(watched.asked) >= 15)
        seconds_of = [watched.asked.count(method) for method in ("claim", "settle", "extend", "claim_probe")]
        began, before = time.monotonic(), len(watched.asked)
        wait_until(lambda: len(watched.asked) >= before + 10)
        assert time.monotonic() - began >= 0.1 * 9
        assert seconds_of == [1, 0, 0, 0]
        running.stop()

    def test_no_busy_loop_in_a_pause(self, spool: SqliteSpool, adapter: FakeAdapter) -> None:
        """A worker that waits for `Retry-After` leaves the spool alone."""
        adapter.next = [TemporaryFailure("HTTP 429", retry_after=3600.0)]
        enqueue_recipients(spool, 100)
        watched = ObservedSpool(spool)
        running = RunningWorker(watched.spool, adapter, settings(concurrency=1, poll=0.01))
        wait_until(lambda: "settle" in watched.asked)
        assert not threading.Event().wait(0.3)
        assert len(watched.asked) < 10
        assert len(adapter.called) == 1
        running.stop()

    def test_no_busy_loop_while_a_call_hangs(self, spool: SqliteSpool, adapter: FakeAdapter) -> None:
        """One call that takes its time does not keep the coordinator running, with more waiting or without."""
        adapter.open.clear()
        enqueue_recipients(spool, 100)
        watched = ObservedSpool(spool)
        running = RunningWorker(watched.spool, adapter, settings(concurrency=2, poll=0.1))
        wait_until(lambda: adapter.running == 2)
        before = len(watched.asked)
        assert not threading.Event().wait(0.5)
        assert len(watched.asked) - before <= 8
        adapter.open.set()
        running.drain()

    def test_idle_threads_call_while_the_rest_is_claimed(self, spool: SqliteSpool, adapter: FakeAdapter) -> None:
        """An idle worker claims a few dispatches first, and many more while its threads call."""
        adapter.open.clear()
        enqueue_recipients(spool, 100)
        watched = ObservedSpool(spool)
        calling: list[int] = []

        def look(method: str) -> None:
            if (method, watched.asked.count("claim")) == ("claim", 2):
                wait_until(lambda: adapter.running == 8)
                calling.append(adapter.running)

        watched.before = look
        running = RunningWorker(watched.spool, adapter, settings(concurrency=8))
        wait_until(lambda: calling == [8])
        adapter.open.set()
        running.drain()
        assert running.worker.counters.done == 100

    def test_idle_latency(self, spool: SqliteSpool, adapter: FakeAdapter, monkeypatch: pytest.MonkeyPatch) -> None:
        """No thread of the worker waits for time between the notification of a new dispatch and its outcome on disk.

        How long that takes is measured in the benchmark of the latency.
        """
        waited: list[float | None] = []
        wait = threading.Event.wait

        def watched(event: threading.Event, timeout: float | None = None) -> bool:
            is_set = wait(event, timeout)
            if not is_set and threading.current_thread().name.startswith("news-"):
                waited.append(timeout)
            return is_set

        monkeypatch.setattr(threading.Event, "wait", watched)
        running = RunningWorker(spool, adapter, settings(poll=NEVER, lease=NEVER))
        for number in range(15):
            enqueue(spool, suppression(f"u{number}@example.com"))
            running.worker.notify()
            wait_until(lambda: running.worker.counters.done == number + 1)  # noqa: B023  # ends within the round
        running.stop()
        assert waited == []

    def test_no_lost_wake_up(self, spool: SqliteSpool, adapter: FakeAdapter) -> None:
        """A notification at any moment of a round is heeded, though the next poll is an hour away."""
        running = RunningWorker(spool, adapter, settings(poll=NEVER))
        for number in range(150):
            enqueue(spool, suppression(f"u{number}@example.com"))
            running.worker.notify()
            if number % 3:
                wait_until(lambda: len(adapter.called) >= number)  # noqa: B023  # ends within the round
        wait_until(lambda: running.worker.counters.done == 150)
        running.stop()

    def test_found_without_a_notification(self, spool: SqliteSpool, adapter: FakeAdapter) -> None:
        """A dispatch that another process enqueues is found within a poll or so."""
        running = RunningWorker(spool, adapter, settings(poll=0.05))
        assert not threading.Event().wait(0.2)
        enqueue_recipients(spool, 3)
        wait_until(lambda: running.worker.counters.done == 3)
        running.stop()

    def test_due_later_is_found_in_time(self, spool: SqliteSpool, adapter: FakeAdapter) -> None:
        """A dispatch is retried when its next attempt becomes due, without a notification."""
        offset = [0.0]
        adapter.next = [TemporaryFailure("HTTP 500")]
        enqueue_recipients(spool, 1)
        running = RunningWorker(spool, adapter, clock=lambda: time.time() + offset[0])
        wait_until(lambda: running.worker.counters.retried == 1)
        assert not threading.Event().wait(0.2)
        assert len(adapter.called) == 1
        offset[0] = 2 * MINUTE
        wait_until(lambda: running.worker.counters.done == 1)
        running.stop()


class TestEnd:
    """A worker ends when asked, or when it must."""

    def test_drain_leaves_what_is_due_later(self, place: Path, spool: SqliteSpool, adapter: FakeAdapter) -> None:
        """A drain does all that is due, and does not wait for later attempts."""
        adapter.next = [TemporaryFailure("HTTP 500")]
        enqueue_recipients(spool, 40)
        RunningWorker(spool, adapter).drain()
        states = [row.state for row in rows(place).values()]
        assert (states.count("done"), states.count("pending")) == (39, 1)

    def test_drain_with_nothing(self, spool: SqliteSpool, adapter: FakeAdapter) -> None:
        """An empty spool is drained at once."""
        RunningWorker(spool, adapter, settings(poll=NEVER)).drain()
        assert adapter.called == []

    def test_drain_takes_what_came_just_before(self, spool: SqliteSpool, adapter: FakeAdapter) -> None:
        """A drain carries out all that was recorded before it was asked for, whatever the coordinator is doing."""
        for number in range(30):
            running = RunningWorker(spool, adapter, settings(concurrency=2))
            enqueue(spool, suppression(f"u{number}@example.com"))
            running.drain()
            assert len(adapter.called) == number + 1

    @pytest.mark.parametrize(("method", "calls"), [("state", 0), ("claim", 0), ("extend", 2), ("settle", 2)])
    def test_spool_fails(self, spool: SqliteSpool, adapter: FakeAdapter, method: str, calls: int) -> None:
        """A spool that fails ends the worker, with the reason; no further call is begun, and no thread is left."""
        adapter.open.clear()
        enqueue_recipients(spool, 100)
        watched = ObservedSpool(spool)
        disk = SpoolError("the disk is full")
        if not calls:
            watched.failing[method] = disk
        running = RunningWorker(watched.spool, adapter, settings(concurrency=2, lease=0.3))
        wait_until(lambda: adapter.running == calls)
        watched.failing[method] = disk
        if method == "settle":
            running.worker.stop()  # so that what comes back is not replaced by further calls before it fails
            adapter.open.set()
        assert running.has_ended.wait(PATIENCE)
        adapter.open.set()
        running.joins()
        assert running.worker.failure is disk
        assert len(adapter.called) == calls

    def test_bug_in_a_thread(self, spool: SqliteSpool, adapter: FakeAdapter) -> None:
        """A bug of our own in a worker ends the worker, which reports it: no wait for a lost job."""
        enqueue_recipients(spool, 5)
        clock = time.time

        def broken() -> float:
            if threading.current_thread().name != "news-coordinator":
                raise ZeroDivisionError
            return clock()

        running = RunningWorker(spool, adapter, clock=broken)
        running.joins()
        assert "ZeroDivisionError" in str(running.worker.failure)
