"""The Interspire adapter against a fake Interspire over real loopback: its calls, and the list cache."""

import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from bouncehandler.provider import ProviderUnavailable
from providers.interspire import Interspire
from tests.contract.providers.interspire.examples import ANN, LOOK_UP, UNSUBSCRIBE, adapter, suppression, warm
from tests.fakes.interspire import FakeInterspire
from tests.fakes.server import PATIENCE


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Clock of the adapter."""
    return Clock()


@pytest.fixture
def interspire(fake: FakeInterspire, client: httpx.Client, clock: Clock) -> Interspire:
    """The adapter with its default action, by that clock."""
    return adapter(fake, client, clock)


class TestCalls:
    """How many calls an address costs, and when the lists are fetched."""

    @pytest.mark.parametrize("count", [0, 1, 3, 60])
    def test_one_plus_one_a_list(self, fake: FakeInterspire, interspire: Interspire, count: int) -> None:
        """With warm lists an address on L lists costs 1 + L calls; 1 when there is nothing to do."""
        fake.lists = {str(n): f"List {n}" for n in range(1, 61)}
        warm(interspire, fake)
        for n in range(1, count + 1):
            fake.subscribe(ANN, str(n))
        assert len(interspire.unsubscribe(suppression()).lists) == count
        assert len(fake.calls()) == 1 + count
        assert set(fake.unsubscribe_counts.values()) <= {1}

    def test_unknown_recipients_do_not_fetch_the_lists_each(
        self, fake: FakeInterspire, interspire: Interspire, clock: Clock
    ) -> None:
        """A stream of unknown recipients fetches the lists once a minute, and looks each up once."""
        warm(interspire, fake)
        for n in range(100):
            clock.now += 1.3
            interspire.unsubscribe(suppression(f"u{n}@example.com"))
        assert fake.asked == {LOOK_UP: 100, "GetLists": 2}

    def test_known_recipients_fetch_the_lists_every_ten_minutes(
        self, fake: FakeInterspire, interspire: Interspire, clock: Clock
    ) -> None:
        """The lists are fetched again once they are more than 10 minutes old, however often addresses are found."""
        warm(interspire, fake)
        for n in range(30):
            clock.now += 60
            fake.subscribe(f"u{n}@example.com", "1")
            interspire.unsubscribe(suppression(f"u{n}@example.com"))
        assert fake.asked["GetLists"] == 2

    def test_a_new_list_is_found_on_a_miss(self, fake: FakeInterspire, interspire: Interspire, clock: Clock) -> None:
        """An address on a list newer than the cache is found, by fetching the lists and looking up once more."""
        warm(interspire, fake)
        fake.lists["9"] = "Brand new"
        fake.subscribe(ANN, "9")
        clock.now += 61
        assert interspire.unsubscribe(suppression()).lists == ("9",)
        assert fake.asked == {LOOK_UP: 2, "GetLists": 1, UNSUBSCRIBE: 1}

    def test_a_list_that_went_does_not_hide_the_others(
        self, fake: FakeInterspire, interspire: Interspire, clock: Clock
    ) -> None:
        """Where a deleted list's id spoils the look-up, the address is still found with the lists of today."""
        fake.refuses_stale_lists = True
        warm(interspire, fake)
        del fake.lists["3"]
        fake.subscribe(ANN, "1")
        clock.now += 61
        assert interspire.unsubscribe(suppression()).lists == ("1",)

    def test_many_threads_fetch_the_lists_once(self, fake: FakeInterspire, interspire: Interspire) -> None:
        """Threads that start together fetch the lists once between them."""
        people = [f"u{n}@example.com" for n in range(16)]
        for subject in people:
            fake.subscribe(subject, "1")
        fake.latency = 0.05
        together = threading.Barrier(len(people))

        def work(subject: str) -> str:
            together.wait(PATIENCE)
            return interspire.unsubscribe(suppression(subject)).kind

        with ThreadPoolExecutor(len(people)) as pool:
            assert set(pool.map(work, people)) == {"unsubscribed"}
        assert fake.asked == {"GetLists": 1, LOOK_UP: 16, UNSUBSCRIBE: 16}

    def test_no_list_at_all_holds_the_provider(self, fake: FakeInterspire, interspire: Interspire) -> None:
        """A user that sees no list can do nothing: the sysadmin has to mend that, not `unknown`."""
        fake.lists = {}
        with pytest.raises(ProviderUnavailable, match="access to the lists"):
            interspire.unsubscribe(suppression())
