"""A provider's rate is kept, evenly, by any number of threads."""

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest

from bouncehandler.dispatcher.rate_limiter import RateLimiter


class Clock:
    """A clock that moves only during waits."""

    def __init__(self) -> None:
        self.now = 100.0
        self.gives_up = False
        self.waits: list[float] = []

    def monotonic(self) -> float:
        """Seconds."""
        return self.now

    def pause(self, seconds: float) -> bool:
        """Let time pass; returns whether waiting was ended."""
        self.waits.append(seconds)
        if not self.gives_up:
            self.now += seconds
        return self.gives_up


def turns(pace: RateLimiter, time: Clock, count: int) -> list[float]:
    """Times at which so many calls are allowed, one after the other."""
    moments = []
    for _ in range(count):
        assert pace.wait()
        moments.append(time.now)
    return moments


def test_calls_are_evenly_spaced() -> None:
    """At 4 a second each call comes a quarter of a second after the one before, the first at once."""
    time = Clock()
    assert turns(RateLimiter(4.0, time.monotonic, time.pause), time, 5) == [100.0, 100.25, 100.5, 100.75, 101.0]


def test_quiet_times_are_not_made_up_for() -> None:
    """After a silence calls come no faster than before: no burst."""
    time = Clock()
    pace = RateLimiter(2.0, time.monotonic, time.pause)
    turns(pace, time, 2)
    time.now += 60
    assert [b - a for a, b in pairwise(turns(pace, time, 4))] == [0.5, 0.5, 0.5]


def test_no_rate_no_wait() -> None:
    """Without a rate no thread waits, and no clock is asked."""
    pace = RateLimiter(None, lambda: pytest.fail("asked for the time"), lambda _: pytest.fail("waited"))
    assert all(pace.wait() for _ in range(100))


def test_giving_up_leaves_the_turn_to_others() -> None:
    """Turns that were given up are used by later calls."""
    time = Clock()
    pace = RateLimiter(0.1, time.monotonic, time.pause)
    turns(pace, time, 1)
    time.gives_up = True
    assert [pace.wait() for _ in range(8)] == [False] * 8
    time.gives_up = False
    assert turns(pace, time, 2) == [110.0, 120.0]


def test_threads_share_one_rate() -> None:
    """Threads that ask at the same time get different turns, however many they are."""
    lock, waits = threading.Lock(), []

    def pause(seconds: float) -> bool:
        with lock:
            waits.append(seconds)
        return False

    pace = RateLimiter(10.0, lambda: 50.0, pause)
    with ThreadPoolExecutor(16) as threads:
        list(threads.map(lambda _: pace.wait(), range(64)))
    assert sorted(waits) == pytest.approx([number / 10 for number in range(64)])
