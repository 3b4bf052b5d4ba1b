"""Processes: how the rates grow when several of them share one spool, carrying out and reading."""

import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple

from tests.benchmarks.corpus import lines
from tests.benchmarks.measurement import Effort, Measurement, alternate, ratios
from tests.benchmarks.program import COMMAND, SECRET, configure, enqueue, environment, suppression
from tests.benchmarks.responder import Responder


class _Size(NamedTuple):
    dispatches: int
    rows: int
    """That each pipe brings."""
    rounds: int
    workers: tuple[int, ...] = (1, 2, 4)


_SIZES = {
    Effort.QUICK: _Size(100, 3_000, 1, (1, 2)),
    Effort.USUAL: _Size(8_000, 200_000, 3),
    Effort.FULL: _Size(20_000, 1_000_000, 5),
}
_PIPES = (1, 2)
_LATENCY = 20.0
"""Milliseconds."""
_IN_FLIGHT = 32
"""Calls of each process."""
_PATIENCE = 600.0
_LOOK = 0.1
_EMPTY = "empty.csv"
_FEW = 10_000
_DONE = "SELECT count(*), min(started_at), max(started_at + seconds) FROM attempt WHERE result = 'unsubscribed'"


def measure(effort: Effort, folder: Path) -> Iterator[Measurement]:
    """Several `work`s with one backlog, then several pipes into one spool."""
    size = _SIZES[effort]
    with Responder() as responder:
        sides = [partial(_work, folder, responder, number, size.dispatches) for number in size.workers]
        yield from _compared("at work, {}", "calls/s", alternate(size.rounds, *sides), size.workers)
    files = _split(folder, size.rows)
    yield from _compared("pipes, {}", "rows/s", _reading(files, folder, size), _PIPES)


def _compared(what: str, unit: str, rates: Sequence[Sequence[float]], numbers: Sequence[int]) -> Iterator[Measurement]:
    one = rates[0]
    for number, many in list(zip(numbers, rates, strict=True))[1:]:
        speeds = f"{median(many):,.0f} {unit}; one {median(one):,.0f} {unit}"
        yield Measurement(what.format(number), ratios(many, one), "times one process", None, speeds)


def _work(folder: Path, responder: Responder, number: int, dispatches: int) -> float:
    """Calls a second of so many `work`s, from the beginning of the first call to the end of the last.

    They are at rest when the dispatches come, so that no start is in it; each looks twice a second for what others
    put into the spool.
    """
    with TemporaryDirectory(dir=folder) as name:
        config = configure(
            Path(name), type="webhook", url=responder.url(_LATENCY), secret=SECRET, concurrency=_IN_FLIGHT
        )
        enqueue(config, ())
        before = responder.count()
        logs = [Path(name) / f"{place}.log" for place in range(number)]
        with ExitStack() as working:
            for log in logs:
                working.enter_context(_at_work(config, log))
            _wait(lambda: all(log.exists() and b'"started"' in log.read_bytes() for log in logs))
            enqueue(config, map(suppression, range(dispatches)))
            _wait(lambda: _carried_out(Path(name))[0] >= dispatches)
        done, began, ended = _carried_out(Path(name))
    calls = responder.count() - before
    if not done == calls == dispatches:
        raise RuntimeError(f"{dispatches} dispatches were due, {calls} calls made, {done} carried out")
    return dispatches / (ended - began)


@contextmanager
def _at_work(config: Path, log: Path) -> Iterator[None]:
    """A `work` that lives as long as the block."""
    command = [*COMMAND, "--config", str(config), "--logfile", str(log), "work"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment())
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def _wait(is_so: Callable[[], bool]) -> None:
    deadline = time.perf_counter() + _PATIENCE
    while not is_so():
        if time.perf_counter() > deadline:
            raise RuntimeError(f"what the processes were to do was not done within {_PATIENCE:g} seconds")
        time.sleep(_LOOK)


def _carried_out(folder: Path) -> tuple[int, float, float]:
    """How many dispatches, and when the first call began and the last one ended, in seconds since the epoch."""
    with closing(sqlite3.connect(folder / "spool.db", timeout=_PATIENCE)) as raw:
        done, began, ended = raw.execute(_DONE).fetchone()
    return done, began or 0.0, ended or 0.0


def _split(folder: Path, rows: int) -> list[Path]:
    """A file for each pipe, with rows that no other has, and one with a header alone."""
    text = lines("suppressed", rows * max(_PIPES))
    header = next(text)
    files = [folder / f"{place}.csv" for place in range(max(_PIPES))]
    for file in files:
        with file.open("w", encoding="utf-8", newline="") as stream:
            stream.write(header)
            stream.writelines(islice(text, rows))
    (folder / _EMPTY).write_text(header, encoding="utf-8")
    return files


def _reading(files: Sequence[Path], folder: Path, size: _Size) -> list[list[float]]:
    """Rows a second for each number of pipes; what the same programs take for a header alone is taken off."""
    sides = []
    for number in _PIPES:
        sides.append(partial(_read, folder, [folder / _EMPTY] * number, 0))
        sides.append(partial(_read, folder, files[:number], number * size.rows))
    read = alternate(size.rounds, *sides)
    return [
        [_rate(number * size.rows, *pair) for pair in zip(read[at], read[at + 1], strict=True)]
        for at, number in zip(range(0, len(read), 2), _PIPES, strict=True)
    ]


def _rate(rows: int, start: float, whole: float) -> float:
    """Rows a second, the start taken off; not where so few rows are read that it hides them."""
    if rows < _FEW:
        return rows / whole
    if whole <= start:
        raise RuntimeError(f"{rows} rows took {whole:.1f} s, and a header alone {start:.1f} s")
    return rows / (whole - start)


def _read(folder: Path, files: Sequence[Path], rows: int) -> float:
    """Seconds until the program, started once for each file and all at once, has read them into one new spool."""
    with TemporaryDirectory(dir=folder) as name, ExitStack() as opened:
        config = configure(Path(name), type="webhook", url="http://127.0.0.1:9/", secret=SECRET)
        enqueue(config, ())
        command = [*COMMAND, "--no-dispatch", "--config", str(config), "--logfile", str(Path(name) / "log")]
        streams = [opened.enter_context(file.open("rb")) for file in files]
        started = time.perf_counter()
        processes = [
            subprocess.Popen(command, stdin=stream, stdout=subprocess.DEVNULL, env=environment()) for stream in streams
        ]
        statuses = [process.wait() for process in processes]
        seconds = time.perf_counter() - started
        with closing(sqlite3.connect(Path(name) / "spool.db")) as raw:
            found = raw.execute("SELECT count(*) FROM suppression").fetchone()[0]
    if any(statuses) or found != rows:
        raise RuntimeError(f"of {rows} rows {found} are in the spool, and the exit statuses are {statuses}")
    return seconds
