"""Misbehaving loopback servers: raw connections, and pages that repeat the request."""

import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Self

from tests.fakes.server import Answer, FakeServer, Request

CERTIFICATE = Path(__file__).parent / "loopback.pem"
"""Self-signed, for 127.0.0.1 and localhost, with its key."""
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Echo(FakeServer):
    """A server that repeats the request, as some error pages do."""

    def respond(self, request: Request) -> Answer:
        """All of it: target, headers, body."""
        headers = "\n".join(f"{name}: {value}" for name, value in request.headers.items())
        return Answer(status=500, body=f"{request.target}\n{headers}\n".encode() + request.body)


class RawServer:
    """Hands each connection to `talk`, in a thread of its own, and counts them."""

    def __init__(self, talk: Callable[[socket.socket], None], *, host: str = "127.0.0.1", tls: bool = False) -> None:
        self.opened = 0
        self.closed = 0
        self._talk = talk
        self._lock = threading.Lock()
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if tls else None
        if self._tls:
            self._tls.load_cert_chain(CERTIFICATE)
        self._listening = socket.create_server((host, 0))
        self.url = f"{'https' if tls else 'http'}://{host}:{self._listening.getsockname()[1]}/"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):  # shut down
            while True:
                connection, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with self._lock:
            self.opened += 1
        with connection, suppress(OSError):  # the client may go when it likes
            if self._tls:
                with self._tls.wrap_socket(connection, server_side=True) as wrapped:
                    self._talk(wrapped)
            else:
                self._talk(connection)
        with self._lock:
            self.closed += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()


def answer_each(connection: socket.socket) -> None:
    """Answer every request of a connection, until the client closes it."""
    while received := connection.recv(65536):
        if received.endswith(b"\r\n\r\n"):
            connection.sendall(OK)


def drip(beginning: bytes, byte: bytes, pass_second: Callable[[], None]) -> Callable[[socket.socket], None]:
    """Send one byte a second, for a quarter of an hour, by a clock that this moves on."""

    def talk(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(beginning)
        for _ in range(900):
            connection.sendall(byte)
            pass_second()
            threading.Event().wait(0.005)

    return talk
