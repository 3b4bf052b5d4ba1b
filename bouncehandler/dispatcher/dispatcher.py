"""Dispatcher: the workers of all providers, started, notified, drained and stopped together."""

import threading
from collections.abc import Callable, Mapping

from bouncehandler.dispatcher.outcome_log import WorkerCounters
from bouncehandler.dispatcher.worker import ProviderWorker


class Dispatcher:
    """Workers of every configured provider, and the `WorkerGroup` of each.

    `add` workers whose `on_end` is `count_ended`, then `start`.

    Args:
        on_failure: called from the thread of a worker that ended early.
    """

    def __init__(self, on_failure: Callable[[], None] = lambda: None) -> None:
        self._workers: list[ProviderWorker] = []
        self._on_failure = on_failure
        self._running = 0
        self._lock = threading.Lock()
        self._has_one_ended = threading.Event()

    def add(self, worker: ProviderWorker) -> None:
        """Add a worker, before the start."""
        self._workers.append(worker)

    def start(self) -> None:
        """Begin to serve every provider."""
        self._running = len(self._workers)
        for worker in self._workers:
            worker.start()

    def count_ended(self) -> None:
        """Count a worker that has ended."""
        with self._lock:
            self._running -= 1
        self._has_one_ended.set()
        if self.failure:
            self._on_failure()

    def notify(self) -> None:
        """Have every worker look into the spool for new dispatches."""
        for worker in self._workers:
            worker.notify()

    def wake(self) -> None:
        """Have every worker look again, since one has become idle."""
        for worker in self._workers:
            worker.wake()

    def are_idle(self, but: str) -> bool:
        """Whether all workers are idle but the one of that name."""
        return all(worker.is_idle for worker in self._workers if worker.name != but)

    def drain(self) -> None:
        """End every worker as soon as nothing is due there."""
        for worker in self._workers:
            worker.drain()

    def stop(self) -> None:
        """Claim nothing more."""
        for worker in self._workers:
            worker.stop()

    def wait(self, seconds: float) -> bool:
        """Wait until a worker ends, at most so long; returns whether every worker has ended."""
        if not self.has_ended:
            self._has_one_ended.wait(seconds)
            self._has_one_ended.clear()
        return self.has_ended

    @property
    def has_ended(self) -> bool:
        """Whether every worker has ended."""
        with self._lock:
            return self._running <= 0

    @property
    def failure(self) -> Exception | None:
        """The error that ended a worker early; None while all is well."""
        return next((worker.failure for worker in self._workers if worker.failure), None)

    @property
    def heartbeats(self) -> Mapping[str, int]:
        """Rounds of each worker's coordinator thread, by provider: one that stands still hangs."""
        return {worker.name: worker.heartbeat for worker in self._workers}

    @property
    def counters(self) -> Mapping[str, WorkerCounters]:
        """Dispatches of each worker by how they ended so far, by provider."""
        return {worker.name: worker.counters for worker in self._workers}
