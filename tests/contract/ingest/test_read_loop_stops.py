"""Inputs that stall within a row, stops in the middle of an input, and providers that hang meanwhile."""

import os
import threading
import time
from pathlib import Path

import pytest

from bouncehandler.ingest import read_loop
from bouncehandler.spool import SpoolError
from bouncehandler.spool.sqlite.store import SqliteSpool
from tests.contract.dispatcher.workers import Running, settings
from tests.contract.ingest.read_loops import Pumping, over_file
from tests.contract.spool.examples import CLOCK
from tests.fakes.adapter import FakeAdapter
from tests.fakes.ingest import HEADER, PipelineOnFakes, bounce
from tests.fakes.server import PATIENCE, wait_until


class TestOpenRows:
    """A quoted cell that is never closed."""

    def test_swallowed_rows_are_freed(self) -> None:
        """After silence inside one quoted cell the rows that it took in are read; only the bad row is lost."""
        now = [0.0]
        pumping = Pumping(PipelineOnFakes(), monotonic=lambda: now[0])
        pumping.write(HEADER, bounce(0).replace(b"smtp;", b'"smtp;'), bounce(1), bounce(2))
        wait_until(lambda: pumping.left.pipeline.is_inside_row)
        now[0] = 6.0
        wait_until(lambda: len(pumping.left.spool.recipients) == 2)
        assert pumping.left.spool.recipients == ["user1@example.com", "user2@example.com"]
        assert pumping.left.pipeline.tally().unreadable == {"unclosed-quote": 1}
        pumping.close()

    def test_a_row_under_way_is_left_alone(self) -> None:
        """A row of several lines whose end is late is read whole when it comes."""
        now = [0.0]
        pumping = Pumping(PipelineOnFakes(), monotonic=lambda: now[0])
        row = bounce(0).replace(b"smtp;550 no", b'"smtp;550-no\n550 user"')
        pumping.write(HEADER, row[:-12])
        wait_until(lambda: pumping.left.pipeline.is_inside_row)
        now[0] = 60.0
        assert not threading.Event().wait(1.2)
        pumping.write(row[-12:])
        wait_until(lambda: pumping.left.spool.recipients == ["user0@example.com"])
        assert pumping.end()
        assert pumping.left.pipeline.tally().unreadable == {}


class TestStops:
    """SIGTERM, through the descriptor that becomes readable then."""

    def test_a_pipe_is_drained(self, pumping: Pumping) -> None:
        """What the writer has put into the pipe before the stop is read and committed: there is no other copy."""
        spool = pumping.left.spool
        spool.open.clear()
        pumping.write(HEADER, bounce(0))
        assert spool.is_busy.wait(PATIENCE)
        pumping.write(*map(bounce, range(1, 3000)))
        pumping.stop()
        spool.open.set()
        assert pumping.result.result(PATIENCE)
        assert len(spool.recipients) == 3000

    def test_an_idle_pipe_stops_at_once(self) -> None:
        """A stop does not wait for a silent writer, nor for any time to pass."""
        pumping = Pumping(PipelineOnFakes(), monotonic=lambda: 0.0)
        pumping.write(HEADER, bounce(0))
        wait_until(lambda: len(pumping.left.spool.recipients) == 1)
        pumping.stop()
        assert pumping.result.result(PATIENCE)
        pumping.close()

    def test_a_writer_that_never_pauses(self) -> None:
        """A pipe that is never empty can't hold up a stop for longer than seconds; what was read is committed."""
        ticks = iter(range(0, 1_000_000, 2))
        pumping = Pumping(PipelineOnFakes(), monotonic=lambda: float(next(ticks)))
        spool = pumping.left.spool
        spool.open.clear()
        pumping.write(HEADER, bounce(0))
        assert spool.is_busy.wait(PATIENCE)
        writer = pumping.writer  # which must not block
        assert writer is not None
        os.set_blocking(writer, False)
        assert os.write(writer, bounce(1) * 12_000) >= 900_000
        pumping.stop()
        spool.open.set()
        assert not pumping.result.result(PATIENCE)
        assert len(spool.recipients) == pumping.left.pipeline.tally().suppressed > 1000
        pumping.close()

    def test_a_row_cut_by_the_stop_is_kept(self, pumping: Pumping) -> None:
        """A row of which only the beginning is in the pipe goes to the rejected rows, not to nowhere."""
        pumping.write(HEADER, bounce(0))
        wait_until(lambda: len(pumping.left.spool.recipients) == 1)
        pumping.write(bounce(1)[:50])
        pumping.stop()
        assert pumping.result.result(PATIENCE)
        assert b"".join(pumping.left.rejected.rows) == HEADER + bounce(1)[:50] + b"\n"

    def test_a_file_is_left(self, tmp_path: Path) -> None:
        """A regular file is left at once, with what was read committed: it can be fed again."""
        left = PipelineOnFakes(batch_rows=10)
        left.spool.open.clear()
        pumping = over_file(tmp_path / "bounce.csv", HEADER + b"".join(map(bounce, range(20_000))), left)
        assert left.spool.is_busy.wait(PATIENCE)
        pumping.stop()
        left.spool.open.set()
        assert not pumping.result.result(PATIENCE)
        assert 0 < len(left.spool.recipients) < 20_000
        assert len(left.spool.recipients) == left.pipeline.tally().suppressed
        assert left.rejected.rows == []
        pumping.close()

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

    def test_a_failing_disk_while_stopping(self, pumping: Pumping) -> None:
        """An error while the pipe is drained comes out as well."""
        pumping.write(HEADER)
        wait_until(lambda: pumping.bytes_read > 0)
        pumping.left.spool.fails = SpoolError("the disk is full")
        pumping.left.spool.open.clear()
        pumping.write(bounce(0))
        pumping.stop()
        pumping.left.spool.open.set()
        with pytest.raises(SpoolError):
            pumping.result.result(PATIENCE)


def test_a_provider_that_hangs_blocks_no_other(tmp_path: Path) -> None:
    """While every call of the dispatcher hangs, input is read and put on disk as ever."""
    spool, adapter = SqliteSpool.open(tmp_path / "spool.db", clock=CLOCK), FakeAdapter()
    adapter.open.clear()
    running = Running(spool, adapter, settings(concurrency=2))
    pumping = Pumping(PipelineOnFakes(sink=spool, on_commit=running.worker.notify))
    pumping.write(HEADER, *map(bounce, range(50)))
    wait_until(lambda: adapter.running == 2)
    for number in range(50, 100):
        pumping.write(bounce(number))
    assert pumping.end()
    assert len(adapter.called) == 2
    assert spool.status().suppressions == 100
    pumping.close()
    adapter.open.set()
    running.drain()
    assert running.worker.counters.done == 100
    spool.close()
