"""What goes on beside while a command runs: what was done long ago is removed, and holds come to their end."""

import threading
import time
from collections.abc import Callable, Collection
from typing import NamedTuple

from bouncehandler.cli.session import Session
from bouncehandler.policy import Threshold
from bouncehandler.settings.model import Settings
from bouncehandler.settings.sections import KINDS
from bouncehandler.spool import HeldSpike, Pruned, RetentionPeriods, Selection, Spool, SpoolError
from bouncehandler.spool.sweep import sweep

_EVERY = 3600.0
"""Seconds between two sweeps: what is kept for months may stay an hour longer."""
_REST = 0.1
"""Seconds between two steps that forget soft bounces and deliveries."""


class Removed(NamedTuple):
    """How much was removed."""

    suppressions: int
    counted: int
    """Soft bounces and deliveries."""
    attempts: int
    """Without those that went with their suppressions."""
    figures: int


def retention_periods(settings: Settings, kinds: Collection[str] = KINDS) -> dict[str, float | None]:
    """Seconds for which each of `RetentionPeriods`, `attempts` and `figures` is kept after it was done; None: for ever.

    What is not among the kinds is kept for ever. What was done lately tells repetitions, so it is never removed.
    """
    kept = {kind: settings.spool.kept(kind) if kind in kinds else None for kind in KINDS}
    kept["other"] = settings.spool.keep_done if set(kinds) == set(KINDS) else None
    least = settings.dispatch.repeat_after
    free = ("attempts", "figures")
    return {kind: max(keep, 0.0 if kind in free else least) if keep else None for kind, keep in kept.items()}


def _longest_window(settings: Settings) -> float:
    """Seconds: the longest time within which soft bounces count together."""
    policy = settings.policy
    rules = (*policy.bounce.values(), *policy.status.values())
    return max((rule.within.total_seconds() for rule in rules if isinstance(rule, Threshold)), default=0.0)


def prune_once(
    spool: Spool, settings: Settings, rest: Callable[[float], bool], kinds: Collection[str] = KINDS
) -> Removed:
    """Remove what was done, or counted, long ago.

    Args:
        rest: waits so many seconds; true ends it.
        kinds: what is removed; all else stays.

    Raises:
        SpoolError: the disk, or the file, failed.
    """
    spool.prune_spikes(lambda: rest(_REST))
    keeps = retention_periods(settings, kinds)
    attempts, figures = keeps.pop("attempts"), keeps.pop("figures")
    forgotten = 0 if figures is None else spool.prune_hourly_counts(figures, lambda: rest(_REST))
    periods = RetentionPeriods(**keeps)

    def step(after: int, most: int) -> Pruned:
        return spool.prune(periods, after=after, limit=most)

    suppressions = sweep(step, time.monotonic, rest)
    is_earlier = attempts is not None and any(keep is None or keep > attempts for keep in keeps.values())
    answered = _prune_attempts(spool, attempts, rest) if attempts is not None and is_earlier else 0
    if keeps["bounce"] is None:
        return Removed(suppressions, 0, answered, forgotten)
    counted = spool.prune_counts(max(keeps["bounce"], _longest_window(settings)), lambda: rest(_REST))
    return Removed(suppressions, counted, answered, forgotten)


def _prune_attempts(spool: Spool, older_than: float, rest: Callable[[float], bool]) -> int:
    def step(after: int, most: int) -> Pruned:
        return spool.prune_attempts(older_than, after=after, limit=most)

    return sweep(step, time.monotonic, rest)


class MaintenanceThread:
    """A thread that goes through the spool at its start, and every hour.

    It ends no command: where the spool fails it, those who read and dispatch find out.
    """

    def __init__(self, session: Session, spool: Spool) -> None:
        self._settings, self._spool, self._log = session.settings, spool, session.log
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="pruner", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the step that it is at."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _tend(self) -> None:
        """Decide about what has been held long enough, remind of what is held, and forget whom it is time to forget."""
        hold, now = self._settings.hold, time.time()
        if hold.decide_after is not None:
            for spike in self._spool.spikes(Selection()):
                if spike.held and spike.noticed_at < now - hold.decide_after:
                    self._decide(spike)
        self._spool.forget_rest()
        if hold.remind is not None:
            self._spool.remind(hold.remind)

    def _decide(self, spike: HeldSpike) -> None:
        decision = self._settings.hold.decision
        count = self._spool.decide_held(
            Selection(spike=spike.id),
            is_released=decision == "release",
            asked_by=f'hold.decision = "{decision}"',
        )
        self._log.warning(
            "hold_ended", spike=spike.id, mailbox_provider=spike.mailbox_provider, decision=decision, suppressions=count
        )

    def _work(self) -> None:
        while True:
            try:
                self._tend()
                removed = prune_once(self._spool, self._settings, self._stopping.wait)
            except SpoolError as error:
                self._log.warning("pruning_failed", reason=str(error))
            else:
                if any(removed):
                    self._log.info("pruned", **removed._asdict())
            if self._stopping.wait(_EVERY):
                return
