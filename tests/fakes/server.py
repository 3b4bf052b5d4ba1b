"""A real HTTP/1.1 server on a loopback port, which keeps its requests and fails on demand."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import parse_qsl, urlsplit

PATIENCE = 60.0
"""Seconds after which a test fails that waits for a condition: more than a busy machine needs, and no promise."""


@dataclass(frozen=True)
class Request:
    """Request of a client."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes
    target: str = ""
    """Path and query as they came."""

    @property
    def form(self) -> dict[str, str]:
        """The body read as a form."""
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


@dataclass(frozen=True)
class Answer:
    """Answer to a request; or, with `reset`, a connection closed in the middle."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "text/html; charset=utf-8"
    delay: float = 0.0
    """Seconds before the first byte; cut short when the server closes."""
    reset: bool = False
    rest: Callable[[], Iterator[bytes]] = lambda: iter(())
    """Blocks that follow the body; Content-Length, unless it is among the headers, does not count them."""
    apart: float = 0.0
    """Seconds before each of these blocks."""
    is_cut: bool = False
    """Whether the connection is closed after the last of them, whatever Content-Length has promised."""


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        """Ignore a client that resets its connection."""


class FakeServer:
    """Answers with `respond`, which a subclass writes; `failures` go first, one a request, then `always`."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        """Every request, in the order in which they came."""
        self.failures: list[Answer] = []
        """Answers for the next requests, used up one by one."""
        self.always: Answer | None = None
        """As long as it is set, the answer to every request."""
        self.latency = 0.0
        """Seconds before each answer."""
        self.fail_when: Callable[[Request], Answer | None] = lambda _: None
        """A failure for chosen requests only."""
        self.lock = threading.Lock()
        self._closing = threading.Event()
        self._refusing = threading.Event()
        self._http = _Http(("127.0.0.1", 0), self._handler())
        self._listen()

    def respond(self, request: Request) -> Answer:
        """Answer as the real server would."""
        raise NotImplementedError

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`, without a slash at the end."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def calls(self, method: str = "", contains: str = "") -> list[Request]:
        """Requests of this method with this text in their target; empty means any."""
        with self.lock:
            return [r for r in self.requests if r.method.startswith(method) and contains in r.target]

    def refuse(self) -> None:
        """Stop listening, so that connections are refused, and let go of those that are open."""
        self._refusing.set()
        self._http.shutdown()
        self._http.server_close()

    def listen_again(self) -> None:
        """End what `refuse` began, at the same port."""
        self._http = _Http(("127.0.0.1", self._http.server_address[1]), self._handler())
        self._refusing.clear()
        self._listen()

    def _listen(self) -> None:
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self) -> None:
        """Stop listening; sleeping answers wake up."""
        self._closing.set()
        self._http.shutdown()
        self._http.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _answer(self, request: Request) -> Answer:
        with self.lock:
            self.requests.append(request)
            failure = self.failures.pop(0) if self.failures else self.always or self.fail_when(request)
        if failure:
            return failure
        with self.lock:
            return self.respond(request)

    def _rest(self, answer: Answer) -> Iterator[bytes]:
        for block in answer.rest():
            if self._closing.wait(answer.apart):
                return
            yield block

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def handle_any(self) -> None:
                if server._refusing.is_set():
                    self.close_connection = True
                    return
                answer = server._answer(self._request())  # the two are one thing in two classes
                if server._closing.wait(answer.delay + server.latency) or answer.reset:
                    self.close_connection = True
                    return
                self._write(answer)

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = handle_any  # noqa: N815  # http.server's names

            def _request(self) -> Request:
                parts = urlsplit(self.path)
                headers = {name.lower(): value for name, value in self.headers.items()}
                body = self.rfile.read(int(headers.get("content-length", "0")))
                query = dict(parse_qsl(parts.query, keep_blank_values=True))
                return Request(self.command, parts.path, query, headers, body, self.path)

            def _write(self, answer: Answer) -> None:
                headers = {"Content-Type": answer.content_type, **answer.headers}
                headers.setdefault("Content-Length", str(len(answer.body)))
                try:
                    self.send_response(answer.status)
                    for name, value in headers.items():
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(answer.body)
                    self.wfile.writelines(server._rest(answer))
                    self.close_connection = self.close_connection or answer.is_cut
                except OSError:  # the client has gone, which is its right
                    self.close_connection = True

            def log_message(self, *_: object) -> None:
                """Log nothing: the requests are kept instead."""

        return Handler


@contextmanager
def closed_port() -> Iterator[str]:
    """A URL without a listener."""
    server = FakeServer()
    server.close()
    yield server.url


def wait_until(condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Return as soon as the condition holds; fail the test when it never does, which shows after so many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come about in time"
        time.sleep(0.005)
