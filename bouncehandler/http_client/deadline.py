"""Deadline for a whole request: httpx itself only bounds each single read, so that a drip has no end."""

import ssl
from collections.abc import Callable, Iterable
from contextlib import suppress

import httpcore
import httpx

_BLOCK = 16 * 1024  # bytes between two looks at the clock while sending


class Deadline:
    """End of a request's time, whatever the server does meanwhile."""

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._seconds = seconds
        self._at = 0.0

    def start(self) -> None:
        """Start the time of a request."""
        self._at = self._clock() + self._seconds

    def ends_within(self, seconds: float) -> bool:
        """Whether the time is over in so many seconds, or earlier."""
        return self._at - self._clock() <= seconds

    def remaining(self, timeout: float | None, error: type[httpx.TimeoutException]) -> float:
        """Seconds for the next step: the time left, or `timeout` where that is less. Raises `error` when over."""
        left = self._at - self._clock()
        if left <= 0:
            raise error(self.message)
        return left if timeout is None else min(left, timeout)

    @property
    def message(self) -> str:
        """Text of the error when the time is over."""
        return f"the server did not finish its answer within {self._seconds:g} seconds"


class DeadlineBackend(httpcore.NetworkBackend):
    """Backend of httpcore whose connections keep the deadline."""

    def __init__(self, backend: httpcore.NetworkBackend, deadline: Deadline) -> None:
        self._backend = backend
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect in the time that is left."""
        left = self._deadline.remaining(timeout, httpx.ConnectTimeout)
        stream = self._backend.connect_tcp(host, port, left, local_address, socket_options)
        return DeadlineStream(stream, self._deadline)


class DeadlineStream(httpcore.NetworkStream):
    """Connection that keeps the deadline, and sends a request's headers and a short body together."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline
        self._unsent = b""
        self._timeout: float | None = None
        """Seconds that the request allows for sending it."""

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Send the unsent bytes, then wait for bytes, no longer than the time left."""
        if self._unsent:
            self._send_rest()
        try:
            return self._stream.read(max_bytes, self._deadline.remaining(timeout, httpx.ReadTimeout))
        except httpcore.ReadTimeout:
            raise httpx.ReadTimeout(self._deadline.message) from None

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send full blocks; less waits for more, or for the next read."""
        self._unsent += buffer
        self._timeout = timeout
        if len(self._unsent) >= _BLOCK:
            self._send()

    def _send(self) -> None:
        """Send all, with a look at the clock between blocks."""
        unsent, self._unsent = self._unsent, b""
        for start in range(0, len(unsent), _BLOCK):
            left = self._deadline.remaining(self._timeout, httpx.WriteTimeout)
            self._stream.write(unsent[start : start + _BLOCK], left)

    def _send_rest(self) -> None:
        with suppress(httpcore.WriteError):  # as httpcore has it: a server may answer before it has read all, and close
            self._send()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Encrypt the connection from here on."""
        left = self._deadline.remaining(timeout, httpx.ConnectTimeout)
        return DeadlineStream(self._stream.start_tls(ssl_context, server_hostname, left), self._deadline)

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    def get_extra_info(self, info: str) -> object:
        """Look up a property of the connection, such as whether the server has closed it."""
        return self._stream.get_extra_info(info)
