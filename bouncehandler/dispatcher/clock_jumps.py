"""Notices that the machine's clock was set, forth or back: by an operator, by NTP, after a suspension."""

from collections.abc import Callable

_NOTICED = 1.0
"""Seconds; less is made good by waiting."""


class ClockJumpDetector:
    """Compares the clock with one that is never set.

    Args:
        clock: seconds since the epoch.
        monotonic: seconds of a clock that is never set.
    """

    def __init__(self, clock: Callable[[], float], monotonic: Callable[[], float]) -> None:
        self._clock, self._monotonic = clock, monotonic
        self._apart: float | None = None

    def has_jumped(self) -> bool:
        """Whether the clock was set since this was asked last; the first time it can't be told."""
        before, self._apart = self._apart, self._clock() - self._monotonic()
        return before is not None and abs(self._apart - before) > _NOTICED
