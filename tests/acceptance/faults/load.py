"""Load: rows at full pipe speed while every provider hangs, and all kinds of processes at once on one spool."""

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from tests.acceptance.faults.concurrent_processes import concurrent_processes
from tests.acceptance.faults.pipe_writer import PipeWriter
from tests.acceptance.faults.table import Fault, Line, Scale
from tests.acceptance.harness import Event, Program, Running, accounting, bounce
from tests.fakes.server import Answer, wait_until
from tests.fakes.webhook import SECRET, FakeReceiver

_PROVIDERS = ("crm", "shop")
_MB = 1_000_000
_WARM = 40_000
"""Rows after which SQLite's page cache, 16 MB, is full."""
_GROWTH = 4 * _MB
"""Bytes that the process may gain after that; if it kept the rows of the short form, it would gain twice that."""
_ROW = (300, 2500)
"""Bytes on disk for a suppression enqueued for two providers: outside of this something is missing, or kept twice."""
_BLOCK = 10_000
"""Rows that are written together."""
_HANGING = Answer(delay=24 * 3600)


def _flood(folder: Path, scale: Scale) -> Line:
    """Feed while every provider takes calls and never answers; then let them go, and drain the spool, or a part."""
    rows, part, warm = scale.of(50_000, 5_000_000), scale.of(5_000, 100_000), scale.of(_WARM, 500_000)
    program = Program(folder)
    with ExitStack() as open_ones:
        receivers = [open_ones.enter_context(FakeReceiver()) for _ in _PROVIDERS]
        program.configure({"dispatch": {"lease": "2s", "grace": "1s"}}, **_settings(receivers))
        for receiver in receivers:
            receiver.always = _HANGING
        with program.start() as running:
            running.write(accounting([bounce("r0@example.net")]))  # how long a start takes is another question
            running.wait_until(lambda: all(receiver.requests for receiver in receivers))
            unread, growth = _feed(running, rows, warm)
            running.signal(signal.SIGTERM)
            assert running.wait().status == 75  # it all waits
        size = program.spool.stat().st_size / rows
        assert _ROW[0] < size < _ROW[1], f"{size:.0f} bytes on disk for a row"
        kept = _kept(program.status(), rows)
        for receiver in receivers:
            receiver.always = None
        _drain(program, receivers, part)
        short = sum(max(0, part - len(set(receiver.recipients))) for receiver in receivers)
    expected = {f"r{number}@example.net" for number in range(rows)}
    return Line(
        tries=1,
        rows=rows,
        lost=rows - kept + short,
        repeated=sum(len(receiver.ids) - len(set(receiver.ids)) for receiver in receivers),
        wrong=sum(len(set(receiver.recipients) - expected) + _doubles(receiver) for receiver in receivers),
        unread=unread,
        note=f"{growth / _MB:+.1f} MB after {warm:,} rows; {size:.0f} bytes a row; {part:,} drained",
    )


def _settings(receivers: list[FakeReceiver]) -> dict[str, dict[str, object]]:
    """Both in batches, with a patience that no flood outlasts."""
    same = {"type": "webhook", "secret": SECRET, "concurrency": 4, "batch_size": 500, "timeout": "6h"}
    return {name: {**same, "url": receiver.hook} for name, receiver in zip(_PROVIDERS, receivers, strict=True)}


def _feed(running: Running, rows: int, warm: int) -> tuple[float, float]:
    """Feed as fast as it is read; returns the longest time unread, and the bytes gained after `warm` rows."""
    longest, before, fed = 0.0, 0.0, 0
    for block in _blocks(rows, _BLOCK):
        before = before if fed > warm else _resident(running)
        writer = PipeWriter(running, block, ends=False)
        writer.join()
        assert writer.written == len(block), "the program has gone"
        longest, fed = max(longest, writer.longest), fed + _BLOCK
    gained = _resident(running) - before
    assert gained < _GROWTH, f"the process has grown by {gained / _MB:.1f} MB"
    running.end_input()
    return longest, gained


def _blocks(rows: int, size: int) -> Iterator[bytes]:
    """All rows but the first one as PowerMTA writes them, a block at a time."""
    row = accounting([bounce("#@example.net")], has_header=False)
    for first in range(1, rows, size):
        yield b"".join(row.replace(b"#", b"r%d" % number) for number in range(first, min(first + size, rows)))


def _resident(running: Running) -> float:
    """Bytes of memory that the process has, proc(5)."""
    pages = int(Path(f"/proc/{running.process.pid}/statm").read_text("ascii").split()[1])
    return pages * float(os.sysconf("SC_PAGE_SIZE"))


def _kept(status: Event, rows: int) -> int:
    """Suppressions of which the spool knows that they are enqueued for both providers."""
    states = ("pending", "claimed", "held", "done")
    dispatched = [sum(int(status["providers"][name][state]) for state in states) for name in _PROVIDERS]
    return min(rows, int(status["suppressions"]), *dispatched)


def _doubles(receiver: FakeReceiver) -> int:
    """Repeated events for a recipient, under another id."""
    return len(receiver.events) - len(set(receiver.recipients))


def _drain(program: Program, receivers: list[FakeReceiver], part: int) -> None:
    """Have `work` carry out as many at each of them."""
    with program.start("work") as running:
        wait_until(lambda: all(len(each.events) >= part for each in receivers), 600)
        running.signal(signal.SIGTERM)
        running.wait()


FAULTS = (
    Fault("every provider hangs, stdin at full speed", _flood, "/proc", Path("/proc/self/statm").exists),
    Fault("32 mails, two pipes, `work` and an operator at once", concurrent_processes),
)
