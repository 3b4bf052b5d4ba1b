"""One provider's lane: a keeper thread that claims and settles in groups, and worker threads that call."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

from bouncehandler.dispatcher.calls import Back, Caller, Probed, Result, Settled
from bouncehandler.dispatcher.health import Health, HealthSettings
from bouncehandler.dispatcher.journal import Journal, LaneTally, Log
from bouncehandler.dispatcher.pace import Pace
from bouncehandler.provider import Checkable, PerCampaign
from bouncehandler.spool import Returned, Settlement, Spool
from bouncehandler.suppression import Dispatch

_LINGER = 0.005
"""Seconds that results may gather before they are settled as a group, while the workers have enough to do."""


@dataclass(frozen=True, slots=True)
class LaneSettings:
    """How one provider is served; times in seconds."""

    concurrency: int = 8
    """Calls in flight."""
    rate: float | None = None
    """Calls a second; None: as fast as they go."""
    repeat_after: float = 24 * 3600.0
    """A recipient unsubscribed less long ago is not unsubscribed again."""
    lease: float = 60.0
    """How long a claim holds without being renewed: the delay that a crash costs."""
    poll: float = 0.5
    """Between two looks for what other processes put into the spool."""
    health: HealthSettings = field(default_factory=HealthSettings)


class _Probe:
    """A job: prove that the provider is back."""


class Lane:
    """Serves one provider until told to stop, or, when draining, until nothing more is due.

    Args:
        clock: seconds since the epoch.
        monotonic: seconds of a clock that is never set.
        ended: called once, from the lane's own thread, when it has come to its end.
    """

    def __init__(  # noqa: PLR0913  # what a lane connects
        self,
        name: str,
        caller: Caller,
        spool: Spool,
        log: Log,
        settings: LaneSettings,
        *,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
        ended: Callable[[], None] = lambda: None,
    ) -> None:
        self.name = name
        self.failure: Exception | None = None
        """What ended the lane before its time: a `SpoolError`, or a bug."""
        self._caller, self._spool, self._settings = caller, spool, settings
        self._clock, self._monotonic, self._ended = clock, monotonic, ended
        self._journal = Journal(name, log)
        self._health = Health(name, spool, self._journal, settings.health, clock=clock, monotonic=monotonic)
        self._per_campaign = isinstance(caller.adapter, PerCampaign) and caller.adapter.per_campaign
        self._most_in_hand = (2 * settings.concurrency + 8) * caller.batch_size
        self._stopping = threading.Event()
        self._pace = Pace(settings.rate, monotonic, self._stopping.wait)
        self._jobs: SimpleQueue[list[Dispatch] | _Probe | None] = SimpleQueue()
        self._results: deque[Result] = deque()
        self._wake = threading.Event()
        self._in_hand: dict[int, Dispatch] = {}
        self._renew_at = 0.0
        self._may_be_due = True
        self._is_draining = self._is_drained = self._is_probing = False

    @property
    def tally(self) -> LaneTally:
        """What this lane has done so far."""
        return self._journal.tally

    def start(self) -> None:
        """Begin to serve."""
        threading.Thread(target=self._keep, name=f"{self.name}-keeper", daemon=True).start()
        for number in range(self._settings.concurrency):
            threading.Thread(target=self._work, name=f"{self.name}-{number}", daemon=True).start()

    def notify(self) -> None:
        """Something new is in the spool."""
        self._may_be_due = True
        self._wake.set()

    def drain(self) -> None:
        """End as soon as nothing is due, or the provider is held."""
        self._is_draining = True
        self.notify()

    def stop(self) -> None:
        """Claim nothing more, finish what is in flight, and end."""
        self._stopping.set()
        self._wake.set()

    def _work(self) -> None:
        """What each worker thread does."""
        while (job := self._jobs.get()) is not None:
            if isinstance(job, _Probe):
                self._results.append(self._caller.check())
            elif self._pace.wait():
                self._results.append(self._caller.call(job))
            else:
                self._results.append(Back(job))
            self._wake.set()

    def _keep(self) -> None:
        """What the keeper thread does."""
        try:
            self._health.refresh()
            while not self._is_finished():
                self._settle()
                self._renew()
                self._fill()
                self._rest()
        except Exception as error:  # noqa: BLE001  # kept for the owner of the lane, who ends the process over it
            self.failure = error
            self._stopping.set()
        for _ in range(self._settings.concurrency):
            self._jobs.put(None)
        self._ended()

    def _is_finished(self) -> bool:
        if self._in_hand or self._is_probing or self._results:
            return False
        return self._stopping.is_set() or self._is_drained

    def _settle(self) -> None:
        """Write down what the workers brought back, as one group, and draw the conclusions."""
        results = [self._results.popleft() for _ in range(len(self._results))]
        settlements = [settlement for result in results for settlement in self._settlements(result)]
        if settlements:
            self._spool.settle(settlements, self._clock(), per_campaign=self._per_campaign)
            self._journal.settled(settlements)
        for settlement in settlements:
            del self._in_hand[settlement.dispatch.id]
        for result in results:
            self._may_be_due, self._is_drained = True, False
            self._is_probing = self._is_probing and not isinstance(result, Probed)
            if self._health.learn(result):
                self._give_back_waiting()

    def _settlements(self, result: Result) -> Sequence[Settlement]:
        if isinstance(result, Settled):
            return result.settlements
        if isinstance(result, Probed):
            return ()
        now = self._clock()
        return [Returned(dispatch, now) for dispatch in result.dispatches]

    def _give_back_waiting(self) -> None:
        """Take from the workers what none has begun."""
        waiting: list[Dispatch] = []
        try:
            while True:
                job = self._jobs.get_nowait()
                waiting += job if isinstance(job, list) else []
                self._is_probing = self._is_probing and not isinstance(job, _Probe)
        except Empty:
            pass
        if waiting:
            self._results.append(Back(waiting))

    def _renew(self) -> None:
        """Keep the claims of calls that take long."""
        if self._in_hand and self._monotonic() >= self._renew_at:
            self._spool.extend(list(self._in_hand.values()), self._clock() + self._settings.lease)
            self._renew_at = self._monotonic() + self._settings.lease / 3

    def _fill(self) -> None:
        """Claim, when there is room and something may be due."""
        if self._stopping.is_set():
            self._give_back_waiting()
        elif self._health.is_held:
            self._probe()
        elif self._health.pause:
            self._is_drained = self._is_draining and self._health.is_out_of_patience
        elif 2 * len(self._in_hand) <= self._most_in_hand and (self._may_be_due or self._is_due() or self._is_draining):
            self._claim(self._most_in_hand - len(self._in_hand))

    def _is_due(self) -> bool:
        due_at = self._spool.next_due_at(self.name)
        return due_at is not None and due_at <= self._clock()

    def _claim(self, room: int, *, probing: bool = False) -> None:
        is_draining = self._is_draining
        self._may_be_due = False
        now = self._clock()
        claimed = self._spool.claim(
            self.name,
            room,
            now=now,
            until=now + self._settings.lease,
            repeat_after=self._settings.repeat_after,
            per_campaign=self._per_campaign,
            probing=probing,
        )
        if not self._in_hand:
            self._renew_at = self._monotonic() + self._settings.lease / 3
        size = self._caller.batch_size
        self._in_hand.update((dispatch.id, dispatch) for dispatch in claimed)
        for at in range(0, len(claimed), size):
            self._jobs.put(claimed[at : at + size])
        if not claimed:
            self._is_drained = is_draining and not self._health.refresh()

    def _probe(self) -> None:
        """See whether a held provider is back: its check, or, for want of one, a single call."""
        if not self._health.refresh():
            self._may_be_due = True
            return
        if self._is_probing or self._in_hand:
            return
        if not self._health.takes_probe():
            self._is_drained = self._is_draining
        elif isinstance(self._caller.adapter, Checkable):
            self._is_probing = True
            self._jobs.put(_Probe())
        else:
            self._claim(self._caller.batch_size, probing=True)

    def _rest(self) -> None:
        """Sleep until something happens, and let a few results gather."""
        if self._is_finished():
            return
        self._wake.wait(self._longest_rest())
        self._wake.clear()
        if self._jobs.qsize() > self._settings.concurrency // 2:
            self._stopping.wait(_LINGER)

    def _longest_rest(self) -> float:
        """Seconds after which to look even if nobody wakes us."""
        if self._results or (self._may_be_due and not self._in_hand and not self._health.is_held):
            return min(self._health.pause, self._settings.poll)
        return self._settings.poll
