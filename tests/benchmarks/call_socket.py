"""A provider's socket that knows when a call reaches it."""

import selectors
import socket
import time

_PATIENCE = 30.0
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class CallSocket:
    """A provider's socket: knows when the first byte of a request came."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._waiting = selectors.DefaultSelector()
        self._waiting.register(self._listening, selectors.EVENT_READ)
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}/"

    def next_request(self) -> float:
        """`time.perf_counter()` when the first byte of the next request came; it has been answered by then."""
        deadline = time.perf_counter() + _PATIENCE
        while time.perf_counter() < deadline:
            for key, _ in self._waiting.select(1.0):
                at = time.perf_counter()
                if key.fileobj is self._listening:
                    self._accept()
                elif self._answer(key.fileobj):  # type: ignore[arg-type]  # only sockets are registered
                    return at
        raise RuntimeError(f"no request came within {_PATIENCE:g} seconds")

    def close(self) -> None:
        """End every connection."""
        for key in list(self._waiting.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]  # only sockets are registered
        self._waiting.close()

    def _accept(self) -> None:
        connection, _ = self._listening.accept()
        connection.settimeout(_PATIENCE)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._waiting.register(connection, selectors.EVENT_READ)

    def _answer(self, connection: socket.socket) -> bool:
        """Read the request and answer it; False when the client has hung up."""
        head = b""
        while b"\r\n\r\n" not in head:
            data = connection.recv(65536)
            if not data:
                self._waiting.unregister(connection)
                connection.close()
                return False
            head += data
        head, _, body = head.partition(b"\r\n\r\n")
        left = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]) - len(body)
        while left > 0:
            left -= len(connection.recv(left))
        connection.sendall(_ANSWER)
        return True
