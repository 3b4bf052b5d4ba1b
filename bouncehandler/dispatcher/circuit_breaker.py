"""Whether a provider as a whole can be used: held for every process, probed, or left in peace for a while."""

from collections.abc import Callable
from dataclasses import dataclass

from bouncehandler.dispatcher.call_executor import CallFinished, Probed, Result, Unavailable
from bouncehandler.dispatcher.outcome_log import OutcomeLogger
from bouncehandler.spool import Spool

_SUSPECT = 20
"""So many temporary failures in a row, and nothing between that went well, hold the whole provider."""

_RESTART = 60.0
"""Seconds; a provider that was only restarted is back by then."""


@dataclass(frozen=True, slots=True)
class BreakerSettings:
    """Times in seconds."""

    probe_every: float = 300.0
    """Between two tries whether a held provider is back."""
    drain_budget: float = 30.0
    """How long to wait, in all, for a provider that asks for pauses and carries nothing out, before a drain ends."""
    suspect_after: int = _SUSPECT
    """Temporary failures in a row that hold the provider."""


class CircuitBreaker:
    """What one lane knows of its provider; used by the lane's keeper thread alone."""

    def __init__(  # noqa: PLR0913  # what it judges by
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
        self._provider, self._spool, self._journal, self._settings = provider, spool, outcome_log, settings
        self._clock, self._monotonic = clock, monotonic
        self._reason = ""
        self._probe_at = 0.0
        self._has_probed = False
        """Whether this process has tried, or found somebody else trying, since it began."""
        self._failures = 0
        self._is_suspect = False
        """Whether the latest failures were of the kind that can be a single dispatch's fault."""
        self._paused_until = 0.0
        self._patience = settings.drain_budget

    @property
    def pause(self) -> float:
        """Seconds for which the provider asked to be left in peace; 0 when it did not."""
        return max(0.0, self._paused_until - self._monotonic())

    @property
    def has_spent_drain_budget(self) -> bool:
        """Whether a drain should no longer wait for pauses to end."""
        return self._patience < 0

    @property
    def probe_size(self) -> int:
        """With how many dispatches to try whether the provider is back: one, unless one can be the culprit itself.

        A suspect is tried with as many as made it one: else a few dispatches that can't succeed, tried one by one,
        would hide for hours that the provider carries out all others.
        """
        return self._settings.suspect_after if self._is_suspect else 1

    def refresh(self) -> bool:
        """Read anew whether somebody holds or released the provider; returns whether it is held."""
        state = self._spool.state(self._provider)
        if state.held:
            self._journal.held(state.reason, is_new=not self.is_held)
            self.is_held, self._reason, self._probe_at = True, state.reason, state.probe_at or 0.0
        elif self.is_held:
            self._is_released()
        return self.is_held

    def learn(self, result: Result, *, is_probe: bool) -> None:
        """Draw the conclusions from what a worker brought back."""
        if self.is_held and not is_probe:
            return  # it was in flight when the provider was put on hold: nothing that is not known
        if isinstance(result, Unavailable):
            self._is_suspect = False
            self._hold(result.reason, self._settings.probe_every)
        elif isinstance(result, Probed):
            self._learn_from_check(result)
        elif isinstance(result, CallFinished):
            self._learn_from_call(result)

    def takes_probe(self) -> bool:
        """Whether it is this process's turn to try; a process that has just begun tries at once."""
        now = self._clock()
        longest = now + self._settings.probe_every  # what lies further ahead is from before the clock was set back
        if self.pause or (self._has_probed and now < self._probe_at <= longest):
            return False
        known = (
            self._probe_at
        )  # of two processes that begin at the same time, the other finds a later one, and is refused
        self._has_probed = True
        self._probe_at = longest
        return self._spool.claim_probe(self._provider, next_probe_in=self._settings.probe_every, known=known)

    def _learn_from_check(self, probed: Probed) -> None:
        if probed.failure:
            self._hold(probed.failure, self._settings.probe_every)
        else:
            self._release()

    def _learn_from_call(self, settled: CallFinished) -> None:
        if settled.failure:
            self._failed(settled.failure)
        elif settled.pause:
            self._failures = 0
            self._rest(settled.pause)
        else:
            self._failures = 0
            self._patience = self._settings.drain_budget
            self._release()

    def _failed(self, failure: str) -> None:
        self._failures += 1
        if self.is_held:
            self._is_suspect = True
            self._hold(failure, self._settings.probe_every)
        elif self._failures >= self._settings.suspect_after:
            self._is_suspect = True
            reason = f"{self._failures} calls in a row failed, the last with: {failure}"
            self._hold(reason, min(_RESTART, self._settings.probe_every))

    def _rest(self, seconds: float) -> None:
        """Leave the provider in peace for as long as it asked, however many calls were told the same."""
        longer = seconds - self.pause
        if longer > 0:
            self._patience -= longer
            self._paused_until = self._monotonic() + seconds
            self._journal.paused(seconds)

    def _hold(self, reason: str, probe_after: float) -> None:
        if not self.is_held or reason != self._reason:
            self._probe_at = self._clock() + probe_after
            self._spool.hold(self._provider, reason, probe_in=probe_after)
            self._journal.held(reason, is_new=not self.is_held)
        self._reason = reason
        self.is_held = self._has_probed = True

    def _release(self) -> None:
        if self.is_held:
            self._spool.release(self._provider)
            self._is_released()

    def _is_released(self) -> None:
        self._journal.released()
        self._failures, self.is_held, self._is_suspect, self._reason = 0, False, False, ""
