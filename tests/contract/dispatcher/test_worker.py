"""One provider's worker against a real spool: calls, settlements, and claims."""

import time
from pathlib import Path

import httpx
import pytest

from bouncehandler.dispatcher.call_metrics import CallMetrics
from bouncehandler.provider import PermanentFailure, TemporaryFailure
from bouncehandler.spool import MetricCounter
from bouncehandler.spool.sqlite.store import SqliteSpool
from bouncehandler.suppression import Outcome
from tests.contract.dispatcher.workers import MINUTE, NEVER, RunningWorker, enqueue, enqueue_recipients, rows, settings
from tests.contract.spool.examples import CLOCK, suppression
from tests.fakes.adapter import BatchedAdapter, CampaignAdapter, FakeAdapter
from tests.fakes.server import wait_until


class TestOutcomes:
    """How a call ends decides what becomes of its dispatch."""

    @pytest.mark.parametrize("kind", ["unsubscribed", "already", "unknown"])
    def test_done(self, place: Path, spool: SqliteSpool, adapter: FakeAdapter, kind: str) -> None:
        """An outcome of any kind is done after one attempt, counted, and logged with the lists affected."""
        adapter.always = Outcome(kind, ("7",), "by its campaign")  # type: ignore[arg-type]  # one of three
        (ann,) = enqueue_recipients(spool, 1)
        began = time.time()
        running = RunningWorker(spool, adapter)
        running.drain()
        took = time.time() - began
        assert rows(place)[ann][:3] == ("done", 1, 0)
        assert rows(place)[ann].outcome == kind
        assert (running.worker.counters.done, running.worker.counters.retried, running.worker.counters.dead) == (
            1,
            0,
            0,
        )
        (event,) = running.log.named(kind)
        assert 0 <= event.pop("seconds") <= took + 0.001  # type: ignore[operator]  # rounded to milliseconds
        assert event == {
            "provider": "news", "recipient": ann, "lists": ["7"], "attempt": 1, "note": "by its campaign"
        }  # fmt: skip

    def test_temporary(self, place: Path, spool: SqliteSpool, adapter: FakeAdapter) -> None:
        """A temporary failure is pending until the schedule's wait, lengthened by the jitter, has passed."""
        adapter.always = TemporaryFailure("HTTP 500")
        (ann,) = enqueue_recipients(spool, 1)
        now = time.time()
        CLOCK.source = lambda: now
        running = RunningWorker(spool, adapter, clock=lambda: now)
        running.drain()
        row = rows(place)[ann]
        assert row[:3] == ("pending", 1, 1)
        assert row.due_at == pytest.approx(now + 1.05 * MINUTE, rel=0, abs=0.01)
        assert (running.worker.counters.retried, running.worker.counters.last_failure) == (1, "HTTP 500")
        assert running.log.named("failed_will_retry")[0]["answer"] == "HTTP 500"

    @pytest.mark.parametrize("error", [ValueError("x"), httpx.ReadTimeout("slow"), SystemExit(1), RecursionError()])
    def test_anything_else(self, place: Path, spool: SqliteSpool, adapter: FakeAdapter, error: BaseException) -> None:
        """Any other exception of an adapter is temporary, and ends neither a thread nor the worker."""
        adapter.next = [error]
        ann, bob = enqueue_recipients(spool, 2)
        RunningWorker(spool, adapter, settings(concurrency=1)).drain()
        assert rows(place)[ann][:3] == ("pending", 1, 1)
        assert rows(place)[bob][:3] == ("done", 1, 0)

    def test_permanent(self, place: Path, spool: SqliteSpool, adapter: FakeAdapter) -> None:
        """A permanent failure is a dead letter at once, whatever is left of the schedule."""
        adapter.always = PermanentFailure("no such list")
        (ann,) = enqueue_recipients(spool, 1)
        running = RunningWorker(spool, adapter)
        running.drain()
        assert rows(place)[ann][:3] == ("dead", 1, 0)
        assert running.worker.counters.dead == 1
        assert running.log.named("dead_letter")[0]["answer"] == "no such list"

    def test_schedule_ends(self, place: Path, spool: SqliteSpool, adapter: FakeAdapter) -> None:
        """A dispatch is a dead letter after the last wait of the schedule: waits + 1 attempts."""
        adapter.always = TemporaryFailure("HTTP 500")
        (ann,) = enqueue_recipients(spool, 1)
        offset = 0.0
        for _ in range(3):
            RunningWorker(spool, adapter, clock=lambda: time.time() + offset).drain()  # noqa: B023  # ends within the round
            offset += 10 * MINUTE
        assert rows(place)[ann][:3] == ("dead", 3, 2)

    def test_repeats_are_done(self, spool: SqliteSpool, adapter: FakeAdapter) -> None:
        """A dispatch that is settled with, or lately after, another one of its recipient is done without a call."""
        enqueue(spool, *(suppression("ann@example.com", n) for n in range(3)), suppression("bob@example.com"))
        running = RunningWorker(spool, adapter)
        wait_until(lambda: running.worker.counters.done == 4)
        enqueue(spool, suppression("bob@example.com", 1))
        running.worker.notify()
        running.drain()
        assert sorted(adapter.called) == ["ann@example.com", "bob@example.com"]
        assert running.worker.counters.done == 5 == spool.status().providers["news"].done
        assert [event["dispatches"] for event in running.log.named("duplicate_skipped")] == [2, 1]

    def test_campaigns(self, spool: SqliteSpool) -> None:
        """An adapter that records bounces per campaign is called again for another campaign, not for the same."""
        adapter = CampaignAdapter()
        jobs = ["june", "july", "june"]
        enqueue(spool, *(suppression("ann@example.com", n, job_id=job) for n, job in enumerate(jobs)))
        running = RunningWorker(spool, adapter)
        running.drain()
        assert sorted(one.job_id for one in adapter.suppressions) == ["july", "june"]
        assert running.worker.counters.done == 3

    def test_nothing_secret_is_kept(self, place: Path, spool: SqliteSpool, adapter: FakeAdapter) -> None:
        """A server that echoes the credentials leaves them neither in the spool nor in the log."""
        adapter.next = [TemporaryFailure("bad key s3cret"), PermanentFailure("bad key s3cret")]
        enqueue_recipients(spool, 3)
        running = RunningWorker(
            spool,
            adapter,
            settings(concurrency=1),
            answer="HTTP 200: s3cret",
            redact=lambda text: text.replace("s3cret", "[...]"),
        )
        running.drain()
        spool.close()
        assert b"bad key [...]" in place.read_bytes()
        assert b"s3cret" not in place.read_bytes()
        assert "s3cret" not in repr(running.log.events)


class TestRetryAfter:
    """`Retry-After` is obeyed."""

    def test_the_dispatch_waits(self, place: Path, spool: SqliteSpool, adapter: FakeAdapter) -> None:
        """The dispatch is due at the time that the provider gave, and its schedule is not used up."""
        adapter.always = TemporaryFailure("HTTP 429", retry_after=1800.0)
        (ann,) = enqueue_recipients(spool, 1)
        now = time.time()
        CLOCK.source = lambda: now
        RunningWorker(spool, adapter, clock=lambda: now).drain()
        row = rows(place)[ann]
        assert row[:3] == ("pending", 1, 0)
        assert row.due_at == pytest.approx(now + 1800, rel=0, abs=0.01)

    def test_the_wait_begins_with_the_answer(
        self, place: Path, spool: SqliteSpool, adapter: FakeAdapter, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The wait counts from the end of the call, however late it is settled: the dispatch is due with the pause."""
        adapter.always = TemporaryFailure("HTTP 429", retry_after=1800.0)
        (ann,) = enqueue_recipients(spool, 1)
        began, now = time.time(), [time.time()]
        CLOCK.source = lambda: now[0]
        take = CallMetrics.take

        def take_late(metrics: CallMetrics) -> list[MetricCounter]:
            now[0] = began + 7  # the last step before the settlement
            return take(metrics)

        monkeypatch.setattr(CallMetrics, "take", take_late)
        RunningWorker(spool, adapter, clock=lambda: now[0]).drain()
        assert rows(place)[ann].due_at == pytest.approx(began + 1800, rel=0, abs=1)

    def test_the_others_wait_too(self, place: Path, spool: SqliteSpool, adapter: FakeAdapter) -> None:
        """No other call is made after one such answer; claims are released, no attempt spent."""
        adapter.next = [TemporaryFailure("HTTP 503", retry_after=1800.0)]
        enqueue_recipients(spool, 50)
        running = RunningWorker(spool, adapter, settings(concurrency=1))
        running.drain()
        assert len(adapter.called) == 1
        others = [row for recipient, row in rows(place).items() if recipient not in adapter.called]
        assert {row[:3] for row in others} == {("pending", 0, 0)}
        assert not spool.state("news").held
        assert running.log.named("provider_paused")

    def test_a_drain_is_patient(self, place: Path, spool: SqliteSpool, adapter: FakeAdapter) -> None:
        """A drain waits for a short pause to end, and then finishes the work."""
        adapter.next = [TemporaryFailure("HTTP 429", retry_after=1.0)]
        enqueue_recipients(spool, 3)
        began = time.monotonic()
        RunningWorker(spool, adapter, settings(concurrency=1)).drain()
        assert {row.state for row in rows(place).values()} == {"done"}
        assert len(adapter.called) == 4
        assert adapter.times[1] - began >= 1.0

    def test_a_drain_waits_for_nothing_if_nothing_waits(self, spool: SqliteSpool) -> None:
        """A drain does not wait for the pause where the only dispatch left was given up meanwhile."""
        adapter = BatchedAdapter(2)
        adapter.next = [TemporaryFailure("HTTP 429", retry_after=1800.0)]
        enqueue_recipients(spool, 1)
        running = RunningWorker(spool, adapter, settings(drain_budget=3600.0))
        wait_until(lambda: bool(running.log.named("provider_paused")))
        with spool._connection.writing() as raw:  # noqa: SLF001  # another process settles it
            raw.execute("UPDATE dispatch SET state = 'done'")
        running.drain()


class TestClaims:
    """A claim is written before the call, and kept or given back."""

    def test_before_the_call(self, place: Path, spool: SqliteSpool, adapter: FakeAdapter) -> None:
        """An attempt is counted on disk while its call is under way, so that a crash can't loop."""
        adapter.open.clear()
        (ann,) = enqueue_recipients(spool, 1)
        running = RunningWorker(spool, adapter)
        wait_until(lambda: adapter.running == 1)
        assert rows(place)[ann][:3] == ("claimed", 1, 0)
        adapter.open.set()
        running.drain()

    def test_renewed_while_a_call_is_slow(self, place: Path, spool: SqliteSpool, adapter: FakeAdapter) -> None:
        """A call that takes several times its lease is made by no other process meanwhile."""
        adapter.open.clear()
        enqueue_recipients(spool, 1)
        now = [time.time()]
        CLOCK.source = lambda: now[0]
        slow = RunningWorker(spool, adapter, settings(lease=MINUTE), clock=lambda: now[0], monotonic=lambda: now[0])
        wait_until(lambda: adapter.running == 1)
        other_spool, other = SqliteSpool.open(place, clock=CLOCK), FakeAdapter()
        eager = RunningWorker(other_spool, other, clock=lambda: now[0], monotonic=lambda: now[0])
        for _ in range(8):
            now[0] += MINUTE / 2
            wait_until(lambda: rows(place)["user0@example.com"].due_at == now[0] + MINUTE)
            looked = eager.worker.heartbeat
            wait_until(lambda: eager.worker.heartbeat > looked + 1)  # noqa: B023  # ends within the round
        adapter.open.set()
        slow.worker.drain()
        eager.worker.drain()
        slow.joins()
        eager.joins()
        other_spool.close()
        assert (adapter.called, other.called) == (["user0@example.com"], [])
        assert rows(place)["user0@example.com"][:2] == ("done", 1)

    def test_renewed_in_time(self, place: Path, spool: SqliteSpool, adapter: FakeAdapter) -> None:
        """A claim is renewed in time, though the next poll is an hour away."""
        adapter.open.clear()
        enqueue_recipients(spool, 1)
        running = RunningWorker(spool, adapter, settings(lease=0.6, poll=NEVER))
        wait_until(lambda: adapter.running == 1)
        until = time.time() + 2.0
        wait_until(lambda: rows(place)["user0@example.com"].due_at > until)
        adapter.open.set()
        running.drain()
        assert adapter.called == ["user0@example.com"]

    def test_lost_claim(self, place: Path, spool: SqliteSpool, adapter: FakeAdapter) -> None:
        """A claim that ran out because the clock jumped is called again, and neither answer breaks the worker."""
        offset = [0.0]
        adapter.open.clear()
        enqueue_recipients(spool, 1)
        running = RunningWorker(spool, adapter, clock=lambda: time.time() + offset[0])
        wait_until(lambda: adapter.running == 1)
        offset[0] = 3600.0
        running.worker.notify()
        wait_until(lambda: adapter.running == 2)
        adapter.open.set()
        running.drain()
        assert running.worker.failure is None
        assert rows(place)["user0@example.com"][:2] == ("done", 2)

    def test_stop(self, place: Path, spool: SqliteSpool, adapter: FakeAdapter) -> None:
        """A stop finishes the calls in flight, and releases what was only claimed, no attempt spent."""
        adapter.open.clear()
        enqueue_recipients(spool, 100)
        running = RunningWorker(spool, adapter, settings(concurrency=3))
        wait_until(lambda: adapter.running == 3)
        running.worker.stop()
        wait_until(lambda: sum(row.state == "claimed" for row in rows(place).values()) == 3)
        assert running.threads()
        adapter.open.set()
        running.joins()
        assert len(adapter.called) == 3
        assert {row[:3] for who, row in rows(place).items() if who in adapter.called} == {("done", 1, 0)}
        assert {row[:3] for who, row in rows(place).items() if who not in adapter.called} == {("pending", 0, 0)}

    def test_stop_while_waiting_for_a_turn(self, place: Path, spool: SqliteSpool, adapter: FakeAdapter) -> None:
        """A stop does not wait for turns that a slow rate would give in hours."""
        enqueue_recipients(spool, 20)
        running = RunningWorker(spool, adapter, settings(concurrency=4, rate=1 / 3600))
        wait_until(lambda: len(adapter.called) == 1)
        running.stop()
        assert sorted(row[:2] for row in rows(place).values()) == [("done", 1)] + [("pending", 0)] * 19

    def test_stop_before_anything(self, place: Path, spool: SqliteSpool, adapter: FakeAdapter) -> None:
        """A worker that is stopped at once ends, and nothing stays claimed."""
        enqueue_recipients(spool, 20)
        RunningWorker(spool, adapter, settings(concurrency=1)).stop()
        assert not [row for row in rows(place).values() if row.state == "claimed"]
