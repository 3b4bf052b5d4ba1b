"""Connections of one thread: httpcore's own, without its pool, which would share them between threads at a price.

With a pool of httpcore for each thread instead, a call takes 421 us of CPU time in place of 369 (32 threads; bare
httpx 458), and dispatching at 20 ms with 32 in flight reaches 0.84 of bare httpx threads in place of 0.90 (medians of
six runs in turn on a busy machine): below the bar of 0.85.
"""

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpcore
import httpx
from tenacity import Retrying, retry_if_exception_type, wait_random

from bouncehandler.http_client.deadline import Deadline, DeadlineBackend

_MAX_IDLE = 2
"""Connections kept open: an adapter calls one server, or two."""
_KEEPALIVE = 4.0
"""Seconds. Apache closes an idle connection after 5: let go of it before."""

_CONNECT_ERRORS = (httpcore.ConnectError, httpcore.ConnectTimeout, httpx.ConnectTimeout)
_TRIES = 2
"""To make a connection, within a call and as long as it has time; all other failures wait in the spool."""
_MIN_WAIT, _MAX_WAIT = 0.1, 0.5
"""Seconds between the two; random, so that threads do not return all at once."""


class Connections:
    """Open connections of one thread, and the deadline of its current request."""

    def __init__(
        self, tls: ssl.SSLContext, proxy: httpx.Proxy | None, deadline: Deadline, sleep: Callable[[float], None]
    ) -> None:
        self._deadline = deadline
        self._factory = _build_factory(tls, proxy, DeadlineBackend(httpcore.SyncBackend(), deadline))
        self._open: list[httpcore.ConnectionInterface] = []
        self._retrying = Retrying(
            sleep=sleep,
            wait=wait_random(_MIN_WAIT, _MAX_WAIT),
            stop=lambda state: state.attempt_number >= _TRIES or deadline.ends_within(state.upcoming_sleep),
            retry=retry_if_exception_type(_CONNECT_ERRORS),
            reraise=True,
        )

    def send(self, request: httpx.Request) -> httpcore.Response:
        """Send a request and read the head of its response; the caller reads the rest, and closes it.

        Only a request that needs a new connection can fail to connect, and is tried twice. One that finds an open
        connection does without tenacity, which would add 8 us to a call.
        """
        self._deadline.start()
        url = _url(request.url)
        if url.scheme not in {b"http", b"https"}:
            raise httpx.UnsupportedProtocol("the URL does not begin with http:// or https://")
        call = httpcore.Request(
            request.method,
            url,
            headers=request.headers.raw,
            content=_body_blocks(request),
            extensions=request.extensions,
        )
        connection = self._find_idle(url.origin)
        return connection.handle_request(call) if connection else self._retrying(self._connect_and_send, call)

    def close(self) -> None:
        """Close all connections."""
        connections, self._open = self._open, []
        for connection in connections:
            connection.close()

    def _find_idle(self, origin: httpcore.Origin) -> httpcore.ConnectionInterface | None:
        """Find an idle connection to a server, which it has not closed meanwhile."""
        for connection in self._open:
            if connection.can_handle_request(origin) and connection.is_available() and not connection.has_expired():
                return connection
        return None

    def _connect_and_send(self, call: httpcore.Request) -> httpcore.Response:
        self._close_surplus()
        connection = self._factory.create_connection(call.url.origin)
        self._open.append(connection)
        return connection.handle_request(call)

    def _close_surplus(self) -> None:
        """Close unusable connections, and of the idle ones the oldest, so that there is room for one more."""
        usable = [one for one in self._open if not (one.is_closed() or one.has_expired())]
        idle = [one for one in usable if one.is_idle()]
        surplus = idle[: max(0, len(idle) - _MAX_IDLE + 1)]
        closing = [one for one in self._open if one not in usable or one in surplus]
        self._open = [one for one in usable if one not in surplus]
        for connection in closing:
            connection.close()


@contextmanager
def errors_as_httpx() -> Iterator[None]:
    """Convert the errors of httpcore to httpx's, which have the same names."""
    try:
        yield
    except _ERRORS as error:
        known = (getattr(httpx, kind.__name__, None) for kind in type(error).__mro__)
        raise next(filter(None, known))(str(error)) from error


_ERRORS = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
)


def _body_blocks(request: httpx.Request) -> Iterator[bytes]:
    if not isinstance(request.stream, httpx.SyncByteStream):
        raise TypeError("a request's body must not be asynchronous")
    return iter(request.stream)


def _build_factory(tls: ssl.SSLContext, proxy: httpx.Proxy | None, backend: DeadlineBackend) -> httpcore.ConnectionPool:
    """Build a pool of httpcore that only makes connections, direct or by the proxy, and keeps none."""
    via = httpcore.Proxy(_url(proxy.url), proxy.raw_auth, proxy.headers.raw, proxy.ssl_context) if proxy else None
    return httpcore.ConnectionPool(tls, via, keepalive_expiry=_KEEPALIVE, network_backend=backend)


def _url(url: httpx.URL) -> httpcore.URL:
    return httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
