"""The webhook adapter, through the real client, at a receiver that verifies with the standardwebhooks library."""

import base64
from collections.abc import Iterator

import httpx
import pytest

from bouncehandler.http_client.client import ProviderClient, build_client
from bouncehandler.provider import ProviderUnavailable, TemporaryFailure
from bouncehandler.suppression import Suppression
from providers.webhook import Webhook
from tests.contract.providers.webhook.examples import adapter
from tests.fakes.server import Answer
from tests.fakes.webhook import SECRET, FakeReceiver

NEW_SECRET = "whsec_" + base64.b64encode(b"n" * 24).decode()
JOHN = Suppression(id="1" * 24, recipient="john@example.test", reason="bounce", diagnostic='smtp;550 "é" \x00\ud800')
JANE = Suppression(id="2" * 24, recipient="jane@example.test", reason="list")
COMPLAINT = Suppression(
    id="3" * 24,
    recipient="jane@example.test",
    reason="complaint",
    category="abuse",
    list_manager="interspire",
    list_id="8,13",
    subscriber_id="4711",
)


@pytest.fixture
def client() -> Iterator[ProviderClient]:
    """The client that the program gives to adapters."""
    with build_client(timeout=60, sleep=lambda _: None) as client:
        yield client


def test_delivery_is_verified_by_the_public_library(receiver: FakeReceiver, client: ProviderClient) -> None:
    """A receiver with the library of the specification takes what we send."""
    adapter(receiver, client).unsubscribe(JOHN)
    assert receiver.ids == [JOHN.id]
    assert receiver.recipients == ["john@example.test"]
    assert client.last_response() == "HTTP 202: thank you"


def test_complaint_is_taken_with_its_ids(receiver: FakeReceiver, client: ProviderClient) -> None:
    """A complaint names its subject by address and in the list manager's ids."""
    adapter(receiver, client).unsubscribe(COMPLAINT)
    (event,) = receiver.events
    names = ("recipient", "reason", "category", "list_manager", "list_id", "subscriber_id", "campaign_id")
    assert [event["data"][name] for name in names] == [
        "jane@example.test",
        "complaint",
        "abuse",
        "interspire",
        "8,13",
        "4711",
        None,
    ]


def test_batch_is_verified_by_the_public_library(receiver: FakeReceiver, client: ProviderClient) -> None:
    """An array is signed like a single event, and each member arrives."""
    adapter(receiver, client, batch_size=2).unsubscribe_batch([JOHN, JANE])
    assert len(receiver.requests) == 1
    assert receiver.recipients == ["john@example.test", "jane@example.test"]


def test_retry_after_a_lost_answer_is_worked_on_once(receiver: FakeReceiver, client: ProviderClient) -> None:
    """Where the answer got lost, the same delivery comes again, and the receiver knows it by its id."""
    receiver.lost_answers = 1
    webhook = adapter(receiver, client)
    with pytest.raises(httpx.TransportError):
        webhook.unsubscribe(JOHN)
    webhook.unsubscribe(JOHN)
    assert receiver.ids == [JOHN.id, JOHN.id]
    assert receiver.recipients == ["john@example.test"]


def test_retry_in_another_batch_is_worked_on_once(receiver: FakeReceiver, client: ProviderClient) -> None:
    """A retry that is grouped otherwise is known by the ids of its members."""
    webhook = adapter(receiver, client, batch_size=2)
    webhook.unsubscribe_batch([JOHN])
    webhook.unsubscribe_batch([JOHN, JANE])
    assert len(set(receiver.ids)) == 2
    assert receiver.recipients == ["john@example.test", "jane@example.test"]


@pytest.mark.parametrize("accepted", [SECRET, NEW_SECRET])
def test_secret_is_changed_without_a_gap(client: ProviderClient, accepted: str) -> None:
    """With both secrets configured, receivers that know only the old or only the new one take the delivery."""
    with FakeReceiver(accepted) as receiver:
        adapter(receiver, client, secret=f"{NEW_SECRET} {SECRET}").unsubscribe(JOHN)
        assert receiver.recipients == ["john@example.test"]


def test_wrong_secret_holds_the_provider(receiver: FakeReceiver, client: ProviderClient) -> None:
    """A receiver that can't verify is shown with its own words; nothing was taken."""
    with pytest.raises(ProviderUnavailable, match="HTTP 401: No matching signature found"):
        adapter(receiver, client, secret=NEW_SECRET).unsubscribe(JOHN)
    assert receiver.events == []


def test_redirect_carries_the_recipient_nowhere(receiver: FakeReceiver, client: ProviderClient) -> None:
    """A redirect is reported to the sysadmin, and no other server gets the recipient."""
    receiver.always = Answer(status=308, headers={"Location": f"{receiver.url}/elsewhere"})
    with pytest.raises(ProviderUnavailable, match="redirects are never followed"):
        adapter(receiver, client).unsubscribe(JOHN)
    assert len(receiver.requests) == 1


def test_overloaded_receiver_is_given_the_time_it_asks_for(receiver: FakeReceiver, client: ProviderClient) -> None:
    """`Retry-After` reaches the schedule; the next call succeeds."""
    receiver.failures = [Answer(status=429, headers={"Retry-After": "30"}), Answer(status=504)]
    webhook = adapter(receiver, client)
    with pytest.raises(TemporaryFailure) as caught:
        webhook.unsubscribe(JOHN)
    assert caught.value.retry_after == 30
    with pytest.raises(TemporaryFailure) as caught:
        webhook.unsubscribe(JOHN)
    assert caught.value.retry_after is None
    webhook.unsubscribe(JOHN)
    assert receiver.recipients == ["john@example.test"]


@pytest.mark.parametrize("batch_size", [1, 10])
def test_restored(receiver: FakeReceiver, client: ProviderClient, batch_size: int) -> None:
    """An undo is an event of its own, with an id of its own that is the same on each retry."""
    settings = Webhook.Settings.model_validate({"url": receiver.hook, "secret": SECRET, "batch_size": batch_size})
    webhook = Webhook(settings, client)
    outcome = webhook.unsubscribe(JOHN)
    assert [webhook.restore(JOHN, outcome).kind for _ in range(2)] == ["restored"] * 2
    assert len(set(receiver.ids)) == 2
    suppressed, restored = receiver.events
    assert (suppressed["type"], restored["type"]) == ("recipient.suppressed", "recipient.restored")
    data = restored["data"]
    assert data == {**suppressed["data"], "id": data["id"], "restores": JOHN.id}
    assert data["id"] == receiver.ids[-1] != JOHN.id
