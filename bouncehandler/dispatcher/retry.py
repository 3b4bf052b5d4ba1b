"""Retry schedule of the durable tier: the waits between attempts, as a list that can be read."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bouncehandler.spool import DeadLettered, RetryLater
from bouncehandler.suppression import Attempt, Dispatch

_MAX_RETRY_AFTER = 24 * 3600.0
"""Seconds; a provider that asks for longer is tried once a day."""

_MIN_RETRY_AFTER = 1.0
"""Seconds; `Retry-After: 0` is no invitation to a tight loop."""


@dataclass(frozen=True, slots=True)
class RetrySchedule:
    """Waits between attempts, each longer by a random share, so that a crowd does not come back at once."""

    waits: Sequence[float]
    """Seconds; when they are used up, the dispatch is a dead letter."""
    random: Callable[[], float]
    """Numbers from 0 to 1."""
    jitter: float = 0.1
    """The largest share by which a wait is lengthened."""

    def limit_retry_after(self, seconds: float) -> float:
        """Limit the seconds that a provider asks for: at least 1, at most a day."""
        return min(max(seconds, _MIN_RETRY_AFTER), _MAX_RETRY_AFTER)

    def settle_failure(
        self, dispatch: Dispatch, attempt: Attempt, retry_after: float | None = None
    ) -> RetryLater | DeadLettered:
        """Schedule the next attempt after a temporary failure.

        A provider that names the time itself is obeyed, and the schedule is not used up by it: it is there, and
        only asks for patience (`Retry-After`, RFC 9110 10.2.3).
        """
        if retry_after is not None:
            return RetryLater(dispatch, attempt, self.limit_retry_after(retry_after), dispatch.retry_index)
        if dispatch.retry_index >= len(self.waits):
            return DeadLettered(dispatch, attempt)
        wait = self.waits[dispatch.retry_index] * (1 + self.jitter * self.random())
        return RetryLater(dispatch, attempt, wait, dispatch.retry_index + 1)
