"""Standard input as it really is: pipes, files, writers that stall, stops in the middle; commits that block or fail."""

import fcntl
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from bouncehandler.ingest import pump
from bouncehandler.ingest.pump import BLOCK
from bouncehandler.spool import SpoolError
from bouncehandler.spool.sqlite import SqliteSpool
from tests.contract.lanes import Running, settings
from tests.fakes.adapter import FakeAdapter
from tests.fakes.ingest import HEADER, FakeRecorder, Left, bounce
from tests.fakes.server import wait_until


class Pumping:
    """A pump at work in a thread of its own, over a pipe that the test writes to, or any other descriptor."""

    def __init__(self, left: Left, source: int | None = None, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.left = left
        self.bytes_read = 0
        self._stop, self._ask = os.pipe()
        self._write: int | None = None
        if source is None:
            source, self._write = os.pipe()
        self._source = source
        self._thread = ThreadPoolExecutor(1)
        self.result: Future[bool] = self._thread.submit(
            pump, left.intake, source, self._stop, monotonic=monotonic, progress=self._progress
        )

    def _progress(self, size: int) -> None:
        self.bytes_read += size

    def write(self, *rows: bytes) -> None:
        """What the other program writes, at once."""
        assert self._write is not None
        os.write(self._write, b"".join(rows))

    def end(self) -> bool:
        """The other program closes the pipe; returns what the pump returns."""
        self._close_writer()
        return self.result.result(20)

    def stop(self) -> None:
        """Ask it to stop."""
        os.write(self._ask, b"!")

    def close(self) -> None:
        """Give everything back, whatever the test left behind."""
        self.left.spool.open.set()
        self._close_writer()
        self.stop()
        self._thread.shutdown()
        for descriptor in (self._stop, self._ask, self._source):
            os.close(descriptor)

    def _close_writer(self) -> None:
        if self._write is not None:
            os.close(self._write)
            self._write = None


@pytest.fixture
def pumping() -> Iterator[Pumping]:
    """A pump over a pipe."""
    pumping = Pumping(Left())
    yield pumping
    pumping.close()


def over_file(place: Path, content: bytes, left: Left | None = None) -> Pumping:
    """A pump over a regular file."""
    place.write_bytes(content)
    return Pumping(left or Left(), os.open(place, os.O_RDONLY))


class TestCommits:
    """When what was read is on disk."""

    def test_at_once_when_nothing_more_waits(self, pumping: Pumping) -> None:
        """A single row is committed without waiting for a full group, for the end, or for time to pass."""
        pumping.write(HEADER, bounce(0))
        wait_until(lambda: pumping.left.spool.recipients == ["user0@example.com"])
        pumping.write(bounce(1))
        wait_until(lambda: pumping.left.spool.batches == [["user0@example.com"], ["user1@example.com"]])
        assert pumping.end()

    def test_in_a_group_when_more_waits(self, pumping: Pumping) -> None:
        """What comes while one group is committed is the next group, however many writes it came in."""
        spool = pumping.left.spool
        spool.open.clear()
        pumping.write(HEADER, bounce(0))
        assert spool.is_busy.wait(10)
        for number in range(1, 100):
            pumping.write(bounce(number))
        spool.open.set()
        assert pumping.end()
        assert [len(batch) for batch in spool.batches] == [1, 99]

    def test_rows_that_only_count_are_not_waited_with(self, pumping: Pumping) -> None:
        """Without anything to put on disk the pump sleeps: it is woken by input, not by a clock."""
        pumping.write(HEADER, bounce(0, "spam-related"))
        wait_until(lambda: pumping.left.intake.rows == 1)
        pumping.write(bounce(1))
        wait_until(lambda: pumping.left.spool.recipients == ["user1@example.com"])
        assert pumping.end()
        assert pumping.left.news == 1

    def test_unreadable_rows_are_kept_at_once_too(self, pumping: Pumping) -> None:
        """A row that can't be read is in its file as soon as nothing more waits."""
        pumping.write(HEADER, b"rubbish,of,no,type\n")
        wait_until(lambda: pumping.left.rejected.rows == [b"rubbish,of,no,type\n"])
        assert pumping.end()

    def test_the_writer_is_not_kept_waiting(self, pumping: Pumping) -> None:
        """While a commit takes its time the pipe takes a mega-byte more: PowerMTA gives up on a pipe that is full."""
        spool = pumping.left.spool
        spool.open.clear()
        pumping.write(HEADER, bounce(0))
        assert spool.is_busy.wait(10)
        writer = pumping._write  # noqa: SLF001  # its writing end, which must not block
        assert writer is not None
        os.set_blocking(writer, False)
        assert os.write(writer, bounce(1, "spam-related") * 8000) >= 900_000
        spool.open.set()

    def test_a_failing_disk_ends_it(self, pumping: Pumping) -> None:
        """A spool that fails is not read past: the error comes out, and what was on disk before stays the last word."""
        pumping.write(HEADER, bounce(0))
        wait_until(lambda: len(pumping.left.spool.batches) == 1)
        pumping.left.spool.fails = SpoolError("the disk is full")
        pumping.write(bounce(1))
        with pytest.raises(SpoolError, match="the disk is full"):
            pumping.result.result(10)
        assert pumping.left.spool.recipients == ["user0@example.com"]
        assert pumping.left.news == 1

    def test_a_failing_disk_in_the_middle_of_a_file(self, tmp_path: Path) -> None:
        """Where a commit fails no later row is committed: feeding the file again finds every row that is missing."""
        left = Left(batch_rows=10)
        left.spool.fails = SpoolError("the disk is full")
        pumping = over_file(tmp_path / "bounce.csv", HEADER + b"".join(map(bounce, range(5000))), left)
        with pytest.raises(SpoolError):
            pumping.result.result(20)
        assert left.spool.batches == []
        assert pumping.bytes_read < 2 * BLOCK
        pumping.close()


class TestEnds:
    """The end of the input."""

    def test_everything_is_read(self, tmp_path: Path) -> None:
        """A file of several blocks is read to its end, whatever the blocks cut in two."""
        content = HEADER + b"".join(map(bounce, range(8000)))
        assert len(content) > 3 * BLOCK
        pumping = over_file(tmp_path / "bounce.csv", content)
        assert pumping.result.result(30)
        assert pumping.left.spool.recipients == [f"user{number}@example.com" for number in range(8000)]
        assert pumping.bytes_read == len(content)
        pumping.close()

    def test_without_a_line_end(self, pumping: Pumping) -> None:
        """A whole last row counts although no line end follows it."""
        pumping.write(HEADER, bounce(0), bounce(1).rstrip())
        assert pumping.end()
        assert pumping.left.spool.recipients[0] == "user0@example.com"
        assert pumping.left.intake.tally().rows == 2

    def test_in_the_middle_of_a_row(self, pumping: Pumping) -> None:
        """A writer that dies within a row costs that row alone, and the row's beginning is kept."""
        pumping.write(HEADER, bounce(0), bounce(1)[:50])
        assert pumping.end()
        assert pumping.left.spool.recipients == ["user0@example.com"]
        assert pumping.left.intake.tally().unreadable == {"torn": 1}
        assert [row.rstrip() for row in pumping.left.rejected.rows] == [bounce(1)[:50]]

    def test_nothing_at_all(self, pumping: Pumping) -> None:
        """An input that ends at once is read to its end."""
        assert pumping.end()
        assert pumping.left.spool.batches == []

    def test_dev_null(self) -> None:
        """So is no input at all."""
        pumping = Pumping(Left(), os.open(os.devnull, os.O_RDONLY))
        assert pumping.result.result(10)
        pumping.close()

    def test_from_another_program(self) -> None:
        """What `cat` pipes in arrives whole."""
        rows = HEADER + b"".join(map(bounce, range(3000)))
        code = "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read())"
        with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as cat:
            assert cat.stdin is not None
            assert cat.stdout is not None
            pumping = Pumping(Left(), os.dup(cat.stdout.fileno()))
            cat.stdin.write(rows)
            cat.stdin.close()
            assert pumping.result.result(20)
        assert len(pumping.left.spool.recipients) == 3000
        pumping.close()

    def test_descriptor_that_does_not_block(self, pumping: Pumping) -> None:
        """A standard input that another program made non-blocking, and reads from as well, is read like any other."""
        flags = fcntl.fcntl(pumping._source, fcntl.F_GETFL)  # noqa: SLF001  # as a sibling process would
        fcntl.fcntl(pumping._source, fcntl.F_SETFL, flags | os.O_NONBLOCK)  # noqa: SLF001  # as above
        pumping.write(HEADER, bounce(0))
        wait_until(lambda: len(pumping.left.spool.recipients) == 1)
        assert pumping.end()

    def test_somebody_else_was_quicker(self, monkeypatch: pytest.MonkeyPatch, pumping: Pumping) -> None:
        """A read that finds nothing, since a sibling took it, is no end of the input."""
        real, times = os.read, iter([True])

        def read(descriptor: int, size: int) -> bytes:
            if descriptor == pumping._source and next(times, False):  # noqa: SLF001  # others read as well
                raise BlockingIOError
            return real(descriptor, size)

        monkeypatch.setattr(os, "read", read)
        pumping.write(HEADER, bounce(0))
        wait_until(lambda: len(pumping.left.spool.recipients) == 1)
        assert pumping.end()

    def test_descriptor_that_can_not_be_read(self, tmp_path: Path) -> None:
        """An input that fails says so; it is not taken for one that ended."""
        pumping = Pumping(Left(), os.open(tmp_path, os.O_RDONLY))
        with pytest.raises(IsADirectoryError):
            pumping.result.result(10)
        pumping.close()


class TestOpenRows:
    """A quoted cell that is never closed."""

    def test_swallowed_rows_are_freed(self) -> None:
        """After silence inside one quoted cell the rows that it took in are read; only the bad row is lost."""
        now = [0.0]
        pumping = Pumping(Left(), monotonic=lambda: now[0])
        pumping.write(HEADER, bounce(0).replace(b"smtp;", b'"smtp;'), bounce(1), bounce(2))
        wait_until(lambda: pumping.left.intake.is_inside_row)
        now[0] = 6.0
        wait_until(lambda: len(pumping.left.spool.recipients) == 2)
        assert pumping.left.spool.recipients == ["user1@example.com", "user2@example.com"]
        assert pumping.left.intake.tally().unreadable == {"unclosed-quote": 1}
        pumping.close()

    def test_a_row_under_way_is_left_alone(self) -> None:
        """A row of several lines whose end is late is read whole when it comes."""
        now = [0.0]
        pumping = Pumping(Left(), monotonic=lambda: now[0])
        row = bounce(0).replace(b"smtp;550 no", b'"smtp;550-no\n550 user"')
        pumping.write(HEADER, row[:-12])
        wait_until(lambda: pumping.left.intake.is_inside_row)
        now[0] = 60.0
        assert not threading.Event().wait(1.2)
        pumping.write(row[-12:])
        wait_until(lambda: pumping.left.spool.recipients == ["user0@example.com"])
        assert pumping.end()
        assert pumping.left.intake.tally().unreadable == {}


class TestStops:
    """SIGTERM, through the descriptor that becomes readable then."""

    def test_a_pipe_is_drained(self, pumping: Pumping) -> None:
        """What the writer has put into the pipe before the stop is read and committed: nobody else has it."""
        spool = pumping.left.spool
        spool.open.clear()
        pumping.write(HEADER, bounce(0))
        assert spool.is_busy.wait(10)
        pumping.write(*map(bounce, range(1, 3000)))
        pumping.stop()
        spool.open.set()
        assert pumping.result.result(20)
        assert len(spool.recipients) == 3000

    def test_an_idle_pipe_stops_at_once(self, pumping: Pumping) -> None:
        """A stop does not wait for a writer that says nothing."""
        pumping.write(HEADER, bounce(0))
        wait_until(lambda: len(pumping.left.spool.recipients) == 1)
        began = time.monotonic()
        pumping.stop()
        assert pumping.result.result(10)
        assert time.monotonic() - began < 4

    def test_a_writer_that_never_pauses(self) -> None:
        """A pipe that is never empty can't hold up a stop for longer than seconds; what was read is committed."""
        ticks = iter(range(0, 1_000_000, 2))
        pumping = Pumping(Left(), monotonic=lambda: float(next(ticks)))
        spool = pumping.left.spool
        spool.open.clear()
        pumping.write(HEADER, bounce(0))
        assert spool.is_busy.wait(10)
        writer = pumping._write  # noqa: SLF001  # its writing end, which must not block
        assert writer is not None
        os.set_blocking(writer, False)
        assert os.write(writer, bounce(1) * 12_000) >= 900_000
        pumping.stop()
        spool.open.set()
        assert not pumping.result.result(20)
        assert len(spool.recipients) == pumping.left.intake.tally().suppressed > 1000
        pumping.close()

    def test_a_row_cut_by_the_stop_is_kept(self, pumping: Pumping) -> None:
        """A row of which only the beginning is in the pipe goes to the rejected rows, not to nowhere."""
        pumping.write(HEADER, bounce(0))
        wait_until(lambda: len(pumping.left.spool.recipients) == 1)
        pumping.write(bounce(1)[:50])
        pumping.stop()
        assert pumping.result.result(10)
        assert [row.rstrip() for row in pumping.left.rejected.rows] == [bounce(1)[:50]]

    def test_a_file_is_left(self, tmp_path: Path) -> None:
        """A regular file is left at once, with what was read committed: it can be fed again."""
        left = Left(batch_rows=10)
        left.spool.open.clear()
        pumping = over_file(tmp_path / "bounce.csv", HEADER + b"".join(map(bounce, range(20_000))), left)
        assert left.spool.is_busy.wait(10)
        pumping.stop()
        left.spool.open.set()
        assert not pumping.result.result(20)
        assert 0 < len(left.spool.recipients) < 20_000
        assert len(left.spool.recipients) == left.intake.tally().suppressed
        assert left.rejected.rows == []
        pumping.close()

    def test_stopped_before_it_began(self, tmp_path: Path) -> None:
        """A stop that was asked for before the first read is heeded."""
        place = tmp_path / "bounce.csv"
        place.write_bytes(HEADER + bounce(0))
        read, write = os.pipe()
        os.write(write, b"!")
        with place.open("rb") as file:
            assert not pump(Left().intake, file.fileno(), read, monotonic=time.monotonic)
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
            pumping.result.result(10)


def test_a_provider_that_hangs_blocks_nobody(tmp_path: Path) -> None:
    """While every call of the dispatcher hangs, input is read and put on disk as ever."""
    spool, adapter, left = SqliteSpool.open(tmp_path / "spool.db"), FakeAdapter(), Left()
    adapter.open.clear()
    running = Running(spool, adapter, settings(concurrency=2))
    both = _Both(left.spool, spool)
    left.intake._spool = both  # type: ignore[assignment]  # noqa: SLF001  # a recorder as well
    left.intake._committed = running.lane.notify  # noqa: SLF001  # as the program connects the two
    pumping = Pumping(left)
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
    assert running.lane.tally.done == 100
    spool.close()


class _Both:
    """Records in a real spool, and in a fake one for the test to look at."""

    def __init__(self, fake: FakeRecorder, real: SqliteSpool) -> None:
        self._fake, self._real = fake, real

    def record(self, batch: list[object], now: float) -> object:
        """As a spool does."""
        self._fake.record(batch, now)  # type: ignore[arg-type]  # as they come
        return self._real.record(batch, time.time())  # type: ignore[arg-type]  # as they come
