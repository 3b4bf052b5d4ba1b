"""Latency: from a row written to the program's stdin until the first byte of the call reaches the provider."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from statistics import median, quantiles
from typing import IO, NamedTuple

from tests.benchmarks.call_socket import CallSocket
from tests.benchmarks.corpus import lines
from tests.benchmarks.endless_pipe import EndlessPipe
from tests.benchmarks.measurement import Bar, Effort, Measurement, alternate, ratios
from tests.benchmarks.program import COMMAND, SECRET, configure, environment


class _Size(NamedTuple):
    samples: int
    rounds: int


_SIZES = {Effort.QUICK: _Size(3, 1), Effort.USUAL: _Size(40, 5), Effort.FULL: _Size(200, 5)}
_BAR = Bar(100.0, is_floor=False)
_IDLE = 0.1
"""Seconds of rest before each row, so that nothing of the one before is still being done."""

_BARE = """
import sys, httpx
with httpx.Client(trust_env=False) as client:
    for line in sys.stdin.buffer:
        client.post(sys.argv[1], content=line)
"""
"""The yardstick: reads a line and posts it, with nothing between."""


class _Samples(NamedTuple):
    """Milliseconds of one round."""

    middle: float
    slow: float


def measure(effort: Effort, folder: Path) -> Iterator[Measurement]:
    """One row at a time: on an idle system, and while another process feeds the same spool as fast as it goes."""
    size = _SIZES[effort]
    # A newline in a cell would be two lines to the yardstick.
    rows = (line.encode() for line in lines("suppressed", 1_000_000) if line.count("\n") == 1)
    header = next(rows)
    with closing(CallSocket()) as ear, closing(CallSocket()) as bare_socket:
        config = configure(folder, type="webhook", url=ear.url, secret=SECRET)
        program = _started([*COMMAND, "--config", str(config)])
        bare = _started([sys.executable, "-c", _BARE, bare_socket.url])
        with program as stdin, bare as bare_stdin:
            _write(stdin, header)
            idle, yardstick = (_side(*one, rows, size.samples) for one in ((stdin, ear), (bare_stdin, bare_socket)))
            pipe = EndlessPipe(folder)
            ours, theirs, loaded = alternate(size.rounds, idle, yardstick, lambda: _beside(pipe, idle))
    yield from _idle(ours, theirs)
    yield from _loaded(loaded, ours, pipe)


def _idle(ours: Sequence[_Samples], yardstick: Sequence[_Samples]) -> Iterator[Measurement]:
    speeds = f"bare: read a line, POST it: {median(one.middle for one in yardstick):.2f} ms"
    middles = [one.middle for one in ours]
    yield Measurement("row to provider's socket, median", middles, "ms", _BAR, speeds)
    yield Measurement("row to provider's socket, 95th percentile", [one.slow for one in ours], "ms")
    yield Measurement(
        "row to provider's socket, median", ratios(middles, [one.middle for one in yardstick]), "times bare"
    )


def _loaded(loaded: Sequence[_Samples], idle: Sequence[_Samples], pipe: EndlessPipe) -> Iterator[Measurement]:
    middles = [one.middle for one in loaded]
    notices = f"{median(pipe.rates):,.0f} suppressions/s come in beside"
    yield Measurement("the same under load, median", middles, "ms", None, notices)
    yield Measurement("the same under load, 95th percentile", [one.slow for one in loaded], "ms")
    yield Measurement("the same under load, median", ratios(middles, [one.middle for one in idle]), "times idle")


def _beside(pipe: EndlessPipe, side: Callable[[], _Samples]) -> _Samples:
    with pipe:
        return side()


@contextmanager
def _started(command: list[str]) -> Iterator[IO[bytes]]:
    """The standard input of a process that lives as long as the block."""
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment()
    )
    try:
        if process.stdin is None:
            raise RuntimeError("there is no pipe to the process")
        yield process.stdin
    finally:
        process.communicate()


def _write(stdin: IO[bytes], data: bytes) -> None:
    stdin.write(data)
    stdin.flush()


def _side(stdin: IO[bytes], ear: CallSocket, rows: Iterator[bytes], samples: int) -> Callable[[], _Samples]:
    """Takes a round's samples; the process is warm already."""

    def sample(row: bytes) -> float:
        time.sleep(_IDLE)
        started = time.perf_counter()
        _write(stdin, row)
        return (ear.next_request() - started) * 1000

    sample(next(rows))
    return lambda: _summed_up([sample(row) for row in islice(rows, samples)])


def _summed_up(samples: list[float]) -> _Samples:
    return _Samples(median(samples), quantiles(samples, n=20, method="inclusive")[-1])
