"""Adaptive limit of the calls in flight at a provider: as configured, and fewer while it is slow or refuses."""

import statistics
import threading
from collections.abc import Callable

_SLOW_FACTOR = 2.0
"""A provider is slow whose calls take so many times the baseline, which is their best time lately,"""
_SLOW_SECONDS = 0.05
"""and so many seconds more."""
_BASELINE_DOUBLES = 60.0
"""Seconds in which the baseline doubles: a slowness of minutes is the new baseline."""
_MAX_DOUBLINGS = 64.0
"""Doublings that are as good as for ever."""
_SLOW_DECREASE = 0.75
"""The share of the limit that is left after a slow round."""
_REFUSAL_DECREASE = 0.5
"""The share that is left after a refusal."""
_MIN_SHARE = 0.125
"""The share that is left however slow the provider is; only refusals bring the limit down to a single call."""
_INCREASE = 0.1
"""The share that comes back after each round that went well."""
_MIN_ROUND = 4
"""Calls at least that are judged together; else as many as may be in flight."""


class ConcurrencyLimiter:
    """Limit that grows additively and shrinks multiplicatively (AIMD); each thread of a provider has a number.

    Args:
        maximum: calls in flight while all is well.
    """

    def __init__(self, maximum: int, monotonic: Callable[[], float]) -> None:
        self._maximum, self._monotonic = maximum, monotonic
        self._limit = float(maximum)
        self._baseline = 0.0
        """Seconds; 0 before the first round."""
        self._judged_at = self._reduced_at = monotonic()
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
        """Wait until the thread of this number may call, or `release_all`."""
        if not self.admits(number):
            with self._change:
                self._change.wait_for(lambda: self.admits(number))

    def release_all(self) -> None:
        """Let every thread go on, to its end."""
        with self._change:
            self._is_over = True
            self._change.notify_all()

    def record_call(self, started: float, *, is_refused: bool) -> None:
        """Record a call that began at a time of `monotonic` and ends now; a refusal is any temporary failure."""
        with self._change:
            now = self._monotonic()
            if is_refused:
                self._reduce_after_refusal(started, now)
            else:
                self._round.append(now - started)
                if len(self._round) >= max(_MIN_ROUND, self.limit):
                    self._judge_round(now)

    def _reduce_after_refusal(self, started: float, now: float) -> None:
        """Reduce the limit, unless the call began before the last reduction and so shows nothing of its effect."""
        self._round.clear()
        if started >= self._reduced_at:
            self._limit, self._reduced_at = max(1.0, self._limit * _REFUSAL_DECREASE), now

    def _judge_round(self, now: float) -> None:
        seconds, self._round = statistics.median(self._round), []
        faded = self._baseline * 2 ** min((now - self._judged_at) / _BASELINE_DOUBLES, _MAX_DOUBLINGS)
        self._baseline, self._judged_at = min(seconds, faded or seconds), now
        if seconds > _SLOW_FACTOR * self._baseline + _SLOW_SECONDS:
            self._limit = min(self._limit, max(self._limit * _SLOW_DECREASE, self._maximum * _MIN_SHARE, 1.0))
        elif self._limit < self._maximum:
            self._limit = min(self._maximum, self._limit + max(1.0, self._maximum * _INCREASE))
            self._change.notify_all()
