"""How a lane serves its provider, as the configuration says."""

from dataclasses import dataclass, field

from bouncehandler.dispatcher.circuit_breaker import BreakerSettings


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """How one provider is served; times in seconds."""

    concurrency: int = 8
    """Calls in flight."""
    rate: float | None = None
    """Calls a second; None: as fast as they go."""
    repeat_after: float = 24 * 3600.0
    """A recipient unsubscribed less long ago is not unsubscribed again."""
    lease: float = 60.0
    """How long a claim holds without being renewed: the delay that a crash costs."""
    poll: float = 0.5
    """Between two looks for what other processes put into the spool."""
    breaker: BreakerSettings = field(default_factory=BreakerSettings)
