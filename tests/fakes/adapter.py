"""Fake adapters without a server: their fields decide what calls do; calls come from many threads, and are kept."""

import threading
import time
from collections.abc import Callable, Sequence

from bouncehandler.suppression import Outcome, Suppression
from tests.fakes.server import PATIENCE

DONE = Outcome("unsubscribed", ("list-1",))

Behaviour = Outcome | BaseException | None
"""Outcome to return, error to raise, or (a bug of its author) nothing."""


class FakeAdapter:
    """An adapter that carries out every suppression, unless its fields decide otherwise."""

    def __init__(self) -> None:
        self.always: Behaviour = DONE
        """Behaviour of every other call."""
        self.next: list[Behaviour] = []
        """Behaviour of the next calls, used up one by one."""
        self.by_recipient: dict[str, list[Behaviour]] = {}
        """Behaviour of the next calls for a recipient; goes first."""
        self.open = threading.Event()
        """While it is not set, calls hang."""
        self.open.set()
        self.hangs: set[str] = set()
        """Recipients with calls that hang while `open` is not set; empty: all do."""
        self.seconds = 0.0
        """Seconds that a call takes."""
        self.during: Callable[[], None] = lambda: None
        """Happens in the middle of each call."""
        self.called: list[str] = []
        """The recipients, in the order in which their calls began; of a batch, one after the other."""
        self.suppressions: list[Suppression] = []
        """The same as they came."""
        self.times: list[float] = []
        """When each call began, on the clock that is never set."""
        self.running = 0
        """Calls in flight."""
        self.most_running = 0
        self._lock = threading.Lock()

    def unsubscribe(self, suppression: Suppression) -> Outcome:
        """One call."""
        return self._call([suppression])[0]

    def _call(self, suppressions: Sequence[Suppression]) -> list[Outcome]:
        behaviour = self._begin(suppressions)
        try:
            if not self.hangs or self.hangs.intersection(one.recipient for one in suppressions):
                assert self.open.wait(2 * PATIENCE), "the calls were not let go on"
            if self.seconds:
                time.sleep(self.seconds)
            self.during()
        finally:
            with self._lock:
                self.running -= 1
        if isinstance(behaviour, BaseException):
            raise behaviour
        return [behaviour for _ in suppressions]  # type: ignore[misc]  # None: an author's mistake

    def _begin(self, suppressions: Sequence[Suppression]) -> Behaviour:
        with self._lock:
            self.called += [one.recipient for one in suppressions]
            self.suppressions += suppressions
            self.times.append(time.monotonic())
            self.running += 1
            self.most_running = max(self.running, self.most_running)
            own = self.by_recipient.get(suppressions[0].recipient)
            if own:
                return own.pop(0)
            return self.next.pop(0) if self.next else self.always


class CheckableAdapter(FakeAdapter):
    """A fake adapter with a check."""

    def __init__(self) -> None:
        super().__init__()
        self.check_fails: BaseException | None = None
        """What the check raises; None: it proves that all is well."""
        self.checks = 0

    def check(self) -> str:
        """Count, and raise what `check_fails` holds."""
        self.checks += 1
        if self.check_fails:
            raise self.check_fails
        return "all is well"


class BatchedAdapter(FakeAdapter):
    """A fake adapter that carries out many with one call."""

    def __init__(self, batch_size: int) -> None:
        super().__init__()
        self.batch_size = batch_size
        self.batches: list[int] = []
        """How many came with each call."""
        self.forgets = 0
        """So many outcomes are left out of each answer: a bug of its author."""

    def unsubscribe_batch(self, suppressions: Sequence[Suppression]) -> Sequence[Outcome]:
        """One call for all."""
        self.batches.append(len(suppressions))
        return self._call(suppressions)[self.forgets :]


class CampaignAdapter(FakeAdapter):
    """A fake adapter that records each bounce at its campaign."""

    per_campaign = True


class FixedResponse:
    """Response memory without a response, or always with the same."""

    def __init__(self, answer: str = "") -> None:
        self.answer = answer

    def forget_response(self) -> None:
        """Nothing to forget."""

    def last_response(self) -> str:
        """What it was given."""
        return self.answer


class KeptLog:
    """A logger that keeps its events."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str, dict[str, object]]] = []
        """Level, event and values."""

    def info(self, event: str, **values: object) -> None:
        """Keep it."""
        self.events.append(("info", event, values))

    def warning(self, event: str, **values: object) -> None:
        """Keep it."""
        self.events.append(("warning", event, values))

    def error(self, event: str, **values: object) -> None:
        """Keep it."""
        self.events.append(("error", event, values))

    def debug(self, event: str, **values: object) -> None:
        """Keep it."""
        self.events.append(("debug", event, values))

    def named(self, event: str) -> list[dict[str, object]]:
        """The values of every event of that name."""
        return [values for _, name, values in list(self.events) if name == event]
