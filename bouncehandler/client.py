"""The ready `httpx.Client` that adapters receive: bounded time and size, one connection pool a thread, no cookies."""

import random
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import NamedTuple

import httpcore
import httpx
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt

from bouncehandler import __version__

MAX_ANSWER = 4 * 1024 * 1024
"""Bytes. MailWizz answers 50 lists in under 100 kB."""

_KEPT = 2048  # bytes: more than is shown, so that no secret is cut in two before it is taken out
_SHOWN = 512  # characters
_BLOCK = 16 * 1024  # bytes between two looks at the clock while sending
_SECRET_NAME = re.compile("auth|cookie|key|secret|signature|token", re.IGNORECASE)
_SHORTEST_SECRET = 8  # characters: what is shorter ("Basic", "v1") would blot out harmless words
_NOT_CONNECTED = (httpx.ConnectError, httpx.ConnectTimeout)
_MORE_TRIES = 1  # within a call; what else fails waits in the spool
_NO_TIME_LEFT = "the server did not finish its answer within {:g} seconds"


class AnswerRefusedError(httpx.ReadError):
    """The answer is longer than accepted, or compressed although it was asked for plain; the rest was not read."""


class ProviderClient(httpx.Client):
    """An `httpx.Client` that worker threads share, and that remembers each thread's last answer.

    An answer is read whole before a call returns, and its text is read as UTF-8 whatever the server names. A compressed
    answer is refused, since a small one can unpack to any size.
    """

    def __init__(self, transport: "_PoolPerThread", timeout: float) -> None:
        super().__init__(
            transport=transport,
            timeout=httpx.Timeout(timeout, connect=timeout / 3),  # two tries, and time for an answer
            headers={"User-Agent": f"bouncehandler/{__version__}", "Accept-Encoding": "identity"},
            follow_redirects=False,
            trust_env=False,
        )
        self._answers = transport
        self._cookies = _NoCookies()

    def forget_answer(self) -> None:
        """From now on the calling thread has no last answer, until the next one comes."""
        self._answers.keep(None)

    def last_answer(self) -> str:
        """Status and beginning of the last answer to the calling thread; empty when none has come.

        One line, at most 512 characters, all printable. What the request proved itself with is taken out, in case the
        server repeats it.
        """
        return self._answers.last()


def build_client(  # noqa: PLR0913  # what the configuration says, and what a test passes in
    *,
    timeout: float,
    ca_file: str | None = None,
    proxy: str | None = None,
    max_answer: int = MAX_ANSWER,
    pause: Callable[[], float] = partial(random.uniform, 0.1, 0.5),  # noqa: B008  # calls nothing until a second try
    clock: Callable[[], float] = time.monotonic,
) -> ProviderClient:
    """The client for one provider; `close()` closes the connections of all threads.

    Args:
        timeout: Seconds for a whole request, from its first connection until the last byte of the answer.
        ca_file: A PEM file with the certificate authorities to trust instead of the public ones.
        proxy: The http or https URL of a proxy; the environment's is never used.
        max_answer: Bytes of an answer's body that are accepted.
        pause: Seconds before a second try, where the connection could not be made.
        clock: Seconds that only go forward.

    Raises:
        ValueError: `ca_file` or `proxy` can't be used; the text holds no password.
    """
    tls = _tls(ca_file)
    via = _proxy(proxy, tls) if proxy else None

    def build_pool() -> _Pool:
        return _Pool(tls, via, _Deadline(timeout, clock))

    return ProviderClient(_PoolPerThread(build_pool, max_answer, pause), timeout)


def _tls(ca_file: str | None) -> ssl.SSLContext:
    if ca_file is None:
        return httpx.create_ssl_context(trust_env=False)
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise ValueError(f"the file of certificate authorities {ca_file} can't be used: {error}") from None


def _proxy(url: str, tls: ssl.SSLContext) -> httpx.Proxy:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:  # its text may repeat the password
        raise ValueError("the proxy is not a URL") from None
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        raise ValueError("the proxy is not a URL of the form http://host:port")
    return httpx.Proxy(parsed, ssl_context=tls if parsed.scheme == "https" else None)


class _NoCookies(httpx.Cookies):
    """Takes none; looking for them in each answer, in order to refuse them, would be a tenth of what a call costs."""

    def extract_cookies(self, response: httpx.Response) -> None:
        pass


class _PoolPerThread(httpx.BaseTransport):
    """Gives each thread connections of its own: one pool shared by 32 threads costs a fifth of their speed."""

    def __init__(self, build_pool: "Callable[[], _Pool]", max_answer: int, pause: Callable[[], float]) -> None:
        self._build_pool = build_pool
        self._max_answer = max_answer
        self._mine = threading.local()
        self._pools: list[tuple[threading.Thread, _Pool]] = []
        self._lock = threading.Lock()
        self._tries_again = Retrying(
            before=lambda _: time.sleep(pause()),
            retry=retry_if_exception_type(_NOT_CONNECTED),
            stop=stop_after_attempt(_MORE_TRIES),
            reraise=True,
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
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
            self.keep(_Answer(request, response.status_code, bytes(body[:_KEPT])))
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

    def keep(self, answer: "_Answer | None") -> None:
        self._mine.answer = answer

    def last(self) -> str:
        answer: _Answer | None = getattr(self._mine, "answer", None)
        return answer.sentence() if answer else ""

    def _pool(self) -> "_Pool":
        pool: _Pool | None = getattr(self._mine, "pool", None)
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
        with self._lock:
            pools, self._pools = self._pools, []
        for _, pool in pools:
            pool.close()


class _Answer(NamedTuple):
    """What a request was answered, as far as it is kept."""

    request: httpx.Request
    status: int
    beginning: bytes

    def sentence(self) -> str:
        text = self.beginning.decode("utf-8", "replace")
        for secret in self._secrets():
            text = text.replace(secret, "[...]")
        if not text.isprintable():
            text = "".join(char if char.isprintable() else " " for char in text)
        text = " ".join(text.split())
        return f"HTTP {self.status}: {text}"[:_SHOWN] if text else f"HTTP {self.status}"

    def _secrets(self) -> Iterator[str]:
        for name, value in (*self.request.headers.multi_items(), *self.request.url.params.multi_items()):
            if _SECRET_NAME.search(name):
                yield from (word for word in (value, *value.split()) if len(word) >= _SHORTEST_SECRET)


class _Pool(httpx.HTTPTransport):
    """The connections of one thread, and the deadline of the request that it is making."""

    def __init__(self, tls: ssl.SSLContext, proxy: httpx.Proxy | None, deadline: "_Deadline") -> None:
        # Apache closes an idle connection after 5 seconds: let go of it before.
        limits = httpx.Limits(max_keepalive_connections=2, keepalive_expiry=4.0)
        super().__init__(verify=tls, trust_env=False, proxy=proxy, limits=limits)
        self.deadline = deadline
        pool = self._pool
        pool._network_backend = _Network(pool._network_backend, deadline)  # noqa: SLF001  # httpx offers no other way


class _Deadline:
    """The moment by which a request is to be over, whatever the server does meanwhile."""

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._seconds = seconds
        self._at = 0.0

    def start(self) -> None:
        self._at = self._clock() + self._seconds

    def left(self, timeout: float | None, error: type[httpx.TimeoutException]) -> float:
        """Seconds for the next step: what is left, or `timeout` where that is less. Raises `error` when none is."""
        left = self._at - self._clock()
        if left <= 0:
            raise error(self.sentence)
        return left if timeout is None else min(left, timeout)

    @property
    def sentence(self) -> str:
        return _NO_TIME_LEFT.format(self._seconds)


class _Network(httpcore.NetworkBackend):
    """Opens connections that keep the deadline: httpx itself only bounds each single read, so a drip has no end."""

    def __init__(self, network: httpcore.NetworkBackend, deadline: _Deadline) -> None:
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
        left = self._deadline.left(timeout, httpx.ConnectTimeout)
        return _Stream(self._network.connect_tcp(host, port, left, local_address, socket_options), self._deadline)


class _Stream(httpcore.NetworkStream):
    """A connection that keeps the deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: _Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            return self._stream.read(max_bytes, self._deadline.left(timeout, httpx.ReadTimeout))
        except httpcore.ReadTimeout:
            raise httpx.ReadTimeout(self._deadline.sentence) from None

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), _BLOCK):
            self._stream.write(buffer[start : start + _BLOCK], self._deadline.left(timeout, httpx.WriteTimeout))

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = self._deadline.left(timeout, httpx.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, left), self._deadline)

    def close(self) -> None:
        self._stream.close()

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)
