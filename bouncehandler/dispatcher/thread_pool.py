"""The threads of one lane that call its provider: jobs go in, results come out, and they can be shut at any moment."""

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
    """Whether to call although the workers are shut; a probe without dispatches is the adapter's own check."""


def jobs(claimed: Sequence[Dispatch], size: int, *, is_probe: bool) -> list[Job]:
    """The calls that dispatches need: one carries a batch of suppressions, or one restoration."""
    fresh = [dispatch for dispatch in claimed if dispatch.restores is None]
    batches = [fresh[at : at + size] for at in range(0, len(fresh), size)]
    batches += [[dispatch] for dispatch in claimed if dispatch.restores is not None]
    return [Job(batch, is_probe) for batch in batches]


class CallThreadPool:
    """As many threads as calls may be in flight.

    Args:
        rate: calls a second; None: as fast as they go.
        wake: set whenever there is a result.
    """

    def __init__(  # noqa: PLR0913, PLR0917  # what they need to work
        self,
        name: str,
        executor: CallExecutor,
        count: int,
        rate: float | None,
        monotonic: Callable[[], float],
        wake: threading.Event,
    ) -> None:
        self._caller, self._wake = executor, wake
        self._few = count // 2
        self._shut = threading.Event()
        self._hurry = threading.Event()
        self._pace = RateLimiter(rate, monotonic, self._shut.wait)
        self._throttle, self._monotonic = ConcurrencyLimiter(count, monotonic), monotonic
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._results: deque[Result] = deque()
        self._bug: BaseException | None = None
        self._threads = [
            threading.Thread(target=self._work, args=(number,), name=f"{name}-{number}", daemon=True)
            for number in range(count)
        ]

    @property
    def limit(self) -> int:
        """Calls that may be in flight now."""
        return self._throttle.limit

    def start(self) -> None:
        """Wait for jobs."""
        for thread in self._threads:
            thread.start()

    def give(self, job: Job) -> None:
        """Have a job done as soon as a thread is free."""
        self._jobs.put(job)

    def cancel_pending(self) -> list[Dispatch]:
        """The dispatches of the jobs that no thread has begun; nobody works on them any more."""
        waiting: list[Dispatch] = []
        try:
            while job := self._jobs.get_nowait():
                waiting += job.dispatches
        except Empty:
            pass
        return waiting

    def results(self) -> list[Result]:
        """What has come back since this was asked last; raises what ended a thread before its time, which is a bug."""
        if self._bug:
            raise RuntimeError(f"a thread of the dispatcher failed: {self._bug!r}") from self._bug
        return [self._results.popleft() for _ in range(len(self._results))]

    def wait_for_batch(self, seconds: float) -> None:
        """Wait so long for more results, unless the threads run out of jobs or a result has to be heeded at once."""
        if self._jobs.qsize() > self._few:
            self._hurry.wait(seconds)
        self._hurry.clear()

    def pause(self) -> None:
        """Call nothing more until `open`: jobs come back undone. What is in flight goes on."""
        self._shut.set()
        self._hurry.set()

    def open(self) -> None:
        """Call again."""
        self._shut.clear()

    def end(self, *, waits: bool) -> None:
        """End the threads as soon as each has done its call; with `waits`, return only then."""
        self._throttle.end()
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads if waits else ():
            thread.join()

    def _work(self, number: int) -> None:
        """What each thread does."""
        try:
            while (job := self._next_job(number)) is not None:
                self._report(self._carry_out(job))
        except BaseException as error:  # noqa: BLE001  # kept for the keeper: who waits for this job must not wait for ever
            self._bug = error
            self._wake.set()

    def _next_job(self, number: int) -> Job | None:
        """The next one for the thread of this number; of too many threads the last ones wait. None: it was the last."""
        while True:
            self._throttle.wait(number)
            job = self._jobs.get()
            if job is None or self._throttle.admits(number):
                return job
            self._jobs.put(job)  # the limit was lowered while this thread waited for a job

    def _report(self, result: Result) -> None:
        """Leave a result for the keeper, and wake it where that can't wait."""
        self._results.append(result)
        if isinstance(result, Unavailable) or (isinstance(result, CallFinished) and result.pause):
            self.pause()  # at once: the others need not learn it one by one
        elif self._jobs.qsize() <= self._few or (isinstance(result, CallFinished) and result.failure):
            self._hurry.set()
        if not self._wake.is_set():
            self._wake.set()

    def _carry_out(self, job: Job) -> Result:
        if job.is_probe:
            return self._caller.call(job.dispatches) if job.dispatches else self._caller.check()
        if self._shut.is_set() or not self._pace.wait():
            return Skipped(job.dispatches)
        started = self._monotonic()
        result = self._caller.call(job.dispatches)
        self._throttle.learn(
            started, is_refused=isinstance(result, CallFinished) and bool(result.pause or result.failure)
        )
        return result
