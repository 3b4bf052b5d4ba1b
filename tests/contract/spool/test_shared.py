"""Contract of every spool: several threads and several processes at once."""

import multiprocessing
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest

from bouncehandler.spool import QueuedSuppression, Selection, Spool
from tests.contract.spool.examples import (
    NOW,
    at_time,
    claim_until_empty,
    done,
    due_at,
    people,
    put,
    record_batches,
    suppression,
    take,
)
from tests.fakes.server import PATIENCE


@pytest.fixture
def processes() -> Iterator[ProcessPoolExecutor]:
    """Four further processes, started afresh and not forked."""
    with ProcessPoolExecutor(4, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool


def test_processes_claim(spool: Spool, store: str, place: Path, processes: ProcessPoolExecutor) -> None:
    """Processes that claim at the same time get every dispatch once, and none of them an error."""
    put(spool, *people(3000))
    futures = [processes.submit(claim_until_empty, store, place, 10) for _ in range(4)]
    claimed = [number for future in futures for number in future.result(timeout=3 * PATIENCE)]
    assert len(claimed) == 3000
    assert len(set(claimed)) == 3000
    assert spool.status().dispatches.done == 3000


def test_processes_record(spool: Spool, store: str, place: Path, processes: ProcessPoolExecutor) -> None:
    """Processes that record at the same time, partly the same, lose nothing and add nothing twice."""
    futures = [processes.submit(record_batches, store, place, name, 100) for name in ("a", "a", "b", "b")]
    assert sum(future.result(timeout=3 * PATIENCE) for future in futures) == 2000
    assert len({one.id for one in spool.suppressions(Selection())}) == 2000
    assert spool.status().dispatches.pending == 2000


def test_reading_and_writing_processes(spool: Spool, store: str, place: Path, processes: ProcessPoolExecutor) -> None:
    """Reads are consistent, and none fails, while others record, claim and settle."""
    recording = [processes.submit(record_batches, store, place, name, 100) for name in ("a", "b")]
    claiming = [processes.submit(claim_until_empty, store, place, 5) for _ in range(2)]
    while not all([future.done() for future in recording] + [future.done() for future in claiming]):
        status = spool.status()
        assert status.dispatches.waiting + status.dispatches.done == status.suppressions
        list(spool.suppressions(Selection(limit=50)))
        due_at(spool, "news")
    claimed = [number for future in claiming for number in future.result()]
    assert len(claimed) == len(set(claimed)) == spool.status().dispatches.done
    assert sum(future.result() for future in recording) == spool.status().suppressions == 2000


def test_threads_claim(spool: Spool) -> None:
    """Threads that claim, settle, read and record at the same time get every dispatch once, and none an error."""
    put(spool, *people(1000))
    start = threading.Barrier(9)

    def work(_: int) -> list[int]:
        start.wait()
        mine = []
        while claimed := take(spool, 7):
            mine += [one.id for one in claimed]
            at_time(spool, NOW).settle([done(one) for one in claimed])
            spool.status()
        return mine

    def record() -> None:
        start.wait()
        for number in range(50):
            at_time(spool, NOW).record(
                [QueuedSuppression(suppression(f"late{number}.{n}@example.com"), ("crm",)) for n in range(10)]
            )

    with ThreadPoolExecutor(9) as pool:
        recording = pool.submit(record)
        claimed = [number for mine in pool.map(work, range(8)) for number in mine]
        recording.result()
    assert sorted(claimed) == sorted(set(claimed))
    assert len(claimed) == 1000
    assert spool.status().providers["crm"].pending == 500


def test_one_recipient_many_claimants(spool: Spool) -> None:
    """A recipient's dispatches are never under way twice at the same time, however many threads claim."""
    put(spool, *(suppression("ann@example.com", number) for number in range(50)))
    under_way: list[int] = []

    def work(_: int) -> None:
        under_way.extend(one.id for one in take(spool))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(16)))
    assert len(under_way) == 1
