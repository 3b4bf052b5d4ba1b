"""Latency: from a row written to the program's stdin until the first byte of the call reaches the provider."""

import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from statistics import median, quantiles
from typing import IO, NamedTuple

from tests.benchmarks.corpus import lines
from tests.benchmarks.figures import Bar, Effort, Figure, alternate, ratios
from tests.benchmarks.program import COMMAND, SECRET, configure, environment


class _Size(NamedTuple):
    samples: int
    rounds: int


_SIZES = {Effort.QUICK: _Size(3, 1), Effort.USUAL: _Size(40, 5), Effort.FULL: _Size(200, 5)}
_BAR = Bar(100.0, is_floor=False)
_IDLE = 0.1
"""Seconds of rest before each row, so that nothing of the one before is still being done."""
_PATIENCE = 30.0
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

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


class _Ear:
    """A provider's socket: knows when the first byte of a request came."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._waiting = selectors.DefaultSelector()
        self._waiting.register(self._listening, selectors.EVENT_READ)
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}/"

    def next_request(self) -> float:
        """`time.perf_counter()` when the first byte of the next request came; it has been answered by then."""
        deadline = time.perf_counter() + _PATIENCE
        while time.perf_counter() < deadline:
            for key, _ in self._waiting.select(1.0):
                at = time.perf_counter()
                if key.fileobj is self._listening:
                    self._accept()
                elif self._answer(key.fileobj):  # type: ignore[arg-type]  # only sockets are registered
                    return at
        raise RuntimeError(f"no request came within {_PATIENCE:g} seconds")

    def close(self) -> None:
        """End every connection."""
        for key in list(self._waiting.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]  # only sockets are registered
        self._waiting.close()

    def _accept(self) -> None:
        connection, _ = self._listening.accept()
        connection.settimeout(_PATIENCE)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._waiting.register(connection, selectors.EVENT_READ)

    def _answer(self, connection: socket.socket) -> bool:
        """Read the request and answer it; False when the client has hung up."""
        head = b""
        while b"\r\n\r\n" not in head:
            data = connection.recv(65536)
            if not data:
                self._waiting.unregister(connection)
                connection.close()
                return False
            head += data
        head, _, body = head.partition(b"\r\n\r\n")
        left = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]) - len(body)
        while left > 0:
            left -= len(connection.recv(left))
        connection.sendall(_ANSWER)
        return True


def measure(effort: Effort, folder: Path) -> Iterator[Figure]:
    """An idle system, one row at a time."""
    size = _SIZES[effort]
    # A newline in a cell would be two lines to the yardstick.
    rows = (line.encode() for line in lines("suppressed", 1_000_000) if line.count("\n") == 1)
    header = next(rows)
    with closing(_Ear()) as ear, closing(_Ear()) as bare_ear:
        config = configure(folder, type="webhook", url=ear.url, secret=SECRET)
        program = _started([*COMMAND, "--config", str(config)])
        bare = _started([sys.executable, "-c", _BARE, bare_ear.url])
        with program as stdin, bare as bare_stdin:
            _write(stdin, header)
            sides = (_side(stdin, ear, rows, size.samples), _side(bare_stdin, bare_ear, rows, size.samples))
            ours, yardstick = alternate(size.rounds, *sides)
    speeds = f"bare: read a line, POST it: {median(one.middle for one in yardstick):.2f} ms"
    middles = [one.middle for one in ours]
    yield Figure("row to provider's socket, median", middles, "ms", _BAR, speeds)
    yield Figure("row to provider's socket, 95th percentile", [one.slow for one in ours], "ms")
    yield Figure("row to provider's socket, median", ratios(middles, [one.middle for one in yardstick]), "times bare")


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


def _side(stdin: IO[bytes], ear: _Ear, rows: Iterator[bytes], samples: int) -> Callable[[], _Samples]:
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
