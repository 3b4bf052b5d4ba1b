"""Shutdown: SIGTERM, SIGINT and SIGHUP request it, and calls in flight are given time to end."""

import os
import signal
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bouncehandler.dispatcher.dispatcher import Dispatcher

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

POLL_INTERVAL = 0.1
"""Seconds between two looks at the shutdown signal while the workers dispatch."""


class ShutdownSignal:
    """A request to shut down; `fileno` becomes readable with it, so that waiting ends."""

    def __init__(self) -> None:
        self.is_requested = False
        self._since = 0.0
        self._read, self._write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)

    def listen(self) -> None:
        """Install the signal handlers."""
        for number in _SIGNALS:
            signal.signal(number, lambda *_: self.request())

    def request(self) -> None:
        """Request a shutdown; from a signal handler or any thread."""
        if not self.is_requested:
            self.is_requested, self._since = True, time.monotonic()
            os.write(self._write, b"!")

    def was_requested_for(self, seconds: float) -> bool:
        """Whether the request is so many seconds old."""
        return self.is_requested and time.monotonic() >= self._since + seconds

    def fileno(self) -> int:
        """File descriptor that is readable after a request."""
        return self._read


def shutdown_gracefully(dispatcher: "Dispatcher", grace: float) -> None:
    """Claim nothing more, and give calls in flight `grace` seconds; a call that does not end by then is retried later.

    Raises:
        Exception: the error that ended a worker before its time.
    """
    dispatcher.stop()
    deadline = time.monotonic() + grace
    while not dispatcher.wait(POLL_INTERVAL) and time.monotonic() < deadline:
        pass
    if dispatcher.failure:
        raise dispatcher.failure
