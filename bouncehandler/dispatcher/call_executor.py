"""Executor of calls to an adapter: returns each result as a value, and alone catches every exception."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from bouncehandler.dispatcher.retry import RetrySchedule
from bouncehandler.provider import (
    Batched,
    BySubscriber,
    Checkable,
    PermanentFailure,
    Provider,
    ProviderError,
    ProviderUnavailable,
    Reversible,
    TemporaryFailure,
)
from bouncehandler.record import parse_address
from bouncehandler.spool import Completed, DeadLettered, Settlement
from bouncehandler.suppression import Attempt, Dispatch, Outcome

_MAX_ANSWER = 512
"""Characters of an answer that are kept."""

_NEEDS_ADDRESS = "only a subscriber's ids are known, and an adapter of this type needs an address"

_NOT_REVERSIBLE = "this provider's adapter can't restore: put the recipient back on its lists by hand"

_KINDS = frozenset({"unsubscribed", "already", "unknown"})
_RESTORE_KINDS = frozenset({"restored", "already", "unknown"})


class ResponseMemory(Protocol):
    """Memory of each thread's last HTTP response; `http_client.ProviderClient` is one."""

    def forget_response(self) -> None:
        """Begin anew."""

    def last_response(self) -> str:
        """Status and beginning of the last response; empty when none came."""


@dataclass(frozen=True, slots=True)
class CallFinished:
    """Result of a call that ended, well or badly, for each of its dispatches."""

    settlements: Sequence[Settlement]
    pause: float = 0.0
    """Seconds that the provider asked all callers to wait; 0 when it did not."""
    failure: str = ""
    """The error, where many such in a row mean that the whole provider is down; else empty."""


@dataclass(frozen=True, slots=True)
class Unavailable:
    """Result of a call to a provider that can't be used at all; the dispatches are released, no attempt spent."""

    dispatches: Sequence[Dispatch]
    reason: str
    changed: tuple[str, ...] = ()
    """The lists that the call had changed before, where there is one dispatch."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """Result of a job without a call; the dispatches are released."""

    dispatches: Sequence[Dispatch]


@dataclass(frozen=True, slots=True)
class Probed:
    """Result of the adapter's own check of a held provider."""

    failure: str = ""
    """The error; empty where the provider is back."""


Result = CallFinished | Unavailable | Skipped | Probed


class CallExecutor:
    """Calls one adapter.

    Args:
        clock: seconds since the epoch.
        redact: removes secrets from the texts of servers and adapters, before they are kept or logged.
    """

    def __init__(
        self,
        adapter: Provider,
        responses: ResponseMemory,
        retry_schedule: RetrySchedule,
        clock: Callable[[], float],
        redact: Callable[[str], str] = str,
    ) -> None:
        self.adapter = adapter
        self._responses, self._schedule, self._clock = responses, retry_schedule, clock
        self._one_line = partial(one_line, redact=redact)
        # Once: `isinstance` with a protocol takes longer than all else that is done here for a call.
        self._batched = adapter if isinstance(adapter, Batched) and adapter.batch_size > 1 else None
        self._reversible = adapter if isinstance(adapter, Reversible) else None
        self._takes_ids = isinstance(adapter, BySubscriber) and adapter.takes_subscriber_ids
        self.batch_size = self._batched.batch_size if self._batched else 1
        """Dispatches that one call carries."""

    def call(self, dispatches: Sequence[Dispatch]) -> CallFinished | Unavailable:
        """Carry out one dispatch, or one batch; whatever the adapter does, this returns."""
        fit = dispatches if self._takes_ids else [one for one in dispatches if one.suppression.recipient]
        if len(fit) == len(dispatches):
            return self._call(dispatches)
        result = self._call(fit) if fit else CallFinished([])
        if isinstance(result, Unavailable):
            return Unavailable(dispatches, result.reason)
        attempt = self._attempt(self._clock(), "permanent", _NEEDS_ADDRESS)
        unfit = [DeadLettered(one, attempt) for one in dispatches if not one.suppression.recipient]
        return replace(result, settlements=[*result.settlements, *unfit])

    def _call(self, dispatches: Sequence[Dispatch]) -> CallFinished | Unavailable:
        started = self._clock()
        try:
            self._responses.forget_response()
            outcomes = self._outcomes(dispatches)
            answer = self._one_line(self._responses.last_response())
        except ProviderUnavailable as error:
            return Unavailable(dispatches, self._one_line(error), self._changed(dispatches, error))
        except PermanentFailure as error:
            attempt = self._attempt(started, "permanent", self._one_line(error))
            changed = self._changed(dispatches, error)
            return CallFinished([DeadLettered(dispatch, attempt, changed) for dispatch in dispatches])
        except TemporaryFailure as error:
            return self._retry(dispatches, started, error, _seconds(error.retry_after))
        except BaseException as error:  # noqa: BLE001  # unknown is temporary: a plug-in's sys.exit(), too
            return self._retry(dispatches, started, error, None)
        return CallFinished(
            [
                Completed(dispatch, self._attempt(started, outcome.kind, answer), outcome)
                for dispatch, outcome in zip(dispatches, outcomes, strict=True)
            ]
        )

    def check(self) -> Probed:
        """Run the check of an adapter that has one; whatever it does, this returns."""
        if not isinstance(self.adapter, Checkable):
            return Probed()
        try:
            self.adapter.check()
        except BaseException as error:  # noqa: BLE001  # by any failure, the provider is not back
            return Probed(self._one_line(error))
        return Probed()

    def _outcomes(self, dispatches: Sequence[Dispatch]) -> list[Outcome]:
        if dispatches[0].restores is not None:
            return [self._restore(dispatch) for dispatch in dispatches]
        suppressions = [dispatch.suppression for dispatch in dispatches]
        if self._batched:
            outcomes = list(self._batched.unsubscribe_batch(suppressions))
        else:
            outcomes = [self.adapter.unsubscribe(suppression) for suppression in suppressions]
        if len(outcomes) != len(dispatches):
            raise RuntimeError(f"the adapter answered {len(outcomes)} outcomes for {len(dispatches)} suppressions")
        return [self._validate(outcome) for outcome in outcomes]

    def _restore(self, dispatch: Dispatch) -> Outcome:
        """Undo an earlier call."""
        if self._reversible is None or dispatch.restores is None:
            raise PermanentFailure(_NOT_REVERSIBLE)
        return self._validate(self._reversible.restore(dispatch.suppression, dispatch.restores), _RESTORE_KINDS)

    def _validate(self, value: object, kinds: Collection[str] = _KINDS) -> Outcome:
        """Convert an outcome to types that every spool can keep: plug-ins are not always typed."""
        if not isinstance(value, Outcome) or value.kind not in kinds:
            raise TypeError(f"the adapter answered {type(value).__name__}, not an Outcome of a known kind")
        note = self._one_line(value.note) if value.note else ""
        recipient = parse_address(str(value.recipient)) if value.recipient else None
        return Outcome(value.kind, tuple(map(str, value.lists)), note, recipient or "")

    def _retry(
        self, dispatches: Sequence[Dispatch], started: float, error: BaseException, retry_after: float | None
    ) -> CallFinished:
        attempt = self._attempt(started, "temporary", self._one_line(error))
        pause = None if retry_after is None else self._schedule.limit_retry_after(retry_after)
        changed = self._changed(dispatches, error)
        settle = self._schedule.settle_failure
        settlements = [replace(settle(dispatch, attempt, pause), changed=changed) for dispatch in dispatches]
        return CallFinished(settlements, pause=pause) if pause else CallFinished(settlements, failure=attempt.answer)

    def _changed(self, dispatches: Sequence[Dispatch], error: BaseException) -> tuple[str, ...]:
        """Lists that the call had changed when it failed; none for a batch, where their dispatch is unknown."""
        if self._batched or dispatches[0].restores is not None or not isinstance(error, ProviderError):
            return ()
        lists: object = error.changed  # as untyped as an outcome's lists
        return tuple(map(str, lists)) if isinstance(lists, Collection) and not isinstance(lists, str) else ()

    def _attempt(self, started: float, result: str, answer: str) -> Attempt:
        now = self._clock()
        started = min(started, now)  # the clock may have been set back meanwhile
        return Attempt(started, now - started, result, answer)


def one_line(answer: BaseException | str, redact: Callable[[str], str] = str) -> str:
    """Format an answer or error without secrets, as at most 512 printable characters; never empty for an error."""
    text = redact(_describe(answer))[: 2 * _MAX_ANSWER]  # redacted first: a secret cut in two is not recognised
    if not text.isprintable():
        text = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(text.split())[:_MAX_ANSWER]


def _describe(answer: BaseException | str) -> str:
    """Text of an answer; a `ProviderError` without its class's name, any other error with it."""
    if isinstance(answer, str):
        return answer
    name = type(answer).__name__
    try:
        text = str(answer).strip()
    except Exception:  # noqa: BLE001  # a plug-in's exception may fail to format itself
        return name
    return text if text and isinstance(answer, ProviderError) else f"{name}: {text}" if text else name


def _seconds(retry_after: object) -> float | None:
    """Convert an adapter's `retry_after`; None where it is no number, since plug-ins are not always typed."""
    try:
        seconds = float(retry_after)  # type: ignore[arg-type]  # refuses other types
    except (TypeError, ValueError, OverflowError):
        return None
    return None if seconds != seconds else seconds  # noqa: PLR0124  # NaN
