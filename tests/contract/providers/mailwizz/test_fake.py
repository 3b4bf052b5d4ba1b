"""The fake MailWizz keeps the traps of the real one, so that a test which passes against it is evidence."""

from collections.abc import Iterator

import httpx
import pytest

from tests.contract.providers.mailwizz.examples import JANE, NEWS, SHOP
from tests.fakes.mailwizz import API_KEY, FakeMailWizz

ALL_LISTS = "lists/subscribers/unsubscribe-by-email-from-all-lists"
SEARCH = "lists/subscribers/search-by-email-in-all-lists"


@pytest.fixture
def client(server: FakeMailWizz) -> Iterator[httpx.Client]:
    """A client with the right key."""
    with httpx.Client(base_url=server.api_url, headers={"X-Api-Key": API_KEY}) as made:
        yield made


def test_json_bodies_are_not_parsed(server: FakeMailWizz, client: httpx.Client) -> None:
    """Parameters arrive as a form or not at all."""
    server.subscribe(JANE, NEWS)
    assert client.put(ALL_LISTS, json={"EMAIL": JANE}).status_code == 422
    assert server.status_of(JANE) == {NEWS: "confirmed"}
    assert client.put(ALL_LISTS, data={"EMAIL": JANE}).status_code == 200
    assert server.status_of(JANE) == {NEWS: "unsubscribed"}


def test_the_whole_address_overwrites_blacklisted_and_knows_no_person(
    server: FakeMailWizz, client: httpx.Client
) -> None:
    """The call for the whole address is a success for a stranger too."""
    server.subscribe(JANE, NEWS, "blacklisted")
    for email in (JANE, "stranger@example.com"):
        assert client.put(ALL_LISTS, data={"EMAIL": email}).json() == {"status": "success"}
    assert server.status_of(JANE) == {NEWS: "unsubscribed"}


@pytest.mark.parametrize(("status", "after"), [("confirmed", "unsubscribed"), ("unconfirmed", "unconfirmed")])
def test_one_row_is_unsubscribed_when_confirmed(
    server: FakeMailWizz, client: httpx.Client, status: str, after: str
) -> None:
    """The call for one row reports success whether or not it did anything."""
    uid = server.subscribe(JANE, NEWS, status)
    assert client.put(f"lists/{NEWS}/subscribers/{uid}/unsubscribe").json() == {"status": "success"}
    assert server.status_of(JANE) == {NEWS: after}
    assert client.put(f"lists/{SHOP}/subscribers/{uid}/unsubscribe").status_code == 404


def test_a_look_up_shows_a_hundred_and_no_archived(server: FakeMailWizz, client: httpx.Client) -> None:
    """Rows beyond the hundredth and those on archived lists are left out; a stranger's count is null."""
    for n in range(120):
        server.subscribe(JANE, f"list{n:09}")
    server.archived = {"list000000000"}
    data = client.get(SEARCH, params={"EMAIL": JANE}).json()["data"]
    assert (data["count"], len(data["records"])) == (100, 100)
    assert data["records"][0]["list"]["list_uid"] == "list000000001"
    assert client.get(SEARCH, params={"EMAIL": "x@y.example"}).json()["data"] == {"records": [], "count": None}


@pytest.mark.parametrize(("asked", "shown"), [(1, 10), (20, 20), (1000, 50)])
def test_pages_are_clamped(server: FakeMailWizz, client: httpx.Client, asked: int, shown: int) -> None:
    """A page has 10 to 50 lists; the counters of an empty page are null."""
    server.empty_lists = [f"list{n:09}" for n in range(60)]
    data = client.get("lists", params={"page": 1, "per_page": asked}).json()["data"]
    assert (data["count"], len(data["records"]), data["next_page"]) == (60, shown, 2)
    beyond = client.get("lists", params={"page": 99}).json()["data"]
    assert {name: beyond[name] for name in ("count", "total_pages", "next_page")} == {
        "count": None,
        "total_pages": None,
        "next_page": None,
    }


def test_a_status_of_a_blacklisted_row_is_a_conflict(server: FakeMailWizz, client: httpx.Client) -> None:
    """409 for a blacklisted row and for one that is not there; 422 where a field is missing."""
    blacklisted, confirmed = server.subscribe(JANE, NEWS, "blacklisted"), server.subscribe(JANE, SHOP)
    body = {"details[status]": "blacklisted"}
    assert client.put(f"lists/{NEWS}/subscribers/{blacklisted}", data=body).status_code == 409
    assert client.put(f"lists/{NEWS}/subscribers/unknown", data=body).status_code == 409
    server.with_required_fields = {SHOP}
    assert client.put(f"lists/{SHOP}/subscribers/{confirmed}", data=body).status_code == 422
    assert client.get(f"lists/{SHOP}/subscribers/{confirmed}").json()["data"]["record"]["status"] == "confirmed"
    assert client.get(f"lists/{NEWS}/subscribers/{confirmed}").status_code == 404


def test_an_unsubscription_counts_for_a_campaign(server: FakeMailWizz, client: httpx.Client) -> None:
    """Each call counts once more and unsubscribes the row on the campaign's list; any other campaign or row is 404."""
    on_news, on_shop = server.subscribe(JANE, NEWS), server.subscribe(JANE, SHOP)
    server.campaign("campaign00001", NEWS)
    assert client.post(f"campaigns/campaign00001/track-unsubscribe/{on_shop}").status_code == 404
    assert client.post(f"campaigns/campaign00002/track-unsubscribe/{on_news}").status_code == 404
    assert server.unsubscriptions == []
    for count in (1, 2):
        answer = client.post(f"campaigns/campaign00001/track-unsubscribe/{on_news}", data={"reason": "r"})
        assert answer.json() == {"status": "success"}
        assert (
            server.unsubscriptions
            == [{"campaign_uid": "campaign00001", "subscriber_uid": on_news, "reason": "r"}] * count
        )
    assert server.status_of(JANE) == {NEWS: "unsubscribed", SHOP: "confirmed"}


@pytest.mark.parametrize("bounce_type", ["medium", ""])
def test_a_bounce_has_one_of_three_types(server: FakeMailWizz, client: httpx.Client, bounce_type: str) -> None:
    """Any other type is 422, and nothing is recorded."""
    uid = server.subscribe(JANE, NEWS)
    server.campaign("campaign00001", NEWS)
    body = {"subscriber_uid": uid, "bounce_type": bounce_type}
    assert client.post("campaigns/campaign00001/bounces", data=body).status_code == 422
    assert server.bounces == []


def test_a_method_may_hide_in_a_header(server: FakeMailWizz, client: httpx.Client) -> None:
    """PUT may be sent as POST with `X-HTTP-Method-Override`."""
    server.subscribe(JANE, NEWS)
    client.post(ALL_LISTS, data={"EMAIL": JANE}, headers={"X-HTTP-Method-Override": "PUT"})
    assert server.status_of(JANE) == {NEWS: "unsubscribed"}


def test_an_unsigned_call_of_1_x_lacks_parameters() -> None:
    """MailWizz 1.x does not know the key of 2.x."""
    with FakeMailWizz(version="1.x") as server, httpx.Client(headers={"X-Api-Key": API_KEY}) as client:
        answer = client.get(f"{server.api_url}/lists")
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("Invalid API request params")
