"""A running read loop over a pipe or a file, for the tests of how it reads and how it stops."""

import os
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from bouncehandler.ingest.read_loop import read_loop
from tests.fakes.ingest import PipelineOnFakes
from tests.fakes.server import PATIENCE


class RunningReadLoop:
    """A read loop in a thread of its own, over a pipe that the test writes to, or any other descriptor."""

    def __init__(
        self, left: PipelineOnFakes, source: int | None = None, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.left = left
        self.bytes_read = 0
        self._stop, self._ask = os.pipe()
        self.writer: int | None = None
        """The writing end of the pipe; None once it is closed, and without a pipe."""
        if source is None:
            source, self.writer = os.pipe()
        self.source = source
        """The descriptor that is read."""
        self._thread = ThreadPoolExecutor(1)
        self.result: Future[bool] = self._thread.submit(
            read_loop, left.pipeline, source, self._stop, monotonic=monotonic, progress=self._progress
        )

    def _progress(self, size: int) -> None:
        self.bytes_read += size

    def write(self, *rows: bytes) -> None:
        """Write rows as the other program, at once."""
        assert self.writer is not None
        os.write(self.writer, b"".join(rows))

    def fill(self, rows: bytes) -> int:
        """Write as much as the pipe takes without blocking, from now on; returns the bytes."""
        assert self.writer is not None
        os.set_blocking(self.writer, False)
        return os.write(self.writer, rows)

    def end(self) -> bool:
        """Close the pipe as the other program; returns the result of the read loop."""
        self._close_writer()
        return self.result.result(PATIENCE)

    def stop(self) -> None:
        """Ask the read loop to stop."""
        os.write(self._ask, b"!")

    def close(self) -> None:
        """Release everything, whatever the test left behind."""
        self.left.spool.open.set()
        self._close_writer()
        self.stop()
        self._thread.shutdown()
        for descriptor in (self._stop, self._ask, self.source):
            os.close(descriptor)

    def _close_writer(self) -> None:
        if self.writer is not None:
            os.close(self.writer)
            self.writer = None


def over_file(place: Path, content: bytes, left: PipelineOnFakes | None = None) -> RunningReadLoop:
    """A read loop over a regular file."""
    place.write_bytes(content)
    return RunningReadLoop(left or PipelineOnFakes(), os.open(place, os.O_RDONLY))
