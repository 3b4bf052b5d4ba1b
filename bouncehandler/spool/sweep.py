"""A sweep through a spool in steps so short that the pipe hardly waits for one, with rests between them."""

from collections.abc import Callable

from bouncehandler.spool.models import Pruned

_LEAST, _MOST = 100, 500
"""Suppressions, or dispatches, that one step looks at."""
_STEP = 0.02
"""Seconds that a step should take at most: the next one is half as long after one that took more."""
_REST = 0.03
"""Seconds between two steps, at least: more than another process sleeps between two looks at the lock at first."""
_SHARE = 4
"""A rest is so many times as long as the step before it."""


def sweep(step: Callable[[int, int], Pruned], monotonic: Callable[[], float], rest: Callable[[float], bool]) -> int:
    """Go through a spool once, from the oldest suppression, or dispatch, until they are too new.

    Args:
        step: removes old rows among so many (the second number) after one of them (the first).
        monotonic: seconds of a clock that is never set.
        rest: waits so many seconds; true ends the sweep.

    Returns:
        How many were removed.

    Raises:
        SpoolError: the store failed.
    """
    after: int | None = 0
    limit, removed = _LEAST, 0
    while after is not None:
        began = monotonic()
        pruned = step(after, limit)
        took = monotonic() - began
        removed += pruned.removed
        after = pruned.last
        limit = max(_LEAST, limit // 2) if took > _STEP else min(_MOST, limit * 2 if took < _STEP / 2 else limit)
        if after is not None and rest(max(_REST, _SHARE * took)):
            break
    return removed
