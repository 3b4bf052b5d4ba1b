"""The transport of the requests: connections for each thread, and answers that are read whole."""

import threading
from collections.abc import Callable

import httpcore
import httpx

from bouncehandler.http_client.connections import Connections, errors_as_httpx
from bouncehandler.http_client.last_response import KEPT, Answer


class AnswerRefusedError(httpx.ReadError):
    """The answer is longer than accepted, or compressed although it was asked for plain; the rest was not read."""


class Transport(httpx.BaseTransport):
    """Gives each thread connections of its own: one pool shared by 32 threads costs a fifth of their speed."""

    def __init__(self, connections: Callable[[], Connections], max_answer: int) -> None:
        self._build = connections
        self._max_answer = max_answer
        self._mine = threading.local()
        self._all: list[tuple[threading.Thread, Connections]] = []
        self._lock = threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request over a connection of the calling thread, and read the answer whole."""
        with errors_as_httpx():
            response = self._connections().send(request)
            body = bytearray()
            try:
                headers = httpx.Headers(response.headers)
                self._read(response, headers, body)
            finally:
                response.close()
                self.keep(Answer(request, response.status, bytes(body[:KEPT])))
        answer = httpx.Response(
            response.status, headers=headers, stream=httpx.ByteStream(bytes(body)), extensions=response.extensions
        )
        answer.encoding = "utf-8"  # `charset=zlib`, a codec but none of text, would be an AssertionError
        return answer

    def _read(self, response: httpcore.Response, headers: httpx.Headers, body: bytearray) -> None:
        """Add the answer's blocks to the body, as far as they are accepted."""
        is_plain = headers.get("Content-Encoding", "identity").strip().lower() in {"", "identity"}
        for block in response.iter_stream():
            if not is_plain:
                raise AnswerRefusedError("the server compresses its answers although asked not to: turn that off there")
            if len(body) + len(block) > self._max_answer:
                raise AnswerRefusedError(f"the answer is longer than {self._max_answer} bytes: is this the right URL?")
            body += block

    def keep(self, answer: Answer | None) -> None:
        """Remember the calling thread's last answer; None: forget it."""
        self._mine.answer = answer

    def last(self) -> str:
        """The calling thread's last answer, as it may be shown; empty when there is none."""
        answer: Answer | None = getattr(self._mine, "answer", None)
        return answer.sentence() if answer else ""

    def _connections(self) -> Connections:
        mine: Connections | None = getattr(self._mine, "connections", None)
        if mine is None:
            mine = self._mine.connections = self._build()
            with self._lock:
                gone = [connections for thread, connections in self._all if not thread.is_alive()]
                self._all = [entry for entry in self._all if entry[0].is_alive()]
                self._all.append((threading.current_thread(), mine))
            for orphan in gone:
                orphan.close()
        return mine

    def close(self) -> None:
        """Close the connections of all threads."""
        with self._lock:
            everyones, self._all = self._all, []
        for _, connections in everyones:
            connections.close()
