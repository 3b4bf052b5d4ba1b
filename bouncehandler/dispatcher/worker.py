"""One provider's lane: a keeper thread that claims and settles in groups, and worker threads that call."""

import threading
from collections.abc import Callable, Sequence

from bouncehandler.dispatcher.call_executor import CallExecutor, CallFinished, Probed, Result, Skipped, Unavailable
from bouncehandler.dispatcher.circuit_breaker import CircuitBreaker
from bouncehandler.dispatcher.clock_jumps import ClockJumpDetector
from bouncehandler.dispatcher.outcome_log import DispatchLog, OutcomeLogger, WorkerCounters
from bouncehandler.dispatcher.thread_pool import CallThreadPool, Job, jobs
from bouncehandler.dispatcher.worker_group import NoGroup, WorkerGroup
from bouncehandler.dispatcher.worker_settings import WorkerSettings
from bouncehandler.provider import Checkable, PerCampaign
from bouncehandler.spool import Completed, Released, Settlement, Spool
from bouncehandler.suppression import Dispatch

_LINGER = 0.05
"""Seconds that results may gather before they are settled as a group, while the workers have enough to do."""

_AHEAD = 16
"""Dispatches in hand for each worker: each commit waits for the disk, which may be busy, and meanwhile they call."""

_FEW = 64
"""Dispatches that are claimed in a few milliseconds."""

_MOST = 1024
"""Dispatches in hand of a lane with very many workers: a crash delays so many by a lease."""


class ProviderWorker:
    """Serves one provider until told to stop, or, when draining, until nothing more is due.

    Args:
        clock: seconds since the epoch.
        monotonic: seconds of a clock that is never set.
        ended: called once, from the lane's own thread, when it has come to its end.
        peers: the other lanes.
    """

    def __init__(  # noqa: PLR0913  # what a lane connects
        self,
        name: str,
        executor: CallExecutor,
        spool: Spool,
        log: DispatchLog,
        settings: WorkerSettings,
        *,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
        ended: Callable[[], None] = lambda: None,
        group: WorkerGroup | None = None,
    ) -> None:
        self.name = name
        self._peers: WorkerGroup = group or NoGroup()
        self._news = 0
        """How often somebody said that something new may be due."""
        self.heartbeat = 0
        """How often the keeper went round: twice a second at least, so whoever stays at a number hangs."""
        self.failure: Exception | None = None
        """What ended the lane before its time: a `SpoolError`, or a bug."""
        self._spool, self._settings = spool, settings
        self._clock, self._monotonic, self._ended = clock, monotonic, ended
        self._steps = ClockJumpDetector(clock, monotonic)
        self._journal = OutcomeLogger(name, log)
        self._health = CircuitBreaker(name, spool, self._journal, settings.breaker, clock=clock, monotonic=monotonic)
        self._is_checkable = isinstance(executor.adapter, Checkable)
        self._per_campaign = isinstance(executor.adapter, PerCampaign) and executor.adapter.per_campaign
        self._batch_size = executor.batch_size
        batches = max(2 * settings.concurrency, min(_AHEAD * settings.concurrency, _MOST) // self._batch_size)
        self._most_in_hand = batches * self._batch_size
        self._wake = threading.Event()
        self._workers = CallThreadPool(name, executor, settings.concurrency, settings.rate, monotonic, self._wake)
        self._stopping = threading.Event()
        self._in_hand: dict[tuple[int, str], Dispatch] = {}
        self._renew_at = 0.0
        self._may_be_due = True
        self._may_be_ahead = True
        """Whether something may wait by a clock that was set back since; also when it was set before this began."""
        self._may_call = True
        self._is_draining = self._is_drained = self._is_probing = False
        self._was_tried = False
        """Whether a held provider was tried since the drain began: a check can take longer than `probe_every`."""

    @property
    def tally(self) -> WorkerCounters:
        """What this lane has done so far."""
        return self._journal.tally

    def start(self) -> None:
        """Begin to serve."""
        self._workers.start()
        threading.Thread(target=self._keep, name=f"{self.name}-keeper", daemon=True).start()

    @property
    def is_idle(self) -> bool:
        """Whether it is draining and has nothing to do."""
        return not self._in_hand and not self._is_probing and self._is_drained

    def notify(self) -> None:
        """Something new is in the spool."""
        self._news += 1
        self._may_be_due, self._is_drained = True, False
        self._wake.set()

    def wake(self) -> None:
        """A peer has come to rest."""
        self._wake.set()

    def drain(self) -> None:
        """End as soon as nothing is due, or the provider is held."""
        self._is_draining = True
        self.notify()

    def stop(self) -> None:
        """Claim nothing more, finish what is in flight, and end."""
        self._stopping.set()
        self._workers.pause()
        self._wake.set()

    def _keep(self) -> None:
        """What the keeper thread does."""
        try:
            self._health.refresh()
            while not self._is_finished():
                was_at_rest = self.is_idle
                self.heartbeat += 1
                self._settle()
                self._heed_clock()
                self._renew()
                self._fill()
                if self.is_idle and not was_at_rest:
                    self._peers.wake()
                self._rest()
            self._spool.add_counters(self._journal.call_metrics.take())
        except Exception as error:  # noqa: BLE001  # kept for the owner of the lane, who ends the process over it
            self.failure = error
            self._workers.pause()
        self._workers.end(waits=self.failure is None)
        self._ended()

    def _is_finished(self) -> bool:
        if self._stopping.is_set():
            return not self._in_hand and not self._is_probing
        return self.is_idle and self._peers.are_idle(but=self.name) and self.is_idle

    def _settle(self) -> None:
        """Draw the conclusions from what the workers brought back, and write it down as one group."""
        results = self._workers.results()
        for result in results:
            self._journal.call_metrics.learn(result)
            self._health.learn(result, is_probe=self._is_probing)
            self._is_probing = self._is_probing and not isinstance(result, Probed)
        self._journal.in_flight(self._workers.limit, self._settings.concurrency)
        self._open_or_shut()
        if not self._may_call and not self._is_probing:
            results.append(Skipped(self._workers.cancel_pending()))
        settlements = [settlement for result in results for settlement in self._settlements(result)]
        if settlements:
            self._write_down(settlements)

    def _open_or_shut(self) -> None:
        """Let the workers call, or not."""
        self._may_call = not (self._stopping.is_set() or self._health.is_held or self._health.pause)
        if self._may_call:
            self._workers.open()
        if not self._may_call or self._stopping.is_set():  # which may have come in between
            self._workers.pause()

    def _settlements(self, result: Result) -> Sequence[Settlement]:
        if isinstance(result, CallFinished):
            return result.settlements
        if isinstance(result, Probed):
            return ()
        changed = result.changed if isinstance(result, Unavailable) else ()
        return [Released(dispatch, changed=changed) for dispatch in result.dispatches]

    def _write_down(self, settlements: Sequence[Settlement]) -> None:
        counters = self._journal.call_metrics.take()
        repeats = self._spool.settle(settlements, per_campaign=self._per_campaign, counters=counters)
        if any(isinstance(one, Completed) and one.outcome.recipient for one in settlements):
            self._peers.notify()  # before these are out of hand: a peer must not end now
        self._journal.settled(settlements)
        self._journal.repeated(repeats)
        for settlement in settlements:
            self._in_hand.pop((settlement.dispatch.id, settlement.dispatch.claim), None)
        self._is_probing = self._is_probing and bool(self._in_hand)
        self._may_be_due, self._is_drained = True, False

    def _heed_clock(self) -> None:
        """Look anew once the clock was set: what was ahead may be due, or be as far ahead as the clock was set back."""
        if self._steps.has_jumped():
            self._may_be_due = self._may_be_ahead = True

    def _renew(self) -> None:
        """Keep the claims of calls that take long."""
        if self._in_hand and self._monotonic() >= self._renew_at:
            self._spool.extend(list(self._in_hand.values()), self._settings.lease)
            self._renew_at = self._monotonic() + self._settings.lease / 3

    def _fill(self) -> None:
        """Claim, when there is room and something may be due."""
        if self._stopping.is_set():
            return
        if self._health.is_held:
            self._probe()
        elif not self._may_call:
            self._is_drained = self._is_draining and self._waits_in_vain()
        elif 2 * len(self._in_hand) <= self._most_in_hand and (self._may_be_due or self._is_draining or self._is_due()):
            self._claim()

    def _waits_in_vain(self) -> bool:
        """Whether a drain should not wait for the end of a pause."""
        return self._health.has_spent_drain_budget or self._spool.due_in(self.name) is None

    def _is_due(self) -> bool:
        due_in = self._spool.due_in(self.name)
        return due_in is not None and due_in <= 0

    def _claim(self) -> None:
        is_draining, news = self._is_draining, self._news  # before looking: what is recorded later may be missed
        self._may_be_due = False
        if self._take_all():
            return
        if self._health.refresh():  # which also explains why there was nothing
            self._wake.set()
        else:
            self._is_drained = is_draining and news == self._news

    def _take_all(self) -> bool:
        """Claim what there is room for; where nobody works, a few first, on which all begin meanwhile."""
        room = self._most_in_hand - len(self._in_hand)
        few = max(_FEW // self._batch_size, self._settings.concurrency) * self._batch_size  # full batches
        if self._in_hand or room <= few:
            return self._take(room, self._batch_size)
        has_some = self._take(few, self._batch_size)
        if len(self._in_hand) == few:
            self._take(room - few, self._batch_size)
        return has_some

    def _take(self, room: int, size: int, *, is_probe: bool = False) -> bool:
        """Claim up to `room` dispatches, and give them to the workers in jobs of `size`; returns whether any."""
        claimed = self._spool.claim(
            self.name,
            room,
            lease_for=self._settings.lease,
            repeat_after=self._settings.repeat_after,
            per_campaign=self._per_campaign,
            probing=is_probe,
        )
        self._may_be_ahead = False
        self._journal.repeated(claimed.repeats)
        if not self._in_hand:
            self._renew_at = self._monotonic() + self._settings.lease / 3
        self._in_hand.update(((dispatch.id, dispatch.claim), dispatch) for dispatch in claimed)
        self._is_probing = is_probe and bool(claimed)
        for job in jobs(claimed, size, is_probe=is_probe):
            self._workers.give(job)
        return bool(claimed)

    def _probe(self) -> None:
        """See whether a held provider is back: by its check, or, for want of one, by calls."""
        if self._is_probing or self._in_hand:
            return
        if not self._health.refresh():
            self._may_be_due = True
            self._wake.set()
        elif self._may_be_ahead:
            self._take(1, 1)  # nothing of a held provider; but what waits by a wrong clock is made due by it
            self._wake.set()
        elif self._was_tried or not (self._is_checkable or self._is_due()) or not self._health.takes_probe():
            self._is_drained = self._is_draining
        else:
            self._was_tried = self._is_draining
            self._try()

    def _try(self) -> None:
        """Make the check, or calls, by which it is seen whether the provider is back."""
        if self._is_checkable:
            self._is_probing = True
            self._workers.give(Job((), is_probe=True))
        elif not self._take(self._health.probe_size, 1, is_probe=True):
            self._is_drained = self._is_draining

    def _rest(self) -> None:
        """Sleep until something happens, and let a few results gather."""
        if not self._is_finished():
            self._wake.wait(self._longest_rest())
            self._workers.wait_for_batch(_LINGER)
            self._wake.clear()

    def _longest_rest(self) -> float:
        """Seconds after which to look even if nobody wakes us."""
        rest = min(self._settings.poll, self._health.pause or self._settings.poll)
        return min(rest, max(0.0, self._renew_at - self._monotonic())) if self._in_hand else rest
