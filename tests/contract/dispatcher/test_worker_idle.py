"""Timing of a worker: no more calls than allowed, no busy loop, no lost wake-up, and its end in good order."""

import threading
import time
from itertools import count
from pathlib import Path

import pytest

from bouncehandler.provider import TemporaryFailure
from bouncehandler.spool import SpoolError
from bouncehandler.spool.sqlite.store import SqliteSpool
from tests.contract.dispatcher.workers import MINUTE, NEVER, Running, Watched, owe, record_people, rows, settings
from tests.contract.spool.examples import suppression
from tests.fakes.adapter import BatchedAdapter, FakeAdapter
from tests.fakes.server import PATIENCE, wait_until


class _Spent(threading.local):
    """A clock that shows the seconds that each thread has spent in calls, so that no other work makes them longer."""

    seconds = 0.0


class TestBatches:
    """Adapters that carry out many with one call."""

    def test_full_batches(self, spool: SqliteSpool) -> None:
        """What waits is sent in batches of the adapter's size, each dispatch once."""
        adapter = BatchedAdapter(10)
        all_providers = record_people(spool, 105)
        Running(spool, adapter).drain()
        assert sorted(adapter.batches) == [5] + [10] * 10
        assert sorted(adapter.called) == sorted(all_providers)

    def test_a_batch_fails_together(self, place: Path, spool: SqliteSpool) -> None:
        """A batch that fails costs each of its dispatches one attempt, and no others."""
        adapter = BatchedAdapter(10)
        adapter.next = [TemporaryFailure("HTTP 500")]
        record_people(spool, 20)
        Running(spool, adapter, settings(concurrency=1)).drain()
        assert sorted(row[:3] for row in rows(place).values()) == [("done", 1, 0)] * 10 + [("pending", 1, 1)] * 10


class TestPaceAndConcurrency:
    """No more at once, and no faster, than the operator allows."""

    def test_never_more_in_flight(self, spool: SqliteSpool, adapter: FakeAdapter) -> None:
        """`concurrency` is how many calls are in flight at most, and it is used."""
        adapter.open.clear()
        record_people(spool, 60)
        running = Running(spool, adapter, settings(concurrency=5))
        wait_until(lambda: adapter.running == 5)
        assert not threading.Event().wait(0.1)
        adapter.open.set()
        running.drain()
        assert adapter.most_running == 5
        assert len(adapter.called) == 60

    def test_rate(self, spool: SqliteSpool, adapter: FakeAdapter) -> None:
        """No call comes before its turn, counted from the first; many threads don't make bursts."""
        record_people(spool, 30)
        began = time.monotonic()
        Running(spool, adapter, settings(concurrency=8, rate=50.0)).drain()
        assert [at for number, at in enumerate(sorted(adapter.times)) if at < began + number / 50] == []

    def test_a_slow_provider_is_called_less(self, spool: SqliteSpool, adapter: FakeAdapter) -> None:
        """Fewer calls are in flight while they take much longer than they did, and all again afterwards."""
        record_people(spool, 2000)
        spent, now, numbers = _Spent(), time.time(), count()
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
        running = Running(spool, adapter, worker_settings, clock=lambda: now, monotonic=lambda: spent.seconds)
        running.drain()
        assert seen[0] <= 2
        assert running.log.named("concurrency_restored")
        assert running.worker.counters.done == 2000

    def test_refusals_spare_a_provider(self, spool: SqliteSpool, adapter: FakeAdapter) -> None:
        """After `429` there are fewer calls in flight, and all come back while it answers."""
        adapter.next = [TemporaryFailure("HTTP 429")] * 12
        record_people(spool, 200)
        spent = _Spent()  # none: however long a call takes here, the provider is not slow
        now = time.time()  # stands still like the other clock: the two must not drift apart, which would be a jump
        worker_settings = settings(concurrency=8, lease=NEVER)
        running = Running(spool, adapter, worker_settings, clock=lambda: now, monotonic=lambda: spent.seconds)
        adapter.during = lambda: wait_until(
            lambda: len(adapter.called) <= 12 or bool(running.log.named("concurrency_reduced"))
        )
        running.drain()
        events = [event for _, event, _ in running.log.events]
        assert events.index("concurrency_reduced") < events.index("concurrency_restored")
        assert running.worker.counters.done == 188


class TestRest:
    """An idle worker sleeps, and wakes in time."""

    def test_no_busy_loop_when_idle(self, spool: SqliteSpool, adapter: FakeAdapter) -> None:
        """With nothing to do the spool is looked at once a poll, and never written."""
        watched = Watched(spool)
        running = Running(watched.spool, adapter, settings(poll=0.1))
        wait_until(lambda: len(watched.asked) >= 15)
        seconds_of = [watched.asked.count(method) for method in ("claim", "settle", "extend", "claim_probe")]
        began, before = time.monotonic(), len(watched.asked)
        wait_until(lambda: len(watched.asked) >= before + 10)
        assert time.monotonic() - began >= 0.1 * 9
        assert seconds_of == [1, 0, 0, 0]
        running.stop()

    def test_no_busy_loop_in_a_pause(self, spool: SqliteSpool, adapter: FakeAdapter) -> None:
        """While the provider wants to be left alone the spool is left alone as well."""
        adapter.next = [TemporaryFailure("HTTP 429", retry_after=3600.0)]
        record_people(spool, 100)
        watched = Watched(spool)
        running = Running(watched.spool, adapter, settings(concurrency=1, poll=0.01))
        wait_until(lambda: "settle" in watched.asked)
        assert not threading.Event().wait(0.3)
        assert len(watched.asked) < 10
        assert len(adapter.called) == 1
        running.stop()

    def test_no_busy_loop_while_a_call_hangs(self, spool: SqliteSpool, adapter: FakeAdapter) -> None:
        """One call that takes its time does not keep the coordinator running, with more waiting or without."""
        adapter.open.clear()
        record_people(spool, 100)
        watched = Watched(spool)
        running = Running(watched.spool, adapter, settings(concurrency=2, poll=0.1))
        wait_until(lambda: adapter.running == 2)
        before = len(watched.asked)
        assert not threading.Event().wait(0.5)
        assert len(watched.asked) - before <= 8
        adapter.open.set()
        running.drain()

    def test_idle_threads_call_while_the_rest_is_claimed(self, spool: SqliteSpool, adapter: FakeAdapter) -> None:
        """A worker with nothing in hand claims a little first, and much more while its threads call."""
        adapter.open.clear()
        record_people(spool, 100)
        watched = Watched(spool)
        calling: list[int] = []

        def look(method: str) -> None:
            if (method, watched.asked.count("claim")) == ("claim", 2):
                wait_until(lambda: adapter.running == 8)
                calling.append(adapter.running)

        watched.before = look
        running = Running(watched.spool, adapter, settings(concurrency=8))
        wait_until(lambda: calling == [8])
        adapter.open.set()
        running.drain()
        assert running.worker.counters.done == 100

    def test_idle_latency(self, spool: SqliteSpool, adapter: FakeAdapter, monkeypatch: pytest.MonkeyPatch) -> None:
        """Between the notification of a new dispatch and its outcome on disk no thread of the worker waits for time.

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
        running = Running(spool, adapter, settings(poll=NEVER, lease=NEVER))
        for number in range(15):
            owe(spool, suppression(f"u{number}@example.com"))
            running.worker.notify()
            wait_until(lambda: running.worker.counters.done == number + 1)  # noqa: B023  # ends within the round
        running.stop()
        assert waited == []

    def test_no_lost_wake_up(self, spool: SqliteSpool, adapter: FakeAdapter) -> None:
        """A notification at any moment of a round is heeded, though the next look is an hour ahead."""
        running = Running(spool, adapter, settings(poll=NEVER))
        for number in range(150):
            owe(spool, suppression(f"u{number}@example.com"))
            running.worker.notify()
            if number % 3:
                wait_until(lambda: len(adapter.called) >= number)  # noqa: B023  # ends within the round
        wait_until(lambda: running.worker.counters.done == 150)
        running.stop()

    def test_found_without_news(self, spool: SqliteSpool, adapter: FakeAdapter) -> None:
        """What another process puts into the spool is found within a poll or so."""
        running = Running(spool, adapter, settings(poll=0.05))
        assert not threading.Event().wait(0.2)
        record_people(spool, 3)
        wait_until(lambda: running.worker.counters.done == 3)
        running.stop()

    def test_due_later_is_found_in_time(self, spool: SqliteSpool, adapter: FakeAdapter) -> None:
        """A dispatch whose next attempt becomes due is tried again without anybody saying so."""
        offset = [0.0]
        adapter.next = [TemporaryFailure("HTTP 500")]
        record_people(spool, 1)
        running = Running(spool, adapter, clock=lambda: time.time() + offset[0])
        wait_until(lambda: running.worker.counters.retried == 1)
        assert not threading.Event().wait(0.2)
        assert len(adapter.called) == 1
        offset[0] = 2 * MINUTE
        wait_until(lambda: running.worker.counters.done == 1)
        running.stop()


class TestEnds:
    """A worker ends when asked, or when it must."""

    def test_drain_leaves_what_is_due_later(self, place: Path, spool: SqliteSpool, adapter: FakeAdapter) -> None:
        """A drain does all that is due, and does not wait for later attempts."""
        adapter.next = [TemporaryFailure("HTTP 500")]
        record_people(spool, 40)
        Running(spool, adapter).drain()
        states = [row.state for row in rows(place).values()]
        assert (states.count("done"), states.count("pending")) == (39, 1)

    def test_drain_with_nothing(self, spool: SqliteSpool, adapter: FakeAdapter) -> None:
        """An empty spool is drained at once."""
        Running(spool, adapter, settings(poll=NEVER)).drain()
        assert adapter.called == []

    def test_drain_takes_what_came_just_before(self, spool: SqliteSpool, adapter: FakeAdapter) -> None:
        """Nothing that was recorded before `drain` was asked for is left undone, whatever the coordinator is at."""
        for number in range(30):
            running = Running(spool, adapter, settings(concurrency=2))
            owe(spool, suppression(f"u{number}@example.com"))
            running.drain()
            assert len(adapter.called) == number + 1

    @pytest.mark.parametrize(("method", "calls"), [("state", 0), ("claim", 0), ("extend", 2), ("settle", 2)])
    def test_spool_fails(self, spool: SqliteSpool, adapter: FakeAdapter, method: str, calls: int) -> None:
        """A spool that fails ends the worker, with the reason; no further call is begun, and no thread is left."""
        adapter.open.clear()
        record_people(spool, 100)
        watched = Watched(spool)
        disk = SpoolError("the disk is full")
        if not calls:
            watched.failing[method] = disk
        running = Running(watched.spool, adapter, settings(concurrency=2, lease=0.3))
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
        record_people(spool, 5)
        clock = time.time

        def broken() -> float:
            if threading.current_thread().name != "news-coordinator":
                raise ZeroDivisionError
            return clock()

        running = Running(spool, adapter, clock=broken)
        running.joins()
        assert "ZeroDivisionError" in str(running.worker.failure)
