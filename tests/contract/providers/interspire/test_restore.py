"""Undo by the Interspire adapter, list by list."""

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bouncehandler.provider import PermanentFailure, ProviderUnavailable, Reversible, TemporaryFailure
from bouncehandler.suppression import Outcome
from tests.contract.providers.interspire.examples import ANN, adapter, suppression
from tests.examples import many
from tests.fakes.interspire import FakeInterspire
from tests.fakes.server import Answer

BOUNCE = suppression()


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


def test_deleted_subscriber(fake: FakeInterspire, client: httpx.Client) -> None:
    """An address that was deleted is unknown."""
    restored = adapter(fake, client).restore(BOUNCE, Outcome("unsubscribed", ("1",)))
    assert restored == Outcome("unknown", note="not there any more: list 1")


def test_a_ban_stays(fake: FakeInterspire, client: httpx.Client) -> None:
    """A ban is a permanent failure to restore: the XML API has no call that lifts it."""
    fake.subscribe(ANN, "1")
    interspire = adapter(fake, client, action="ban")
    outcome = interspire.unsubscribe(BOUNCE)
    with pytest.raises(PermanentFailure, match="a ban is lifted in Interspire itself"):
        interspire.restore(BOUNCE, outcome)


def test_ids_alone(fake: FakeInterspire, client: httpx.Client) -> None:
    """Ids alone are a permanent failure to restore: Interspire activates addresses."""
    by_ids = BOUNCE._replace(recipient="", list_manager="interspire", list_id="1", subscriber_id="7")
    with pytest.raises(PermanentFailure, match="activates addresses"):
        adapter(fake, client).restore(by_ids, Outcome("unsubscribed", ("1",)))


def test_acted_by_ids_beside_an_address(fake: FakeInterspire, client: httpx.Client) -> None:
    """A subscriber with another address was unsubscribed: the failure reports it, and the outcome is not unknown."""
    fake.subscribe("other@example.com", "1")
    number = fake.subscriber_id("other@example.com", "1")
    both = BOUNCE._replace(list_manager="interspire", list_id="1", subscriber_id=number)
    interspire = adapter(fake, client)
    outcome = interspire.unsubscribe(both)
    assert outcome.lists == ("1",)
    with pytest.raises(PermanentFailure, match=f"it was subscriber '{number}', with another address"):
        interspire.restore(both, outcome)


def test_a_deleted_list(fake: FakeInterspire, client: httpx.Client) -> None:
    """A deleted list does not hide the others, and what is active already is left alone."""
    fake.subscribe(ANN, "1", "2", "3")
    outcome = adapter(fake, client).unsubscribe(BOUNCE)
    fake.put(ANN, "1", "active")
    del fake.lists["2"]
    fake.refuses_stale_lists = True
    interspire = adapter(fake, client)
    assert interspire.restore(BOUNCE, outcome) == Outcome("restored", ("3",), "not there any more: list 2")
    assert fake.asked["ActivateSubscriber"] == 1
    assert interspire.restore(BOUNCE, outcome) == Outcome("already", note="not there any more: list 2")


def test_a_refusal_in_other_words(fake: FakeInterspire, client: httpx.Client) -> None:
    """A refusal in other words may be temporary: the other lists are restored, and the text names them."""
    fake.subscribe(ANN, "1", "2")
    interspire = adapter(fake, client)
    outcome = interspire.unsubscribe(BOUNCE)
    fake.forget(ANN, "1")
    fake.not_subscribed = "{email} ist nicht eingetragen"
    with pytest.raises(TemporaryFailure, match=r"not done on list 1: .* ist nicht eingetragen; done .* on list 2$"):
        interspire.restore(BOUNCE, outcome)
    assert fake.status_of(ANN) == {"2": "active"}


def test_one_list_that_fails(fake: FakeInterspire, client: httpx.Client) -> None:
    """The others are restored before the failure is raised; the next attempt does the rest."""
    fake.subscribe(ANN, "1", "2")
    interspire = adapter(fake, client)
    outcome = interspire.unsubscribe(BOUNCE)
    fake.on("ActivateSubscriber", Answer(500), listid="1")
    with pytest.raises(TemporaryFailure, match="done in this attempt on list 2") as failure:
        interspire.restore(BOUNCE, outcome)
    assert failure.value.changed == ()
    fake.work_again()
    assert interspire.restore(BOUNCE, outcome) == Outcome("restored", ("1",))


def test_asked_to_wait(fake: FakeInterspire, client: httpx.Client) -> None:
    """Retry-After ends the attempt: no list after that one is tried."""
    fake.subscribe(ANN, "1", "2")
    interspire = adapter(fake, client)
    outcome = interspire.unsubscribe(BOUNCE)
    fake.on("ActivateSubscriber", Answer(503, headers={"Retry-After": "7"}))
    with pytest.raises(TemporaryFailure) as failure:
        interspire.restore(BOUNCE, outcome)
    assert failure.value.retry_after == 7
    assert [parsed.method for parsed in fake.parsed_requests()].count("ActivateSubscriber") == 1


def test_nothing_was_changed(fake: FakeInterspire, client: httpx.Client) -> None:
    """An outcome that changed nothing needs no call."""
    assert adapter(fake, client).restore(BOUNCE, Outcome("already")) == Outcome("already")
    assert not fake.requests


def test_credentials(fake: FakeInterspire, client: httpx.Client) -> None:
    """Failures have the same scopes as those of unsubscribing."""
    with pytest.raises(ProviderUnavailable):
        adapter(fake, client, token="wrong").restore(BOUNCE, Outcome("unsubscribed", ("1",)))


@settings(max_examples=many(12), deadline=None)
@given(
    st.dictionaries(st.sampled_from("123"), st.sampled_from(["active", "unsubscribed", "bounced"])),
    st.sampled_from(["unsubscribe", "bounce"]),
)
def test_unsubscribe_then_restore_is_as_before(statuses: dict[str, str], action: str) -> None:
    """Any mixture of lists and statuses is restored, after each action that can be undone."""
    with FakeInterspire() as fake, httpx.Client() as client:
        for listid, status in statuses.items():
            fake.put(ANN, listid, status)
        interspire = adapter(fake, client, action=action)
        outcome = interspire.unsubscribe(BOUNCE)
        assert "active" not in fake.status_of(ANN).values()
        if outcome.kind == "unsubscribed":
            assert interspire.restore(BOUNCE, outcome) == Outcome("restored", outcome.lists)
            assert interspire.restore(BOUNCE, outcome) == Outcome("already")
        assert fake.status_of(ANN) == statuses


@settings(max_examples=many(12), deadline=None)
@given(
    st.dictionaries(
        st.sampled_from("123"),
        st.tuples(st.sampled_from(["active", "unsubscribed"]), st.sampled_from(["as it is", "active", "deleted"])),
    )
)
def test_later_changes_stay(rows: dict[str, tuple[str, str]]) -> None:
    """Of the lists that were changed, those where the address is and is not active come back, once."""
    with FakeInterspire() as fake, httpx.Client() as client:
        for listid, (status, _) in rows.items():
            fake.put(ANN, listid, status)
        interspire = adapter(fake, client)
        outcome = interspire.unsubscribe(BOUNCE)
        for listid, (_, since) in rows.items():
            if since == "deleted":
                fake.forget(ANN, listid)
            elif since == "active":
                fake.put(ANN, listid, "active")
        between = fake.status_of(ANN)
        coming_back = tuple(listid for listid in outcome.lists if between.get(listid) == "unsubscribed")
        for expected in (coming_back, ()):
            assert interspire.restore(BOUNCE, outcome).lists == expected
            assert fake.status_of(ANN) == between | dict.fromkeys(coming_back, "active")
        assert fake.asked["ActivateSubscriber"] <= 2 * len(outcome.lists)
