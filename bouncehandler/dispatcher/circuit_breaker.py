"""Circuit breaker of a provider: held for every process, probed and released, or paused for a while."""

from collections.abc import Callable
from dataclasses import dataclass

from bouncehandler.dispatcher.call_executor import CallFinished, Probed, Result, Unavailable
from bouncehandler.dispatcher.outcome_log import OutcomeLogger
from bouncehandler.spool import Spool

_RESTART = 60.0
"""Seconds until a provider that was only restarted is back."""


@dataclass(frozen=True, slots=True)
class BreakerSettings:
    """Limits of a breaker; times in seconds."""

    probe_every: float = 300.0
    """Between two probes of a held provider."""
    drain_budget: float = 30.0
    """Wait, in all, for a provider that asks for pauses and carries nothing out, before a drain ends."""
    suspect_after: int = 20
    """Temporary failures in a row, without a success between, that hold the whole provider."""


class CircuitBreaker:
    """State of a provider as its worker knows it; used by the worker's coordinator thread alone."""

    def __init__(  # noqa: PLR0913  # the parts that it judges by
        self,
        provider: str,
        spool: Spool,
        outcome_log: OutcomeLogger,
        settings: BreakerSettings,
        *,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
    ) -> None:
        self.is_held = False
        self._provider, self._spool, self._outcomes, self._settings = provider, spool, outcome_log, settings
        self._clock, self._monotonic = clock, monotonic
        self._reason = ""
        self._probe_at = 0.0
        self._has_probed = False
        """Whether this process has probed, or found another process probing, since it began."""
        self._failures = 0
        self._is_suspect = False
        """Whether the latest failures were of the kind that can be a single dispatch's fault."""
        self._paused_until = 0.0
        self._drain_budget = settings.drain_budget

    @property
    def pause(self) -> float:
        """Seconds that are left of a pause that the provider asked for; 0 without one."""
        return max(0.0, self._paused_until - self._monotonic())

    @property
    def has_spent_drain_budget(self) -> bool:
        """Whether a drain should no longer wait for pauses to end."""
        return self._drain_budget < 0

    @property
    def probe_size(self) -> int:
        """Dispatches to probe with: one, unless one can be the culprit itself.

        A suspect is probed with as many as made it one: else a few dispatches that can't succeed, tried one by one,
        would hide for hours that the provider carries out all others.
        """
        return self._settings.suspect_after if self._is_suspect else 1

    def refresh(self) -> bool:
        """Read the spool for holds and releases by other processes; returns whether the provider is held."""
        state = self._spool.state(self._provider)
        if state.held:
            self._outcomes.log_hold(state.reason, is_new=not self.is_held)
            self.is_held, self._reason, self._probe_at = True, state.reason, state.probe_at or 0.0
        elif self.is_held:
            self._close()
        return self.is_held

    def record_result(self, result: Result, *, is_probe: bool) -> None:
        """Hold, release or pause the provider, as the result of a call shows."""
        if self.is_held and not is_probe:
            return  # in flight when the provider was put on hold: it shows nothing new
        if isinstance(result, Unavailable):
            self._is_suspect = False
            self._hold(result.reason, self._settings.probe_every)
        elif isinstance(result, Probed) and result.failure:
            self._hold(result.failure, self._settings.probe_every)
        elif isinstance(result, Probed):
            self._release()
        elif isinstance(result, CallFinished):
            self._record_call(result)

    def claim_probe(self) -> bool:
        """Claim the next probe, which one process makes at a time; a process that has just begun probes at once."""
        now = self._clock()
        longest = now + self._settings.probe_every  # a later time is from before the clock was set back
        if self.pause or (self._has_probed and now < self._probe_at <= longest):
            return False
        known = self._probe_at  # of two processes that begin at the same time, one finds a later time, and is refused
        self._has_probed = True
        self._probe_at = longest
        return self._spool.claim_probe(self._provider, next_probe_in=self._settings.probe_every, known=known)

    def _record_call(self, finished: CallFinished) -> None:
        if finished.failure:
            self._record_failure(finished.failure)
        elif finished.pause:
            self._failures = 0
            self._pause(finished.pause)
        else:
            self._failures = 0
            self._drain_budget = self._settings.drain_budget
            self._release()

    def _record_failure(self, failure: str) -> None:
        self._failures += 1
        if self.is_held:
            self._is_suspect = True
            self._hold(failure, self._settings.probe_every)
        elif self._failures >= self._settings.suspect_after:
            self._is_suspect = True
            reason = f"{self._failures} calls in a row failed, the last with: {failure}"
            self._hold(reason, min(_RESTART, self._settings.probe_every))

    def _pause(self, seconds: float) -> None:
        """Pause as long as the provider asked, however many calls were answered the same."""
        longer = seconds - self.pause
        if longer > 0:
            self._drain_budget -= longer
            self._paused_until = self._monotonic() + seconds
            self._outcomes.log_pause(seconds)

    def _hold(self, reason: str, probe_after: float) -> None:
        if not self.is_held or reason != self._reason:
            self._probe_at = self._clock() + probe_after
            self._spool.hold(self._provider, reason, probe_in=probe_after)
            self._outcomes.log_hold(reason, is_new=not self.is_held)
        self._reason = reason
        self.is_held = self._has_probed = True

    def _release(self) -> None:
        if self.is_held:
            self._spool.release(self._provider)
            self._close()

    def _close(self) -> None:
        self._outcomes.log_release()
        self._failures, self.is_held, self._is_suspect, self._reason = 0, False, False, ""
