"""The webhook adapter: what exactly it sends, signed, and which settings it takes."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta, timezone
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError
from respx import MockRouter, Route

from bouncehandler.http_client.client import ProviderClient
from bouncehandler.provider import Batched
from bouncehandler.suppression import Outcome
from providers.webhook import Webhook, _keys, _signed
from tests.fakes.webhook import SECRET
from tests.fakes.webhook_wire import AT, BARE, URL, WHOLE, adapter

OTHER_SECRET = "whsec_" + base64.b64encode(b"o" * 64).decode()


@pytest.fixture
def hook(respx_mock: MockRouter) -> Route:
    """The receiver, which takes what is posted to its URL, and nothing else."""
    return respx_mock.post(URL).respond(204)


def bodies(hook: Route) -> list[Any]:
    """What was sent, read as JSON."""
    return [json.loads(call.request.content) for call in hook.calls]


def test_official_vector() -> None:
    """The signature is the one that the specification gives as its example."""
    headers = _signed(_keys(SecretStr(SECRET)), "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_event_states_everything_that_is_known(hook: Route, client: ProviderClient) -> None:
    """One suppression is one POST of one object, with every field that the documentation names."""
    assert adapter(client).unsubscribe(WHOLE) == Outcome("unsubscribed")
    assert hook.calls[0].request.headers["content-type"] == "application/json"
    assert bodies(hook) == [
        {
            "type": "recipient.suppressed",
            "timestamp": "2026-03-01T09:30:00Z",
            "data": {
                "id": "5d41402abc4b2a76b9719d91",
                "recipient": "john@example.test",
                "reason": "bounce",
                "rule": "policy.bounce.bad-mailbox",
                "category": "bad-mailbox",
                "status": "5.1.1",
                "diagnostic": "smtp;550 5.1.1 no such user",
                "originator": "news@example.test",
                "job_id": "spring-sale",
                "occurred_at": "2026-03-01T09:30:00Z",
                **dict.fromkeys(["list_manager", "list_id", "subscriber_id", "campaign_id"]),
            },
        }
    ]


def test_unknown_is_null_and_the_key_is_there(hook: Route, client: ProviderClient) -> None:
    """Fields that the record lacks are null, never empty or left out; the time of the call stands for its time."""
    adapter(client).unsubscribe(BARE)
    event = bodies(hook)[0]
    assert event["timestamp"] == "2026-03-01T09:30:00Z"
    assert event["data"] == {
        "id": BARE.id,
        "recipient": "jane@example.test",
        "reason": "list",
        **dict.fromkeys(["rule", "category", "status", "diagnostic", "originator", "job_id", "occurred_at"]),
        **dict.fromkeys(["list_manager", "list_id", "subscriber_id", "campaign_id"]),
    }


def test_times_are_utc(hook: Route, client: ProviderClient) -> None:
    """A record from another zone is sent in UTC."""
    adapter(client).unsubscribe(WHOLE._replace(occurred_at=AT.astimezone(timezone(timedelta(hours=5, minutes=30)))))
    assert bodies(hook)[0]["data"]["occurred_at"] == "2026-03-01T09:30:00Z"


def test_hostile_text_is_tamed(hook: Route, client: ProviderClient) -> None:
    """Control characters, lone surrogates and endless diagnostics reach no receiver."""
    hostile = '\x00550 "no"\r\n\x1b[31m\u2028{\ud800}' + "é" * 100_000
    adapter(client).unsubscribe(WHOLE._replace(diagnostic=hostile, job_id="\x00\x07"))
    data = bodies(hook)[0]["data"]
    assert data["diagnostic"].startswith('550 "no"   [31m {')
    assert data["diagnostic"].isprintable()
    assert len(data["diagnostic"]) <= 1000
    assert data["job_id"] is None


def test_body_is_valid_utf_8_even_where_an_address_is_not(hook: Route, client: ProviderClient) -> None:
    """A lone surrogate in an address is sent as something that every receiver can decode."""
    adapter(client).unsubscribe(WHOLE._replace(recipient="jos\udce9@bücher.example"))
    assert bodies(hook)[0]["data"]["recipient"] == "jos?@bücher.example"


def test_exactly_the_bytes_sent_are_signed(hook: Route, client: ProviderClient) -> None:
    """The signature is that of the body as it went out, non-ASCII text included."""
    adapter(client).unsubscribe(WHOLE._replace(recipient="jörg@bücher.example"))
    request = hook.calls[0].request
    content = f"{WHOLE.id}.1772357400.".encode() + request.content
    digest = hmac.new(base64.b64decode(SECRET[6:]), content, hashlib.sha256).digest()
    assert request.headers["webhook-signature"] == "v1," + base64.b64encode(digest).decode()


def test_retry_has_the_same_id_and_body_and_a_timestamp_of_its_own(hook: Route, client: ProviderClient) -> None:
    """A receiver recognises a retry by its id; the header holds the time of the attempt, the body that of the event."""
    times = iter([1772357400.0, 1772361000.9])
    webhook = adapter(client, lambda: next(times))
    webhook.unsubscribe(WHOLE)
    webhook.unsubscribe(WHOLE)
    first, second = (call.request for call in hook.calls)
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == WHOLE.id
    assert first.content == second.content
    assert (first.headers["webhook-timestamp"], second.headers["webhook-timestamp"]) == ("1772357400", "1772361000")
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]


@pytest.mark.parametrize("secret", [f"{SECRET} {OTHER_SECRET}", f" {SECRET}\n{OTHER_SECRET}\n", [SECRET, OTHER_SECRET]])
def test_each_secret_signs(hook: Route, client: ProviderClient, secret: str | list[str]) -> None:
    """While a secret is changed, one signature for each, whether they come as a list or as one text."""
    adapter(client, secret=secret).unsubscribe(WHOLE)
    both = hook.calls[0].request.headers["webhook-signature"].split(" ")
    for signature, one in zip(both, [SECRET, OTHER_SECRET], strict=True):
        adapter(client, secret=one).unsubscribe(WHOLE)
        assert hook.calls.last.request.headers["webhook-signature"] == signature


def test_batch_is_one_call_with_an_array(hook: Route, client: ProviderClient) -> None:
    """Many suppressions are one POST, each with its own id inside, in their order; one outcome for each."""
    webhook = adapter(client, batch_size=500)
    assert isinstance(webhook, Batched)
    assert webhook.batch_size == 500
    assert webhook.unsubscribe_batch([WHOLE, BARE]) == [Outcome("unsubscribed"), Outcome("unsubscribed")]
    assert [[event["data"]["id"] for event in body] for body in bodies(hook)] == [[WHOLE.id, BARE.id]]
    assert {event["type"] for event in bodies(hook)[0]} == {"recipient.suppressed"}


def test_batch_id_follows_from_its_members(hook: Route, client: ProviderClient) -> None:
    """The same batch has the same id again, in whatever order; another batch has another; none holds a dot."""
    webhook = adapter(client, batch_size=10)
    for batch in ([WHOLE, BARE], [BARE, WHOLE], [WHOLE], [BARE]):
        webhook.unsubscribe_batch(batch)
    both, swapped, whole, bare = (call.request.headers["webhook-id"] for call in hook.calls)
    assert both == swapped
    assert len({both, whole, bare}) == 3
    assert "." not in both + whole + bare


def test_receiver_of_arrays_only_gets_arrays(hook: Route, client: ProviderClient) -> None:
    """With `batch_size` above 1 a single suppression is an array too, under the id that it has as a batch."""
    webhook = adapter(client, batch_size=2)
    assert webhook.unsubscribe(WHOLE) == Outcome("unsubscribed")
    webhook.unsubscribe_batch([WHOLE])
    assert [len(body) for body in bodies(hook)] == [1, 1]
    assert hook.calls[0].request.headers["webhook-id"] == hook.calls[1].request.headers["webhook-id"]


def test_batch_of_none_is_no_call(client: ProviderClient) -> None:
    """Nothing to send, no call."""
    assert adapter(client, batch_size=2).unsubscribe_batch([]) == []


@pytest.mark.parametrize(
    "secret",
    [
        "",
        " ",
        [],
        [""],
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_" + base64.b64encode(b"s" * 23).decode(),
        "whsec_" + base64.b64encode(b"s" * 65).decode(),
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2La!aSw",
        "whsec_ MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        f"{SECRET} MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_ünïcödeMfKQ9r8GKYqrTwjUPD8ILPZIo2",
    ],
)
def test_malformed_secret_is_reported_without_repeating_it(secret: str | list[str]) -> None:
    """A malformed secret is an error in the configuration, without the secret in its text."""
    with pytest.raises(ValidationError, match="whsec_ and the base64 of 24 to 64 bytes") as caught:
        Webhook.Settings.model_validate({"url": URL, "secret": secret})
    for part in ("MfKQ9r8", "c3Nz"):
        assert part not in str(caught.value)


def test_secret_may_lack_its_padding() -> None:
    """Some generators leave out the equals signs at the end of base64."""
    unpadded = "whsec_" + base64.b64encode(b"s" * 25).decode().rstrip("=")
    assert _keys(SecretStr(unpadded)) == [b"s" * 25]


def test_settings_do_not_show_the_secret() -> None:
    """A log line with the settings holds no secret."""
    settings = Webhook.Settings.model_validate({"url": URL, "secret": [SECRET, OTHER_SECRET]})
    assert "MfKQ9r8" not in repr(settings) + str(settings)


@pytest.mark.parametrize("batch_size", [0, 1001])
def test_batch_size_has_limits(batch_size: int) -> None:
    """A batch is 1 to 1000 suppressions."""
    with pytest.raises(ValidationError, match="batch_size"):
        Webhook.Settings.model_validate({"url": URL, "secret": SECRET, "batch_size": batch_size})
