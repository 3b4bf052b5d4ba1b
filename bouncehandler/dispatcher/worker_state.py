"""State of a provider's worker between two rounds, with its named transitions."""

import threading
from collections.abc import Callable
from enum import Enum, auto

_MIN_JUMP = 1.0
"""Seconds; waiting makes up for less."""


class Phase(Enum):
    """Stage in the life of a worker."""

    SERVING = auto()
    """Serves until it is stopped."""
    DRAINING = auto()
    """Ends as soon as nothing more is due."""
    DRAINED = auto()
    """Found nothing due; news takes it back to DRAINING, and it ends when the other workers are idle too."""
    STOPPING = auto()
    """Claims nothing more, and ends with its last call."""


class Mode(Enum):
    """Permission of a worker to call its provider in one round."""

    CALL = auto()
    PAUSE = auto()
    """The provider asked for a pause: nothing is called until it is over."""
    PROBE = auto()
    """The provider is held: only probes call it."""
    STOP = auto()
    """The worker is stopping: calls in flight end, and none is begun."""


class WorkerState:
    """Phase of a worker, and its hints about the spool.

    `notify`, `drain` and `stop` may come from any thread, everything else from the coordinator thread alone.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._phase = Phase.SERVING
        self._news = 0
        """Number of notifications so far: a claim that began before the latest one may have missed its dispatches."""
        self.may_be_due = True
        """Whether a claim may find something; only a hint, since other processes enqueue too."""
        self.may_be_misdated = True
        """Whether dispatches may wait by a clock that was set back since, even before this process began."""
        self.is_probing = False
        """Whether a check or probe calls are under way."""
        self.has_probed = False
        """Whether a held provider was probed since the drain began: a check can take longer than `probe_every`."""

    @property
    def is_draining(self) -> bool:
        """Whether the worker ends by itself."""
        return self._phase in {Phase.DRAINING, Phase.DRAINED}

    @property
    def is_stopping(self) -> bool:
        """Whether nothing more may be claimed."""
        return self._phase is Phase.STOPPING

    @property
    def is_done(self) -> bool:
        """Whether there is nothing left to claim."""
        return self._phase in {Phase.DRAINED, Phase.STOPPING}

    def notify(self) -> None:
        """Expect new dispatches in the spool."""
        with self._lock:
            self._news += 1
            self.may_be_due = True
            if self._phase is Phase.DRAINED:
                self._phase = Phase.DRAINING

    def drain(self) -> None:
        """End when nothing more is due; dispatches enqueued before are claimed first."""
        with self._lock:
            if self._phase is Phase.SERVING:
                self._phase = Phase.DRAINING
        self.notify()

    def stop(self) -> None:
        """Claim nothing more."""
        with self._lock:
            self._phase = Phase.STOPPING

    def clock_jumped(self) -> None:
        """Expect that dispatches are due, or as far ahead as the clock was set back."""
        self.may_be_due = self.may_be_misdated = True

    def begin_claim(self) -> int:
        """Use up the hint; returns the mark that `found_nothing` compares."""
        with self._lock:
            self.may_be_due = False
            return self._news

    def found_nothing(self, mark: int) -> None:
        """End a drain after a claim that got nothing, unless news came since it began."""
        with self._lock:
            if self._phase is Phase.DRAINING and mark == self._news:
                self._phase = Phase.DRAINED

    def set_drained(self, *, is_drained: bool) -> None:
        """End a drain without a claim, or carry it on; without effect in the other phases."""
        with self._lock:
            if self.is_draining:
                self._phase = Phase.DRAINED if is_drained else Phase.DRAINING

    def begin_probe(self, *, is_check: bool) -> None:
        """Note the start of a probe; probe calls count as under way once they are claimed."""
        self.has_probed = self.is_draining
        self.is_probing = is_check


class ClockJumpDetector:
    """Detects jumps of the wall clock, which the sysadmin, NTP or a suspension sets forth or back.

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
