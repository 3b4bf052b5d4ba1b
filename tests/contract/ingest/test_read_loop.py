"""Read loop: pipes and files that end anywhere; and commits that block or fail."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bouncehandler.ingest.read_loop import BLOCK, batch_size_for
from bouncehandler.spool import SpoolError
from tests.contract.ingest.read_loops import RunningReadLoop, over_file
from tests.fakes.ingest import HEADER, PipelineOnFakes, bounce
from tests.fakes.server import PATIENCE, wait_until


class TestCommits:
    """Commits of rows that were read."""

    def test_at_once_when_nothing_more_waits(self, running: RunningReadLoop) -> None:
        """A single row is committed without waiting for a full group, for the end, or for time to pass."""
        running.write(HEADER, bounce(0))
        wait_until(lambda: running.left.spool.recipients == ["user0@example.com"])
        running.write(bounce(1))
        wait_until(lambda: running.left.spool.batches == [["user0@example.com"], ["user1@example.com"]])
        assert running.end()

    def test_a_file_in_larger_groups(self, tmp_path: Path) -> None:
        """Rows of a file are committed in larger groups, since a file can be fed again and a pipe cannot."""
        (tmp_path / "bounce.csv").write_bytes(HEADER)
        reading, writing = os.pipe()
        with (tmp_path / "bounce.csv").open("rb") as file:
            assert batch_size_for(file.fileno(), 1000) == 4000
        assert batch_size_for(reading, 1000) == 1000
        os.close(reading)
        os.close(writing)

    def test_in_a_group_when_more_waits(self, running: RunningReadLoop) -> None:
        """Rows that come while one group is committed are the next group, however many writes they came in."""
        spool = running.left.spool
        spool.open.clear()
        running.write(HEADER, bounce(0))
        assert spool.is_busy.wait(PATIENCE)
        for number in range(1, 100):
            running.write(bounce(number))
        spool.open.set()
        assert running.end()
        assert [len(batch) for batch in spool.batches] == [1, 99]

    def test_rows_that_are_only_counted_make_no_busy_loop(self, running: RunningReadLoop) -> None:
        """The read loop without rows to commit sleeps: it is woken by input, not by a clock."""
        running.write(HEADER, bounce(0, "spam-related"))
        wait_until(lambda: running.left.pipeline.rows == 1)
        running.write(bounce(1))
        wait_until(lambda: running.left.spool.recipients == ["user1@example.com"])
        assert running.end()
        assert running.left.commits == 1

    def test_unreadable_rows_are_kept_at_once_too(self, running: RunningReadLoop) -> None:
        """A row that can't be read is in its file as soon as nothing more waits."""
        running.write(HEADER, b"rubbish,of,no,type\n")
        wait_until(lambda: running.left.rejected.rows == [HEADER, b"rubbish,of,no,type\n"])
        assert running.end()

    def test_the_writer_is_not_kept_waiting(self, running: RunningReadLoop) -> None:
        """The pipe is read during a slow commit, a megabyte at least: PowerMTA gives up on a pipe that is full."""
        spool = running.left.spool
        spool.open.clear()
        running.write(HEADER, bounce(0))
        assert spool.is_busy.wait(PATIENCE)
        assert running.fill(bounce(1, "spam-related") * 8000) >= 900_000
        spool.open.set()

    def test_a_failing_disk_ends_it(self, running: RunningReadLoop) -> None:
        """A failing spool ends the read loop with its error; earlier commits stay."""
        running.write(HEADER, bounce(0))
        wait_until(lambda: len(running.left.spool.batches) == 1)
        running.left.spool.fails = SpoolError("the disk is full")
        running.write(bounce(1))
        with pytest.raises(SpoolError, match="the disk is full"):
            running.result.result(PATIENCE)
        assert running.left.spool.recipients == ["user0@example.com"]
        assert running.left.commits == 1

    def test_a_failing_disk_in_the_middle_of_a_file(self, tmp_path: Path) -> None:
        """No row is committed after a failed commit: feeding the file again finds every row that is missing."""
        left = PipelineOnFakes(batch_rows=10)
        left.spool.fails = SpoolError("the disk is full")
        running = over_file(tmp_path / "bounce.csv", HEADER + b"".join(map(bounce, range(5000))), left)
        with pytest.raises(SpoolError):
            running.result.result(PATIENCE)
        assert left.spool.batches == []
        assert running.bytes_read < 2 * BLOCK
        running.close()


class TestEnds:
    """The end of the input."""

    def test_everything_is_read(self, tmp_path: Path) -> None:
        """A file of several blocks is read to its end, whatever the blocks cut in two."""
        content = HEADER + b"".join(map(bounce, range(8000)))
        assert len(content) > 3 * BLOCK
        running = over_file(tmp_path / "bounce.csv", content)
        assert running.result.result(PATIENCE)
        assert running.left.spool.recipients == [f"user{number}@example.com" for number in range(8000)]
        assert running.bytes_read == len(content)
        running.close()

    def test_without_a_line_end(self, running: RunningReadLoop) -> None:
        """A whole last row counts although no line end follows it."""
        running.write(HEADER, bounce(0), bounce(1).rstrip())
        assert running.end()
        assert running.left.spool.recipients[0] == "user0@example.com"
        assert running.left.pipeline.tally().rows == 2

    def test_in_the_middle_of_a_row(self, running: RunningReadLoop) -> None:
        """A writer that dies within a row costs that row alone, and the row's beginning is kept."""
        running.write(HEADER, bounce(0), bounce(1)[:50])
        assert running.end()
        assert running.left.spool.recipients == ["user0@example.com"]
        assert running.left.pipeline.tally().unreadable == {"torn": 1}
        assert b"".join(running.left.rejected.rows) == HEADER + bounce(1)[:50] + b"\n"

    def test_nothing_at_all(self, running: RunningReadLoop) -> None:
        """An input that ends at once is read to its end."""
        assert running.end()
        assert running.left.spool.batches == []

    def test_dev_null(self) -> None:
        """/dev/null is read to its end."""
        running = RunningReadLoop(PipelineOnFakes(), os.open(os.devnull, os.O_RDONLY))
        assert running.result.result(PATIENCE)
        running.close()

    def test_from_another_program(self) -> None:
        """Input that `cat` pipes in is read whole."""
        rows = HEADER + b"".join(map(bounce, range(3000)))
        code = "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read())"
        with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as cat:
            assert cat.stdin is not None
            assert cat.stdout is not None
            running = RunningReadLoop(PipelineOnFakes(), os.dup(cat.stdout.fileno()))
            cat.stdin.write(rows)
            cat.stdin.close()
            assert running.result.result(PATIENCE)
        assert len(running.left.spool.recipients) == 3000
        running.close()

    def test_descriptor_that_does_not_block(self, running: RunningReadLoop) -> None:
        """A standard input that another program made non-blocking, and reads from as well, is read like any other."""
        flags = fcntl.fcntl(running.source, fcntl.F_GETFL)
        fcntl.fcntl(running.source, fcntl.F_SETFL, flags | os.O_NONBLOCK)
        running.write(HEADER, bounce(0))
        wait_until(lambda: len(running.left.spool.recipients) == 1)
        assert running.end()

    def test_another_process_was_quicker(self, monkeypatch: pytest.MonkeyPatch, running: RunningReadLoop) -> None:
        """A read that finds nothing, since another process took it, is no end of the input."""
        real, times = os.read, iter([True])

        def read(descriptor: int, size: int) -> bytes:
            if descriptor == running.source and next(times, False):
                raise BlockingIOError
            return real(descriptor, size)

        monkeypatch.setattr(os, "read", read)
        running.write(HEADER, bounce(0))
        wait_until(lambda: len(running.left.spool.recipients) == 1)
        assert running.end()

    def test_descriptor_that_can_not_be_read(self, tmp_path: Path) -> None:
        """An input that fails reports it; it is not taken for one that ended."""
        running = RunningReadLoop(PipelineOnFakes(), os.open(tmp_path, os.O_RDONLY))
        with pytest.raises(IsADirectoryError):
            running.result.result(PATIENCE)
        running.close()
