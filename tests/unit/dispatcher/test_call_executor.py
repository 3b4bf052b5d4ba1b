"""One call to an adapter becomes a value, whatever the adapter does."""

import math
from collections.abc import Sequence
from dataclasses import replace

import httpx
import pytest

from bouncehandler.dispatcher.call_executor import CallExecutor, CallFinished, Probed, Unavailable, one_line
from bouncehandler.dispatcher.retry import RetrySchedule
from bouncehandler.provider import PermanentFailure, ProviderError, ProviderUnavailable, TemporaryFailure
from bouncehandler.spool import Completed, DeadLettered, RetryLater
from bouncehandler.suppression import Dispatch, Outcome, Suppression
from tests.fakes.adapter import DONE, BatchedAdapter, CheckableAdapter, FakeAdapter, FixedResponse

NOW = 1_767_225_600.0


class UnprintableError(Exception):
    """Error that raises when it is made into text."""

    def __str__(self) -> str:
        raise ValueError


class MistypedAdapter:
    """An adapter that returns objects of other types than the port has."""

    def __init__(self, value: object) -> None:
        self.value = value

    def unsubscribe(self, _: Suppression) -> Outcome:
        """Answer anything."""
        return self.value  # type: ignore[return-value]  # the point of it


class Resubscriber(FakeAdapter):
    """An adapter that can restore: it does the same as for any call."""

    def restore(self, suppression: Suppression, _: Outcome) -> Outcome:
        """One call."""
        return self._call([suppression])[0]


def dispatches(count: int, retry_index: int = 0) -> list[Dispatch]:
    """That many dispatches of different recipients."""
    return [
        Dispatch(
            n, "news", Suppression(f"{n:024x}", f"user{n}@example.com", "bounce"), retry_index + 1, retry_index, "claim"
        )
        for n in range(count)
    ]


def build_executor(
    adapter: FakeAdapter | MistypedAdapter, answer: str = "", waits: Sequence[float] = (60.0, 300.0)
) -> CallExecutor:
    """An executor at a time that stands still, of a schedule without jitter."""
    return CallExecutor(adapter, FixedResponse(answer), RetrySchedule(waits, lambda: 0.0), lambda: NOW)


def call(
    adapter: FakeAdapter | MistypedAdapter, retry_index: int = 0, waits: Sequence[float] = (60.0, 300.0)
) -> CallFinished:
    """The outcome of one call for one dispatch, which did not find the provider unavailable."""
    result = build_executor(adapter, waits=waits).call(dispatches(1, retry_index))
    assert isinstance(result, CallFinished)
    return result


def failing(error: BaseException) -> FakeAdapter:
    """An adapter with calls that raise."""
    adapter = FakeAdapter()
    adapter.always = error
    return adapter


@pytest.mark.parametrize("kind", ["unsubscribed", "already", "unknown"])
def test_outcomes_settle(kind: str) -> None:
    """Each kind of outcome is done, with the provider's answer and how long it took."""
    adapter = FakeAdapter()
    adapter.always = outcome = Outcome(kind, ("7", "9"), "fell back")  # type: ignore[arg-type]  # one of three
    times = iter([NOW, NOW + 0.25])
    executor = CallExecutor(
        adapter, FixedResponse("HTTP 200: ok"), RetrySchedule([60.0], lambda: 0.0), lambda: next(times)
    )
    result = executor.call(dispatches(1))
    assert isinstance(result, CallFinished)
    (done,) = result.settlements
    assert isinstance(done, Completed)
    assert done.outcome == outcome
    assert (done.attempt.started_at, done.attempt.seconds) == (NOW, 0.25)
    assert (done.attempt.result, done.attempt.answer) == (kind, "HTTP 200: ok")
    assert (result.pause, result.failure) == (0.0, "")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (TemporaryFailure("HTTP 503: busy"), "HTTP 503: busy"),
        (TemporaryFailure(), "TemporaryFailure"),
        (httpx.ReadTimeout("timed out"), "ReadTimeout: timed out"),
        (KeyError("id"), "KeyError: 'id'"),
        (RecursionError("too deep"), "RecursionError: too deep"),
        (UnprintableError(), "UnprintableError"),
        (SystemExit(3), "SystemExit: 3"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
    ],
)
def test_failures_that_are_tried_again(error: BaseException, message: str) -> None:
    """A temporary failure, a transport error, a bug, even a stranger's sys.exit(): the schedule decides."""
    result = call(failing(error))
    (again,) = result.settlements
    assert isinstance(again, RetryLater)
    assert (again.due_in, again.retry_index) == (60, 1)
    assert (again.attempt.result, again.attempt.answer) == ("temporary", message)
    assert (result.pause, result.failure) == (0.0, message)


def test_schedule_used_up() -> None:
    """A temporary failure after the last wait is a dead letter that keeps the last answer."""
    (dead,) = call(failing(TemporaryFailure("HTTP 503")), retry_index=2).settlements
    assert isinstance(dead, DeadLettered)
    assert (dead.attempt.result, dead.attempt.answer) == ("temporary", "HTTP 503")


@pytest.mark.parametrize(("asked", "wait"), [(17.0, 17.0), (0.0, 1.0), (math.inf, 86_400.0)])
def test_retry_after(asked: float, wait: float) -> None:
    """Retry-After pauses all calls to the provider, and does not count as a failure."""
    result = call(failing(TemporaryFailure("HTTP 429", retry_after=asked)), retry_index=1)
    (again,) = result.settlements
    assert isinstance(again, RetryLater)
    assert (again.due_in, again.retry_index) == (wait, 1)
    assert (result.pause, result.failure) == (wait, "")


@pytest.mark.parametrize("junk", [math.nan, "soon", object(), 10**400])
def test_retry_after_that_is_no_number(junk: object) -> None:
    """A Retry-After that is no number is ignored: the schedule decides."""
    result = call(failing(TemporaryFailure("HTTP 429", retry_after=junk)))  # type: ignore[arg-type]  # the point of it
    (again,) = result.settlements
    assert isinstance(again, RetryLater)
    assert (again.due_in, again.retry_index, result.pause) == (60, 1, 0.0)


def test_permanent_failure() -> None:
    """A permanent failure gives up this dispatch, and does not count against the provider."""
    result = call(failing(PermanentFailure("no such list")))
    (dead,) = result.settlements
    assert isinstance(dead, DeadLettered)
    assert (dead.attempt.result, dead.attempt.answer, result.failure) == ("permanent", "no such list", "")


def test_unavailable() -> None:
    """An unavailable provider settles nothing: the dispatches come back with the reason."""
    batch = dispatches(1)
    back = build_executor(failing(ProviderUnavailable("HTTP 401: bad key"))).call(batch)
    assert back == Unavailable(batch, "HTTP 401: bad key")


@pytest.mark.parametrize("value", [None, True, "unsubscribed", ("unsubscribed",), Outcome("gone")])  # type: ignore[arg-type]  # the point of it
def test_answers_that_are_no_outcome(value: object) -> None:
    """An adapter that forgets to answer, or invents a kind, is a bug of its author: temporary, and reported."""
    (again,) = call(MistypedAdapter(value)).settlements
    assert isinstance(again, RetryLater)
    assert "not an Outcome of a known kind" in again.attempt.answer


def test_lists_of_numbers_become_text() -> None:
    """An adapter that names its lists by number does not break the spool, which keeps them as text."""
    (done,) = call(MistypedAdapter(Outcome("unsubscribed", [7, 9]))).settlements  # type: ignore[arg-type]  # the point of it
    assert isinstance(done, Completed)
    assert done.outcome.lists == ("7", "9")


@pytest.mark.parametrize(("value", "kept"), [(("7", "9"), ("7", "9")), ([7], ("7",)), ("79", ()), (None, ()), (8, ())])
@pytest.mark.parametrize("kind", [TemporaryFailure, PermanentFailure, ProviderUnavailable, ProviderError])
def test_lists_changed_before_a_failure(kind: type[ProviderError], value: object, kept: tuple[str, ...]) -> None:
    """Lists changed before a failure are passed on, unless a call restores; invalid values are dropped."""
    batch = dispatches(1)
    adapter = Resubscriber()
    adapter.always = kind("no", changed=value)  # type: ignore[arg-type]  # the point of it
    restoring = [replace(batch[0], restores=DONE)]
    for dispatch, changed in ((batch, kept), (restoring, ())):
        result = build_executor(adapter).call(dispatch)
        reported = [result] if isinstance(result, Unavailable) else result.settlements
        assert [one.changed for one in reported if not isinstance(one, Completed)] == [changed]


def test_clock_that_is_set_back_during_a_call() -> None:
    """No call took less than no time."""
    times = iter([NOW, NOW - 3600])
    executor = CallExecutor(FakeAdapter(), FixedResponse(), RetrySchedule([60.0], lambda: 0.0), lambda: next(times))
    result = executor.call(dispatches(1))
    assert isinstance(result, CallFinished)
    (done,) = result.settlements
    assert isinstance(done, Completed)
    assert done.attempt.seconds == 0.0


class TestBatches:
    """Adapters that carry out many with one call."""

    def test_one_call_for_all(self) -> None:
        """Each dispatch gets its own outcome of the one call."""
        adapter = BatchedAdapter(10)
        executor = CallExecutor(adapter, FixedResponse(), RetrySchedule([60.0], lambda: 0.0), lambda: NOW)
        assert executor.batch_size == 10
        batch = dispatches(3)
        result = executor.call(batch)
        assert isinstance(result, CallFinished)
        assert [settled.dispatch for settled in result.settlements] == batch
        assert adapter.batches == [3]

    @pytest.mark.parametrize("size", [1, 0, -3])
    def test_batches_of_one_are_single_calls(self, size: int) -> None:
        """With a batch size of 1, or nonsense, `unsubscribe` is called."""
        adapter = BatchedAdapter(size)
        executor = CallExecutor(adapter, FixedResponse(), RetrySchedule([60.0], lambda: 0.0), lambda: NOW)
        assert executor.batch_size == 1
        executor.call(dispatches(1))
        assert (adapter.batches, adapter.called) == ([], ["user0@example.com"])

    def test_a_failure_concerns_them_all(self) -> None:
        """Every dispatch of a failed batch is retried, each by its own retry index; it counts as one failed call."""
        adapter = BatchedAdapter(10)
        adapter.always = TemporaryFailure("HTTP 500", changed=("7",))
        executor = CallExecutor(adapter, FixedResponse(), RetrySchedule([60.0, 300.0], lambda: 0.0), lambda: NOW)
        result = executor.call([*dispatches(2), *dispatches(1, retry_index=1)])
        assert isinstance(result, CallFinished)
        assert [one.due_in for one in result.settlements if isinstance(one, RetryLater)] == [60, 60, 300]
        assert {one.changed for one in result.settlements if isinstance(one, RetryLater)} == {
            ()
        }  # which of them are missing is not known

    def test_too_few_outcomes(self) -> None:
        """A batch with too few outcomes is a failure of all: none counts as done."""
        adapter = BatchedAdapter(10)
        adapter.forgets = 1
        executor = CallExecutor(adapter, FixedResponse(), RetrySchedule([60.0], lambda: 0.0), lambda: NOW)
        result = executor.call(dispatches(3))
        assert isinstance(result, CallFinished)
        assert {type(one) for one in result.settlements} == {RetryLater}
        assert "2 outcomes for 3 suppressions" in result.failure


class TestChecks:
    """`check`, for providers that are held."""

    def test_proved(self) -> None:
        """A check that returns reports that the provider is back."""
        adapter = CheckableAdapter()
        assert build_executor(adapter).check() == Probed()
        assert adapter.checks == 1

    @pytest.mark.parametrize(
        ("error", "message"),
        [
            (ProviderUnavailable("HTTP 401"), "HTTP 401"),
            (TemporaryFailure(), "TemporaryFailure"),
            (SystemExit(), "SystemExit"),
            (httpx.ConnectError("refused"), "ConnectError: refused"),
        ],
    )
    def test_not_proved(self, error: BaseException, message: str) -> None:
        """A check that raises anything does not release the provider, and its reason is never empty."""
        adapter = CheckableAdapter()
        adapter.check_fails = error
        assert build_executor(adapter).check() == Probed(message)

    def test_nothing_to_check(self) -> None:
        """Where an adapter has no check there is nothing against its provider."""
        assert build_executor(FakeAdapter()).check() == Probed()


class TestTexts:
    """Texts of answers and errors, as they are kept and logged."""

    def test_one_printable_line(self) -> None:
        """Neither line ends nor escape sequences of a server get into a log."""
        assert one_line("a\r\nb\x1b[31m\tc\u202ed\x00") == "a b [31m c d"

    def test_at_most_512_characters(self) -> None:
        """An answer of any length is cut."""
        assert one_line("x" * 10_000_000) == "x" * 512

    def test_secrets_are_hidden_before_anything_is_cut(self) -> None:
        """A secret that lies across the cut is recognised, since it is looked for first."""
        text = "x" * 508 + "s3cret"
        assert one_line(text, lambda message: message.replace("s3cret", "[...]")) == "x" * 508 + "[..."

    def test_every_text_goes_through(self) -> None:
        """An answer, a note, each kind of failure and a failed check: none shows what a server echoes."""

        def redact(text: str) -> str:
            return text.replace("s3cret", "[...]")

        def result_of(what: Outcome | BaseException) -> object:
            adapter = CheckableAdapter()
            adapter.always = what
            adapter.check_fails = what if isinstance(what, BaseException) else None
            executor = CallExecutor(
                adapter, FixedResponse("HTTP 200: s3cret"), RetrySchedule([60.0], lambda: 0.0), lambda: NOW, redact
            )
            return executor.call(dispatches(1)), executor.check()

        errors = (PermanentFailure, TemporaryFailure, ProviderUnavailable, ValueError)
        for what in (Outcome("unsubscribed", (), "with s3cret"), *(error("key s3cret") for error in errors)):
            assert "s3cret" not in repr(result_of(what))
            assert "[...]" in repr(result_of(what))
