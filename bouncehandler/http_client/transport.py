"""What carries the requests: connections for each thread, a second try, and answers that are read whole."""

import threading
import time
from collections.abc import Callable

import httpcore
import httpx
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt

from bouncehandler.http_client.connections import Connections, errors_as_httpx
from bouncehandler.http_client.last_response import KEPT, Answer

_NOT_CONNECTED = (httpcore.ConnectError, httpcore.ConnectTimeout, httpx.ConnectTimeout)
_MORE_TRIES = 1  # within a call; what else fails waits in the spool


class AnswerRefusedError(httpx.ReadError):
    """The answer is longer than accepted, or compressed although it was asked for plain; the rest was not read."""


class Transport(httpx.BaseTransport):
    """Gives each thread connections of its own: one pool shared by 32 threads costs a fifth of their speed."""

    def __init__(self, connections: Callable[[], Connections], max_answer: int, pause: Callable[[], float]) -> None:
        self._build = connections
        self._max_answer = max_answer
        self._mine = threading.local()
        self._all: list[tuple[threading.Thread, Connections]] = []
        self._lock = threading.Lock()
        self._tries_again = Retrying(
            before=lambda _: time.sleep(pause()),
            retry=retry_if_exception_type(_NOT_CONNECTED),
            stop=stop_after_attempt(_MORE_TRIES),
            reraise=True,
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request over a connection of the calling thread, and read the answer whole."""
        with errors_as_httpx():
            response = self._send(request)
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

    def _send(self, request: httpx.Request) -> httpcore.Response:
        connections = self._connections()
        connections.deadline.start()
        try:
            return connections.send(request)
        except _NOT_CONNECTED:
            return self._tries_again(connections.send, request)

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
