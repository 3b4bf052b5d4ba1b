"""Signals: SIGTERM, SIGINT and SIGHUP ask the program to stop in good order."""

import os
import signal
import time

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class ShutdownSignal:
    """Remembers that somebody asked to stop; `fileno` becomes readable then, so that waiting ends."""

    def __init__(self) -> None:
        self.is_requested = False
        self._since = 0.0
        self._read, self._write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)

    def listen(self) -> None:
        """Heed the signals from now on."""
        for number in _SIGNALS:
            signal.signal(number, lambda *_: self.request())

    def request(self) -> None:
        """Ask to stop; from a signal handler or any thread."""
        if not self.is_requested:
            self.is_requested, self._since = True, time.monotonic()
            os.write(self._write, b"!")

    def was_requested_for(self, seconds: float) -> bool:
        """Whether that is so many seconds ago."""
        return self.is_requested and time.monotonic() >= self._since + seconds

    def fileno(self) -> int:
        """A file descriptor that is readable once a stop was asked for."""
        return self._read
