"""Providers that fail in every way, and processes that work on them: hung, killed, or ended in good order."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import httpx

from bouncehandler.dispatcher.call_executor import CallExecutor
from bouncehandler.dispatcher.circuit_breaker import BreakerSettings
from bouncehandler.dispatcher.dispatcher import Dispatcher
from bouncehandler.dispatcher.retry import RetrySchedule
from bouncehandler.dispatcher.worker import ProviderWorker
from bouncehandler.dispatcher.worker_settings import WorkerSettings
from bouncehandler.provider import PermanentFailure, ProviderUnavailable, TemporaryFailure
from bouncehandler.spool import Spool, SpoolError
from bouncehandler.spool.sqlite.store import SqliteSpool
from bouncehandler.suppression import Outcome, Suppression
from tests.fakes.adapter import KeptLog
from tests.fakes.server import PATIENCE, wait_until

PROVIDERS = ("news", "old_news", "crm")
"""The first two act on ids, and the second has a check; the third takes batches."""
RESOLVERS = ("news", "old_news")
LEASE = 60.0
WAITS = (60.0, 300.0)
PROBE_EVERY = 300.0
LEARNED = {"s1": "ann@example.com", "s2": "eve@example.com"}
"""The addresses of subscribers."""

Behaviour = str | float
"""One of the words below, or the seconds of a Retry-After."""
ANSWERS = ("unsubscribed", "already", "unknown", "resolves")
MISTAKES: dict[str, object] = {"nothing": None, "a word": "unsubscribed", "a kind": Outcome("gone")}  # type: ignore[arg-type]  # an author's mistake
ERRORS: dict[str, Callable[[str], BaseException]] = {
    "temporary": TemporaryFailure,
    "transport": httpx.ReadTimeout,
    "bug": ValueError,
    "exit": SystemExit,
    "permanent": PermanentFailure,
    "unavailable": ProviderUnavailable,
}
BEHAVIOURS = (*ANSWERS, *MISTAKES, *ERRORS, "few", "hangs", "hangs")


@dataclass
class Call:
    """One call to a provider."""

    number: int
    provider: str
    suppressions: Sequence[Suppression]
    behaviour: Behaviour
    until: float
    """When the claim ends, if it is not renewed."""
    is_running: bool = True
    is_lost: bool = False
    """Whether the process that made it did not get the answer, or got it late."""
    answered_before: int = 0
    """The number that the next call had when a late answer came; 0 where none came late."""


@dataclass
class SharedState:
    """State that all processes share."""

    path: Path
    now: float
    scripts: dict[str, Sequence[Behaviour]] = field(default_factory=dict)
    """By provider, what its calls for each person do, one after the other and over again; empty: all is well."""
    failing_checks: int = 0
    calls: list[Call] = field(default_factory=list)
    doubles: list[tuple[Call, Call]] = field(default_factory=list)
    """Two calls for one person at once, although the claim of the first still held."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, provider: str, suppressions: Sequence[Suppression], now: float) -> Call:
        """A call begins."""
        with self.lock:
            behaviour = self._behaviour(provider, suppressions[0].subject)
            call = Call(len(self.calls), provider, suppressions, behaviour, now + LEASE)
            people = {one.subject for one in suppressions}
            others = [one for one in self.calls if one.is_running and one.provider == provider and one.until > now]
            self.doubles += [(one, call) for one in others if people & {each.subject for each in one.suppressions}]
            self.calls.append(call)
            return call

    def _behaviour(self, provider: str, subject: str) -> Behaviour:
        """Behaviour of a call, by the number of earlier calls for this subject, whichever thread is first."""
        script = self.scripts.get(provider) or ("resolves",)
        before = sum(one.provider == provider and one.suppressions[0].subject == subject for one in self.calls)
        return script[(before + len(subject)) % len(script)]


class KillableSpool:
    """The spool of one process: it counts the process's claims, and fails once the process is killed."""

    def __init__(self, world: SharedState) -> None:
        self.is_severed = False
        self.in_hand: set[int] = set()
        self.works: dict[int, tuple[str, str]] = {}
        """Provider and suppression of each dispatch that was ever claimed."""
        now = world.now
        self._spool = SqliteSpool.open(world.path, clock=lambda: now)

    def __getattr__(self, method: str) -> Callable[..., object]:
        def passed_on(*args: object, **values: object) -> object:
            if self.is_severed and method != "close":
                raise SpoolError("killed")
            result = getattr(self._spool, method)(*args, **values)
            if method == "claim":
                self.works |= {one.id: (one.provider, one.suppression.id) for one in result}
                self.in_hand |= {one.id for one in result}
            if method == "settle":
                self.in_hand -= {one.dispatch.id for one in cast("Sequence[object]", args[0])}  # type: ignore[attr-defined]  # settlements
            return result

        return passed_on


class Adapter:
    """An adapter that acts on ids, and behaves as its script demands."""

    takes_subscriber_ids = True
    batch_size = 1

    def __init__(self, name: str, process: "Process") -> None:
        self.name, self._process = name, process

    def unsubscribe(self, suppression: Suppression) -> Outcome:
        """One call."""
        return self.unsubscribe_batch([suppression])[0]

    def unsubscribe_batch(self, suppressions: Sequence[Suppression]) -> list[Outcome]:
        """One call for all."""
        call = self._process.world.begin(self.name, suppressions, self._process.now)
        self._process.calls.append(call)
        try:
            return self._answer(call)
        finally:
            call.is_running = False

    def _answer(self, call: Call) -> list[Outcome]:
        behaviour, message = call.behaviour, f"call {call.number}"
        self._process.message.text = message
        if behaviour == "hangs":
            self._process.hang(call)
        if isinstance(behaviour, float):
            raise TemporaryFailure(message, retry_after=behaviour)
        if behaviour in ERRORS:
            raise ERRORS[behaviour](message)
        if behaviour in MISTAKES:
            return [cast("Outcome", MISTAKES[behaviour])] * len(call.suppressions)
        outcomes = [_outcome(behaviour, one) for one in call.suppressions]
        return outcomes[1:] if behaviour == "few" and self.batch_size > 1 else outcomes


class Checkable(Adapter):
    """A scripted adapter with a check."""

    def check(self) -> str:
        """Fail as often as the shared state demands."""
        world = self._process.world
        with world.lock:
            world.failing_checks -= world.failing_checks > 0
            if world.failing_checks:
                raise ProviderUnavailable("not yet")
        return "all is well"


class Batched(Adapter):
    """A scripted adapter that takes up to three addresses with one call."""

    takes_subscriber_ids = False
    batch_size = 3


def _outcome(behaviour: str, suppression: Suppression) -> Outcome:
    """The outcome of a success; ids have the address that belongs to them."""
    if behaviour == "resolves":
        return Outcome("unsubscribed", ("7",), recipient=LEARNED.get(suppression.subscriber_id, ""))
    return Outcome(behaviour if behaviour in ANSWERS else "unsubscribed", ("7",))  # type: ignore[arg-type]  # one of three


class _LastMessage(threading.local):
    """The last answer of each thread, as the HTTP client keeps it."""

    text = ""

    def forget_response(self) -> None:
        self.text = ""

    def last_response(self) -> str:
        return self.text


class Process:
    """One process that serves all providers; its clock stands still."""

    def __init__(self, world: SharedState, *, suspect_after: int, concurrency: int) -> None:
        self.world, self.now, self.message = world, world.now, _LastMessage()
        self.calls: list[Call] = []
        self.hanging: list[Call] = []
        self.dispatcher = Dispatcher()
        self.spool = KillableSpool(world)
        self._answering = threading.Event()
        breaker = BreakerSettings(probe_every=PROBE_EVERY, drain_budget=0.0, suspect_after=suspect_after)
        settings = WorkerSettings(concurrency=concurrency, lease=LEASE, poll=0.01, breaker=breaker)
        self.workers = [self._build_worker(name, settings) for name in PROVIDERS]
        for worker in self.workers:
            self.dispatcher.add(worker)

    def _build_worker(self, name: str, settings: WorkerSettings) -> ProviderWorker:
        kinds = dict(zip(PROVIDERS, (Adapter, Checkable, Batched), strict=True))
        executor = CallExecutor(
            kinds[name](name, self), self.message, RetrySchedule(WAITS, lambda: 0.5), lambda: self.now
        )
        return ProviderWorker(
            name,
            executor,
            cast("Spool", self.spool),
            KeptLog(),
            settings,
            clock=lambda: self.now,
            monotonic=lambda: self.now,
            on_end=self.dispatcher.count_ended,
            group=self.dispatcher,
        )

    def hang(self, call: Call) -> None:
        """Wait until the process is killed or the call answered."""
        self.hanging.append(call)
        assert self._answering.wait(2 * PATIENCE), "the call was not let go on"

    def carry_out(self) -> bool:
        """Do all that is due; returns whether it ended, and does not hang."""
        self.dispatcher.start()
        self.dispatcher.drain()
        wait_until(lambda: self.dispatcher.has_ended or self._hangs())
        if not self.dispatcher.has_ended:
            self.dispatcher.stop()
            return False
        self._end()
        return True

    def _hangs(self) -> bool:
        """Whether nothing goes on any more but calls that hang."""
        stuck = {call.provider for call in self.hanging}
        return bool(stuck) and all(worker.name in stuck or worker.is_idle for worker in self.workers)

    def give_back(self) -> None:
        """After a stop: all is given back but what hangs."""
        wait_until(lambda: len(self.spool.in_hand) == sum(len(call.suppressions) for call in self.hanging))

    def kill(self) -> set[int]:
        """Accept no answer any more, and record none that is not recorded yet; returns the calls in flight."""
        self.spool.is_severed = True
        self._lose()
        self._answering.set()
        wait_until(lambda: self.dispatcher.has_ended)
        unkept = {self.spool.works[number] for number in self.spool.in_hand}
        for call in self.calls:
            call.is_lost |= any((call.provider, one.id) in unkept for one in call.suppressions)
        self.spool.close()
        return self.spool.in_hand

    def answer(self) -> None:
        """Let what hangs be answered, late as it is."""
        self._lose()
        for call in self.hanging:
            call.answered_before = len(self.world.calls)
        self._answering.set()
        wait_until(lambda: self.dispatcher.has_ended)
        self._end()

    def _lose(self) -> None:
        for call in self.hanging:
            call.is_lost = True

    def _end(self) -> None:
        assert self.dispatcher.failure is None, self.dispatcher.failure
        assert not self.spool.in_hand
        self.spool.close()
