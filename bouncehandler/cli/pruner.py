"""What goes on beside while a command runs: what was done long ago is removed, and holds come to their end."""

import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from bouncehandler.cli.session import Session
from bouncehandler.policy import Threshold
from bouncehandler.settings.model import Settings
from bouncehandler.spool import HeldWave, Pruned, Selection, Spool, SpoolError
from bouncehandler.spool.pruning import sweep

_EVERY = 3600.0
"""Seconds between two sweeps: what is kept for months may stay an hour longer."""
_REST = 0.1
"""Seconds between two steps that forget soft bounces and deliveries."""


class Removed(NamedTuple):
    """How much was removed."""

    suppressions: int
    counted: int
    """Soft bounces and deliveries."""


def keep_of(settings: Settings) -> float | None:
    """Seconds for which what is done is kept; None: for ever. What was done lately tells repetitions."""
    keep = settings.spool.keep_done
    return None if keep is None else max(keep, settings.dispatch.repeat_after)


def _longest_window(settings: Settings) -> float:
    """Seconds: the longest time within which soft bounces count together."""
    policy = settings.policy
    rules = (*policy.bounce.values(), *policy.status.values())
    return max((rule.within.total_seconds() for rule in rules if isinstance(rule, Threshold)), default=0.0)


def prune_once(spool: Spool, settings: Settings, now: float, rest: Callable[[float], bool]) -> Removed:
    """Remove what was done, or counted, long ago.

    Args:
        rest: waits so many seconds; true ends it.

    Raises:
        SpoolError: the disk, or the file, failed.
    """
    keep = keep_of(settings)
    spool.prune_waves(lambda: rest(_REST))
    if keep is None:
        return Removed(0, 0)

    def step(after: int, most: int) -> Pruned:
        return spool.prune(now - keep, now=now, after=after, most=most)

    suppressions = sweep(step, time.monotonic, rest)
    counted_before = now - max(keep, _longest_window(settings))
    return Removed(suppressions, spool.prune_counts(counted_before, lambda: rest(_REST)))


class Pruner:
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
            for wave in self._spool.waves(Selection()):
                if wave.held and wave.noticed_at < now - hold.decide_after:
                    self._decide(wave, now)
        self._spool.forget_rest(now)
        if hold.remind is not None:
            self._spool.remind(now - hold.remind, now)

    def _decide(self, wave: HeldWave, now: float) -> None:
        decision = self._settings.hold.decision
        count = self._spool.decide_held(
            Selection(wave=wave.id),
            is_released=decision == "release",
            now=now,
            asked_by=f'hold.decision = "{decision}"',
        )
        self._log.warning("hold_ended", wave=wave.id, operator=wave.operator, decision=decision, suppressions=count)

    def _work(self) -> None:
        while True:
            try:
                self._tend()
                removed = prune_once(self._spool, self._settings, time.time(), self._stopping.wait)
            except SpoolError as error:
                self._log.warning("pruning_failed", reason=str(error))
            else:
                if any(removed):
                    self._log.info("pruned", **removed._asdict())
            if self._stopping.wait(_EVERY):
                return
