"""Connections that keep a deadline: httpx itself only bounds each single read, so a drip has no end."""

import ssl
from collections.abc import Callable, Iterable

import httpcore
import httpx

_BLOCK = 16 * 1024  # bytes between two looks at the clock while sending
_NO_TIME_LEFT = "the server did not finish its answer within {:g} seconds"


class Deadline:
    """The moment by which a request is to be over, whatever the server does meanwhile."""

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._seconds = seconds
        self._at = 0.0

    def start(self) -> None:
        """Begin a request, with all its time."""
        self._at = self._clock() + self._seconds

    def left(self, timeout: float | None, error: type[httpx.TimeoutException]) -> float:
        """Seconds for the next step: what is left, or `timeout` where that is less. Raises `error` when none is."""
        left = self._at - self._clock()
        if left <= 0:
            raise error(self.sentence)
        return left if timeout is None else min(left, timeout)

    @property
    def sentence(self) -> str:
        """What to say of a request whose time is over."""
        return _NO_TIME_LEFT.format(self._seconds)


class Network(httpcore.NetworkBackend):
    """Opens connections that keep the deadline."""

    def __init__(self, network: httpcore.NetworkBackend, deadline: Deadline) -> None:
        self._network = network
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect, in what time is left."""
        left = self._deadline.left(timeout, httpx.ConnectTimeout)
        return Stream(self._network.connect_tcp(host, port, left, local_address, socket_options), self._deadline)


class Stream(httpcore.NetworkStream):
    """A connection that keeps the deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Wait for bytes, for no longer than is left."""
        try:
            return self._stream.read(max_bytes, self._deadline.left(timeout, httpx.ReadTimeout))
        except httpcore.ReadTimeout:
            raise httpx.ReadTimeout(self._deadline.sentence) from None

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send, with a look at the clock between blocks."""
        for start in range(0, len(buffer), _BLOCK):
            self._stream.write(buffer[start : start + _BLOCK], self._deadline.left(timeout, httpx.WriteTimeout))

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """The same connection, encrypted from here on."""
        left = self._deadline.left(timeout, httpx.ConnectTimeout)
        return Stream(self._stream.start_tls(ssl_context, server_hostname, left), self._deadline)

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    def get_extra_info(self, info: str) -> object:
        """What httpcore wants to know, such as whether the server has closed the connection."""
        return self._stream.get_extra_info(info)
