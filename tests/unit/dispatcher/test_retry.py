"""When a failed dispatch is tried again."""

import math

import pytest

from bouncehandler.dispatcher.retry import RetrySchedule
from bouncehandler.spool import DeadLettered, RetryLater
from bouncehandler.suppression import Attempt, Dispatch, Suppression

NOW = 1_767_225_600.0
WAITS = [60.0, 300.0, 1800.0]
ATTEMPT = Attempt(NOW, 0.1, "temporary", "HTTP 503")


def dispatch(step: int) -> Dispatch:
    """A dispatch that has used up so many waits."""
    return Dispatch(7, "news", Suppression("1" * 24, "ann@example.com", "bounce"), step + 1, step, "claim")


@pytest.mark.parametrize("step", [0, 1, 2])
def test_each_failure_uses_up_one_wait(step: int) -> None:
    """After the n-th failure the n-th wait of the list passes."""
    again = RetrySchedule(WAITS, lambda: 0.0).settle_failure(dispatch(step), ATTEMPT)
    assert again == RetryLater(dispatch(step), ATTEMPT, WAITS[step], step + 1)


def test_dead_when_the_waits_are_used_up() -> None:
    """The failure after the last wait makes a dead letter."""
    assert RetrySchedule(WAITS, lambda: 0.0).settle_failure(dispatch(3), ATTEMPT) == DeadLettered(dispatch(3), ATTEMPT)


def test_dead_although_the_schedule_was_shortened() -> None:
    """A dispatch that had more waits under an older configuration than there are now is a dead letter."""
    assert isinstance(RetrySchedule([60.0], lambda: 0.0).settle_failure(dispatch(5), ATTEMPT), DeadLettered)


@pytest.mark.parametrize(("random", "wait"), [(0.0, 60.0), (0.5, 63.0), (1.0, 66.0)])
def test_jitter_only_lengthens(random: float, wait: float) -> None:
    """A random share of up to a tenth is added, so that a crowd comes back spread out and never early."""
    again = RetrySchedule(WAITS, lambda: random).settle_failure(dispatch(0), ATTEMPT)
    assert isinstance(again, RetryLater)
    assert again.due_in == pytest.approx(wait)


@pytest.mark.parametrize("step", [0, 3])
def test_retry_after_uses_up_nothing(step: int) -> None:
    """Retry-After is obeyed to the second, even when no wait of the schedule is left."""
    again = RetrySchedule(WAITS, lambda: 1.0).settle_failure(dispatch(step), ATTEMPT, 17.0)
    assert again == RetryLater(dispatch(step), ATTEMPT, 17.0, step)


@pytest.mark.parametrize(
    ("asked", "wait"), [(0.0, 1.0), (-5.0, 1.0), (1e9, 86_400.0), (math.inf, 86_400.0), (3600.0, 3600.0)]
)
def test_retry_after_is_kept_within_bounds(asked: float, wait: float) -> None:
    """Retry-After never makes a tight loop, or a wait of more than a day."""
    schedule = RetrySchedule(WAITS, lambda: 0.0)
    assert schedule.limit_retry_after(asked) == wait
    assert schedule.settle_failure(dispatch(0), ATTEMPT, asked) == RetryLater(dispatch(0), ATTEMPT, wait, 0)
