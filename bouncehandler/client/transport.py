"""What carries the requests: connections for each thread, a second try, and answers that are read whole."""

import ssl
import threading
import time
from collections.abc import Callable, Iterator

import httpx
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt

from bouncehandler.client.answers import KEPT, Answer
from bouncehandler.client.network import Deadline, Network

_NOT_CONNECTED = (httpx.ConnectError, httpx.ConnectTimeout)
_MORE_TRIES = 1  # within a call; what else fails waits in the spool


class AnswerRefusedError(httpx.ReadError):
    """The answer is longer than accepted, or compressed although it was asked for plain; the rest was not read."""


class PoolPerThread(httpx.BaseTransport):
    """Gives each thread connections of its own: one pool shared by 32 threads costs a fifth of their speed."""

    def __init__(self, build_pool: "Callable[[], Pool]", max_answer: int, pause: Callable[[], float]) -> None:
        self._build_pool = build_pool
        self._max_answer = max_answer
        self._mine = threading.local()
        self._pools: list[tuple[threading.Thread, Pool]] = []
        self._lock = threading.Lock()
        self._tries_again = Retrying(
            before=lambda _: time.sleep(pause()),
            retry=retry_if_exception_type(_NOT_CONNECTED),
            stop=stop_after_attempt(_MORE_TRIES),
            reraise=True,
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request over a connection of the calling thread, and read the answer whole."""
        pool = self._pool()
        pool.deadline.start()
        try:
            response = pool.handle_request(request)
        except _NOT_CONNECTED:
            response = self._tries_again(pool.handle_request, request)
        body = bytearray()
        try:
            for block in self._accepted(response):
                body += block
        finally:
            response.close()
            self.keep(Answer(request, response.status_code, bytes(body[:KEPT])))
        stream = httpx.ByteStream(bytes(body))
        answer = httpx.Response(
            response.status_code, headers=response.headers, stream=stream, extensions=response.extensions
        )
        answer.encoding = "utf-8"  # `charset=zlib`, a codec but none of text, would be an AssertionError
        return answer

    def _accepted(self, response: httpx.Response) -> Iterator[bytes]:
        size = 0
        is_plain = response.headers.get("Content-Encoding", "identity").strip().lower() in {"", "identity"}
        for block in response.iter_raw():
            size += len(block)
            if not is_plain:
                raise AnswerRefusedError("the server compresses its answers although asked not to: turn that off there")
            if size > self._max_answer:
                raise AnswerRefusedError(f"the answer is longer than {self._max_answer} bytes: is this the right URL?")
            yield block

    def keep(self, answer: Answer | None) -> None:
        """Remember the calling thread's last answer; None: forget it."""
        self._mine.answer = answer

    def last(self) -> str:
        """The calling thread's last answer, as it may be shown; empty when there is none."""
        answer: Answer | None = getattr(self._mine, "answer", None)
        return answer.sentence() if answer else ""

    def _pool(self) -> "Pool":
        pool: Pool | None = getattr(self._mine, "pool", None)
        if pool is None:
            pool = self._mine.pool = self._build_pool()
            with self._lock:
                gone = [pool for thread, pool in self._pools if not thread.is_alive()]
                self._pools = [entry for entry in self._pools if entry[0].is_alive()]
                self._pools.append((threading.current_thread(), pool))
            for orphan in gone:
                orphan.close()
        return pool

    def close(self) -> None:
        """Close the connections of all threads."""
        with self._lock:
            pools, self._pools = self._pools, []
        for _, pool in pools:
            pool.close()


class Pool(httpx.HTTPTransport):
    """The connections of one thread, and the deadline of the request that it is making."""

    def __init__(self, tls: ssl.SSLContext, proxy: httpx.Proxy | None, deadline: "Deadline") -> None:
        # Apache closes an idle connection after 5 seconds: let go of it before.
        limits = httpx.Limits(max_keepalive_connections=2, keepalive_expiry=4.0)
        super().__init__(verify=tls, trust_env=False, proxy=proxy, limits=limits)
        self.deadline = deadline
        pool = self._pool
        pool._network_backend = Network(pool._network_backend, deadline)  # noqa: SLF001  # httpx offers no other way
