"""Answers GET /metrics and GET /healthz on a port of its own."""

import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import AF_INET, AF_INET6

from bouncehandler.spool import SpoolError

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_TIMEOUT = 10.0
"""Seconds that a client may take for its request."""


class Listener:
    """Listens from `start` to `stop`.

    Args:
        text: the metrics now; raises `SpoolError` where they can't be had, which a client is told as 503.

    Raises:
        OSError: the port is taken, or is not ours to take.
    """

    def __init__(self, host: str, port: int, text: Callable[[], bytes]) -> None:
        self._server = _server(host, port, text)
        self._thread = threading.Thread(target=self._server.serve_forever, name="metrics-listener", daemon=True)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Answer nobody any more."""
        self._server.shutdown()
        self._server.server_close()


def _server(host: str, port: int, text: Callable[[], bytes]) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        """One client."""

        timeout = _TIMEOUT
        server_version, sys_version = "bouncehandler", ""

        def do_GET(self) -> None:
            """Answer."""
            path = self.path.partition("?")[0]
            if path not in {"/metrics", "/healthz"}:
                self._say(HTTPStatus.NOT_FOUND, b"GET /metrics or /healthz\n")
                return
            try:
                found = text()
            except SpoolError:  # the log says why; a stranger need not know
                self._say(HTTPStatus.SERVICE_UNAVAILABLE, b"the spool can't be read\n")
                return
            self._say(HTTPStatus.OK, found if path == "/metrics" else b"ok\n")

        do_HEAD = do_GET  # noqa: N815  # the library's name

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library's name
            """Say nothing: who asks every 15 seconds fills any log."""

        def _say(self, status: HTTPStatus, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", CONTENT_TYPE)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

    class Server(ThreadingHTTPServer):
        """Ends without waiting for clients."""

        daemon_threads = True
        block_on_close = False
        address_family = AF_INET6 if ":" in host else AF_INET

        def handle_error(self, request: object, client_address: object) -> None:
            """A client that goes away is no news."""

    return Server((host, port), Handler)
