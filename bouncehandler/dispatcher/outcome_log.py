"""What a lane says and counts: one log line an outcome, with the lists affected."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from bouncehandler.dispatcher.call_metrics import CallMetrics
from bouncehandler.spool import Completed, DeadLettered, RetryLater, Settlement


class DispatchLog(Protocol):
    """The part of a structlog logger that is used here."""

    def info(self, event: str, **values: object) -> object:
        """Something went as it should."""
        ...

    def warning(self, event: str, **values: object) -> object:
        """Something went wrong and will be tried again."""
        ...

    def error(self, event: str, **values: object) -> object:
        """Somebody has to look."""
        ...


@dataclass(slots=True)
class WorkerCounters:
    """Dispatches by how they ended; calls that failed are counted each time."""

    done: int = 0
    """With those that needed no call, since the recipient had been carried out lately."""
    again: int = 0
    dead: int = 0
    last_failure: str = ""
    """What the provider said when it last failed; empty while it has not."""


class OutcomeLogger:
    """Logs and counts for one provider."""

    def __init__(self, provider: str, log: DispatchLog) -> None:
        self.tally = WorkerCounters()
        self.call_metrics = CallMetrics(provider)
        self._provider, self._log = provider, log
        self._is_eased = False

    def settled(self, settlements: Iterable[Settlement]) -> None:
        """Tell how calls ended, once it is on disk; a claim that was given back is no news."""
        for settlement in settlements:
            if isinstance(settlement, Completed):
                self._done(settlement)
            elif isinstance(settlement, RetryLater):
                self._again(settlement)
            elif isinstance(settlement, DeadLettered):
                self._dead(settlement)

    def repeated(self, count: int) -> None:
        """Tell of dispatches that were done without a call, since the recipient was carried out lately."""
        if count:
            self.tally.done += count
            self.call_metrics.repeated(count)
            self._log.info("not_called_again", provider=self._provider, dispatches=count)

    def held(self, reason: str, *, is_new: bool) -> None:
        """Tell that the provider is held; once, however many calls find out."""
        if is_new:
            self._log.error("provider_held", provider=self._provider, reason=reason)

    def released(self) -> None:
        """Tell that the provider is back."""
        self._log.info("provider_back", provider=self._provider)

    def paused(self, seconds: float) -> None:
        """Tell that the provider asked for a pause."""
        self._log.warning("provider_asks_for_pause", provider=self._provider, seconds=round(seconds, 1))

    def in_flight(self, limit: int, most: int) -> None:
        """Tell that a quarter of the calls in flight, or fewer, are left to a slow provider; and once all are back."""
        if not self._is_eased and 4 * limit <= most:
            self._is_eased = True
            self._log.info("provider_is_spared", provider=self._provider, in_flight=limit, concurrency=most)
        elif self._is_eased and limit == most:
            self._is_eased = False
            self._log.info("provider_keeps_up", provider=self._provider, in_flight=limit)

    def _done(self, done: Completed) -> None:
        self.tally.done += 1
        outcome = done.outcome
        is_undone = done.dispatch.restores is not None and outcome.kind != "restored"
        self._log.info(
            "nothing_to_restore" if is_undone else outcome.kind,
            provider=self._provider,
            recipient=done.dispatch.suppression.subject,
            lists=list(outcome.lists),
            attempt=done.dispatch.attempts,
            seconds=round(done.attempt.seconds, 3),
            **({"note": outcome.note} if outcome.note else {}),
        )

    def _again(self, again: RetryLater) -> None:
        self.tally.again += 1
        self.tally.last_failure = again.attempt.answer
        due_at = again.attempt.started_at + again.attempt.seconds + again.due_in
        self._log.warning(
            "failed_will_retry",
            provider=self._provider,
            recipient=again.dispatch.suppression.subject,
            answer=again.attempt.answer,
            attempt=again.dispatch.attempts,
            next_at=datetime.fromtimestamp(due_at, UTC).isoformat(timespec="seconds"),
        )

    def _dead(self, dead: DeadLettered) -> None:
        self.tally.dead += 1
        self._log.error(
            "dead_letter",
            provider=self._provider,
            recipient=dead.dispatch.suppression.subject,
            answer=dead.attempt.answer,
            attempt=dead.dispatch.attempts,
        )
