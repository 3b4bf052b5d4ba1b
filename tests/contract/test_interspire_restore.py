"""What the Interspire adapter took away it gives back, list by list."""

from collections.abc import Iterator

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bouncehandler.provider import PermanentFailure, ProviderUnavailable, Reversible
from bouncehandler.suppression import Outcome, Suppression
from providers.interspire import Interspire
from tests.fakes.interspire import FakeInterspire

ANN = "ann@example.com"
BOUNCE = Suppression("0" * 24, ANN, "bounce")


@pytest.fixture
def fake() -> Iterator[FakeInterspire]:
    """An Interspire with lists 1, 2 and 3 and nobody on them."""
    with FakeInterspire() as server:
        yield server


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    """A plain client."""
    with httpx.Client() as client:
        yield client


def adapter(fake: FakeInterspire, client: httpx.Client, **more: str) -> Interspire:
    """The adapter, configured for the fake."""
    values = {"url": fake.endpoint, "username": fake.username, "token": fake.token} | more
    return Interspire(Interspire.Settings.model_validate(values), client)


def test_only_the_lists_that_were_changed(fake: FakeInterspire, client: httpx.Client) -> None:
    """A list that the person had left before stays as it was; a second call changes nothing."""
    for listid, status in (("1", "active"), ("2", "active"), ("3", "unsubscribed")):
        fake.put(ANN, listid, status)
    interspire = adapter(fake, client)
    assert isinstance(interspire, Reversible)
    outcome = interspire.unsubscribe(BOUNCE)
    assert interspire.restore(BOUNCE, outcome) == Outcome("restored", ("1", "2"))
    assert fake.status_of(ANN) == {"1": "active", "2": "active", "3": "unsubscribed"}
    assert fake.asked["ActivateSubscriber"] == 2
    assert interspire.restore(BOUNCE, outcome) == Outcome("already")
    assert fake.asked["ActivateSubscriber"] == 2


def test_whoever_is_gone(fake: FakeInterspire, client: httpx.Client) -> None:
    """An address that was deleted is unknown."""
    restored = adapter(fake, client).restore(BOUNCE, Outcome("unsubscribed", ("1",)))
    assert restored == Outcome("unknown", note="not there any more: 1")


def test_a_ban_stays(fake: FakeInterspire, client: httpx.Client) -> None:
    """The XML API has no call that lifts it."""
    fake.subscribe(ANN, "1")
    interspire = adapter(fake, client, action="ban")
    outcome = interspire.unsubscribe(BOUNCE)
    with pytest.raises(PermanentFailure, match="a ban is lifted in Interspire itself"):
        interspire.restore(BOUNCE, outcome)


def test_ids_alone(fake: FakeInterspire, client: httpx.Client) -> None:
    """Interspire activates addresses."""
    by_ids = BOUNCE._replace(recipient="", list_manager="interspire", list_id="1", subscriber_id="7")
    with pytest.raises(PermanentFailure, match="activates addresses"):
        adapter(fake, client).restore(by_ids, Outcome("unsubscribed", ("1",)))


def test_credentials(fake: FakeInterspire, client: httpx.Client) -> None:
    """Failures have the same scopes as those of unsubscribing."""
    with pytest.raises(ProviderUnavailable):
        adapter(fake, client, token="wrong").restore(BOUNCE, Outcome("unsubscribed", ("1",)))


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.sampled_from("123"), st.sampled_from(["active", "unsubscribed", "bounced"])))
def test_unsubscribe_then_restore_is_as_before(statuses: dict[str, str]) -> None:
    """For any mixture of lists and statuses."""
    with FakeInterspire() as fake, httpx.Client() as client:
        for listid, status in statuses.items():
            fake.put(ANN, listid, status)
        interspire = adapter(fake, client)
        outcome = interspire.unsubscribe(BOUNCE)
        assert "active" not in fake.status_of(ANN).values()
        if outcome.kind == "unsubscribed":
            assert interspire.restore(BOUNCE, outcome) == Outcome("restored", outcome.lists)
        assert fake.status_of(ANN) == statuses
