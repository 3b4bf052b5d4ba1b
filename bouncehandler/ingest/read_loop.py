"""From a file descriptor into the intake: read what is there, and commit as soon as nothing more waits."""

import fcntl
import os
import select
import stat
from collections.abc import Callable

from bouncehandler.ingest.pipeline import IngestPipeline

BLOCK = 1 << 16
"""Bytes asked of the input at once: what is made of them still fits into a processor's cache."""

_PIPE_SIZE = 1 << 20
"""Bytes that the kernel may keep for us while we commit; the most that Linux grants everybody."""

_OPEN_ROW_SECONDS = 5.0
"""After so long inside one quoted cell, rows that it took in are freed: PowerMTA writes a row at once."""

_DRAIN_SECONDS = 5.0
"""At a stop, how long to go on reading what the writer has already put into the pipe."""


_FROM_A_FILE = 4
"""So many times the rows are committed together that come from a regular file; more is no faster."""


def batch_size_for(source: int, batch_rows: int) -> int:
    """How many rows are committed together: more from a regular file, which can be fed again, so that less is synced.

    What comes through a pipe is in nobody else's hands.
    """
    return batch_rows * (_FROM_A_FILE if _is_regular(source) else 1)


def read_loop(
    intake: IngestPipeline,
    source: int,
    stop: int,
    *,
    monotonic: Callable[[], float],
    progress: Callable[[int], None] = lambda _: None,
) -> bool:
    """Read `source` until it ends, or until the file descriptor `stop` becomes readable.

    Groups form by themselves: while one is committed, the next gathers in the pipe. What is in a pipe at a stop is
    read; a regular file keeps what is left, since it can be fed again.

    Args:
        progress: called with the number of bytes of each block.

    Returns:
        Whether the input was read to its end.

    Raises:
        SpoolError: the disk failed us.
    """
    _widen(source)
    poll = select.poll()
    poll.register(source, select.POLLIN)
    poll.register(stop, select.POLLIN)
    open_since = monotonic()
    while True:
        ready = {fd for fd, _ in poll.poll(_patience(intake))}
        if stop in ready:
            return _stopped(intake, source, monotonic)
        if source not in ready:
            intake.commit()
            if intake.is_inside_row and monotonic() - open_since > _OPEN_ROW_SECONDS:
                intake.free_swallowed_rows()
            continue
        block = _read(source)
        if block is None:
            continue
        if not block:
            intake.close()
            return True
        opened = intake.rows if intake.is_inside_row else None
        intake.feed(block)
        open_since = open_since if opened == intake.rows else monotonic()
        progress(len(block))


def _patience(intake: IngestPipeline) -> int | None:
    """Milliseconds to wait for input: none while something is to be committed."""
    if intake.is_waiting_to_commit:
        return 0
    if intake.is_inside_row:
        return 1000
    seconds = intake.seconds_to_stats
    return None if seconds is None else max(0, int(seconds * 1000)) + 1


def _stopped(intake: IngestPipeline, source: int, monotonic: Callable[[], float]) -> bool:
    if _is_regular(source):
        intake.commit()
        intake.end()
        return False
    deadline = monotonic() + _DRAIN_SECONDS
    poll = select.poll()
    poll.register(source, select.POLLIN)
    is_drained = False
    while not is_drained and monotonic() < deadline:
        block = _read(source) if poll.poll(0) else None
        is_drained = not block
        intake.feed(block or b"")
    intake.close()
    return is_drained


def _is_regular(source: int) -> bool:
    return stat.S_ISREG(os.fstat(source).st_mode)


def _read(source: int) -> bytes | None:
    """The next block; empty at the end. None: nothing is there, which is found out only where reading doesn't wait."""
    try:
        return os.read(source, BLOCK)
    except BlockingIOError:  # whoever gave us the descriptor set O_NONBLOCK, and another reader was quicker
        return None


def _widen(source: int) -> None:
    try:
        fcntl.fcntl(source, fcntl.F_SETPIPE_SZ, _PIPE_SIZE)
    except (OSError, AttributeError):  # no pipe, or not Linux: it works without
        return
