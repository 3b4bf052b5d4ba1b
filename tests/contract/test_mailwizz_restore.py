"""What the MailWizz adapter took away it gives back: those lists, and nothing that was changed since."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bouncehandler.provider import PermanentFailure, ProviderUnavailable, Reversible
from bouncehandler.suppression import Outcome
from tests.fakes.mailwizz import FakeMailWizz
from tests.fakes.mailwizz_wire import BOUNCE, COMPLAINT, LIST, Connect, connecting
from tests.fakes.mailwizz_wire import EMAIL as JANE

NEWS, SHOP, CLUB = "news00000list", "shop00000list", "club00000list"
STATUSES = ["confirmed", "unsubscribed", "unconfirmed", "blacklisted", "disabled"]


@pytest.fixture
def server() -> Iterator[FakeMailWizz]:
    """An installation of MailWizz 2.x."""
    with FakeMailWizz() as fake:
        yield fake


@pytest.fixture
def connect(server: FakeMailWizz) -> Iterator[Connect]:
    """Builds adapters for the server; keyword arguments are settings."""
    with connecting(server) as build:
        yield build


def test_only_the_lists_that_were_changed(server: FakeMailWizz, connect: Connect) -> None:
    """A list that the person had left before stays as it was; a second call changes nothing."""
    server.subscribe(JANE, NEWS)
    server.subscribe(JANE, SHOP)
    server.subscribe(JANE, CLUB, "unsubscribed")
    mailwizz = connect()
    assert isinstance(mailwizz, Reversible)
    outcome = mailwizz.unsubscribe(BOUNCE)
    assert mailwizz.restore(BOUNCE, outcome) == Outcome("restored", (NEWS, SHOP))
    assert server.status_of(JANE) == {NEWS: "confirmed", SHOP: "confirmed", CLUB: "unsubscribed"}
    assert mailwizz.restore(BOUNCE, outcome) == Outcome("already")


def test_whoever_is_gone(server: FakeMailWizz, connect: Connect) -> None:
    """An address that was deleted is unknown."""
    assert connect().restore(BOUNCE, Outcome("unsubscribed", (NEWS,))) == Outcome("unknown")
    assert len(server.requests) == 1


def test_blacklisted_since(server: FakeMailWizz, connect: Connect) -> None:
    """What somebody blacklisted since stays so; the others are restored, and the note says which are not."""
    server.subscribe(JANE, NEWS)
    server.subscribe(JANE, SHOP)
    mailwizz = connect()
    outcome = mailwizz.unsubscribe(BOUNCE)
    server.subscribers[1].status = "blacklisted"
    restored = mailwizz.restore(BOUNCE, outcome)
    assert (restored.kind, restored.lists) == ("restored", (NEWS,))
    assert restored.note == f"list {SHOP}: it is blacklisted there, which is lifted in MailWizz itself"
    assert server.status_of(JANE) == {NEWS: "confirmed", SHOP: "blacklisted"}


def test_a_list_with_a_required_field(server: FakeMailWizz, connect: Connect) -> None:
    """MailWizz refuses with 422: nothing can be done from here, and the reason is said."""
    server.subscribe(JANE, NEWS)
    mailwizz = connect()
    outcome = mailwizz.unsubscribe(BOUNCE)
    server.with_required_fields = {NEWS}
    with pytest.raises(PermanentFailure, match=f"list {NEWS}: it requires a field"):
        mailwizz.restore(BOUNCE, outcome)


@pytest.mark.parametrize("action", ["blacklist", "bounce"])
def test_what_was_blacklisted_stays_so(server: FakeMailWizz, connect: Connect, action: str) -> None:
    """MailWizz answers 409 for blacklisted rows: the operator is told, once."""
    server.subscribe(JANE, NEWS)
    server.campaign(str(BOUNCE.job_id).removeprefix("mailwizz-"), NEWS)
    mailwizz = connect(action=action)
    outcome = mailwizz.unsubscribe(BOUNCE)
    assert server.status_of(JANE) == {NEWS: "blacklisted"}
    with pytest.raises(PermanentFailure, match="blacklisted there"):
        mailwizz.restore(BOUNCE, outcome)


def test_by_ids(server: FakeMailWizz, connect: Connect) -> None:
    """Where only ids were known they find the person again."""
    uid = server.subscribe(JANE, LIST)
    by_ids = COMPLAINT._replace(recipient="", subscriber_id=uid, campaign_id="")
    mailwizz = connect()
    outcome = mailwizz.unsubscribe(by_ids)
    assert mailwizz.restore(by_ids, outcome) == Outcome("restored", (LIST,))


def test_credentials(server: FakeMailWizz, connect: Connect) -> None:
    """Failures have the same scopes as those of unsubscribing."""
    server.refuses_with = "key"
    with pytest.raises(ProviderUnavailable):
        connect().restore(BOUNCE, Outcome("unsubscribed", (NEWS,)))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(STATUSES), max_size=5))
def test_unsubscribe_then_restore_is_as_before(statuses: list[str]) -> None:
    """For any mixture of lists and statuses."""
    with FakeMailWizz() as server, connecting(server) as connect:
        for number, status in enumerate(statuses):
            server.subscribe(JANE, f"list{number:09}", status)
        before = server.status_of(JANE)
        mailwizz = connect()
        outcome = mailwizz.unsubscribe(BOUNCE)
        assert "confirmed" not in server.status_of(JANE).values()
        if outcome.kind == "unsubscribed":
            assert mailwizz.restore(BOUNCE, outcome) == Outcome("restored", outcome.lists)
            active = {uid for uid, status in before.items() if status == "confirmed"}
            assert {uid for uid, status in server.status_of(JANE).items() if status == "confirmed"} == active
