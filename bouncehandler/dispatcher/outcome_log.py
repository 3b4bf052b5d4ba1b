"""Outcome log of a worker: one log line for each outcome, with the lists affected, and the worker's counters."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from bouncehandler.dispatcher.call_metrics import CallMetrics
from bouncehandler.spool import Completed, DeadLettered, RetryLater, Settlement


class DispatchLog(Protocol):
    """Part of a structlog logger that is used here."""

    def info(self, event: str, **values: object) -> object:
        """Log an event that is as it should be."""

    def warning(self, event: str, **values: object) -> object:
        """Log a failure that is tried again."""

    def error(self, event: str, **values: object) -> object:
        """Log a failure that needs the sysadmin."""


@dataclass(slots=True)
class WorkerCounters:
    """Dispatches by how they ended; calls that failed are counted each time."""

    done: int = 0
    """Including dispatches without a call, since the recipient was carried out lately."""
    retried: int = 0
    dead: int = 0
    last_failure: str = ""
    """The provider's answer to the latest call that failed; empty before the first."""


class OutcomeLogger:
    """Logs and counts for one provider."""

    def __init__(self, provider: str, log: DispatchLog) -> None:
        self.counters = WorkerCounters()
        self.call_metrics = CallMetrics(provider)
        self._provider, self._log = provider, log
        self._is_reduced = False

    def log_settlements(self, settlements: Iterable[Settlement]) -> None:
        """Log how calls ended, once it is on disk; a claim that was given back is no event."""
        for settlement in settlements:
            if isinstance(settlement, Completed):
                self._log_completed(settlement)
            elif isinstance(settlement, RetryLater):
                self._log_retry(settlement)
            elif isinstance(settlement, DeadLettered):
                self._log_dead_letter(settlement)

    def log_duplicates(self, count: int) -> None:
        """Log dispatches that were settled without a call, since the recipient was carried out lately."""
        if count:
            self.counters.done += count
            self.call_metrics.count_duplicates(count)
            self._log.info("duplicate_skipped", provider=self._provider, dispatches=count)

    def log_hold(self, reason: str, *, is_new: bool) -> None:
        """Log that the provider is held; once, however many calls find out."""
        if is_new:
            self._log.error("provider_held", provider=self._provider, reason=reason)

    def log_release(self) -> None:
        """Log that the provider is no longer held."""
        self._log.info("provider_released", provider=self._provider)

    def log_pause(self, seconds: float) -> None:
        """Log that the provider asked for a pause."""
        self._log.warning("provider_paused", provider=self._provider, seconds=round(seconds, 1))

    def log_concurrency(self, limit: int, maximum: int) -> None:
        """Log that at most a quarter of the calls in flight is left to a slow provider; and once all are back."""
        if not self._is_reduced and 4 * limit <= maximum:
            self._is_reduced = True
            self._log.info("concurrency_reduced", provider=self._provider, in_flight=limit, concurrency=maximum)
        elif self._is_reduced and limit == maximum:
            self._is_reduced = False
            self._log.info("concurrency_restored", provider=self._provider, in_flight=limit)

    def _log_completed(self, completed: Completed) -> None:
        self.counters.done += 1
        outcome = completed.outcome
        is_undone = completed.dispatch.restores is not None and outcome.kind != "restored"
        self._log.info(
            "nothing_to_restore" if is_undone else outcome.kind,
            provider=self._provider,
            recipient=completed.dispatch.suppression.subject,
            lists=list(outcome.lists),
            attempt=completed.dispatch.attempts,
            seconds=round(completed.attempt.seconds, 3),
            **({"note": outcome.note} if outcome.note else {}),
        )

    def _log_retry(self, retry: RetryLater) -> None:
        self.counters.retried += 1
        self.counters.last_failure = retry.attempt.answer
        due_at = retry.attempt.started_at + retry.attempt.seconds + retry.due_in
        self._log.warning(
            "failed_will_retry",
            provider=self._provider,
            recipient=retry.dispatch.suppression.subject,
            answer=retry.attempt.answer,
            attempt=retry.dispatch.attempts,
            next_at=datetime.fromtimestamp(due_at, UTC).isoformat(timespec="seconds"),
        )

    def _log_dead_letter(self, dead: DeadLettered) -> None:
        self.counters.dead += 1
        self._log.error(
            "dead_letter",
            provider=self._provider,
            recipient=dead.dispatch.suppression.subject,
            answer=dead.attempt.answer,
            attempt=dead.dispatch.attempts,
        )
