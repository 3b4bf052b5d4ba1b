"""A provider that is unavailable: held for every process with all its dispatches pending, probed, and released."""

import time
from pathlib import Path

import pytest

from bouncehandler.provider import ProviderUnavailable, TemporaryFailure
from bouncehandler.spool import Selection, Undone
from bouncehandler.spool.sqlite.store import SqliteSpool
from tests.contract.dispatcher.workers import ObservedSpool, RunningWorker, enqueue, enqueue_recipients, rows, settings
from tests.contract.spool.examples import suppression
from tests.fakes.adapter import DONE, CheckableAdapter, FakeAdapter
from tests.fakes.server import wait_until

DOWN = ProviderUnavailable("HTTP 401: bad key")
FAILS = TemporaryFailure("HTTP 500")
PENDING = ("pending", 0, 0)


@pytest.fixture
def checkable() -> CheckableAdapter:
    """An adapter with a check, and with a provider that is down."""
    adapter = CheckableAdapter()
    adapter.always = adapter.check_fails = DOWN
    return adapter


def hold(spool: SqliteSpool, seconds: float = 3600.0) -> None:
    """Hold the provider as another process does, until a probe in so many seconds."""
    spool.hold("news", "HTTP 401: bad key", probe_in=seconds)


class TestHold:
    """`ProviderUnavailable`: the provider as a whole is held."""

    def test_everything_is_still_pending(self, place: Path, spool: SqliteSpool, adapter: FakeAdapter) -> None:
        """The provider is held with its reason; every dispatch is pending with no attempt spent and nothing dead."""
        adapter.always = DOWN
        enqueue_recipients(spool, 60)
        running = RunningWorker(spool, adapter, settings(concurrency=4))
        running.drain()
        assert {row[:3] for row in rows(place).values()} == {PENDING}
        assert {row.due_at <= time.time() for row in rows(place).values()} == {True}
        state = spool.state("news")
        assert (state.held, state.reason) == (True, "HTTP 401: bad key")
        assert len(running.log.named("provider_held")) == 1

    def test_what_was_changed_before_is_kept(self, spool: SqliteSpool, adapter: FakeAdapter) -> None:
        """Undo restores the lists that a call had changed before it found the provider unavailable."""
        adapter.always = ProviderUnavailable("HTTP 401: bad key", changed=("4", "2"))
        (subject,) = enqueue_recipients(spool, 1)
        RunningWorker(spool, adapter).drain()
        undone = list(spool.undo(Selection(), restoring=("news",), asked_by=""))
        assert undone == [Undone(subject, "news", "restoring", "lists 4, 2")]

    def test_no_other_is_called(self, spool: SqliteSpool, adapter: FakeAdapter) -> None:
        """No other call is made than those in flight; what waits behind them is released."""
        adapter.open.clear()
        adapter.always = DOWN
        enqueue_recipients(spool, 60)
        running = RunningWorker(spool, adapter, settings(concurrency=4))
        wait_until(lambda: adapter.running == 4)
        adapter.open.set()
        running.drain()
        assert len(adapter.called) <= 8  # each thread may have taken one more before it saw

    def test_calls_that_wait_for_their_turn_are_given_back(
        self, place: Path, spool: SqliteSpool, adapter: FakeAdapter
    ) -> None:
        """Calls that wait for the rate limiter neither reach a held provider nor delay the end."""
        adapter.always = DOWN
        enqueue_recipients(spool, 20)
        RunningWorker(spool, adapter, settings(concurrency=8, rate=1 / 600)).drain()
        assert len(adapter.called) == 1
        assert {row[:3] for row in rows(place).values()} == {PENDING}

    def test_what_is_in_flight_is_finished(self, place: Path, spool: SqliteSpool, adapter: FakeAdapter) -> None:
        """A call that was under way and went well is done, and does not end the hold: it began before."""
        adapter.open.clear()
        adapter.hangs = {"user1@example.com"}
        adapter.by_recipient = {"user0@example.com": [DOWN]}
        adapter.during = lambda: wait_until(lambda: adapter.most_running == 2)
        enqueue_recipients(spool, 2)
        running = RunningWorker(spool, adapter, settings(concurrency=2))
        wait_until(lambda: spool.state("news").held and len(adapter.called) == 2)
        adapter.open.set()
        running.drain()
        assert {who: row.state for who, row in rows(place).items()} == {
            "user0@example.com": "pending",
            "user1@example.com": "done",
        }
        assert spool.state("news").held


class TestProbes:
    """Probes of a held provider."""

    def test_at_the_start(self, place: Path, spool: SqliteSpool, adapter: FakeAdapter) -> None:
        """A process that starts tries at once, with one dispatch; a success releases the provider for all the rest."""
        hold(spool)
        adapter.open.clear()
        enqueue_recipients(spool, 30)
        running = RunningWorker(spool, adapter)
        wait_until(lambda: adapter.running == 1)
        assert [row.state for row in rows(place).values()].count("claimed") == 1
        adapter.open.set()
        running.drain()
        assert {row[:2] for row in rows(place).values()} == {("done", 1)}
        assert not spool.state("news").held

    def test_one_and_no_more(self, place: Path, spool: SqliteSpool, adapter: FakeAdapter) -> None:
        """A drain tries a held provider once; where it is not back, it ends with everything pending."""
        hold(spool)
        adapter.always = DOWN
        enqueue_recipients(spool, 30)
        RunningWorker(spool, adapter).drain()
        assert len(adapter.called) == 1
        assert {row[:3] for row in rows(place).values()} == {PENDING}

    def test_by_its_check(self, place: Path, spool: SqliteSpool, checkable: CheckableAdapter) -> None:
        """A provider with a check is probed by it, without a dispatch."""
        hold(spool)
        enqueue_recipients(spool, 30)
        RunningWorker(spool, checkable).drain()
        assert (checkable.checks, checkable.called) == (1, [])
        assert {row[:3] for row in rows(place).values()} == {PENDING}

    def test_back_by_its_check(self, place: Path, spool: SqliteSpool, checkable: CheckableAdapter) -> None:
        """A check that passes releases the provider, and its dispatches are carried out."""
        hold(spool)
        checkable.always, checkable.check_fails = DONE, None
        enqueue_recipients(spool, 30)
        RunningWorker(spool, checkable).drain()
        assert checkable.checks == 1
        assert {row.state for row in rows(place).values()} == {"done"}

    def test_every_so_often(self, spool: SqliteSpool, checkable: CheckableAdapter) -> None:
        """The check is repeated every `probe_every`, no more often; once it passes, the dispatches go on."""
        enqueue_recipients(spool, 30)
        began = time.monotonic()
        running = RunningWorker(spool, checkable, settings(probe_every=0.2))
        wait_until(lambda: checkable.checks >= 3)
        assert time.monotonic() - began >= 0.2 * 2.9
        called = len(checkable.called)
        checkable.always, checkable.check_fails = DONE, None
        wait_until(lambda: running.worker.counters.done == 30)
        assert called <= 8
        running.stop()

    def test_without_anything_due(self, spool: SqliteSpool, adapter: FakeAdapter) -> None:
        """A probe that finds nothing due waits until something is."""
        hold(spool)
        running = RunningWorker(spool, adapter, settings(poll=0.02))
        wait_until(lambda: bool(running.log.named("provider_held")))
        enqueue_recipients(spool, 3)
        running.worker.notify()
        wait_until(lambda: running.worker.counters.done == 3)
        running.stop()

    def test_drained_without_anything_due(self, spool: SqliteSpool, adapter: FakeAdapter) -> None:
        """A held provider with an empty queue keeps no drain waiting."""
        hold(spool)
        RunningWorker(spool, adapter).drain()
        assert adapter.called == []

    def test_another_process_had_held_it(self, spool: SqliteSpool, checkable: CheckableAdapter) -> None:
        """A running process notices the hold of one that has ended, and probes in its place."""
        checkable.always, checkable.check_fails = DONE, None
        running = RunningWorker(spool, checkable)
        wait_until(lambda: len(running.threads()) == 5)
        hold(spool, 0.2)
        enqueue_recipients(spool, 30)
        wait_until(lambda: running.worker.counters.done == 30)
        assert checkable.checks == 1
        assert running.log.named("provider_held")
        assert running.log.named("provider_released")
        running.stop()

    def test_released_by_hand(self, spool: SqliteSpool, checkable: CheckableAdapter) -> None:
        """Dispatches that an operator releases are carried out at once by a running process."""
        enqueue_recipients(spool, 30)
        running = RunningWorker(spool, checkable)
        wait_until(lambda: spool.state("news").held)
        checkable.always = DONE
        spool.release("news")
        wait_until(lambda: running.worker.counters.done == 30)
        assert checkable.checks == 0
        running.stop()

    def test_no_busy_loop_while_held(self, spool: SqliteSpool, checkable: CheckableAdapter) -> None:
        """A held provider costs one short read a poll between two probes, and no write."""
        enqueue_recipients(spool, 30)
        watched = ObservedSpool(spool)
        running = RunningWorker(watched.spool, checkable, settings(poll=0.1))
        wait_until(lambda: watched.asked[-3:] == ["state"] * 3)
        began, before = time.monotonic(), len(watched.asked)
        wait_until(lambda: len(watched.asked) >= before + 5)
        assert time.monotonic() - began >= 0.1 * 4
        assert set(watched.asked[before:]) == {"state"}
        running.stop()


class TestFailuresInARow:
    """A provider that only fails is held before the whole queue is spent on it."""

    def test_a_dead_provider_makes_no_dead_letters(self, place: Path, spool: SqliteSpool, adapter: FakeAdapter) -> None:
        """Twenty failures in a row hold the provider; all but those and the calls in flight lost no attempt."""
        adapter.always = FAILS
        enqueue_recipients(spool, 300)
        RunningWorker(spool, adapter, settings(concurrency=2)).drain()
        attempts = [row.attempts for row in rows(place).values()]
        assert spool.state("news").reason == "20 calls in a row failed, the last with: HTTP 500"
        assert 20 <= sum(attempts) <= 20 + 32  # as many as two threads have in hand
        assert {row.state for row in rows(place).values()} == {"pending"}

    def test_some_failures_hold_nothing(self, spool: SqliteSpool, adapter: FakeAdapter) -> None:
        """Failures with successes between them never hold the provider, however many."""
        adapter.next = [FAILS, DONE] * 100
        enqueue_recipients(spool, 200)
        RunningWorker(spool, adapter, settings(concurrency=1)).drain()
        assert not spool.state("news").held

    def test_hopeless_dispatches_hide_nothing(self, spool: SqliteSpool, adapter: FakeAdapter) -> None:
        """Many dispatches that can't succeed, older than all others, delay the others by an attempt or two."""
        hopeless = enqueue_recipients(spool, 30)
        adapter.by_recipient = {recipient: [FAILS] * 9 for recipient in hopeless}
        running = RunningWorker(spool, adapter, settings(concurrency=2, probe_every=0.1))
        wait_until(lambda: spool.state("news").held)
        enqueue(spool, suppression("ann@example.com"))
        wait_until(lambda: running.worker.counters.done == 1)
        running.stop()
        assert len(adapter.called) <= 31 + 20
