"""Transport of the client: connections for each thread, and responses that are read whole."""

import threading
from collections.abc import Callable

import httpcore
import httpx

from bouncehandler.http_client.connections import Connections, errors_as_httpx
from bouncehandler.http_client.last_response import MAX_KEPT, LastResponse


class ResponseRefusedError(httpx.ReadError):
    """The response is longer than accepted, or compressed although it was asked for plain; the rest was not read."""


class Transport(httpx.BaseTransport):
    """Transport with connections for each thread: one pool shared by 32 threads costs a fifth of their speed."""

    def __init__(self, connections: Callable[[], Connections], max_response: int) -> None:
        self._build = connections
        self._max_response = max_response
        self._local = threading.local()
        self._all: list[tuple[threading.Thread, Connections]] = []
        self._lock = threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request over a connection of the calling thread, and read the response whole."""
        with errors_as_httpx():
            raw = self._connections().send(request)
            body = bytearray()
            try:
                headers = httpx.Headers(raw.headers)
                self._read(raw, headers, body)
            finally:
                raw.close()
                self.remember(LastResponse(request, raw.status, bytes(body[:MAX_KEPT])))
        stream = httpx.ByteStream(bytes(body))
        response = httpx.Response(raw.status, headers=headers, stream=stream, extensions=raw.extensions)
        response.encoding = "utf-8"  # `charset=zlib`, a codec but none of text, would be an AssertionError
        return response

    def _read(self, response: httpcore.Response, headers: httpx.Headers, body: bytearray) -> None:
        """Add the response's blocks to the body, as far as they are accepted."""
        is_plain = headers.get("Content-Encoding", "identity").strip().lower() in {"", "identity"}
        for block in response.iter_stream():
            if not is_plain:
                raise ResponseRefusedError(
                    "the server compresses its answers although asked not to: turn that off there"
                )
            if len(body) + len(block) > self._max_response:
                raise ResponseRefusedError(
                    f"the answer is longer than {self._max_response} bytes: is this the right URL?"
                )
            body += block

    def remember(self, response: LastResponse | None) -> None:
        """Remember the calling thread's last response; None: forget it."""
        self._local.last_response = response

    def last_response(self) -> str:
        """The calling thread's last response without secrets; empty when there is none."""
        last: LastResponse | None = getattr(self._local, "last_response", None)
        return last.format() if last else ""

    def _connections(self) -> Connections:
        own: Connections | None = getattr(self._local, "connections", None)
        if own is None:
            own = self._local.connections = self._build()
            with self._lock:
                orphans = [connections for thread, connections in self._all if not thread.is_alive()]
                self._all = [entry for entry in self._all if entry[0].is_alive()]
                self._all.append((threading.current_thread(), own))
            for orphan in orphans:
                orphan.close()
        return own

    def close(self) -> None:
        """Close the connections of all threads."""
        with self._lock:
            entries, self._all = self._all, []
        for _, connections in entries:
            connections.close()
