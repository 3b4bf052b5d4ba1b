"""A plain connection with fewer calls of the system than Python makes where a time limit is set.

Those are three to send or to read, and with each a thread lets go of the interpreter's lock, and has to get it again
from the many others. Here one sends, and two read.
"""

import select
import socket
import ssl

import httpcore


class PlainStream(httpcore.NetworkStream):
    """A connection without encryption, as httpcore made it; `start_tls` hands it back to httpcore."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream
        self._socket: socket.socket = stream.get_extra_info("socket")
        self._socket.settimeout(0)
        self._readable, self._writable = select.poll(), select.poll()
        self._readable.register(self._socket, select.POLLIN)
        self._writable.register(self._socket, select.POLLOUT)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Wait for bytes; empty at the end."""
        while self._readable.poll(_milliseconds(timeout)):
            try:
                return self._socket.recv(max_bytes)
            except BlockingIOError:  # a false alarm: Linux allows itself some
                continue
            except OSError as error:
                raise httpcore.ReadError(error) from error
        raise httpcore.ReadTimeout("timed out")

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all."""
        while buffer:
            try:
                buffer = buffer[self._socket.send(buffer) :]
            except BlockingIOError:
                if not self._writable.poll(_milliseconds(timeout)):
                    raise httpcore.WriteTimeout("timed out") from None
            except OSError as error:
                raise httpcore.WriteError(error) from error

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """The same connection, encrypted from here on."""
        return self._stream.start_tls(ssl_context, server_hostname, timeout)

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    def get_extra_info(self, info: str) -> object:
        """What httpcore wants to know."""
        return self._stream.get_extra_info(info)


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1000
