"""The MailWizz adapter acts on a subscriber's ids, where a reporter hid the address."""

import pytest

from bouncehandler.provider import BySubscriber, PermanentFailure, ProviderUnavailable, TemporaryFailure
from bouncehandler.suppression import Outcome, Suppression
from tests.contract.providers.mailwizz.examples import JANE, NEWS, SHOP
from tests.fakes.mailwizz import FakeMailWizz
from tests.fakes.mailwizz_wire import CAMPAIGN, COMPLAINT, KEYS, Connect
from tests.fakes.server import Answer

OTHER = "jane.doe@example.org"


def _about(uid: str, recipient: str = "", list_id: str = NEWS) -> Suppression:
    """A complaint about a subscriber, without a campaign."""
    return COMPLAINT._replace(recipient=recipient, list_id=list_id, subscriber_id=uid, campaign_id="")


def test_the_ability_is_declared(connect: Connect) -> None:
    """The program hands over suppressions without an address only to adapters that declare it."""
    mailwizz = connect()
    assert isinstance(mailwizz, BySubscriber)
    assert mailwizz.takes_subscriber_ids


@pytest.mark.parametrize("version", ["1.x", "2.x"])
def test_ids_alone_unsubscribe_everywhere(server: FakeMailWizz, connect: Connect, version: str) -> None:
    """The ids give the address, which is unsubscribed from every list with three calls, and returned to the program."""
    server.version = "1.x" if version == "1.x" else "2.x"
    uid = server.subscribe("Jane@Example.COM", NEWS)
    server.subscribe(JANE, SHOP)
    server.subscribe("other@else.example", NEWS)
    mailwizz = connect(**KEYS) if version == "1.x" else connect()
    assert mailwizz.unsubscribe(_about(uid)) == Outcome("unsubscribed", (NEWS, SHOP), recipient=JANE)
    assert set(server.status_of(JANE).values()) == {"unsubscribed"}
    assert server.status_of("other@else.example") == {NEWS: "confirmed"}
    assert [r.method for r in server.requests] == ["GET", "GET", "PUT"]


def test_ids_and_campaign_cost_four_calls(server: FakeMailWizz, connect: Connect) -> None:
    """By ids, look up, count for the campaign, unsubscribe everywhere, however many lists there are."""
    uid = server.subscribe(JANE, NEWS)
    for number in range(60):
        server.subscribe(JANE, f"list{number:09}")
    server.campaign(CAMPAIGN, NEWS)
    outcome = connect().unsubscribe(_about(uid)._replace(campaign_id=CAMPAIGN))
    assert (outcome.kind, len(outcome.lists), outcome.recipient) == ("unsubscribed", 61, JANE)
    assert [r.method for r in server.requests] == ["GET", "GET", "POST", "PUT"]


def test_the_second_time_nothing_changes(server: FakeMailWizz, connect: Connect) -> None:
    """Calling again looks twice, changes nothing, and still returns the address."""
    uid = server.subscribe(JANE, NEWS)
    mailwizz = connect()
    mailwizz.unsubscribe(_about(uid))
    assert mailwizz.unsubscribe(_about(uid)) == Outcome("already", recipient=JANE)
    assert [r.method for r in server.requests[3:]] == ["GET", "GET"]


def test_unknown_ids_are_an_unknown_subscriber(server: FakeMailWizz, connect: Connect) -> None:
    """Ids that MailWizz does not know, or not together, are unknown, after a call that proves the URL."""
    uid = server.subscribe(JANE, SHOP)
    for suppression in (_about("nobody0000000", list_id=SHOP), _about(uid, list_id=NEWS)):
        assert connect().unsubscribe(suppression) == Outcome("unknown")
    assert [r.path for r in server.requests[1::2]] == ["/api/lists"] * 2
    assert server.status_of(JANE) == {SHOP: "confirmed"}


@pytest.mark.parametrize("path", ["", "/ap", "/api/v2", "/api/lists"])
def test_a_typo_in_the_url_is_no_unknown_subscriber(server: FakeMailWizz, connect: Connect, path: str) -> None:
    """404 from a URL with no API behind it holds the provider."""
    uid = server.subscribe(JANE, NEWS)
    with pytest.raises(ProviderUnavailable, match="url"):
        connect(url=server.url + path).unsubscribe(_about(uid))


def test_a_proxys_404_is_no_unknown_subscriber(server: FakeMailWizz, connect: Connect) -> None:
    """Where the API is there, and something else answers in its place for a moment, it is tried again."""
    uid = server.subscribe(JANE, NEWS)
    page = Answer(404, b"<html>Not Found</html>")
    server.fail_when = lambda request: page if uid in request.path else None
    with pytest.raises(TemporaryFailure, match="something else answered"):
        connect().unsubscribe(_about(uid))


@pytest.mark.parametrize("key", ["email", "Email", "eMail"])
def test_the_address_has_a_name_in_any_case(server: FakeMailWizz, connect: Connect, key: str) -> None:
    """`EMAIL` may be spelled otherwise."""
    uid = server.subscribe(JANE, NEWS)
    server.email_key = key
    assert connect().unsubscribe(_about(uid)).recipient == JANE


def test_upper_case_ids_are_found(server: FakeMailWizz, connect: Connect) -> None:
    """Ids are compared without case, since what comes through PowerMTA may have lost it."""
    server.subscribe(JANE, SHOP)
    uid = server.subscribe(JANE, NEWS)
    server.campaign(CAMPAIGN, NEWS)
    connect().unsubscribe(_about(uid.upper(), JANE)._replace(campaign_id=CAMPAIGN))
    assert [u["subscriber_uid"] for u in server.unsubscriptions] == [uid]


HOSTILE = [
    "",
    ".",
    "..",
    "../..",
    "../../lists/x",
    "%2e%2e",
    "a%2fb",
    "a/b",
    "a\\b",
    "a?b",
    "a#b",
    "a b",
    "a-b",
    "8,13",
    "a\n",
    "\na",
    "a\r\nX-Api-Key: x",
    "a\x00",
    "ab123cd456ef\u0661",
    "\uff41\uff42",
    "\udcff",
    "x" * 65,
    "x" * 100_000,
]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_ids_reach_no_url(server: FakeMailWizz, connect: Connect, hostile: str) -> None:
    """What MailWizz could not have given as an id is never called for; the error shows it harmless and short."""
    server.subscribe(JANE, NEWS)
    for suppression in (_about(hostile), _about("su00000000000", list_id=hostile)):
        with pytest.raises(PermanentFailure, match="are no ids of MailWizz's") as failure:
            connect().unsubscribe(suppression)
        assert str(failure.value).isprintable()
        assert len(str(failure.value)) < 500
    assert server.requests == []


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_ids_beside_an_address_do_not_matter(server: FakeMailWizz, connect: Connect, hostile: str) -> None:
    """The address is unsubscribed as if there were no ids; for a stranger's the ids are not tried."""
    server.subscribe(JANE, NEWS)
    assert connect().unsubscribe(_about(hostile, JANE)) == Outcome("unsubscribed", (NEWS,))
    assert connect().unsubscribe(_about(hostile, OTHER)) == Outcome("unknown")
    assert len(server.requests) == 3


@pytest.mark.parametrize("list_manager", ["", "interspire", "MailWizz", "mailwizz "])
def test_ids_of_another_list_manager_are_ignored(server: FakeMailWizz, connect: Connect, list_manager: str) -> None:
    """Ids of another list manager fail for good without an address; beside one they are ignored."""
    uid = server.subscribe(OTHER, NEWS)
    with pytest.raises(PermanentFailure, match="MailWizz can't know who is meant: there is no address, and"):
        connect().unsubscribe(_about(uid)._replace(list_manager=list_manager))
    assert server.requests == []
    assert connect().unsubscribe(_about(uid, JANE)._replace(list_manager=list_manager)) == Outcome("unknown")
    assert len(server.requests) == 1


# Both are known


def test_the_address_goes_before_the_ids(server: FakeMailWizz, connect: Connect) -> None:
    """The address goes before the ids, which cost no call, even where they are another subscriber's."""
    server.subscribe(JANE, SHOP)
    uid = server.subscribe(OTHER, NEWS)
    assert connect().unsubscribe(_about(uid, JANE)) == Outcome("unsubscribed", (SHOP,))
    assert server.status_of(OTHER) == {NEWS: "confirmed"}
    assert len(server.requests) == 2


def test_an_address_that_is_off_the_lists_is_known(server: FakeMailWizz, connect: Connect) -> None:
    """The ids are for an address that MailWizz has never seen, not for one that has left."""
    server.subscribe(JANE, SHOP, "unsubscribed")
    uid = server.subscribe(OTHER, NEWS)
    assert connect().unsubscribe(_about(uid, JANE)) == Outcome("already")
    assert server.status_of(OTHER) == {NEWS: "confirmed"}


def test_the_ids_help_where_no_person_has_the_address(server: FakeMailWizz, connect: Connect) -> None:
    """The person may be subscribed by another address than the reporter's, which is then unsubscribed."""
    uid = server.subscribe(OTHER, NEWS)
    server.subscribe(OTHER, SHOP)
    assert connect().unsubscribe(_about(uid, JANE)) == Outcome("unsubscribed", (NEWS, SHOP))
    assert set(server.status_of(OTHER).values()) == {"unsubscribed"}
    assert len(server.requests) == 4


def test_neither_address_nor_ids_are_known(server: FakeMailWizz, connect: Connect) -> None:
    """The recipient is unknown where neither the address nor the ids are."""
    server.subscribe("other@else.example", NEWS)
    assert connect().unsubscribe(_about("nobody0000000", JANE)) == Outcome("unknown")


# What the look-up hides


def test_an_archived_list_is_reached_by_its_ids(server: FakeMailWizz, connect: Connect) -> None:
    """A look-up leaves archived lists out; a subscriber there, known by ids, is unsubscribed with all the others."""
    uid = server.subscribe(JANE, NEWS)
    server.subscribe(JANE, SHOP)
    server.archived = {NEWS}
    outcome = connect().unsubscribe(_about(uid))
    assert (outcome.kind, set(outcome.lists), outcome.recipient) == ("unsubscribed", {NEWS, SHOP}, JANE)
    assert "does not show every list" in outcome.note
    assert set(server.status_of(JANE).values()) == {"unsubscribed"}


@pytest.mark.parametrize("status", ["unsubscribed", "blacklisted", "unconfirmed"])
def test_a_hidden_row_that_is_silent_stays_as_it_is(server: FakeMailWizz, connect: Connect, status: str) -> None:
    """An archived list's silent row needs nothing done; a blacklisted one keeps the others from being overwritten."""
    uid = server.subscribe(JANE, NEWS, status)
    server.archived = {NEWS}
    assert connect().unsubscribe(_about(uid)) == Outcome("already", recipient=JANE)
    assert server.status_of(JANE) == {NEWS: status}
    assert len(server.requests) == 2
    server.subscribe(JANE, SHOP)
    assert connect().unsubscribe(_about(uid)).lists == (SHOP,)
    if status == "blacklisted":
        assert server.status_of(JANE) == {NEWS: status, SHOP: "unsubscribed"}


def test_blacklisted_rows_stay_blacklisted(server: FakeMailWizz, connect: Connect) -> None:
    """A blacklisted row is left alone by ids too, and the others are unsubscribed one by one."""
    uid = server.subscribe(JANE, NEWS, "blacklisted")
    server.subscribe(JANE, SHOP)
    assert connect().unsubscribe(_about(uid)) == Outcome("unsubscribed", (SHOP,), recipient=JANE)
    assert server.status_of(JANE) == {NEWS: "blacklisted", SHOP: "unsubscribed"}


# Every action takes ids


def test_a_complaint_by_ids_is_blacklisted(server: FakeMailWizz, connect: Connect) -> None:
    """Action blacklist blacklists the subscriber with these ids, on every list."""
    uid = server.subscribe(JANE, NEWS)
    server.subscribe(JANE, SHOP)
    assert connect(action="blacklist").unsubscribe(_about(uid)) == Outcome("unsubscribed", (NEWS, SHOP), recipient=JANE)
    assert set(server.status_of(JANE).values()) == {"blacklisted"}


def test_a_bounce_by_ids_is_recorded(server: FakeMailWizz, connect: Connect) -> None:
    """Action bounce records a bounce of the subscriber with these ids."""
    uid = server.subscribe(JANE, NEWS)
    server.campaign(CAMPAIGN, NEWS)
    bounce = _about(uid)._replace(reason="bounce", status="5.1.1", job_id=CAMPAIGN)
    assert connect(action="bounce").unsubscribe(bounce) == Outcome("unsubscribed", (NEWS,), recipient=JANE)
    assert [b["subscriber_uid"] for b in server.bounces] == [uid]
