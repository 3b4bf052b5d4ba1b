"""How many calls to a provider are in flight: as many as configured, and fewer while it is slow or refuses."""

import threading
from collections.abc import Callable
from statistics import median

_SLOWER = 2.0
"""A provider is slow that takes so many times as long as it lately took at best,"""
_SLACK = 0.05
"""and so many seconds more."""
_FORGOTTEN = 60.0
"""Seconds in which what is thought of as its best doubles: what lasts for minutes is the new usual."""
_LONG = 64.0
"""So many times that is as good as for ever."""
_EASED = 0.75
"""What is left of the calls in flight after a slow round."""
_REFUSED = 0.5
"""What is left of them after a refusal."""
_LEAST = 0.125
"""The part that is left however slow it is; only refusals bring it down to a single call."""
_BACK = 0.1
"""The part that comes back after each round that went well."""
_ROUND = 4
"""Calls at least that are judged together; else as many as may be in flight."""


class ConcurrencyLimiter:
    """Tells each of a provider's threads whether it may call.

    Args:
        most: calls in flight while all is well.
    """

    def __init__(self, most: int, monotonic: Callable[[], float]) -> None:
        self._most, self._monotonic = most, monotonic
        self._limit = float(most)
        self._best = 0.0
        """Seconds; 0 before the first round."""
        self._judged_at = self._eased_at = monotonic()
        self._round: list[float] = []
        self._is_over = False
        self._change = threading.Condition()

    @property
    def limit(self) -> int:
        """Calls that may be in flight now; at least one."""
        return max(1, int(self._limit))

    def admits(self, number: int) -> bool:
        """Whether the thread of this number, from 0, may call."""
        return number < self.limit or self._is_over

    def wait(self, number: int) -> None:
        """Wait until the thread of this number may call, or all is over."""
        if not self.admits(number):
            with self._change:
                self._change.wait_for(lambda: self.admits(number))

    def end(self) -> None:
        """Let every thread go on, to its end."""
        with self._change:
            self._is_over = True
            self._change.notify_all()

    def learn(self, started: float, *, is_refused: bool) -> None:
        """Hear that a call, begun at a time of `monotonic`, has ended now; a refusal is any failure that may pass."""
        with self._change:
            now = self._monotonic()
            if is_refused:
                self._refused(started, now)
            else:
                self._round.append(now - started)
                if len(self._round) >= max(_ROUND, self.limit):
                    self._judge(now)

    def _refused(self, started: float, now: float) -> None:
        """Calls that had begun before the last step back say nothing of what came of it."""
        self._round.clear()
        if started >= self._eased_at:
            self._limit, self._eased_at = max(1.0, self._limit * _REFUSED), now

    def _judge(self, now: float) -> None:
        baseline, self._round = median(self._round), []
        forgotten = self._best * 2 ** min((now - self._judged_at) / _FORGOTTEN, _LONG)
        self._best, self._judged_at = min(baseline, forgotten or baseline), now
        if baseline > _SLOWER * self._best + _SLACK:
            self._limit = min(self._limit, max(self._limit * _EASED, self._most * _LEAST, 1.0))
        elif self._limit < self._most:
            self._limit = min(self._most, self._limit + max(1.0, self._most * _BACK))
            self._change.notify_all()
