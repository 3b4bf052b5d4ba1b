"""HTTP client that adapters receive: bounded time and size, connections for each thread, no cookies."""

import ssl
import time
from collections.abc import Callable
from functools import cache

import httpx

from bouncehandler import __version__
from bouncehandler.http_client.connections import Connections
from bouncehandler.http_client.deadline import Deadline
from bouncehandler.http_client.transport import ResponseRefusedError, Transport

__all__ = ["MAX_RESPONSE", "ProviderClient", "ResponseRefusedError", "build_client"]

MAX_RESPONSE = 4 * 1024 * 1024
"""Bytes. MailWizz answers 50 lists in under 100 kB."""


class ProviderClient(httpx.Client):
    """An `httpx.Client` that threads share, and that remembers each thread's last response.

    A response is read whole before a call returns, and its text is read as UTF-8 whatever the server names. A
    compressed one is refused, since a small one can unpack to any size.
    """

    def __init__(self, transport: Transport, timeout: float) -> None:
        super().__init__(
            transport=transport,
            timeout=httpx.Timeout(timeout, connect=timeout / 3),  # two tries, and time for a response
            headers={"User-Agent": f"bouncehandler/{__version__}", "Accept-Encoding": "identity"},
            follow_redirects=False,
            trust_env=False,
        )
        self._memory = transport
        self._cookies = _NoCookies()

    def forget_response(self) -> None:
        """Forget the calling thread's last response."""
        self._memory.remember(None)

    def last_response(self) -> str:
        """Status and beginning of the last response to the calling thread; empty when none has come.

        One line, at most 512 characters, all printable. The request's credentials are redacted, in case the server
        repeats them.
        """
        return self._memory.last_response()


def build_client(  # noqa: PLR0913  # the configuration's keys, and a test's substitutes
    *,
    timeout: float,
    ca_file: str | None = None,
    proxy: str | None = None,
    max_response: int = MAX_RESPONSE,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> ProviderClient:
    """Build the client for one provider; `close()` closes the connections of all threads.

    Args:
        timeout: Seconds for a whole request, from its first connection until the last byte of the response.
        ca_file: A PEM file with the certificate authorities to trust instead of the public ones.
        proxy: The http or https URL of a proxy; the environment's is never used.
        max_response: Bytes of a response's body that are accepted.
        sleep: Waits so many seconds before a second try, where the connection could not be made.
        clock: Seconds that only go forward.

    Raises:
        ValueError: `ca_file` or `proxy` can't be used; the text holds no password.
    """
    own_tls = _own_tls(ca_file) if ca_file is not None else None
    via = _proxy(proxy, own_tls) if proxy else None

    def connections() -> Connections:
        return Connections(own_tls or _public_tls(), via, Deadline(timeout, clock), sleep)

    return ProviderClient(Transport(connections, max_response), timeout)


@cache
def _public_tls() -> ssl.SSLContext:
    """Context with the public certificate authorities, built at the first request: it takes 17 ms."""
    return httpx.create_ssl_context(trust_env=False)


def _own_tls(ca_file: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise ValueError(f"the file of certificate authorities {ca_file} can't be used: {error}") from None


def _proxy(url: str, own_tls: ssl.SSLContext | None) -> httpx.Proxy:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:  # its text may repeat the password
        raise ValueError("the proxy is not a URL") from None
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        raise ValueError("the proxy is not a URL of the form http://host:port")
    return httpx.Proxy(parsed, ssl_context=(own_tls or _public_tls()) if parsed.scheme == "https" else None)


class _NoCookies(httpx.Cookies):
    """Stores no cookies; looking for them in each response, in order to refuse them, would be a tenth of a call."""

    def extract_cookies(self, response: httpx.Response) -> None:
        pass
