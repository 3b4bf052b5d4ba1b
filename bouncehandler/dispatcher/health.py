"""Whether a provider as a whole can be used: held for every process, probed, or left in peace for a while."""

from collections.abc import Callable
from dataclasses import dataclass

from bouncehandler.dispatcher.calls import Probed, Result, Settled, Unavailable
from bouncehandler.dispatcher.journal import Journal
from bouncehandler.spool import Spool

_SUSPECT = 20
"""So many temporary failures in a row, and nothing between that went well, hold the whole provider."""


@dataclass(frozen=True, slots=True)
class HealthSettings:
    """Times in seconds."""

    probe_every: float = 300.0
    """Between two tries whether a held provider is back."""
    patience: float = 30.0
    """How long to wait, in all, for a provider that asks for pauses and carries nothing out, before a drain ends."""
    suspect_after: int = _SUSPECT
    """Temporary failures in a row that hold the provider."""


class Health:
    """What one lane knows of its provider; used by the lane's keeper thread alone."""

    def __init__(  # noqa: PLR0913  # what it judges by
        self,
        provider: str,
        spool: Spool,
        journal: Journal,
        settings: HealthSettings,
        *,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
    ) -> None:
        self.is_held = False
        self.has_probed = False
        """Whether this process has tried, or found somebody else trying, since it began."""
        self._provider, self._spool, self._journal, self._settings = provider, spool, journal, settings
        self._clock, self._monotonic = clock, monotonic
        self._failures = 0
        self._paused_until = 0.0
        self._patience = settings.patience

    @property
    def pause(self) -> float:
        """Seconds for which the provider asked to be left in peace; 0 when it did not."""
        return max(0.0, self._paused_until - self._monotonic())

    @property
    def is_out_of_patience(self) -> bool:
        """Whether a drain should no longer wait for pauses to end."""
        return self._patience < 0

    def refresh(self) -> bool:
        """Read anew whether somebody holds or released the provider; returns whether it is held."""
        self.is_held = self._spool.state(self._provider).held
        return self.is_held

    def learn(self, result: Result) -> bool:
        """Draw the conclusions from what a worker brought back; returns whether they put the provider on hold."""
        if isinstance(result, Unavailable):
            return self._hold(result.reason)
        if isinstance(result, Probed):
            return self._hold(result.failure) if result.failure else self._release()
        return self._learn_from_call(result) if isinstance(result, Settled) else False

    def takes_probe(self) -> bool:
        """Whether it is this process's turn to try; a process that has just begun tries at once."""
        state, now = self._spool.state(self._provider), self._clock()
        at = now if self.has_probed else max(now, state.probe_at or now)
        self.has_probed = True
        return self._spool.claim_probe(self._provider, now=at, next_probe_at=now + self._settings.probe_every)

    def _learn_from_call(self, settled: Settled) -> bool:
        self._failures = self._failures + 1 if settled.failure else 0
        if settled.pause:
            self._rest(settled.pause)
        elif not settled.failure:
            self._patience = self._settings.patience
        if self._failures >= self._settings.suspect_after:
            count, self._failures = self._failures, 0
            return self._hold(f"{count} calls in a row failed, the last with: {settled.failure}")
        return self._release() if self.is_held and not settled.failure else False

    def _rest(self, seconds: float) -> None:
        """Leave the provider in peace for as long as it asked, however many calls were told the same."""
        longer = seconds - self.pause
        if longer > 0:
            self._patience -= longer
            self._paused_until = self._monotonic() + seconds
            self._journal.paused(seconds)

    def _hold(self, reason: str) -> bool:
        now = self._clock()
        self._spool.hold(self._provider, reason, now=now, probe_at=now + self._settings.probe_every)
        self._journal.held(reason, is_new=not self.is_held)
        self.is_held = self.has_probed = True
        return True

    def _release(self) -> bool:
        if self.is_held:
            self._spool.release(self._provider)
            self._journal.released()
        self.is_held = False
        return False
