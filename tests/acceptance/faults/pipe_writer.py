"""Writes into a program's stdin as PowerMTA does, and measures how long it is not read."""

import os
import select
import threading
import time

from tests.acceptance.harness import Running


class PipeWriter:
    """A thread that writes data into a program's stdin as fast as it is read, then ends the input.

    Args:
        ends: whether to close stdin after the last byte.
    """

    def __init__(self, running: Running, data: bytes, *, ends: bool = True) -> None:
        self.longest = 0.0
        """Seconds: the longest time for which the full pipe took nothing more."""
        self.written = 0
        """Bytes that the pipe took."""
        self._running, self._data, self._ends = running, data, ends
        self._thread = threading.Thread(target=self._feed, daemon=True)
        self._thread.start()

    def join(self, seconds: float = 120.0) -> None:
        """Wait until everything is written, or the program has gone."""
        self._thread.join(seconds)
        assert not self._thread.is_alive(), "the program does not read its input"

    def _feed(self) -> None:
        assert self._running.process.stdin
        number = self._running.process.stdin.fileno()
        os.set_blocking(number, False)
        try:
            view = memoryview(self._data)
            while self.written < len(view):
                began = time.monotonic()
                select.select([], [number], [])
                self.longest = max(self.longest, time.monotonic() - began)
                self.written += os.write(number, view[self.written : self.written + 65_536])
            if self._ends:
                self._running.end_input()
        except (OSError, ValueError):  # the program has gone; ValueError: stdin was closed
            return
