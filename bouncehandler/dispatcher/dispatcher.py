"""All lanes together: started, told of news, drained, stopped."""

import threading
from collections.abc import Callable, Mapping

from bouncehandler.dispatcher.outcome_log import WorkerCounters
from bouncehandler.dispatcher.worker import ProviderWorker


class Dispatcher:
    """The lanes of every configured provider: `add` lanes that report to `worker_ended`, then `start`.

    Args:
        on_failure: called from the thread of a lane that ended before its time.
    """

    def __init__(self, on_failure: Callable[[], None] = lambda: None) -> None:
        self._lanes: list[ProviderWorker] = []
        self._on_failure = on_failure
        self._running = 0
        self._lock = threading.Lock()
        self._news = threading.Event()

    def add(self, worker: ProviderWorker) -> None:
        """Put a lane into the crew, before it starts."""
        self._lanes.append(worker)

    def start(self) -> None:
        """Begin to serve every provider."""
        self._running = len(self._lanes)
        for worker in self._lanes:
            worker.start()

    def worker_ended(self) -> None:
        """A lane has come to its end."""
        with self._lock:
            self._running -= 1
        self._news.set()
        if self.failure:
            self._on_failure()

    def notify(self) -> None:
        """Something new is in the spool."""
        for worker in self._lanes:
            worker.notify()

    notify = notify
    """As a lane says it to its peers."""

    def wake(self) -> None:
        """A lane has come to rest: others may have waited for that."""
        for worker in self._lanes:
            worker.wake()

    def are_idle(self, but: str) -> bool:
        """Whether no lane but that one has anything to do."""
        return all(worker.is_idle for worker in self._lanes if worker.name != but)

    def drain(self) -> None:
        """Let every lane end as soon as nothing is due there."""
        for worker in self._lanes:
            worker.drain()

    def stop(self) -> None:
        """Claim nothing more."""
        for worker in self._lanes:
            worker.stop()

    def wait(self, seconds: float) -> bool:
        """Wait until a lane ends, at most so long; returns whether every lane has ended."""
        if not self.has_ended:
            self._news.wait(seconds)
            self._news.clear()
        return self.has_ended

    @property
    def has_ended(self) -> bool:
        """Whether every lane has come to its end."""
        with self._lock:
            return self._running <= 0

    @property
    def failure(self) -> Exception | None:
        """What ended a lane before its time; None while all is well."""
        return next((worker.failure for worker in self._lanes if worker.failure), None)

    @property
    def heartbeat(self) -> Mapping[str, int]:
        """How often the keeper of each lane went round, by provider: one that stands still hangs."""
        return {worker.name: worker.heartbeat for worker in self._lanes}

    @property
    def tallies(self) -> Mapping[str, WorkerCounters]:
        """What each lane has done so far, by provider."""
        return {worker.name: worker.tally for worker in self._lanes}
