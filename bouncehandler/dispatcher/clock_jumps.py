"""Detector of jumps of the wall clock, which the sysadmin, NTP or a suspension sets forth or back."""

from collections.abc import Callable

_MIN_JUMP = 1.0
"""Seconds; waiting makes up for less."""


class ClockJumpDetector:
    """Compares the wall clock with the monotonic clock.

    Args:
        clock: seconds since the epoch.
        monotonic: seconds of a clock that is never set.
    """

    def __init__(self, clock: Callable[[], float], monotonic: Callable[[], float]) -> None:
        self._clock, self._monotonic = clock, monotonic
        self._offset: float | None = None

    def has_jumped(self) -> bool:
        """Whether the clock was set since the last call of this method; False at the first."""
        before, self._offset = self._offset, self._clock() - self._monotonic()
        return before is not None and abs(self._offset - before) > _MIN_JUMP
