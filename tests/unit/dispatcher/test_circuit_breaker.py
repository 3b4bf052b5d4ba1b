"""Circuit breaker of a provider: held, probed, suspected, paused; on a clock that the test moves."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bouncehandler.dispatcher.call_executor import CallFinished, Probed, Skipped, Unavailable
from bouncehandler.dispatcher.circuit_breaker import BreakerSettings, CircuitBreaker
from bouncehandler.dispatcher.outcome_log import OutcomeLogger
from bouncehandler.spool import ProviderState
from bouncehandler.spool.sqlite.store import SqliteSpool
from tests.fakes.adapter import KeptLog

NOW = 1_767_225_600.0
WELL = CallFinished(())
FAILED = CallFinished((), failure="HTTP 500")
ASKS = CallFinished((), pause=20.0)
DOWN = Unavailable((), "HTTP 401: bad key")


class Process:
    """The circuit breaker of one process; several share a spool and a clock."""

    def __init__(self, spool: SqliteSpool, time: list[float]) -> None:
        self.log = KeptLog()
        settings = BreakerSettings(probe_every=300.0, drain_budget=30.0, suspect_after=5)
        self.breaker = CircuitBreaker(
            "news",
            spool,
            OutcomeLogger("news", self.log),
            settings,
            clock=lambda: NOW + time[0],
            monotonic=lambda: time[0],
        )

    def record(self, *results: CallFinished | Unavailable | Probed | Skipped, is_probe: bool = False) -> None:
        """Record results, one after the other."""
        for result in results:
            self.breaker.record_result(result, is_probe=is_probe)

    def claims_probe(self) -> bool:
        """Whether this process may probe, after it has refreshed the hold."""
        return self.breaker.refresh() and self.breaker.claim_probe()


@pytest.fixture
def spool(tmp_path: Path, time: list[float]) -> Iterator[SqliteSpool]:
    """An empty spool."""
    spool = SqliteSpool.open(tmp_path / "spool.db", clock=lambda: NOW + time[0])
    yield spool
    spool.close()


@pytest.fixture
def time() -> list[float]:
    """Seconds that only the test lets pass."""
    return [1000.0]


@pytest.fixture
def here(spool: SqliteSpool, time: list[float]) -> Process:
    """This process."""
    return Process(spool, time)


@pytest.fixture
def there(spool: SqliteSpool, time: list[float]) -> Process:
    """Another process on the same spool."""
    return Process(spool, time)


class TestHold:
    """An unavailable provider is held for every process."""

    def test_held_with_its_reason(self, here: Process, spool: SqliteSpool) -> None:
        """The hold is in the spool, with the reason and the time of the next try."""
        here.record(DOWN)
        assert here.breaker.is_held
        assert spool.state("news") == ProviderState(
            held=True, reason="HTTP 401: bad key", since=NOW + 1000, probe_at=NOW + 1300
        )

    def test_seen_elsewhere(self, here: Process, there: Process) -> None:
        """Another process finds it held when it looks, and it logs the reason once."""
        here.record(DOWN)
        assert there.breaker.refresh()
        assert there.breaker.refresh()
        assert there.log.named("provider_held") == [{"provider": "news", "reason": "HTTP 401: bad key"}]

    def test_reported_once(self, here: Process, time: list[float], spool: SqliteSpool) -> None:
        """Further calls in flight that find the provider unavailable change nothing and are not logged."""
        here.record(DOWN)
        time[0] += 10
        here.record(Unavailable((), "HTTP 403"), DOWN, FAILED, WELL)
        assert len(here.log.named("provider_held")) == 1
        assert spool.state("news").probe_at == NOW + 1300
        assert here.breaker.is_held

    def test_a_released_dispatch_is_no_evidence(self, here: Process) -> None:
        """A dispatch without a call is no evidence about the provider."""
        here.record(FAILED, FAILED, FAILED, FAILED, Skipped(()), FAILED)
        assert here.breaker.is_held


class TestProbe:
    """A held provider is tried now and then, by one process at a time."""

    def test_a_process_that_begins_tries_at_once(self, here: Process, there: Process) -> None:
        """A process probes when it starts, however far ahead the next probe is."""
        here.record(DOWN)
        assert there.claims_probe()
        assert not there.claims_probe()

    def test_former_holder_waits(self, here: Process, time: list[float]) -> None:
        """The process that has just held the provider does not probe before the time."""
        here.record(DOWN)
        time[0] += 299
        assert not here.claims_probe()
        time[0] += 1
        assert here.claims_probe()
        assert not here.claims_probe()

    def test_one_at_a_time(self, here: Process, there: Process, time: list[float]) -> None:
        """Two processes at the time of the next probe: one of them probes."""
        here.record(DOWN)
        there.claims_probe()
        time[0] += 300
        assert [here.claims_probe(), there.claims_probe()] == [True, False]

    def test_two_that_begin_together(self, spool: SqliteSpool, here: Process, time: list[float]) -> None:
        """Two processes that start at the same time: one of them probes."""
        here.record(DOWN)
        time[0] += 10
        first, second = Process(spool, time), Process(spool, time)
        assert first.breaker.refresh()
        assert second.breaker.refresh()
        assert [first.breaker.claim_probe(), second.breaker.claim_probe()] == [True, False]

    @pytest.mark.parametrize("proof", [Probed(), WELL])
    def test_released_when_back(
        self, here: Process, there: Process, spool: SqliteSpool, proof: Probed | CallFinished
    ) -> None:
        """A check that passes, or a call that is carried out, ends the hold for every process."""
        there.breaker.refresh()
        here.record(DOWN)
        there.breaker.refresh()
        here.record(proof, is_probe=True)
        assert not spool.state("news").held
        assert not here.breaker.is_held
        assert not there.breaker.refresh()
        assert [len(one.log.named("provider_released")) for one in (here, there)] == [1, 1]

    @pytest.mark.parametrize("answer", [Probed("HTTP 403"), FAILED, DOWN, ASKS])
    def test_not_back(self, here: Process, spool: SqliteSpool, answer: Probed | CallFinished | Unavailable) -> None:
        """A check or call that fails, for good or for a while, keeps the hold."""
        here.record(DOWN)
        here.record(answer, is_probe=True)
        assert here.breaker.is_held
        assert spool.state("news").held
        assert len(here.log.named("provider_held")) == 1

    def test_latest_reason(self, here: Process, time: list[float], spool: SqliteSpool) -> None:
        """The answer to the last try is the reason that the sysadmin sees; the hold began when it began."""
        here.record(DOWN)
        time[0] += 300
        assert here.claims_probe()
        here.record(Probed("HTTP 403: account locked"), is_probe=True)
        assert spool.state("news") == ProviderState(
            held=True, reason="HTTP 403: account locked", since=NOW + 1000, probe_at=NOW + 1600
        )

    def test_not_while_it_asks_for_time(self, here: Process, time: list[float]) -> None:
        """A held provider that answers a try with a long Retry-After is paused for so long."""
        here.record(DOWN)
        time[0] += 300
        assert here.claims_probe()
        here.record(CallFinished((), pause=3600.0), is_probe=True)
        time[0] += 600
        assert not here.claims_probe()
        time[0] += 3000
        assert here.claims_probe()

    def test_released_by_hand(self, here: Process, spool: SqliteSpool) -> None:
        """A release by an operator is noticed."""
        here.record(DOWN)
        spool.release("news")
        assert not here.breaker.refresh()
        assert len(here.log.named("provider_released")) == 1

    def test_never_held(self, here: Process) -> None:
        """Checks and calls that go well write nothing where nothing is held."""
        here.record(Probed(), WELL)
        assert here.log.events == []


class TestFailuresInARow:
    """Many failures in a row mean that the provider is down, not that each dispatch is wrong."""

    def test_held_after_so_many(self, here: Process, spool: SqliteSpool) -> None:
        """The reason has how many and with what; a provider that was only restarted is tried within a minute."""
        here.record(*[FAILED] * 4)
        assert not here.breaker.is_held
        here.record(FAILED)
        state = spool.state("news")
        assert state.reason == "5 calls in a row failed, the last with: HTTP 500"
        assert state.probe_at == NOW + 1060

    @pytest.mark.parametrize("sign_of_life", [WELL, ASKS])
    def test_a_sign_of_life_clears_it(self, here: Process, sign_of_life: CallFinished) -> None:
        """A call that is carried out, or answered with Retry-After, resets the count of failures."""
        here.record(*[FAILED] * 4, sign_of_life, *[FAILED] * 4)
        assert not here.breaker.is_held

    def test_counting_begins_anew_after_a_hold(self, here: Process) -> None:
        """After a release it takes as many again."""
        here.record(*[FAILED] * 5)
        here.record(Probed(), is_probe=True)
        here.record(*[FAILED] * 4)
        assert not here.breaker.is_held
        here.record(FAILED)
        assert here.breaker.is_held

    def test_stragglers_do_not_count(self, here: Process) -> None:
        """Calls in flight when the provider was held do not count against it after its release."""
        here.record(*[FAILED] * 5, *[FAILED] * 30)
        here.record(Probed(), is_probe=True)
        here.record(*[FAILED] * 4)
        assert not here.breaker.is_held

    def test_size_of_a_try(self, here: Process, there: Process) -> None:
        """A probe has one dispatch after an unavailability, and as many as failed after failures in a row."""
        here.record(DOWN)
        assert here.breaker.probe_size == 1
        here.record(WELL, is_probe=True)
        here.record(*[FAILED] * 5)
        assert here.breaker.probe_size == 5
        assert there.claims_probe()
        assert there.breaker.probe_size == 1
        there.record(FAILED, is_probe=True)
        assert there.breaker.probe_size == 5
        there.record(DOWN, is_probe=True)
        assert there.breaker.probe_size == 1


class TestPauses:
    """A provider that asks for time is paused by the whole worker."""

    def test_as_long_as_it_asks(self, here: Process, time: list[float]) -> None:
        """The pause runs down; when it is over, it is over."""
        here.record(ASKS)
        assert here.breaker.pause == 20.0
        time[0] += 15
        assert here.breaker.pause == 5.0
        time[0] += 5
        assert here.breaker.pause == 0.0
        assert not here.breaker.is_held

    def test_the_longest_counts(self, here: Process) -> None:
        """The longest of several pauses decides, and each longer one is logged once."""
        here.record(ASKS, CallFinished((), pause=5.0), CallFinished((), pause=25.0), ASKS)
        assert here.breaker.pause == 25.0
        assert [event["seconds"] for event in here.log.named("provider_paused")] == [20.0, 25.0]

    def test_drain_budget_is_used_up(self, here: Process, time: list[float]) -> None:
        """Pauses that lead to nothing are waited for 30 seconds in all, and a single longer one not at all."""
        here.record(ASKS)
        assert not here.breaker.has_spent_drain_budget
        time[0] += 20
        here.record(ASKS)
        assert here.breaker.has_spent_drain_budget

    def test_pauses_of_one_moment_count_once(self, here: Process) -> None:
        """Pauses of calls that end at the same moment use up the drain budget once."""
        here.record(*[ASKS] * 32)
        assert not here.breaker.has_spent_drain_budget

    def test_work_done_renews_the_drain_budget(self, here: Process, time: list[float]) -> None:
        """A drain waits as long as it takes for a provider that carries out calls between its pauses."""
        for _ in range(10):
            here.record(ASKS, WELL)
            time[0] += 20
        assert not here.breaker.has_spent_drain_budget
