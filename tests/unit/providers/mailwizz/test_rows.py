"""The MailWizz adapter: what it makes of the rows that a look-up shows, whatever they are."""

import json

import httpx
import pytest
from respx import MockRouter

from bouncehandler.http_client.client import ProviderClient
from bouncehandler.provider import TemporaryFailure
from bouncehandler.suppression import Outcome
from tests.fakes.mailwizz_wire import (
    BOUNCE,
    EVERYWHERE,
    LIST,
    SEARCH,
    adapter,
    answer_in_turn,
    done,
    found,
    record,
    targets,
)


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {"records": []},
        {"count": 1, "records": []},
        {"count": 1, "records": None},
        {"count": 1},
        {"count": "many", "records": []},
        {"count": -1, "records": []},
        {"count": 1.0, "records": [record()]},
        {"count": 10**4000, "records": [record()]},
        {"count": 1e999, "records": [record()]},
        {"count": True, "records": []},
        {"count": [], "records": []},
        {"count": 1, "records": {"0": record()}},
        {"count": 1, "records": "x"},
        {"count": 1, "records": [None]},
        {"count": 1, "records": [[]]},
        {"count": 1, "records": [{**record(), "list": None}]},
        {"count": 1, "records": [{**record(), "list": {}}]},
        {"count": 1, "records": [{**record(), "status": None}]},
        {"count": 1, "records": [{**record(), "email": "other@else.example"}]},
        {"count": 2, "records": [record(), {}]},
    ],
)
def test_a_look_up_without_sense_is_temporary(respx_mock: MockRouter, client: ProviderClient, data: object) -> None:
    """Rows that can't be relied on are neither "unknown" nor "already", and nothing is changed because of them."""
    respx_mock.get(SEARCH).respond(content=json.dumps({"status": "success", "data": data}))
    with pytest.raises(TemporaryFailure):
        adapter(client).unsubscribe(BOUNCE)


HOSTILE: list[object] = [
    "",
    ".",
    "..",
    "../../x",
    "a/b",
    "a%2fb",
    "a?b",
    "a#b",
    "a b",
    "a\n",
    "ab123cd456ef\u0661",
    "x" * 41,
    None,
    7,
    [],
    {},
]


@pytest.mark.parametrize("uid", HOSTILE)
@pytest.mark.parametrize("action", ["unsubscribe", "bounce", "blacklist"])
def test_no_answer_turns_our_url(respx_mock: MockRouter, client: ProviderClient, uid: object, action: str) -> None:
    """Ids from answers go into paths, so that one which is no id stops the dispatch, and nothing is sent there."""
    for hostile in (record(uid=uid), record(list_uid=uid)):
        respx_mock.get(SEARCH).mock(found(record(), hostile, record("blacklisted")))
        with pytest.raises(TemporaryFailure):
            adapter(client, action=action).unsubscribe(BOUNCE)


@pytest.mark.parametrize(
    "data", [{"count": 0, "records": []}, {"count": None, "records": None}, {"count": None}, {"count": "0"}]
)
def test_no_match_is_unknown(respx_mock: MockRouter, client: ProviderClient, data: object) -> None:
    """MailWizz counts an unknown address as 0 or null."""
    respx_mock.get(SEARCH).respond(json={"status": "success", "data": data})
    assert adapter(client).unsubscribe(BOUNCE) == Outcome("unknown")


@pytest.mark.parametrize("status", ["unsubscribed", "blacklisted", "unconfirmed", "unapproved", "disabled", "moved"])
def test_a_row_that_is_not_mailed_is_left_alone(respx_mock: MockRouter, client: ProviderClient, status: str) -> None:
    """Campaigns go to confirmed rows only: where there is none, one call is all."""
    respx_mock.get(SEARCH).mock(found(record(status)))
    assert adapter(client).unsubscribe(BOUNCE) == Outcome("already")


def test_an_unknown_status_counts_as_mailed(respx_mock: MockRouter, client: ProviderClient) -> None:
    """A status that MailWizz may introduce is not taken for silence, and it is looked at again."""
    respx_mock.put(EVERYWHERE).mock(done())
    look_up = respx_mock.get(SEARCH)
    look_up.mock(side_effect=[found(record("vip")), found(record("unsubscribed"))])
    assert adapter(client).unsubscribe(BOUNCE).lists == (LIST,)
    look_up.mock(found(record("vip")))
    with pytest.raises(TemporaryFailure, match="still shows the address as subscribed after 5 calls"):
        adapter(client).unsubscribe(BOUNCE)


def test_a_count_beyond_the_rows_is_not_already(respx_mock: MockRouter, client: ProviderClient) -> None:
    """When MailWizz counts more rows than it shows, the hidden ones may be subscribed."""
    data = {"count": "3", "records": [record("unsubscribed")]}
    respx_mock.get(SEARCH).respond(json={"status": "success", "data": data})
    respx_mock.put(EVERYWHERE).mock(done())
    assert "does not show every list" in adapter(client).unsubscribe(BOUNCE).note
    assert [target.split()[0] for target in targets(respx_mock)] == ["GET", "PUT", "GET"]


def test_rows_that_come_into_sight_are_reported(respx_mock: MockRouter, client: ProviderClient) -> None:
    """A look-up that hides rows may show others the next time: the outcome names the active ones of every look."""

    def looked(*records: object) -> httpx.Response:
        return httpx.Response(200, json={"status": "success", "data": {"count": 2, "records": records}})

    other = record(list_uid="zz0000000000z")
    answer_in_turn(respx_mock, looked(record()), done(), looked(other), done(), looked(record("unsubscribed")))
    assert adapter(client).unsubscribe(BOUNCE).lists == (LIST, "zz0000000000z")
