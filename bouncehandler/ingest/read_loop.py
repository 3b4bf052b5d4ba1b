"""Read loop: reads a file descriptor into the pipeline, and commits as soon as no more input waits."""

import fcntl
import os
import select
import stat
from collections.abc import Callable

from bouncehandler.ingest.pipeline import IngestPipeline

BLOCK = 1 << 16
"""Bytes per read: their records still fit into a processor's cache."""

_PIPE_SIZE = 1 << 20
"""Bytes that the kernel may buffer during a commit; the maximum that Linux grants without privileges."""

_OPEN_ROW_SECONDS = 5.0
"""Seconds inside one quoted cell after which the rows that it swallowed are freed: PowerMTA writes a row at once."""

_DRAIN_SECONDS = 5.0
"""Seconds for which input that is already in the pipe is read after a stop."""

_FILE_FACTOR = 4
"""Factor of the batch size for a regular file; a larger one is no faster."""


def batch_size_for(source: int, batch_rows: int) -> int:
    """Rows per commit: more from a regular file, which can be fed again, so that it is synced less often.

    The rows of a pipe exist nowhere else.
    """
    return batch_rows * (_FILE_FACTOR if _is_regular(source) else 1)


def read_loop(
    pipeline: IngestPipeline,
    source: int,
    stop: int,
    *,
    monotonic: Callable[[], float],
    progress: Callable[[int], None] = lambda _: None,
) -> bool:
    """Read `source` until it ends, or until the file descriptor `stop` becomes readable.

    Batches form by themselves: while one is committed, the next gathers in the pipe. After a stop, a pipe is read
    empty; a regular file is not, since it can be fed again.

    Args:
        progress: called with the number of bytes of each block.

    Returns:
        Whether the input was read to its end.

    Raises:
        SpoolError: the disk failed.
    """
    _enlarge_pipe(source)
    poll = select.poll()
    poll.register(source, select.POLLIN)
    poll.register(stop, select.POLLIN)
    open_since = monotonic()
    while True:
        ready = {fd for fd, _ in poll.poll(_poll_timeout(pipeline))}
        if stop in ready:
            return _finish(pipeline, source, monotonic)
        if source not in ready:
            pipeline.commit()
            if pipeline.is_inside_row and monotonic() - open_since > _OPEN_ROW_SECONDS:
                pipeline.free_swallowed_rows()
            continue
        block = _read(source)
        if block is None:
            continue
        if not block:
            pipeline.close()
            return True
        opened = pipeline.rows if pipeline.is_inside_row else None
        pipeline.feed(block)
        open_since = open_since if opened == pipeline.rows else monotonic()
        progress(len(block))


def _poll_timeout(pipeline: IngestPipeline) -> int | None:
    """Milliseconds to wait for input: 0 while a batch waits to be committed."""
    if pipeline.is_waiting_to_commit:
        return 0
    if pipeline.is_inside_row:
        return 1000
    seconds = pipeline.seconds_to_stats
    return None if seconds is None else max(0, int(seconds * 1000)) + 1


def _finish(pipeline: IngestPipeline, source: int, monotonic: Callable[[], float]) -> bool:
    if _is_regular(source):
        pipeline.commit()
        pipeline.end()
        return False
    deadline = monotonic() + _DRAIN_SECONDS
    poll = select.poll()
    poll.register(source, select.POLLIN)
    is_drained = False
    while not is_drained and monotonic() < deadline:
        block = _read(source) if poll.poll(0) else None
        is_drained = not block
        pipeline.feed(block or b"")
    pipeline.close()
    return is_drained


def _is_regular(source: int) -> bool:
    return stat.S_ISREG(os.fstat(source).st_mode)


def _read(source: int) -> bytes | None:
    """The next block; empty at the end; None where none is there and the descriptor is non-blocking."""
    try:
        return os.read(source, BLOCK)
    except BlockingIOError:  # the descriptor came with O_NONBLOCK, and another reader was faster
        return None


def _enlarge_pipe(source: int) -> None:
    try:
        fcntl.fcntl(source, fcntl.F_SETPIPE_SZ, _PIPE_SIZE)
    except (OSError, AttributeError):  # no pipe, or not Linux: it works without
        return
