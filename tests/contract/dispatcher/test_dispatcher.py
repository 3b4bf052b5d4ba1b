"""All workers together, and several dispatchers on one spool."""

import multiprocessing
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from bouncehandler.dispatcher.call_executor import CallExecutor
from bouncehandler.dispatcher.dispatcher import Dispatcher
from bouncehandler.dispatcher.retry import RetrySchedule
from bouncehandler.dispatcher.worker import ProviderWorker
from bouncehandler.provider import ProviderUnavailable, TemporaryFailure
from bouncehandler.spool import QueuedSuppression, Selection, Spool, SpoolError
from bouncehandler.spool.sqlite.store import SqliteSpool
from bouncehandler.suppression import Outcome
from tests.contract.dispatcher.workers import NEVER, ObservedSpool, enqueue, enqueue_recipients, rows, settings
from tests.contract.spool.examples import CLOCK, suppression
from tests.fakes.adapter import FakeAdapter, FixedResponse, KeptLog
from tests.fakes.server import PATIENCE, wait_until


def add_worker(  # noqa: PLR0913  # the last two have defaults that most tests want
    dispatcher: Dispatcher, name: str, adapter: FakeAdapter, spool: Spool, *, concurrency: int = 2, poll: float = 0.02
) -> ProviderWorker:
    """Add a worker to the dispatcher."""
    executor = CallExecutor(adapter, FixedResponse("HTTP 200"), RetrySchedule([60.0], lambda: 0.0), time.time)
    worker = ProviderWorker(
        name,
        executor,
        spool,
        KeptLog(),
        settings(concurrency, poll=poll),
        clock=time.time,
        monotonic=time.monotonic,
        on_end=dispatcher.count_ended,
        group=dispatcher,
    )
    dispatcher.add(worker)
    return worker


def ends(dispatcher: Dispatcher) -> bool:
    """Whether every worker ends within a reasonable time."""
    deadline = time.monotonic() + PATIENCE
    while not dispatcher.wait(0.1) and time.monotonic() < deadline:
        pass
    return dispatcher.has_ended


def test_each_worker_carries_out_its_own_dispatches(spool: SqliteSpool) -> None:
    """Each worker carries out its own dispatches, and the dispatcher ends when all have."""
    dispatcher, news, crm = Dispatcher(), FakeAdapter(), FakeAdapter()
    add_worker(dispatcher, "news", news, spool)
    add_worker(dispatcher, "crm", crm, spool)
    recipients = enqueue_recipients(spool, 40, to=("news", "crm"))
    dispatcher.start()
    assert not dispatcher.has_ended
    dispatcher.drain()
    assert ends(dispatcher)
    assert sorted(news.called) == sorted(crm.called) == sorted(recipients)
    assert {name: tally.done for name, tally in dispatcher.counters.items()} == {"news": 40, "crm": 40}
    assert dispatcher.failure is None


def test_learned_address_goes_on(place: Path, spool: SqliteSpool) -> None:
    """An address that one provider resolves at the end of a drain still reaches the others, which had come to rest."""
    dispatcher, news, crm = Dispatcher(), FakeAdapter(), FakeAdapter()
    news.takes_subscriber_ids = True  # type: ignore[attr-defined]  # an ability that not every adapter has
    news.always = Outcome("unsubscribed", ("7",), recipient="ann@example.com")
    news.open.clear()
    hidden = suppression("", list_manager="mailwizz", list_id="ab", subscriber_id="cd")
    spool.record([QueuedSuppression(hidden, ("news", "crm"), ("news",))])
    add_worker(dispatcher, "news", news, spool)
    crm_worker = add_worker(dispatcher, "crm", crm, spool, poll=NEVER)
    dispatcher.start()
    dispatcher.drain()
    wait_until(lambda: bool(news.called) and crm_worker.is_idle)
    news.open.set()
    assert ends(dispatcher)
    assert crm.called == ["ann@example.com"]
    assert {row.state for row in rows(place, "crm").values()} == {"done"}


def test_ids_for_an_adapter_that_needs_an_address(place: Path, spool: SqliteSpool) -> None:
    """Ids that reach an adapter which can't act on them become a dead letter with the reason, and stop nothing else."""
    dispatcher, crm = Dispatcher(), FakeAdapter()
    hidden = suppression("", list_manager="crm", list_id="ab", subscriber_id="cd")
    spool.record([QueuedSuppression(hidden, ("crm",), ("crm",)), QueuedSuppression(suppression(), ("crm",))])
    add_worker(dispatcher, "crm", crm, spool)
    dispatcher.start()
    dispatcher.drain()
    assert ends(dispatcher)
    assert crm.called == ["ann@example.com"]
    assert rows(place, "crm")[hidden.subject].state == "dead"
    (dead_letter,) = spool.dead_letters(Selection())
    assert "needs an address" in dead_letter.answer


def test_without_workers(spool: SqliteSpool) -> None:
    """A dispatcher without workers has nothing to wait for."""
    enqueue_recipients(spool, 1, to=())
    dispatcher = Dispatcher()
    dispatcher.start()
    dispatcher.notify()
    dispatcher.drain()
    assert dispatcher.wait(PATIENCE)
    dispatcher.stop()


@pytest.mark.parametrize("failure", ["hangs", "fails", "is down", "asks for time"])
def test_one_provider_never_delays_another(place: Path, spool: SqliteSpool, failure: str) -> None:
    """A provider that hangs, fails, is held or paused does not delay another one."""
    dispatcher, bad, good = Dispatcher(), FakeAdapter(), FakeAdapter()
    if failure == "hangs":
        bad.open.clear()
    bad.always = {
        "fails": TemporaryFailure("HTTP 500"),
        "is down": ProviderUnavailable("HTTP 401"),
        "asks for time": TemporaryFailure("HTTP 429", retry_after=3600.0),
    }.get(failure, bad.always)
    add_worker(dispatcher, "bad", bad, spool)
    good_worker = add_worker(dispatcher, "good", good, spool, poll=NEVER)
    enqueue_recipients(spool, 100, to=("bad", "good"))
    dispatcher.start()
    wait_until(lambda: good_worker.counters.done == 100)
    enqueue(spool, suppression("ann@example.com"), to=("bad", "good"))
    dispatcher.notify()
    wait_until(lambda: good_worker.counters.done == 101)
    assert "done" not in {row.state for row in rows(place, "bad").values()}
    bad.open.set()
    dispatcher.stop()
    assert ends(dispatcher)


def test_a_failing_spool_is_reported(spool: SqliteSpool) -> None:
    """A worker with a failing spool notifies its owner at once; the others go on until the owner stops them."""
    failures: list[Exception | None] = []
    dispatcher = Dispatcher(lambda: failures.append(dispatcher.failure))
    watched = ObservedSpool(spool)
    watched.failing["claim"] = disk = SpoolError("the disk is full")
    add_worker(dispatcher, "news", FakeAdapter(), watched.spool)
    other = add_worker(dispatcher, "crm", FakeAdapter(), spool)
    dispatcher.start()
    wait_until(lambda: bool(failures))
    assert failures == [disk]
    assert dispatcher.failure is disk
    assert not dispatcher.wait(0)
    enqueue_recipients(spool, 5, to=("crm",))
    dispatcher.notify()
    wait_until(lambda: other.counters.done == 5)
    dispatcher.stop()
    assert ends(dispatcher)
    assert dispatcher.failure is disk


def test_stop_while_one_hangs(place: Path, spool: SqliteSpool) -> None:
    """A stop ends the workers that can end; one with a call that hangs ends with that call, and claims nothing more."""
    dispatcher, slow, quick = Dispatcher(), FakeAdapter(), FakeAdapter()
    slow.open.clear()
    add_worker(dispatcher, "slow", slow, spool, concurrency=1)
    add_worker(dispatcher, "quick", quick, spool)
    enqueue_recipients(spool, 10, to=("slow", "quick"))
    dispatcher.start()
    wait_until(lambda: slow.running == 1 and len(quick.called) == 10)
    dispatcher.stop()
    wait_until(lambda: sum(row.state == "claimed" for row in rows(place, "slow").values()) == 1)
    assert not dispatcher.wait(0.05)
    slow.open.set()
    assert ends(dispatcher)
    assert sorted(row[:2] for row in rows(place, "slow").values()) == [("done", 1)] + [("pending", 0)] * 9


def carry_out(place: str) -> list[str]:
    """Carry out all that is due with eight threads, as another process; returns the recipients that it called."""
    spool, adapter, dispatcher = SqliteSpool.open(place, clock=CLOCK), FakeAdapter(), Dispatcher()
    adapter.seconds = 0.002
    add_worker(dispatcher, "news", adapter, spool, concurrency=8)
    dispatcher.start()
    dispatcher.drain()
    assert ends(dispatcher)
    assert dispatcher.failure is None
    spool.close()
    return adapter.called


def test_processes_never_call_twice(place: Path, spool: SqliteSpool) -> None:
    """Several processes that dispatch from one spool call for each dispatch once."""
    recipients = enqueue_recipients(spool, 600)
    with ProcessPoolExecutor(3, mp_context=multiprocessing.get_context("spawn")) as processes:
        called = list(processes.map(carry_out, [str(place)] * 3))
    assert Counter(recipient for mine in called for recipient in mine) == Counter(recipients)
    assert {row[:2] for row in rows(place).values()} == {("done", 1)}


def test_threads_of_one_process_never_call_twice(place: Path, spool: SqliteSpool) -> None:
    """Two dispatchers, each with its own connection to the spool, share the work."""
    recipients = enqueue_recipients(spool, 300)
    other = SqliteSpool.open(place, clock=CLOCK)
    adapter = FakeAdapter()
    crews = [Dispatcher(), Dispatcher()]
    for dispatcher, shared in zip(crews, (spool, other), strict=True):
        add_worker(dispatcher, "news", adapter, shared, concurrency=4)
        dispatcher.start()
    for dispatcher in crews:
        dispatcher.drain()
    assert all(map(ends, crews))
    other.close()
    assert Counter(adapter.called) == Counter(recipients)
