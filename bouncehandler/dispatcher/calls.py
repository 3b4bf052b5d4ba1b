"""One call to an adapter, and what became of it as a value; the only place that catches every exception."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from bouncehandler.dispatcher.schedule import Schedule
from bouncehandler.provider import (
    Batched,
    Checkable,
    PermanentFailure,
    Provider,
    ProviderError,
    ProviderUnavailable,
    TemporaryFailure,
)
from bouncehandler.spool import Dead, Done, Settlement
from bouncehandler.suppression import Attempt, Dispatch, Outcome

_ANSWER = 512
"""Characters of an answer that are kept."""


class Answers(Protocol):
    """Remembers the last HTTP answer of each thread; `client.ProviderClient` is one."""

    def forget_answer(self) -> None:
        """Begin anew."""
        ...

    def last_answer(self) -> str:
        """Status and beginning of the last answer; empty when none came."""
        ...


@dataclass(frozen=True, slots=True)
class Settled:
    """The call ended, well or badly, for each of its dispatches."""

    settlements: Sequence[Settlement]
    pause: float = 0.0
    """Seconds that the provider asked everybody to wait."""
    failure: str = ""
    """What went wrong, for a failure of which many in a row mean that the whole provider is down; else empty."""


@dataclass(frozen=True, slots=True)
class Unavailable:
    """The provider as a whole can't be used; the dispatches are given back, no attempt spent."""

    dispatches: Sequence[Dispatch]
    reason: str


@dataclass(frozen=True, slots=True)
class Back:
    """Nobody called; the dispatches are given back."""

    dispatches: Sequence[Dispatch]


@dataclass(frozen=True, slots=True)
class Probed:
    """The provider was asked whether it is back."""

    failure: str = ""
    """Why it is not; empty when it is."""


Result = Settled | Unavailable | Back | Probed


@dataclass(frozen=True, slots=True)
class Caller:
    """Calls one adapter.

    Args:
        clock: seconds since the epoch.
    """

    adapter: Provider
    answers: Answers
    schedule: Schedule
    clock: Callable[[], float]

    @property
    def batch_size(self) -> int:
        """How many dispatches one call carries."""
        return max(1, self.adapter.batch_size) if isinstance(self.adapter, Batched) else 1

    def call(self, dispatches: Sequence[Dispatch]) -> Settled | Unavailable:
        """Carry out one dispatch, or one batch; whatever the adapter does, this returns."""
        self.answers.forget_answer()
        started = self.clock()
        try:
            outcomes = self._outcomes(dispatches)
        except ProviderUnavailable as error:
            return Unavailable(dispatches, plain(error))
        except PermanentFailure as error:
            attempt = self._attempt(started, "permanent", plain(error))
            return Settled([Dead(dispatch, attempt) for dispatch in dispatches])
        except TemporaryFailure as error:
            return self._again(dispatches, started, error, error.retry_after)
        except Exception as error:  # noqa: BLE001  # unknown is temporary, and recorded with the attempt
            return self._again(dispatches, started, error, None)
        answer = plain(self.answers.last_answer())
        return Settled(
            [
                Done(dispatch, self._attempt(started, outcome.kind, answer), outcome)
                for dispatch, outcome in zip(dispatches, outcomes, strict=True)
            ]
        )

    def check(self) -> Probed:
        """Ask an adapter that can be checked whether its provider is back; whatever it does, this returns."""
        if not isinstance(self.adapter, Checkable):
            return Probed()
        try:
            self.adapter.check()
        except Exception as error:  # noqa: BLE001  # whatever is wrong, the provider is not back
            return Probed(plain(error) or "the check failed")
        return Probed()

    def _outcomes(self, dispatches: Sequence[Dispatch]) -> Sequence[Outcome]:
        if self.batch_size == 1 or not isinstance(self.adapter, Batched):
            return [self.adapter.unsubscribe(dispatch.suppression) for dispatch in dispatches]
        outcomes = self.adapter.unsubscribe_batch([dispatch.suppression for dispatch in dispatches])
        if len(outcomes) != len(dispatches):
            raise RuntimeError(f"the adapter answered {len(outcomes)} outcomes for {len(dispatches)} suppressions")
        return outcomes

    def _again(
        self, dispatches: Sequence[Dispatch], started: float, error: Exception, retry_after: float | None
    ) -> Settled:
        attempt = self._attempt(started, "temporary", plain(error))
        now = started + attempt.seconds
        again = [self.schedule.after_failure(dispatch, attempt, now, retry_after) for dispatch in dispatches]
        return Settled(again, retry_after or 0.0, "" if retry_after is not None else attempt.answer or "no answer")

    def _attempt(self, started: float, result: str, answer: str) -> Attempt:
        return Attempt(started, max(0.0, self.clock() - started), result, answer)


def plain(said: Exception | str) -> str:
    """What was said, on one line of printable characters, at most 512; an error of ours without its class's name."""
    text = str(said)
    if isinstance(said, Exception) and not (isinstance(said, ProviderError) and text):
        text = f"{type(said).__name__}: {text}"
    text = "".join(char if char.isprintable() else " " for char in text[: 2 * _ANSWER])
    return " ".join(text.split())[:_ANSWER]
