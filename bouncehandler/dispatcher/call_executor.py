"""One call to an adapter, and what became of it as a value; the only place that catches every exception."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
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

_ANSWER = 512
"""Characters of an answer that are kept."""

_NEEDS_ADDRESS = "only a subscriber's ids are known, and an adapter of this type needs an address"

_CANT_RESTORE = "this provider's adapter can't restore: put the recipient back on its lists by hand"

_KINDS = frozenset({"unsubscribed", "already", "unknown"})
_KINDS_OF_RESTORING = frozenset({"restored", "already", "unknown"})


class Answers(Protocol):
    """Remembers the last HTTP answer of each thread; `client.ProviderClient` is one."""

    def forget_answer(self) -> None:
        """Begin anew."""
        ...

    def last_answer(self) -> str:
        """Status and beginning of the last answer; empty when none came."""
        ...


@dataclass(frozen=True, slots=True)
class CallFinished:
    """The call ended, well or badly, for each of its dispatches."""

    settlements: Sequence[Settlement]
    pause: float = 0.0
    """Seconds that the provider asked everybody to wait; 0 when it did not."""
    failure: str = ""
    """What went wrong, for a failure of which many in a row mean that the whole provider is down; else empty."""


@dataclass(frozen=True, slots=True)
class Unavailable:
    """The provider as a whole can't be used; the dispatches are given back, no attempt spent."""

    dispatches: Sequence[Dispatch]
    reason: str
    changed: tuple[str, ...] = ()
    """The lists that the call had changed before, where there is one dispatch."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """Nobody called; the dispatches are given back."""

    dispatches: Sequence[Dispatch]


@dataclass(frozen=True, slots=True)
class Probed:
    """The adapter's own check said whether the provider is back."""

    failure: str = ""
    """Why it is not; empty when it is."""


Result = CallFinished | Unavailable | Skipped | Probed


class CallExecutor:
    """Calls one adapter.

    Args:
        clock: seconds since the epoch.
        hide: takes secrets out of a text; what servers and adapters say goes through it before it is kept or logged.
    """

    def __init__(
        self,
        adapter: Provider,
        answers: Answers,
        retry_schedule: RetrySchedule,
        clock: Callable[[], float],
        hide: Callable[[str], str] = str,
    ) -> None:
        self.adapter = adapter
        self._answers, self._schedule, self._clock, self._hide = answers, retry_schedule, clock, hide
        # Asked once: to look through a protocol takes longer than all else that is done here for a call.
        self._batched = adapter if isinstance(adapter, Batched) and adapter.batch_size > 1 else None
        self._reversible = adapter if isinstance(adapter, Reversible) else None
        self._takes_ids = isinstance(adapter, BySubscriber) and adapter.takes_subscriber_ids
        self.batch_size = self._batched.batch_size if self._batched else 1
        """How many dispatches one call carries."""

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
            self._answers.forget_answer()
            outcomes = self._outcomes(dispatches)
            answer = self._plain(self._answers.last_answer())
        except ProviderUnavailable as error:
            return Unavailable(dispatches, self._plain(error), self._changed(dispatches, error))
        except PermanentFailure as error:
            attempt = self._attempt(started, "permanent", self._plain(error))
            changed = self._changed(dispatches, error)
            return CallFinished([DeadLettered(dispatch, attempt, changed) for dispatch in dispatches])
        except TemporaryFailure as error:
            return self._again(dispatches, started, error, _seconds(error.retry_after))
        except BaseException as error:  # noqa: BLE001  # unknown is temporary: a stranger's sys.exit(), too
            return self._again(dispatches, started, error, None)
        return CallFinished(
            [
                Completed(dispatch, self._attempt(started, outcome.kind, answer), outcome)
                for dispatch, outcome in zip(dispatches, outcomes, strict=True)
            ]
        )

    def check(self) -> Probed:
        """Ask an adapter that can be checked whether its provider is back; whatever it does, this returns."""
        if not isinstance(self.adapter, Checkable):
            return Probed()
        try:
            self.adapter.check()
        except BaseException as error:  # noqa: BLE001  # whatever is wrong, the provider is not back
            return Probed(self._plain(error))
        return Probed()

    def _outcomes(self, dispatches: Sequence[Dispatch]) -> list[Outcome]:
        if dispatches[0].restores is not None:
            return [self._restored(dispatch) for dispatch in dispatches]
        suppressions = [dispatch.suppression for dispatch in dispatches]
        if self._batched:
            told = list(self._batched.unsubscribe_batch(suppressions))
        else:
            told = [self.adapter.unsubscribe(suppression) for suppression in suppressions]
        if len(told) != len(dispatches):
            raise RuntimeError(f"the adapter answered {len(told)} outcomes for {len(dispatches)} suppressions")
        return [self._sound(outcome) for outcome in told]

    def _restored(self, dispatch: Dispatch) -> Outcome:
        """Undo what an earlier call did."""
        if self._reversible is None or dispatch.restores is None:
            raise PermanentFailure(_CANT_RESTORE)
        return self._sound(self._reversible.restore(dispatch.suppression, dispatch.restores), _KINDS_OF_RESTORING)

    def _sound(self, told: object, kinds: Collection[str] = _KINDS) -> Outcome:
        """The outcome in a form that every spool can keep: adapters are strangers' code, and not all is typed."""
        if not isinstance(told, Outcome) or told.kind not in kinds:
            raise TypeError(f"the adapter answered {type(told).__name__}, not an Outcome of a known kind")
        note = self._plain(told.note) if told.note else ""
        recipient = parse_address(str(told.recipient)) if told.recipient else None
        return Outcome(told.kind, tuple(map(str, told.lists)), note, recipient or "")

    def _again(
        self, dispatches: Sequence[Dispatch], started: float, error: BaseException, retry_after: float | None
    ) -> CallFinished:
        attempt = self._attempt(started, "temporary", self._plain(error))
        asked = None if retry_after is None else self._schedule.asked(retry_after)
        changed = self._changed(dispatches, error)
        after_failure = self._schedule.after_failure
        again = [replace(after_failure(dispatch, attempt, asked), changed=changed) for dispatch in dispatches]
        return CallFinished(again, pause=asked) if asked else CallFinished(again, failure=attempt.answer)

    def _changed(self, dispatches: Sequence[Dispatch], error: BaseException) -> tuple[str, ...]:
        """The lists that the call had changed when it failed; of a batch nothing would tell whose they are."""
        if self._batched or dispatches[0].restores is not None or not isinstance(error, ProviderError):
            return ()
        told: object = error.changed  # from strangers' code, as an outcome's lists are
        return tuple(map(str, told)) if isinstance(told, Collection) and not isinstance(told, str) else ()

    def _attempt(self, started: float, result: str, answer: str) -> Attempt:
        now = self._clock()
        started = min(started, now)  # a clock that was set back meanwhile: what follows counts from the new time
        return Attempt(started, now - started, result, answer)

    def _plain(self, said: BaseException | str) -> str:
        return plain(said, self._hide)


def plain(said: BaseException | str, hide: Callable[[str], str] = str) -> str:
    """What was said, without secrets, on one line of printable characters, at most 512; never empty for an error."""
    text = hide(_words(said))[: 2 * _ANSWER]  # hidden first: a secret that was cut in two is not recognised
    if not text.isprintable():
        text = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(text.split())[:_ANSWER]


def _words(said: BaseException | str) -> str:
    """An error of ours without its class's name, any other with it."""
    if isinstance(said, str):
        return said
    name = type(said).__name__
    try:
        text = str(said).strip()
    except Exception:  # noqa: BLE001  # a stranger's exception that can't say what it is
        return name
    return text if text and isinstance(said, ProviderError) else f"{name}: {text}" if text else name


def _seconds(retry_after: object) -> float | None:
    """What an adapter gave as `retry_after`; None where that is no number, which strangers' code can hand over."""
    try:
        seconds = float(retry_after)  # type: ignore[arg-type]  # what it can't take it refuses
    except (TypeError, ValueError, OverflowError):
        return None
    return None if seconds != seconds else seconds  # noqa: PLR0124  # NaN
