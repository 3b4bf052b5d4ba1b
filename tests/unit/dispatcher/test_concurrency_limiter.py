"""How many calls are in flight: fewer while a provider is slow or refuses, all again when it has recovered."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bouncehandler.dispatcher.concurrency_limiter import ConcurrencyLimiter
from tests.fakes.server import PATIENCE


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        """Seconds."""
        return self.now


def calls(limiter: ConcurrencyLimiter, clock: Clock, count: int, seconds: float, *, is_refused: bool = False) -> None:
    """So many calls, as many side by side as may be, that take so long each."""
    while count > 0:
        started, some = clock.now, min(count, limiter.limit)
        clock.now += seconds
        for _ in range(some):
            limiter.record_call(started, is_refused=is_refused)
        count -= some


@pytest.fixture
def clock() -> Clock:
    """A clock at 100 s."""
    return Clock()


@pytest.fixture
def limiter(clock: Clock) -> ConcurrencyLimiter:
    """32 calls at most, which take 20 ms so far."""
    limiter = ConcurrencyLimiter(32, clock.monotonic)
    calls(limiter, clock, 1000, 0.02)
    assert limiter.limit == 32
    return limiter


def test_all_from_the_beginning() -> None:
    """A configured number of connections is reached."""
    assert ConcurrencyLimiter(32, Clock().monotonic).limit == 32


def test_a_slow_provider_is_eased(limiter: ConcurrencyLimiter, clock: Clock) -> None:
    """Ten times as slow as it was: an eighth of the calls, in a few rounds, and never less for slowness alone."""
    calls(limiter, clock, 300, 0.2)
    assert limiter.limit == 4
    calls(limiter, clock, 10, 0.2)
    assert limiter.limit == 4


def test_it_recovers(limiter: ConcurrencyLimiter, clock: Clock) -> None:
    """When it is quick again, all come back, round by round."""
    calls(limiter, clock, 300, 0.2)
    calls(limiter, clock, 8, 0.02)
    assert 4 < limiter.limit < 32
    calls(limiter, clock, 500, 0.02)
    assert limiter.limit == 32


def test_lasting_slowness_becomes_the_baseline(limiter: ConcurrencyLimiter, clock: Clock) -> None:
    """A provider that stays slow for minutes gets its calls all the same."""
    calls(limiter, clock, 300, 0.2)
    until = clock.now + 300
    while clock.now < until:
        calls(limiter, clock, 4, 0.2)
    assert limiter.limit == 32


@pytest.mark.parametrize("seconds", [0.021, 0.04, 0.08])
def test_small_differences_are_nothing(limiter: ConcurrencyLimiter, clock: Clock, seconds: float) -> None:
    """Milliseconds more are no load."""
    calls(limiter, clock, 1000, seconds)
    assert limiter.limit == 32


def test_one_slow_call_is_nothing(limiter: ConcurrencyLimiter, clock: Clock) -> None:
    """The median duration of a round counts, not a single slow call."""
    for _ in range(50):
        calls(limiter, clock, 31, 0.02)
        limiter.record_call(clock.now - 10, is_refused=False)
    assert limiter.limit == 32


def test_refusals(limiter: ConcurrencyLimiter, clock: Clock) -> None:
    """Each group of refusals halves the calls, down to one; those that were under way already count as one."""
    calls(limiter, clock, 32, 0.02, is_refused=True)
    assert limiter.limit == 16
    calls(limiter, clock, 16, 0.02, is_refused=True)
    assert limiter.limit == 8
    calls(limiter, clock, 100, 0.02, is_refused=True)
    assert limiter.limit == 1
    calls(limiter, clock, 1000, 0.02)
    assert limiter.limit == 32


def test_the_last_threads_wait(limiter: ConcurrencyLimiter, clock: Clock) -> None:
    """Threads are numbered; those beyond the limit wait until it is raised, or all is over."""
    calls(limiter, clock, 100, 0.02, is_refused=True)
    assert limiter.admits(0)
    assert not limiter.admits(1)
    thread = threading.Thread(target=limiter.wait, args=(31,), daemon=True)
    thread.start()
    limiter.wait(0)  # at once
    assert thread.is_alive()
    calls(limiter, clock, 1000, 0.02)
    thread.join(PATIENCE)
    assert not thread.is_alive()


def test_months_of_silence(limiter: ConcurrencyLimiter, clock: Clock) -> None:
    """Old failures do not count."""
    clock.now += 1e8
    calls(limiter, clock, 100, 5.0)
    assert limiter.limit == 32


def test_the_end_lets_all_go(limiter: ConcurrencyLimiter, clock: Clock) -> None:
    """No thread waits for a limit that is never raised again."""
    calls(limiter, clock, 100, 0.02, is_refused=True)
    thread = threading.Thread(target=limiter.wait, args=(31,))
    thread.start()
    limiter.release_all()
    thread.join(PATIENCE)
    assert not thread.is_alive()


@given(
    st.integers(1, 200),
    st.lists(st.tuples(st.floats(0, 100), st.booleans(), st.floats(0, 1e9)), max_size=300),
)
def test_the_limit_stays_within_bounds(most: int, scenario: list[tuple[float, bool, float]]) -> None:
    """Whatever happens, at least one call and at most all."""
    clock = Clock()
    limiter = ConcurrencyLimiter(most, clock.monotonic)
    for seconds, is_refused, idle in scenario:
        clock.now += idle
        limiter.record_call(clock.now - seconds, is_refused=is_refused)
        assert 1 <= limiter.limit <= most
