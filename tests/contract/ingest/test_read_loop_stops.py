"""Inputs that stall within a row, stops in the middle of an input, and providers that hang meanwhile."""

import os
import threading
import time
from pathlib import Path

import pytest

from bouncehandler.ingest.read_loop import read_loop
from bouncehandler.spool import SpoolError
from bouncehandler.spool.sqlite.store import SqliteSpool
from tests.contract.dispatcher.workers import RunningWorker, settings
from tests.contract.ingest.read_loops import RunningReadLoop, over_file
from tests.contract.spool.examples import CLOCK
from tests.fakes.adapter import FakeAdapter
from tests.fakes.ingest import HEADER, PipelineOnFakes, bounce
from tests.fakes.server import PATIENCE, wait_until


class TestOpenRows:
    """A quoted cell that is never closed."""

    def test_swallowed_rows_are_freed(self) -> None:
        """Rows that an open quote has swallowed are read after a silence; only the bad row is lost."""
        now = [0.0]
        running = RunningReadLoop(PipelineOnFakes(), monotonic=lambda: now[0])
        running.write(HEADER, bounce(0).replace(b"smtp;", b'"smtp;'), bounce(1), bounce(2))
        wait_until(lambda: running.left.pipeline.is_inside_row)
        now[0] = 6.0
        wait_until(lambda: len(running.left.spool.recipients) == 2)
        assert running.left.spool.recipients == ["user1@example.com", "user2@example.com"]
        assert running.left.pipeline.tally().unreadable == {"unclosed-quote": 1}
        running.close()

    def test_a_row_under_way_is_left_alone(self) -> None:
        """A row of several lines with a late end is read whole."""
        now = [0.0]
        running = RunningReadLoop(PipelineOnFakes(), monotonic=lambda: now[0])
        row = bounce(0).replace(b"smtp;550 no", b'"smtp;550-no\n550 user"')
        running.write(HEADER, row[:-12])
        wait_until(lambda: running.left.pipeline.is_inside_row)
        now[0] = 60.0
        assert not threading.Event().wait(1.2)
        running.write(row[-12:])
        wait_until(lambda: running.left.spool.recipients == ["user0@example.com"])
        assert running.end()
        assert running.left.pipeline.tally().unreadable == {}


class TestStops:
    """SIGTERM, through the descriptor that becomes readable then."""

    def test_a_pipe_is_drained(self, running: RunningReadLoop) -> None:
        """Rows in the pipe before the stop are read and committed: there is no other copy."""
        spool = running.left.spool
        spool.open.clear()
        running.write(HEADER, bounce(0))
        assert spool.is_busy.wait(PATIENCE)
        running.write(*map(bounce, range(1, 3000)))
        running.stop()
        spool.open.set()
        assert running.result.result(PATIENCE)
        assert len(spool.recipients) == 3000

    def test_an_idle_pipe_stops_at_once(self) -> None:
        """A stop does not wait for a silent writer, nor for any time to pass."""
        running = RunningReadLoop(PipelineOnFakes(), monotonic=lambda: 0.0)
        running.write(HEADER, bounce(0))
        wait_until(lambda: len(running.left.spool.recipients) == 1)
        running.stop()
        assert running.result.result(PATIENCE)
        running.close()

    def test_a_writer_that_never_pauses(self) -> None:
        """A pipe that is never empty delays a stop by seconds at most; rows that were read are committed."""
        ticks = iter(range(0, 1_000_000, 2))
        running = RunningReadLoop(PipelineOnFakes(), monotonic=lambda: float(next(ticks)))
        spool = running.left.spool
        spool.open.clear()
        running.write(HEADER, bounce(0))
        assert spool.is_busy.wait(PATIENCE)
        assert running.fill(bounce(1) * 12_000) >= 900_000
        running.stop()
        spool.open.set()
        assert not running.result.result(PATIENCE)
        assert len(spool.recipients) == running.left.pipeline.tally().suppressed > 1000
        running.close()

    def test_a_row_cut_by_the_stop_is_kept(self, running: RunningReadLoop) -> None:
        """A row that is only partly in the pipe at the stop is kept among the rejected rows."""
        running.write(HEADER, bounce(0))
        wait_until(lambda: len(running.left.spool.recipients) == 1)
        running.write(bounce(1)[:50])
        running.stop()
        assert running.result.result(PATIENCE)
        assert b"".join(running.left.rejected.rows) == HEADER + bounce(1)[:50] + b"\n"

    def test_a_file_is_left(self, tmp_path: Path) -> None:
        """A stop leaves a regular file at once, with the rows read so far committed: it can be fed again."""
        left = PipelineOnFakes(batch_rows=10)
        left.spool.open.clear()
        running = over_file(tmp_path / "bounce.csv", HEADER + b"".join(map(bounce, range(20_000))), left)
        assert left.spool.is_busy.wait(PATIENCE)
        running.stop()
        left.spool.open.set()
        assert not running.result.result(PATIENCE)
        assert 0 < len(left.spool.recipients) < 20_000
        assert len(left.spool.recipients) == left.pipeline.tally().suppressed
        assert left.rejected.rows == []
        running.close()

    def test_stopped_before_it_began(self, tmp_path: Path) -> None:
        """A stop that was asked for before the first read is heeded."""
        place = tmp_path / "bounce.csv"
        place.write_bytes(HEADER + bounce(0))
        read, write = os.pipe()
        os.write(write, b"!")
        with place.open("rb") as file:
            assert not read_loop(PipelineOnFakes().pipeline, file.fileno(), read, monotonic=time.monotonic)
        os.close(read)
        os.close(write)

    def test_a_failing_disk_while_stopping(self, running: RunningReadLoop) -> None:
        """An error while the pipe is drained comes out as well."""
        running.write(HEADER)
        wait_until(lambda: running.bytes_read > 0)
        running.left.spool.fails = SpoolError("the disk is full")
        running.left.spool.open.clear()
        running.write(bounce(0))
        running.stop()
        running.left.spool.open.set()
        with pytest.raises(SpoolError):
            running.result.result(PATIENCE)


def test_a_provider_that_hangs_blocks_no_other(tmp_path: Path) -> None:
    """Input is read and committed while every call of the dispatcher hangs."""
    spool, adapter = SqliteSpool.open(tmp_path / "spool.db", clock=CLOCK), FakeAdapter()
    adapter.open.clear()
    dispatching = RunningWorker(spool, adapter, settings(concurrency=2))
    running = RunningReadLoop(PipelineOnFakes(sink=spool, on_commit=dispatching.worker.notify))
    running.write(HEADER, *map(bounce, range(50)))
    wait_until(lambda: adapter.running == 2)
    for number in range(50, 100):
        running.write(bounce(number))
    assert running.end()
    assert len(adapter.called) == 2
    assert spool.status().suppressions == 100
    running.close()
    adapter.open.set()
    dispatching.drain()
    assert dispatching.worker.counters.done == 100
    spool.close()
