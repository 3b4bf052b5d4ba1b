"""All lanes together: started, told of news, drained, stopped."""

import threading
from collections.abc import Callable, Mapping

from bouncehandler.dispatcher.journal import LaneTally
from bouncehandler.dispatcher.lane import Lane


class Crew:
    """The lanes of every configured provider: `add` lanes that report to `lane_ended`, then `start`.

    Args:
        on_failure: called from the thread of a lane that ended before its time.
    """

    def __init__(self, on_failure: Callable[[], None] = lambda: None) -> None:
        self._lanes: list[Lane] = []
        self._on_failure = on_failure
        self._running = 0
        self._lock = threading.Lock()
        self._news = threading.Event()

    def add(self, lane: Lane) -> None:
        """Put a lane into the crew, before it starts."""
        self._lanes.append(lane)

    def start(self) -> None:
        """Begin to serve every provider."""
        self._running = len(self._lanes)
        for lane in self._lanes:
            lane.start()

    def lane_ended(self) -> None:
        """A lane has come to its end."""
        with self._lock:
            self._running -= 1
        self._news.set()
        if self.failure:
            self._on_failure()

    def notify(self) -> None:
        """Something new is in the spool."""
        for lane in self._lanes:
            lane.notify()

    have_news = notify
    """As a lane says it to its peers."""

    def wake(self) -> None:
        """A lane has come to rest: others may have waited for that."""
        for lane in self._lanes:
            lane.wake()

    def are_at_rest(self, but: str) -> bool:
        """Whether no lane but that one has anything to do."""
        return all(lane.is_at_rest for lane in self._lanes if lane.name != but)

    def drain(self) -> None:
        """Let every lane end as soon as nothing is due there."""
        for lane in self._lanes:
            lane.drain()

    def stop(self) -> None:
        """Claim nothing more."""
        for lane in self._lanes:
            lane.stop()

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
        return next((lane.failure for lane in self._lanes if lane.failure), None)

    @property
    def rounds(self) -> Mapping[str, int]:
        """How often the keeper of each lane went round, by provider: one that stands still hangs."""
        return {lane.name: lane.rounds for lane in self._lanes}

    @property
    def tallies(self) -> Mapping[str, LaneTally]:
        """What each lane has done so far, by provider."""
        return {lane.name: lane.tally for lane in self._lanes}
