"""Rate limiter: spaces calls evenly, so that a provider's rate is not exceeded."""

import threading
from collections.abc import Callable


class RateLimiter:
    """Turns for any number of threads, evenly spaced.

    Args:
        rate: calls a second; None: no limit.
        pause: waits for so many seconds, and returns whether to give up instead (`threading.Event.wait`).
    """

    def __init__(self, rate: float | None, monotonic: Callable[[], float], pause: Callable[[float], bool]) -> None:
        self._interval = 1 / rate if rate else 0.0
        self._monotonic, self._pause = monotonic, pause
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self) -> bool:
        """Wait for this thread's turn; False where it gave up instead, which leaves its turn to others."""
        if not self._interval:
            return True
        with self._lock:
            now = self._monotonic()
            turn = max(now, self._next)
            self._next = turn + self._interval
        if not self._pause(turn - now):
            return True
        with self._lock:
            self._next -= self._interval
        return False
