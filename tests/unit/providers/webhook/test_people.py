"""Webhook events of complaints and requests, and of a list manager's ids."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from respx import MockRouter

from bouncehandler.http_client.client import ProviderClient
from bouncehandler.provider import BySubscriber
from bouncehandler.suppression import Suppression
from providers import webhook
from tests.fakes.webhook import SECRET

IDS = {"list_manager": "mailwizz", "list_id": "ab123cd456ef7", "subscriber_id": "gh890ij123kl4"}
COMPLAINT = Suppression(
    id="c" * 24,
    recipient="jane@example.test",
    reason="complaint",
    rule="policy.complaint.abuse",
    record_type="f",
    category="abuse",
    diagnostic="Feedback Agent 1.0 from 192.0.2.7",
    list_manager=IDS["list_manager"],
    list_id=IDS["list_id"],
    subscriber_id=IDS["subscriber_id"],
    campaign_id="kl567mn890op1",
)


Send = Callable[[Suppression], dict[str, Any]]


def _adapter(client: httpx.Client) -> webhook.Webhook:
    settings = webhook.Webhook.Settings.model_validate({"url": "https://crm.example.test/hook", "secret": SECRET})
    return webhook.Webhook(settings, client)


@pytest.fixture
def send(respx_mock: MockRouter, client: ProviderClient) -> Send:
    """Sends a suppression to a receiver, and returns the event that it gets."""
    hook = respx_mock.post("https://crm.example.test/hook").respond(204)

    def send(suppression: Suppression) -> dict[str, Any]:
        _adapter(client).unsubscribe(suppression)
        event: dict[str, Any] = json.loads(hook.calls.last.request.content)
        return event

    return send


def test_a_complaint_holds_its_type_and_the_ids(send: Send) -> None:
    """A complaint has the feedback type as its category, and the subscriber's ids of the headers as they are."""
    assert send(COMPLAINT)["data"] == {
        "id": COMPLAINT.id,
        "recipient": "jane@example.test",
        "reason": "complaint",
        "rule": "policy.complaint.abuse",
        "category": "abuse",
        "diagnostic": "Feedback Agent 1.0 from 192.0.2.7",
        **IDS,
        "campaign_id": "kl567mn890op1",
        **dict.fromkeys(["status", "originator", "job_id", "occurred_at"]),
    }


def test_a_request_to_be_unsubscribed_is_sent(send: Send) -> None:
    """A request has a reason of its own, and no key that the documentation does not name."""
    data = send(COMPLAINT._replace(reason="unsubscribe", category="", record_type=""))["data"]
    assert (data["reason"], {name: data[name] for name in IDS}) == ("unsubscribe", IDS)
    assert not [name for name in data if f"`{name}`" not in str(webhook.__doc__)]


def test_ids_alone_are_not_for_a_webhook(client: ProviderClient) -> None:
    """The adapter takes no suppression without an address, which receivers are promised."""
    assert not isinstance(_adapter(client), BySubscriber)


def test_the_documentation_shows_a_real_event(send: Send) -> None:
    """The example in the documentation is the event that such a suppression makes, key by key."""
    text = str(webhook.__doc__)
    example = json.loads(text[text.index("    {\n") : text.index("\n    }\n") + 6])
    data = {name: value for name, value in example["data"].items() if value is not None and name != "occurred_at"}
    bounce = Suppression(**data, occurred_at=datetime(2026, 3, 1, 9, 30, tzinfo=UTC))
    assert send(bounce) == example


@pytest.mark.parametrize("name", ["list_manager", "list_id", "subscriber_id", "campaign_id"])
def test_hostile_ids_are_tamed(send: Send, name: str) -> None:
    """Ids come from the headers of mail: they are sent without control characters, and of bounded length."""
    hostile: dict[str, Any] = {name: "a\r\n\x00<b>\ud800" + "x" * 9000}
    data = send(COMPLAINT._replace(**hostile))["data"][name]
    assert data.startswith("a   <b> xxx")
    assert len(data) == 1000
