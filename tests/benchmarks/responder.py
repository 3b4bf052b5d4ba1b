"""A provider in a process of its own that answers every POST after a set latency, and is never the bottleneck."""

import asyncio
import re
import subprocess
import sys
from asyncio import AbstractEventLoop, Transport
from typing import Self, cast

import httpx

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_LATENCY = re.compile(rb"POST /after/([0-9.]+) ")
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nContent-Type: text/plain\r\n\r\n%b"


class Responder:
    """The process; ends with the block that it is used in."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.responder"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        port = self._process.stdout.readline() if self._process.stdout else b""
        self._url = f"http://127.0.0.1:{int(port)}"
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def url(self, milliseconds: float) -> str:
        """Where POSTs are answered after so long."""
        return f"{self._url}/after/{milliseconds:g}"

    def count(self) -> int:
        """How many POSTs came so far."""
        return int(httpx.get(self._url).text)


class _Connection(asyncio.Protocol):
    """Reads requests as far as is needed to answer them."""

    def __init__(self, loop: AbstractEventLoop, tally: list[int]) -> None:
        self._loop = loop
        self._tally = tally
        self._data = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._data += data
        while (end := self._data.find(b"\r\n\r\n")) >= 0:
            length = _LENGTH.search(self._data, 0, end)
            size = end + 4 + (int(length[1]) if length else 0)
            if len(self._data) < size:
                return
            self._answer(self._data)
            self._data = self._data[size:]

    def _answer(self, request: bytes) -> None:
        latency = _LATENCY.match(request)
        if latency is None:
            count = b"%d" % self._tally[0]
            self._transport.write(_ANSWER % (len(count), count))
            return
        self._tally[0] += 1
        self._loop.call_later(float(latency[1]) / 1000, self._transport.write, _ANSWER % (2, b"ok"))


async def _serve() -> None:
    """Print the port, then answer until standard input ends."""
    loop = asyncio.get_running_loop()
    tally = [0]
    server = await loop.create_server(lambda: _Connection(loop, tally), "127.0.0.1", 0, backlog=512)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(_serve())
