"""Settings of a provider's worker, and the sizes of its claims that follow from them."""

from dataclasses import dataclass, field

from bouncehandler.dispatcher.circuit_breaker import BreakerSettings

_CLAIMED_PER_THREAD = 16
"""Dispatches in hand for each thread: each commit waits for the disk, which may be busy, and meanwhile they call."""

_QUICK_CLAIM = 64
"""Dispatches that are claimed in a few milliseconds."""

_MAX_IN_HAND = 1024
"""Dispatches in hand of a worker with very many threads: a crash delays so many by a lease."""


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """Limits and times of one provider; times in seconds."""

    concurrency: int = 8
    """Calls in flight."""
    rate: float | None = None
    """Calls a second; None: as fast as they go."""
    repeat_after: float = 24 * 3600.0
    """A recipient unsubscribed less long ago is not unsubscribed again."""
    lease: float = 60.0
    """Validity of a claim that is not renewed: the delay that a crash costs."""
    poll: float = 0.5
    """Between two looks for dispatches of other processes."""
    breaker: BreakerSettings = field(default_factory=BreakerSettings)

    def max_in_hand(self, batch_size: int) -> int:
        """Dispatches that are claimed at once at most: full batches, at least two for each thread."""
        wanted = min(_CLAIMED_PER_THREAD * self.concurrency, _MAX_IN_HAND)
        return max(2 * self.concurrency, wanted // batch_size) * batch_size

    def first_claim(self, batch_size: int) -> int:
        """Dispatches to claim first when all threads are idle: full batches, at least one for each thread."""
        return max(_QUICK_CLAIM // batch_size, self.concurrency) * batch_size
