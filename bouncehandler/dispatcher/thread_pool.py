"""Threads of one worker that call its provider: jobs go in, results come out, and calling can be paused at any time."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue

from bouncehandler.dispatcher.call_executor import CallExecutor, CallFinished, Result, Skipped, Unavailable
from bouncehandler.dispatcher.concurrency_limiter import ConcurrencyLimiter
from bouncehandler.dispatcher.rate_limiter import RateLimiter
from bouncehandler.suppression import Dispatch


@dataclass(frozen=True, slots=True)
class Job:
    """One call."""

    dispatches: Sequence[Dispatch]
    is_probe: bool = False
    """Whether to call although the threads are paused; a probe without dispatches is the adapter's own check."""


def split_into_jobs(claimed: Sequence[Dispatch], size: int, *, is_probe: bool) -> list[Job]:
    """Group dispatches into calls: one carries a batch of suppressions, or one restoration."""
    fresh = [dispatch for dispatch in claimed if dispatch.restores is None]
    batches = [fresh[start : start + size] for start in range(0, len(fresh), size)]
    batches += [[dispatch] for dispatch in claimed if dispatch.restores is not None]
    return [Job(batch, is_probe) for batch in batches]


class CallThreadPool:
    """Pool of as many threads as calls may be in flight.

    Args:
        rate: calls a second; None: as fast as they go.
        wake: set whenever there is a result.
    """

    def __init__(  # noqa: PLR0913, PLR0917  # the parts that the threads need
        self,
        name: str,
        executor: CallExecutor,
        count: int,
        rate: float | None,
        monotonic: Callable[[], float],
        wake: threading.Event,
    ) -> None:
        self._executor, self._wake, self._monotonic = executor, wake, monotonic
        self._few = count // 2
        """Waiting jobs at which new ones should be claimed at once."""
        self._paused = threading.Event()
        self._is_urgent = threading.Event()
        self._rate_limiter = RateLimiter(rate, monotonic, self._paused.wait)
        self._limiter = ConcurrencyLimiter(count, monotonic)
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._results: deque[Result] = deque()
        self._failure: BaseException | None = None
        self._threads = [
            threading.Thread(target=self._run, args=(number,), name=f"{name}-{number}", daemon=True)
            for number in range(count)
        ]

    @property
    def limit(self) -> int:
        """Calls that may be in flight now."""
        return self._limiter.limit

    def start(self) -> None:
        """Start the threads, which wait for jobs."""
        for thread in self._threads:
            thread.start()

    def submit(self, job: Job) -> None:
        """Queue a job for the next free thread."""
        self._jobs.put(job)

    def cancel_pending(self) -> list[Dispatch]:
        """Remove the jobs that no thread has begun; returns their dispatches."""
        cancelled: list[Dispatch] = []
        try:
            while job := self._jobs.get_nowait():
                cancelled += job.dispatches
        except Empty:
            pass
        return cancelled

    def take_results(self) -> list[Result]:
        """Remove and return the results so far. Raises RuntimeError where a thread ended early, which is a bug."""
        if self._failure:
            raise RuntimeError(f"a thread of the dispatcher failed: {self._failure!r}") from self._failure
        return [self._results.popleft() for _ in range(len(self._results))]

    def wait_for_batch(self, seconds: float) -> None:
        """Wait so long for more results, unless the threads run out of jobs or a result is urgent."""
        if self._jobs.qsize() > self._few:
            self._is_urgent.wait(seconds)
        self._is_urgent.clear()

    def pause(self) -> None:
        """Begin no call until `resume`: jobs come back undone. Calls in flight go on."""
        self._paused.set()
        self._is_urgent.set()

    def resume(self) -> None:
        """Begin calls again."""
        self._paused.clear()

    def shut_down(self, *, waits: bool) -> None:
        """End each thread after its current call; with `waits`, return only then."""
        self._limiter.release_all()
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads if waits else ():
            thread.join()

    def _run(self, number: int) -> None:
        try:
            while (job := self._next_job(number)) is not None:
                self._report(self._execute(job))
        except BaseException as error:  # noqa: BLE001  # kept for the coordinator, which would wait for this job for ever
            self._failure = error
            self._wake.set()

    def _next_job(self, number: int) -> Job | None:
        """Wait for a job for the thread of this number; threads above the limit wait. None: there are no more."""
        while True:
            self._limiter.wait(number)
            job = self._jobs.get()
            if job is None or self._limiter.admits(number):
                return job
            self._jobs.put(job)  # the limit was lowered while this thread waited for a job

    def _report(self, result: Result) -> None:
        """Queue a result for the coordinator, and wake it where the result is urgent."""
        self._results.append(result)
        if isinstance(result, Unavailable) or (isinstance(result, CallFinished) and result.pause):
            self.pause()  # at once, so that the other threads do not meet the same one by one
        elif self._jobs.qsize() <= self._few or (isinstance(result, CallFinished) and result.failure):
            self._is_urgent.set()
        if not self._wake.is_set():
            self._wake.set()

    def _execute(self, job: Job) -> Result:
        if job.is_probe:
            return self._executor.call(job.dispatches) if job.dispatches else self._executor.check()
        if self._paused.is_set() or not self._rate_limiter.wait():
            return Skipped(job.dispatches)
        started = self._monotonic()
        result = self._executor.call(job.dispatches)
        is_refused = isinstance(result, CallFinished) and bool(result.pause or result.failure)
        self._limiter.record_call(started, is_refused=is_refused)
        return result
