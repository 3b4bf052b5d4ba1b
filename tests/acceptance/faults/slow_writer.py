"""Writes into a program's stdin as PowerMTA does on a quiet day: a little at a time, cut anywhere."""

import random
import threading

from tests.acceptance.faults.pipe_writer import PipeWriter
from tests.acceptance.harness import LONGEST, Running

_PAUSE = 0.004
"""Seconds between two writes: long enough for a commit of its own."""
_MOST = 3000
"""Bytes of one write, at most; a row has some 250."""


class SlowWriter:
    """A thread that writes data into a program's stdin piece by piece, until all is written or the program has gone.

    Args:
        chance: where the pieces are cut.
        after: when this is set, what follows the first piece is written; None: all is written at once.
    """

    def __init__(
        self, running: Running, data: bytes, chance: random.Random, after: threading.Event | None = None
    ) -> None:
        self.longest = 0.0
        """Seconds: the longest time that a write had to wait."""
        self.written = 0
        """Bytes that the pipe took."""
        self._running, self._data, self._after = running, data, after
        self._sizes = random.Random(chance.random())  # noqa: S311  # the same pieces on every machine
        self._pause = threading.Event()
        self._thread = threading.Thread(target=self._feed, daemon=True)
        self._thread.start()

    def join(self) -> None:
        """Wait until everything is written, or the program has gone."""
        self._thread.join(LONGEST)
        assert not self._thread.is_alive(), "the program does not read its input"

    def _feed(self) -> None:
        size = _MOST
        while self.written < len(self._data):
            writer = PipeWriter(self._running, self._data[self.written : self.written + size], ends=False)
            writer.join()
            self.longest = max(self.longest, writer.longest)
            if not writer.written:
                return
            self.written += writer.written
            size = self._sizes.randint(1, _MOST)
            self._pause.wait(_PAUSE)
            if self._after:
                self._after.wait(LONGEST)
