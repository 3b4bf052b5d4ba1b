"""Standard input as it really is: pipes and files that end anywhere; and commits that block or fail."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bouncehandler.ingest.read_loop import BLOCK, batch_size_for
from bouncehandler.spool import SpoolError
from tests.contract.ingest.read_loops import Pumping, over_file
from tests.fakes.ingest import HEADER, PipelineOnFakes, bounce
from tests.fakes.server import PATIENCE, wait_until


class TestCommits:
    """When what was read is on disk."""

    def test_at_once_when_nothing_more_waits(self, pumping: Pumping) -> None:
        """A single row is committed without waiting for a full group, for the end, or for time to pass."""
        pumping.write(HEADER, bounce(0))
        wait_until(lambda: pumping.left.spool.recipients == ["user0@example.com"])
        pumping.write(bounce(1))
        wait_until(lambda: pumping.left.spool.batches == [["user0@example.com"], ["user1@example.com"]])
        assert pumping.end()

    def test_a_file_in_larger_groups(self, tmp_path: Path) -> None:
        """What a file holds can be fed again, so more of it is synced at once; what a pipe holds exists once."""
        (tmp_path / "bounce.csv").write_bytes(HEADER)
        reading, writing = os.pipe()
        with (tmp_path / "bounce.csv").open("rb") as file:
            assert batch_size_for(file.fileno(), 1000) == 4000
        assert batch_size_for(reading, 1000) == 1000
        os.close(reading)
        os.close(writing)

    def test_in_a_group_when_more_waits(self, pumping: Pumping) -> None:
        """What comes while one group is committed is the next group, however many writes it came in."""
        spool = pumping.left.spool
        spool.open.clear()
        pumping.write(HEADER, bounce(0))
        assert spool.is_busy.wait(PATIENCE)
        for number in range(1, 100):
            pumping.write(bounce(number))
        spool.open.set()
        assert pumping.end()
        assert [len(batch) for batch in spool.batches] == [1, 99]

    def test_rows_that_only_count_are_not_waited_with(self, pumping: Pumping) -> None:
        """Without anything to put on disk the pump sleeps: it is woken by input, not by a clock."""
        pumping.write(HEADER, bounce(0, "spam-related"))
        wait_until(lambda: pumping.left.pipeline.rows == 1)
        pumping.write(bounce(1))
        wait_until(lambda: pumping.left.spool.recipients == ["user1@example.com"])
        assert pumping.end()
        assert pumping.left.commits == 1

    def test_unreadable_rows_are_kept_at_once_too(self, pumping: Pumping) -> None:
        """A row that can't be read is in its file as soon as nothing more waits."""
        pumping.write(HEADER, b"rubbish,of,no,type\n")
        wait_until(lambda: pumping.left.rejected.rows == [HEADER, b"rubbish,of,no,type\n"])
        assert pumping.end()

    def test_the_writer_is_not_kept_waiting(self, pumping: Pumping) -> None:
        """While a commit takes its time the pipe takes a mega-byte more: PowerMTA gives up on a pipe that is full."""
        spool = pumping.left.spool
        spool.open.clear()
        pumping.write(HEADER, bounce(0))
        assert spool.is_busy.wait(PATIENCE)
        writer = pumping.writer  # which must not block
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
            pumping.result.result(PATIENCE)
        assert pumping.left.spool.recipients == ["user0@example.com"]
        assert pumping.left.commits == 1

    def test_a_failing_disk_in_the_middle_of_a_file(self, tmp_path: Path) -> None:
        """Where a commit fails no later row is committed: feeding the file again finds every row that is missing."""
        left = PipelineOnFakes(batch_rows=10)
        left.spool.fails = SpoolError("the disk is full")
        pumping = over_file(tmp_path / "bounce.csv", HEADER + b"".join(map(bounce, range(5000))), left)
        with pytest.raises(SpoolError):
            pumping.result.result(PATIENCE)
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
        assert pumping.result.result(PATIENCE)
        assert pumping.left.spool.recipients == [f"user{number}@example.com" for number in range(8000)]
        assert pumping.bytes_read == len(content)
        pumping.close()

    def test_without_a_line_end(self, pumping: Pumping) -> None:
        """A whole last row counts although no line end follows it."""
        pumping.write(HEADER, bounce(0), bounce(1).rstrip())
        assert pumping.end()
        assert pumping.left.spool.recipients[0] == "user0@example.com"
        assert pumping.left.pipeline.tally().rows == 2

    def test_in_the_middle_of_a_row(self, pumping: Pumping) -> None:
        """A writer that dies within a row costs that row alone, and the row's beginning is kept."""
        pumping.write(HEADER, bounce(0), bounce(1)[:50])
        assert pumping.end()
        assert pumping.left.spool.recipients == ["user0@example.com"]
        assert pumping.left.pipeline.tally().unreadable == {"torn": 1}
        assert b"".join(pumping.left.rejected.rows) == HEADER + bounce(1)[:50] + b"\n"

    def test_nothing_at_all(self, pumping: Pumping) -> None:
        """An input that ends at once is read to its end."""
        assert pumping.end()
        assert pumping.left.spool.batches == []

    def test_dev_null(self) -> None:
        """So is no input at all."""
        pumping = Pumping(PipelineOnFakes(), os.open(os.devnull, os.O_RDONLY))
        assert pumping.result.result(PATIENCE)
        pumping.close()

    def test_from_another_program(self) -> None:
        """What `cat` pipes in arrives whole."""
        rows = HEADER + b"".join(map(bounce, range(3000)))
        code = "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read())"
        with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as cat:
            assert cat.stdin is not None
            assert cat.stdout is not None
            pumping = Pumping(PipelineOnFakes(), os.dup(cat.stdout.fileno()))
            cat.stdin.write(rows)
            cat.stdin.close()
            assert pumping.result.result(PATIENCE)
        assert len(pumping.left.spool.recipients) == 3000
        pumping.close()

    def test_descriptor_that_does_not_block(self, pumping: Pumping) -> None:
        """A standard input that another program made non-blocking, and reads from as well, is read like any other."""
        flags = fcntl.fcntl(pumping.source, fcntl.F_GETFL)
        fcntl.fcntl(pumping.source, fcntl.F_SETFL, flags | os.O_NONBLOCK)
        pumping.write(HEADER, bounce(0))
        wait_until(lambda: len(pumping.left.spool.recipients) == 1)
        assert pumping.end()

    def test_another_process_was_quicker(self, monkeypatch: pytest.MonkeyPatch, pumping: Pumping) -> None:
        """A read that finds nothing, since a sibling took it, is no end of the input."""
        real, times = os.read, iter([True])

        def read(descriptor: int, size: int) -> bytes:
            if descriptor == pumping.source and next(times, False):
                raise BlockingIOError
            return real(descriptor, size)

        monkeypatch.setattr(os, "read", read)
        pumping.write(HEADER, bounce(0))
        wait_until(lambda: len(pumping.left.spool.recipients) == 1)
        assert pumping.end()

    def test_descriptor_that_can_not_be_read(self, tmp_path: Path) -> None:
        """An input that fails reports it; it is not taken for one that ended."""
        pumping = Pumping(PipelineOnFakes(), os.open(tmp_path, os.O_RDONLY))
        with pytest.raises(IsADirectoryError):
            pumping.result.result(PATIENCE)
        pumping.close()
