"""Worker of one provider: a coordinator thread that claims and settles in groups, and a pool of threads that call."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

from bouncehandler.dispatcher.call_executor import CallExecutor, CallFinished, Probed, Result, Skipped, Unavailable
from bouncehandler.dispatcher.circuit_breaker import CircuitBreaker
from bouncehandler.dispatcher.outcome_log import DispatchLog, OutcomeLogger, WorkerCounters
from bouncehandler.dispatcher.thread_pool import CallThreadPool, Job, split_into_jobs
from bouncehandler.dispatcher.worker_group import WorkerGroup
from bouncehandler.dispatcher.worker_settings import WorkerSettings
from bouncehandler.dispatcher.worker_state import ClockJumpDetector, Mode, WorkerState
from bouncehandler.provider import Checkable, PerCampaign
from bouncehandler.spool import Completed, Released, RetryLater, Settlement, Spool
from bouncehandler.suppression import Dispatch

_BATCH_WAIT = 0.05
"""Seconds that results may gather before they are settled as a group, while the threads have enough to do."""


class ProviderWorker:
    """Serves one provider until it is stopped or, when draining, until nothing more is due.

    Args:
        clock: seconds since the epoch.
        monotonic: seconds of a clock that is never set.
        on_end: called once, from the coordinator thread, when the worker has ended.
        group: the workers of the other providers; None: there are none.
    """

    def __init__(  # noqa: PLR0913  # the parts that a worker connects
        self,
        name: str,
        executor: CallExecutor,
        spool: Spool,
        log: DispatchLog,
        settings: WorkerSettings,
        *,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
        on_end: Callable[[], None] = lambda: None,
        group: WorkerGroup | None = None,
    ) -> None:
        self.name = name
        self.heartbeat = 0
        """Rounds of the coordinator thread, at least two a second: it hangs where the number stands still."""
        self.failure: Exception | None = None
        """The error that ended the worker early: a `SpoolError`, or a bug."""
        self._spool, self._settings = spool, settings
        self._clock, self._monotonic, self._on_end = clock, monotonic, on_end
        self._group = group
        self._state = WorkerState()
        self._clock_jumps = ClockJumpDetector(clock, monotonic)
        self._outcomes = OutcomeLogger(name, log)
        self._breaker = CircuitBreaker(name, spool, self._outcomes, settings.breaker, clock=clock, monotonic=monotonic)
        self._is_checkable = isinstance(executor.adapter, Checkable)
        self._per_campaign = isinstance(executor.adapter, PerCampaign) and executor.adapter.per_campaign
        self._batch_size = executor.batch_size
        self._wake = threading.Event()
        self._pool = CallThreadPool(name, executor, settings.concurrency, settings.rate, monotonic, self._wake)
        self._in_hand: dict[tuple[int, str], Dispatch] = {}
        """Dispatches that are claimed and not settled, by id and claim."""
        self._renew_at = 0.0

    @property
    def counters(self) -> WorkerCounters:
        """Dispatches by how they ended so far."""
        return self._outcomes.counters

    @property
    def is_idle(self) -> bool:
        """Whether nothing is in hand, and nothing is left to claim."""
        return self._state.is_done and not self._in_hand and not self._state.is_probing

    def start(self) -> None:
        """Begin to serve."""
        self._pool.start()
        threading.Thread(target=self._coordinate, name=f"{self.name}-coordinator", daemon=True).start()

    def notify(self) -> None:
        """Look into the spool, since new dispatches may be due."""
        self._state.notify()
        self._wake.set()

    def wake(self) -> None:
        """Look again, since another worker has become idle."""
        self._wake.set()

    def drain(self) -> None:
        """End as soon as nothing is due, or the provider is held."""
        self._state.drain()
        self._wake.set()

    def stop(self) -> None:
        """Claim nothing more, finish the calls in flight, and end."""
        self._state.stop()
        self._pool.pause()
        self._wake.set()

    def _coordinate(self) -> None:
        """Run the coordinator thread: round after round, until the worker is finished."""
        try:
            self._breaker.refresh()
            while not self._is_finished():
                was_idle = self.is_idle
                self.heartbeat += 1
                self._run_round()
                if self._group and self.is_idle and not was_idle:
                    self._group.wake()
                self._wait()
            self._spool.add_counters(self._outcomes.call_metrics.take())
        except Exception as error:  # noqa: BLE001  # kept for the owner of the worker, who ends the process over it
            self.failure = error
            self._pool.pause()
        self._pool.shut_down(waits=self.failure is None)
        self._on_end()

    def _is_finished(self) -> bool:
        if self._state.is_stopping or self._group is None:
            return self.is_idle
        return self.is_idle and self._group.are_idle(but=self.name) and self.is_idle

    def _run_round(self) -> None:
        results = self._pool.take_results()
        self._record_results(results)
        mode = self._switch_mode()
        if mode is not Mode.CALL and not self._state.is_probing:
            results.append(Skipped(self._pool.cancel_pending()))
        settlements = [settlement for result in results for settlement in self._settlements(result)]
        if settlements:
            self._settle(settlements)
        if self._clock_jumps.has_jumped():
            self._state.clock_jumped()
        self._renew_leases()
        if self._state.is_stopping:
            return
        if mode is Mode.PROBE:
            self._probe()
        elif mode is Mode.PAUSE:
            self._wait_out_pause()
        else:
            self._claim_due()

    def _record_results(self, results: Sequence[Result]) -> None:
        for result in results:
            self._outcomes.call_metrics.record_result(result)
            self._breaker.record_result(result, is_probe=self._state.is_probing)
            self._state.is_probing = self._state.is_probing and not isinstance(result, Probed)
        self._outcomes.log_concurrency(self._pool.limit, self._settings.concurrency)

    def _switch_mode(self) -> Mode:
        """Pause or resume the threads, as stop, breaker and pause ask; returns the mode of this round."""
        if self._state.is_stopping:
            mode = Mode.STOP
        elif self._breaker.is_held:
            mode = Mode.PROBE
        else:
            mode = Mode.PAUSE if self._breaker.pause else Mode.CALL
        if mode is Mode.CALL:
            self._pool.resume()
        if mode is not Mode.CALL or self._state.is_stopping:  # the stop may have come in between
            self._pool.pause()
        return mode

    def _settlements(self, result: Result) -> Sequence[Settlement]:
        if isinstance(result, CallFinished):
            return result.settlements
        if isinstance(result, Probed):
            return ()
        changed = result.changed if isinstance(result, Unavailable) else ()
        return [Released(dispatch, changed=changed) for dispatch in result.dispatches]

    def _settle(self, settlements: Sequence[Settlement]) -> None:
        """Store the settlements in one transaction, then log and count them."""
        counters = self._outcomes.call_metrics.take()
        from_now = [self._shorten_wait(one) for one in settlements]
        repeats = self._spool.settle(from_now, per_campaign=self._per_campaign, counters=counters)
        if self._group and any(isinstance(one, Completed) and one.outcome.recipient for one in settlements):
            self._group.notify()  # before these are out of hand: another worker must not end now
        self._outcomes.log_settlements(settlements)
        self._outcomes.log_duplicates(repeats)
        for settlement in settlements:
            self._in_hand.pop((settlement.dispatch.id, settlement.dispatch.claim), None)
        self._state.is_probing = self._state.is_probing and bool(self._in_hand)
        self._state.notify()

    def _shorten_wait(self, settlement: Settlement) -> Settlement:
        """Shorten the wait of a retry by the time since its call ended: the store counts from the settlement.

        Else it would be due a moment after the pause that the provider asked for, and a drain would end in between.
        """
        if not isinstance(settlement, RetryLater):
            return settlement
        since_call = self._clock() - settlement.attempt.started_at - settlement.attempt.seconds
        return replace(settlement, due_in=max(0.0, settlement.due_in - max(0.0, since_call)))

    def _renew_leases(self) -> None:
        """Extend the claims of calls that take long."""
        if self._in_hand and self._monotonic() >= self._renew_at:
            self._spool.extend(list(self._in_hand.values()), self._settings.lease)
            self._renew_at = self._monotonic() + self._settings.lease / 3

    def _wait_out_pause(self) -> None:
        """End a drain rather than wait for a pause in vain."""
        if self._state.is_draining:
            is_vain = self._breaker.has_spent_drain_budget or self._spool.due_in(self.name) is None
            self._state.set_drained(is_drained=is_vain)

    def _is_due(self) -> bool:
        due_in = self._spool.due_in(self.name)
        return due_in is not None and due_in <= 0

    def _claim_due(self) -> None:
        """Claim when at least half of the dispatches in hand is settled, and something may be due."""
        if 2 * len(self._in_hand) > self._settings.max_in_hand(self._batch_size):
            return
        if not (self._state.may_be_due or self._state.is_draining or self._is_due()):
            return
        mark = self._state.begin_claim()
        if self._claim_to_limit():
            return
        if self._breaker.refresh():  # a hold is another reason for finding nothing
            self._wake.set()
        else:
            self._state.found_nothing(mark)

    def _claim_to_limit(self) -> bool:
        """Claim as many as there is room for; when all threads are idle, a few first, for them to begin on."""
        room = self._settings.max_in_hand(self._batch_size) - len(self._in_hand)
        few = self._settings.first_claim(self._batch_size)
        if self._in_hand or room <= few:
            return self._claim(room, self._batch_size)
        has_some = self._claim(few, self._batch_size)
        if len(self._in_hand) == few:
            self._claim(room - few, self._batch_size)
        return has_some

    def _claim(self, room: int, size: int, *, is_probe: bool = False) -> bool:
        """Claim up to `room` dispatches, and submit them as jobs of `size`; returns whether there were any."""
        claimed = self._spool.claim(
            self.name,
            room,
            lease_for=self._settings.lease,
            repeat_after=self._settings.repeat_after,
            per_campaign=self._per_campaign,
            probing=is_probe,
        )
        self._state.may_be_misdated = False
        self._outcomes.log_duplicates(claimed.repeats)
        if not self._in_hand:
            self._renew_at = self._monotonic() + self._settings.lease / 3
        self._in_hand.update(((dispatch.id, dispatch.claim), dispatch) for dispatch in claimed)
        self._state.is_probing = is_probe and bool(claimed)
        for job in split_into_jobs(claimed, size, is_probe=is_probe):
            self._pool.submit(job)
        return bool(claimed)

    def _probe(self) -> None:
        """Probe a held provider: by the adapter's check or, where it has none, by calls."""
        if self._state.is_probing or self._in_hand:
            return
        if not self._breaker.refresh():
            self._state.notify()
            self._wake.set()
        elif self._state.may_be_misdated:
            self._claim(1, 1)  # nothing of a held provider; but it corrects due times of a wrong clock
            self._wake.set()
        elif not (self._may_probe() and self._start_probe()):
            self._state.set_drained(is_drained=True)

    def _may_probe(self) -> bool:
        return not self._state.has_probed and (self._is_checkable or self._is_due()) and self._breaker.claim_probe()

    def _start_probe(self) -> bool:
        """Submit the check, or probe calls; returns False where nothing was there to call with."""
        self._state.begin_probe(is_check=self._is_checkable)
        if not self._is_checkable:
            return self._claim(self._breaker.probe_size, 1, is_probe=True)
        self._pool.submit(Job((), is_probe=True))
        return True

    def _wait(self) -> None:
        """Sleep until there is something to do, and let a few results gather."""
        if not self._is_finished():
            self._wake.wait(self._longest_wait())
            self._pool.wait_for_batch(_BATCH_WAIT)
            self._wake.clear()

    def _longest_wait(self) -> float:
        """Seconds after which to look again without being woken."""
        wait = min(self._settings.poll, self._breaker.pause or self._settings.poll)
        return min(wait, max(0.0, self._renew_at - self._monotonic())) if self._in_hand else wait
