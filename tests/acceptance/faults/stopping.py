"""Every way in which a pipe process is stopped, or its input ends, short of a kill; and two of them at a reload.

Here what was written into the pipe is acknowledged: of a process that heeds signals, all whole rows that lie in the
pipe before the signal are in the spool when it has ended, and nothing has to be fed again.
"""

import random
import signal
import subprocess
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from tests.acceptance.faults.scene import Scene, assert_calm, within
from tests.acceptance.faults.slow_writer import SlowWriter
from tests.acceptance.faults.spool_observer import Content, SpoolObserver
from tests.acceptance.faults.table import Fault, Line, Scale
from tests.acceptance.harness import LONGEST, MODULE, Row, Running, accounting, bounce

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_WHILE = 0.3
"""Seconds that the rows of one try take."""
_RECOVERED = 20
"""After so many signals the recovery file is fed, and at the end."""
_HOSTILE = 'smtp;550 "unknown",\r\n\r\nb,2026-03-01,"said ""the"" server'
"""A cell that has to be quoted, and holds all that ends cells and rows, and begins them."""


def _signals(folder: Path, scale: Scale) -> Line:
    """Stop the pipe process by each signal in turn while rows come; now and then feed the recovery file."""
    tries, each, chance = scale.of(3, 120), 200, _chance(4)
    longest, lost, before = 0.0, 0, Content.none()
    with Scene(folder) as scene:
        for number in range(tries):
            rows = scene.bounces(each)
            with SpoolObserver(scene.program.spool, before) as observer, scene.program.start() as running:
                writer = SlowWriter(running, accounting(rows), chance, after=observer.saw)
                running.wait_until(observer.saw.is_set)
                time.sleep(chance.uniform(0, _WHILE))
                written = writer.written
                running.signal(_SIGNALS[number % len(_SIGNALS)])
                assert_calm(running.wait(), may_wait=True)
                writer.join()
            longest = max(longest, writer.longest)
            left = Content.of(scene.program.spool)
            lost += left.lacks(before) + observer.misses(left) + left.belies(running.events)
            lost += scene.missing(within(rows, written), left)
            if number % _RECOVERED == _RECOVERED - 1:
                scene.recover()
            before = Content.of(scene.program.spool)
        scene.recover()
        scene.settle()
        found = scene.compare()
    note = "what was in the pipe was read"
    return Line(tries, tries * each, lost + found.lost, found.repeated, found.wrong, longest, note)


def _readers_gone(folder: Path, scale: Scale) -> Line:
    """Take the readers of stderr and stdout away while rows come, and send SIGPIPE as well; nothing is fed again."""
    tries, each, chance = scale.of(1, 40), 200, _chance(5)
    longest, lost, before = 0.0, 0, Content.none()
    with Scene(folder) as scene:
        for number in range(tries):
            debug = ["--debug"] if number % 2 else []
            rows = scene.bounces(each)
            with SpoolObserver(scene.program.spool, before) as observer, _start_listening(scene, *debug) as running:
                writer = SlowWriter(running, accounting(rows), chance, after=observer.saw)
                running.wait_until(observer.saw.is_set)
                for stream in (running.process.stdout, running.process.stderr):
                    assert stream
                    stream.close()
                running.signal(signal.SIGPIPE)
                writer.join()
                running.end_input()
                assert running.process.wait(LONGEST) == 0
            longest = max(longest, writer.longest)
            before = Content.of(scene.program.spool)
            lost += scene.missing(rows, before)
        found = scene.compare()
    return Line(tries, tries * each, lost + found.lost, found.repeated, found.wrong, longest)


def _cut(cells: dict[str, str], folder: Path, scale: Scale) -> Line:
    """End the input behind each byte of a last row (in short: behind a few); at the end feed the recovery file once."""
    good, lost, wrong = 3, 0, 0
    example = _as_row(bounce("person1000@example.net", **cells))
    start, end = (example.index(b'"') + 1, example.rindex(b'"')) if cells else (1, len(example))
    instants = range(start, end, scale.of((end - start) // 2 + 1, 1))
    with Scene(folder) as scene:
        for at in instants:
            rows = scene.bounces(good + 1, **cells)
            piece = _as_row(rows[good])[:at]
            finished = scene.program.feed(accounting(rows[:good]) + piece, "--no-dispatch")
            assert_calm(finished)
            left = Content.of(scene.program.spool)
            lost += scene.missing(rows[:good], left)
            wrong += len(set(left.recipients.values()) - scene.expected.keys())
            lost += scene.missing(rows[good:], left) and piece not in _rejected(scene)
        scene.recover()
        found = scene.compare()
    note = "the row that was cut is kept aside; the recovery file once"
    return Line(
        len(instants), len(instants) * (good + 1), lost + found.lost, found.repeated, wrong + found.wrong, note=note
    )


def _reload(folder: Path, scale: Scale) -> Line:
    """Let one process follow another on one spool: the old one gets its last rows while the new one reads already.

    The old one's input ends, or it gets SIGTERM, in turn; some rows go to both. Nothing is fed again.
    """
    tries, each, few, chance = scale.of(3, 120), 120, 20, _chance(6)
    longest, lost = 0.0, 0
    with Scene(folder) as scene, ExitStack() as all_of_them:
        old, rows = all_of_them.enter_context(scene.program.start()), scene.bounces(few)
        old.write(accounting(rows))
        for number in range(tries):
            new = all_of_them.enter_context(scene.program.start())
            last, both, more = scene.bounces(few), scene.bounces(few), scene.bounces(each)
            new.write(accounting(both))
            new.wait_until(partial(scene.has_any, both))  # it reads
            second = SlowWriter(new, accounting(more, has_header=False), chance)
            first = SlowWriter(old, accounting(last + both, has_header=False), chance)
            first.join()
            if number % 2:
                old.signal(signal.SIGTERM)
            else:
                old.end_input()
            assert_calm(old.wait(), may_wait=True)
            lost += scene.missing(rows + last + both, Content.of(scene.program.spool))
            second.join()
            longest = max(longest, first.longest, second.longest)
            old, rows = new, more
        assert_calm(old.finish())
        found = scene.compare()
    fed = few + tries * (each + 2 * few)
    return Line(tries, fed, lost + found.lost, found.repeated, found.wrong, longest)


def _start_listening(scene: Scene, *args: str) -> Running:
    """The bare command with pipes as its stdout and stderr, without a reader."""
    process = subprocess.Popen(
        [*MODULE, "--config", str(scene.program.config), *args],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
    )
    return Running(process, scene.program.folder / "output")


def _rejected(scene: Scene) -> bytes:
    """Rows that were rejected."""
    file = scene.program.folder / "spool.rejected.csv"
    return file.read_bytes() if file.exists() else b""


def _as_row(row: Row) -> bytes:
    return accounting([row], has_header=False)


def _chance(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311  # the same instants on every machine


FAULTS = (
    Fault("SIGTERM, SIGINT, SIGHUP while rows come", _signals),
    Fault("SIGPIPE: stdout and stderr have no reader any more", _readers_gone),
    Fault("EOF in the middle of a row", partial(_cut, {})),
    Fault("EOF in the middle of a quoted cell", partial(_cut, {"dsnDiag": _HOSTILE})),
    Fault("PowerMTA's reload: two processes at once", _reload),
)
