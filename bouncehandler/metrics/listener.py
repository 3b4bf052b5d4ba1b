"""The HTTP server for GET /metrics and GET /healthz."""

import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import AF_INET, AF_INET6

from bouncehandler.spool import SpoolError

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_TIMEOUT = 10.0
"""Seconds that a client may take for its request."""


class MetricsListener:
    """Serves metrics from `start` to `stop`.

    Args:
        text: formats the current metrics; a `SpoolError` is answered with 503.

    Raises:
        OSError: the port is in use, or reserved.
    """

    def __init__(self, host: str, port: int, text: Callable[[], bytes]) -> None:
        self._server = _server(host, port, text)
        self._thread = threading.Thread(target=self._server.serve_forever, name="metrics-listener", daemon=True)

    @property
    def port(self) -> int:
        """The port that is bound."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop answering, and release the port."""
        self._server.shutdown()
        self._server.server_close()


def _server(host: str, port: int, text: Callable[[], bytes]) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        timeout = _TIMEOUT
        server_version, sys_version = "bouncehandler", ""

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path not in {"/metrics", "/healthz"}:
                self._send(HTTPStatus.NOT_FOUND, b"GET /metrics or /healthz\n")
                return
            try:
                body = text()
            except SpoolError:  # the reason is in the log, not in the answer
                self._send(HTTPStatus.SERVICE_UNAVAILABLE, b"the spool can't be read\n")
                return
            self._send(HTTPStatus.OK, body if path == "/metrics" else b"ok\n")

        do_HEAD = do_GET  # noqa: N815  # the library's name

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library's name
            """Log nothing: a request every 15 seconds would fill the log."""

        def _send(self, status: HTTPStatus, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", CONTENT_TYPE)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False  # stops without waiting for clients
        address_family = AF_INET6 if ":" in host else AF_INET

        def handle_error(self, request: object, client_address: object) -> None:
            """Ignore clients that disconnect."""

    return Server((host, port), Handler)
