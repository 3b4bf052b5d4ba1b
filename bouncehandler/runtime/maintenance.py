"""Periodic maintenance of the spool: retention, the end of holds, reminders, erasure."""

import threading
import time
from collections.abc import Callable, Collection
from functools import partial
from typing import NamedTuple

from bouncehandler import logs
from bouncehandler.policy import Threshold
from bouncehandler.settings.model import Settings
from bouncehandler.settings.sections import KINDS
from bouncehandler.spool import HeldSpike, RetentionPeriods, Selection, Spool, SpoolError
from bouncehandler.spool.sweep import sweep

_INTERVAL = 3600.0
"""Seconds between two runs: entries kept for months may stay an hour longer."""
_PAUSE = 0.1
"""Seconds between two steps that remove soft bounces and deliveries."""


class Removed(NamedTuple):
    """Numbers of removed entries."""

    suppressions: int
    counted: int
    """Soft bounces and deliveries."""
    attempts: int
    """Without those removed with their suppressions."""
    figures: int


def retention_periods(settings: Settings, kinds: Collection[str] = KINDS) -> dict[str, float | None]:
    """Seconds for which each of `RetentionCutoffs`, `attempts` and `figures` is kept once done; None: for ever.

    Kinds that are not asked for are kept for ever. Suppressions within `repeat_after` detect repetitions, so they are
    never removed.
    """
    kept = {kind: settings.spool.kept(kind) if kind in kinds else None for kind in KINDS}
    kept["other"] = settings.spool.keep_done if set(kinds) == set(KINDS) else None
    least = settings.dispatch.repeat_after
    free = ("attempts", "figures")
    return {kind: max(keep, 0.0 if kind in free else least) if keep else None for kind, keep in kept.items()}


def _longest_window(settings: Settings) -> float:
    """Longest period, in seconds, within which soft bounces count together."""
    policy = settings.policy
    rules = (*policy.bounce.values(), *policy.status.values())
    return max((rule.within.total_seconds() for rule in rules if isinstance(rule, Threshold)), default=0.0)


def prune_once(
    spool: Spool, settings: Settings, pause: Callable[[float], bool], kinds: Collection[str] = KINDS
) -> Removed:
    """Remove entries older than their retention period.

    Args:
        pause: waits so many seconds; true ends the run.
        kinds: kinds of entries to remove; all others stay.

    Raises:
        SpoolError: the disk, or the file, failed.
    """
    spool.prune_spikes(lambda: pause(_PAUSE))
    keeps = retention_periods(settings, kinds)
    attempts, figures = keeps.pop("attempts"), keeps.pop("figures")
    removed_counts = 0 if figures is None else spool.prune_hourly_counts(figures, lambda: pause(_PAUSE))
    periods = RetentionPeriods(**keeps)
    swept = partial(sweep, monotonic=time.monotonic, rest=pause)
    suppressions = swept(lambda after, most: spool.prune(periods, after=after, limit=most))
    removed_attempts = counted = 0
    if attempts is not None and any(keep is None or keep > attempts for keep in keeps.values()):
        removed_attempts = swept(lambda after, most: spool.prune_attempts(attempts, after=after, limit=most))
    if keeps["bounce"] is not None:
        counted = spool.prune_counts(max(keeps["bounce"], _longest_window(settings)), lambda: pause(_PAUSE))
    return Removed(suppressions, counted, removed_attempts, removed_counts)


class MaintenanceThread:
    """Thread that maintains the spool at its start, and every hour.

    It ends no command: a failing spool is found by the threads that read and dispatch.
    """

    def __init__(self, settings: Settings, log: logs.Logger, spool: Spool) -> None:
        self._settings, self._spool, self._log = settings, spool, log
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="maintenance", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End after the current step."""
        self._stopping.set()
        self._thread.join()

    def _maintain(self) -> None:
        """Decide holds that are old enough, remind of those that stay, and go on with erasures."""
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
            Selection(spike=spike.id), is_released=decision == "release", asked_by=f'hold.decision = "{decision}"'
        )
        self._log.warning(
            "hold_ended", spike=spike.id, mailbox_provider=spike.mailbox_provider, decision=decision, suppressions=count
        )

    def _work(self) -> None:
        while True:
            try:
                self._maintain()
                removed = prune_once(self._spool, self._settings, self._stopping.wait)
            except SpoolError as error:
                self._log.warning("pruning_failed", reason=str(error))
            else:
                if any(removed):
                    self._log.info("pruned", **removed._asdict())
            if self._stopping.wait(_INTERVAL):
                return
