"""The webhook adapter's words on the wire, and what it makes of answers."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import httpx
import pytest
from pydantic import SecretStr, ValidationError

from bouncehandler.provider import Batched, ProviderUnavailable, TemporaryFailure
from bouncehandler.suppression import Outcome, Suppression
from providers.webhook import Webhook, _keys, _signed

URL = "https://crm.example.test/hooks/email"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER_SECRET = "whsec_" + base64.b64encode(b"o" * 64).decode()
AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
WHOLE = Suppression(
    id="5d41402abc4b2a76b9719d91",
    recipient="john@example.test",
    reason="bounce",
    rule="policy.bounce.bad-mailbox",
    record_type="b",
    category="bad-mailbox",
    status="5.1.1",
    diagnostic="smtp;550 5.1.1 no such user",
    originator="news@example.test",
    job_id="spring-sale",
    occurred_at=AT,
)
BARE = Suppression(id="b" * 24, recipient="jane@example.test", reason="list")


class Receiver:
    """Keeps requests and answers them all alike."""

    def __init__(self, status: int = 204, headers: dict[str, str] | None = None, body: bytes = b"") -> None:
        self.requests: list[httpx.Request] = []
        self._answer = (status, headers or {}, body)

    def adapter(
        self,
        clock: Callable[[], float] = lambda: 1772357400.5,
        *,
        secret: str | list[str] = SECRET,
        batch_size: int = 1,
    ) -> Webhook:
        """A webhook that delivers here."""
        settings = Webhook.Settings.model_validate({"url": URL, "secret": secret, "batch_size": batch_size})
        return Webhook(settings, httpx.Client(transport=httpx.MockTransport(self._respond)), clock)

    def _respond(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        status, headers, body = self._answer
        return httpx.Response(status, headers=headers, content=body)

    @property
    def bodies(self) -> list[Any]:
        """What was sent, read as JSON."""
        return [json.loads(request.content) for request in self.requests]


def test_official_vector() -> None:
    """The signature is the one that the specification gives as its example."""
    headers = _signed(_keys(SecretStr(SECRET)), "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_event_says_everything_that_is_known() -> None:
    """One suppression is one POST of one object, with every field that the documentation names."""
    receiver = Receiver()
    assert receiver.adapter().unsubscribe(WHOLE) == Outcome("unsubscribed")
    assert (receiver.requests[0].method, str(receiver.requests[0].url)) == ("POST", URL)
    assert receiver.requests[0].headers["content-type"] == "application/json"
    assert receiver.bodies == [
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


def test_unknown_is_null_and_the_key_is_there() -> None:
    """What the record does not say is null, never empty and never left out; the call's own time stands in."""
    receiver = Receiver()
    receiver.adapter().unsubscribe(BARE)
    event = receiver.bodies[0]
    assert event["timestamp"] == "2026-03-01T09:30:00Z"
    assert event["data"] == {
        "id": BARE.id,
        "recipient": "jane@example.test",
        "reason": "list",
        **dict.fromkeys(["rule", "category", "status", "diagnostic", "originator", "job_id", "occurred_at"]),
        **dict.fromkeys(["list_manager", "list_id", "subscriber_id", "campaign_id"]),
    }


def test_times_are_utc() -> None:
    """A record from another zone is told in UTC."""
    receiver = Receiver()
    receiver.adapter().unsubscribe(WHOLE._replace(occurred_at=AT.astimezone(timezone(timedelta(hours=5, minutes=30)))))
    assert receiver.bodies[0]["data"]["occurred_at"] == "2026-03-01T09:30:00Z"


def test_hostile_text_is_tamed() -> None:
    """Control characters, lone surrogates and endless diagnostics reach no receiver."""
    receiver = Receiver()
    hostile = '\x00550 "no"\r\n\x1b[31m\u2028{\ud800}' + "é" * 100_000
    receiver.adapter().unsubscribe(WHOLE._replace(diagnostic=hostile, job_id="\x00\x07"))
    data = receiver.bodies[0]["data"]
    assert data["diagnostic"].startswith('550 "no"   [31m {')
    assert data["diagnostic"].isprintable()
    assert len(data["diagnostic"]) <= 1000
    assert data["job_id"] is None


def test_body_is_valid_utf_8_even_where_an_address_is_not() -> None:
    """A lone surrogate in an address is sent as something that every receiver can decode."""
    receiver = Receiver()
    receiver.adapter().unsubscribe(WHOLE._replace(recipient="jos\udce9@bücher.example"))
    assert receiver.bodies[0]["data"]["recipient"] == "jos?@bücher.example"


def test_exactly_the_bytes_sent_are_signed() -> None:
    """The signature is that of the body as it went out, non-ASCII text included."""
    receiver = Receiver()
    receiver.adapter().unsubscribe(WHOLE._replace(recipient="jörg@bücher.example"))
    request = receiver.requests[0]
    content = f"{WHOLE.id}.1772357400.".encode() + request.content
    digest = hmac.new(base64.b64decode(SECRET[6:]), content, hashlib.sha256).digest()
    assert request.headers["webhook-signature"] == "v1," + base64.b64encode(digest).decode()


def test_retry_has_the_same_id_and_body_and_a_timestamp_of_its_own() -> None:
    """A receiver recognises a retry by its id; the header tells the time of the attempt, the body that of the event."""
    receiver = Receiver()
    times = iter([1772357400.0, 1772361000.9])
    adapter = receiver.adapter(lambda: next(times))
    adapter.unsubscribe(WHOLE)
    adapter.unsubscribe(WHOLE)
    first, second = receiver.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == WHOLE.id
    assert first.content == second.content
    assert (first.headers["webhook-timestamp"], second.headers["webhook-timestamp"]) == ("1772357400", "1772361000")
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]


@pytest.mark.parametrize("secret", [f"{SECRET} {OTHER_SECRET}", f" {SECRET}\n{OTHER_SECRET}\n", [SECRET, OTHER_SECRET]])
def test_each_secret_signs(secret: str | list[str]) -> None:
    """While a secret is changed, one signature for each, whether they come as a list or as one text."""
    receiver = Receiver()
    receiver.adapter(secret=secret).unsubscribe(WHOLE)
    both = receiver.requests[0].headers["webhook-signature"].split(" ")
    for signature, one in zip(both, [SECRET, OTHER_SECRET], strict=True):
        alone = Receiver()
        alone.adapter(secret=one).unsubscribe(WHOLE)
        assert alone.requests[0].headers["webhook-signature"] == signature


def test_batch_is_one_call_with_an_array() -> None:
    """Many suppressions are one POST, each with its own id inside, in their order; one outcome for each."""
    receiver = Receiver()
    adapter = receiver.adapter(batch_size=500)
    assert isinstance(adapter, Batched)
    assert adapter.batch_size == 500
    assert adapter.unsubscribe_batch([WHOLE, BARE]) == [Outcome("unsubscribed"), Outcome("unsubscribed")]
    assert [[event["data"]["id"] for event in body] for body in receiver.bodies] == [[WHOLE.id, BARE.id]]
    assert {event["type"] for event in receiver.bodies[0]} == {"recipient.suppressed"}


def test_batch_id_follows_from_its_members() -> None:
    """The same batch has the same id again, in whatever order; another batch has another; none holds a dot."""
    receiver = Receiver()
    adapter = receiver.adapter(batch_size=10)
    for batch in ([WHOLE, BARE], [BARE, WHOLE], [WHOLE], [BARE]):
        adapter.unsubscribe_batch(batch)
    both, swapped, whole, bare = (request.headers["webhook-id"] for request in receiver.requests)
    assert both == swapped
    assert len({both, whole, bare}) == 3
    assert "." not in both + whole + bare


def test_receiver_of_arrays_only_gets_arrays() -> None:
    """With `batch_size` above 1 a single suppression is an array too, under the id that it has as a batch."""
    receiver = Receiver()
    adapter = receiver.adapter(batch_size=2)
    assert adapter.unsubscribe(WHOLE) == Outcome("unsubscribed")
    adapter.unsubscribe_batch([WHOLE])
    assert [len(body) for body in receiver.bodies] == [1, 1]
    assert receiver.requests[0].headers["webhook-id"] == receiver.requests[1].headers["webhook-id"]


def test_batch_of_none_is_no_call() -> None:
    """Nothing to tell, nothing sent."""
    receiver = Receiver()
    assert receiver.adapter(batch_size=2).unsubscribe_batch([]) == []
    assert not receiver.requests


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_is_done_whatever_the_body_says(status: int) -> None:
    """The status alone decides."""
    assert Receiver(status, body=b'{"error": "no"}').adapter().unsubscribe(WHOLE) == Outcome("unsubscribed")


def test_410_holds_the_provider() -> None:
    """An endpoint that is gone gets no further calls, and the operator a sentence that says what to do."""
    with pytest.raises(ProviderUnavailable, match=r"gone for good; correct the URL, or remove this provider"):
        Receiver(410).adapter().unsubscribe(WHOLE)


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308, 401, 403, 404, 405])
def test_wrong_url_or_secret_holds_the_provider(status: int) -> None:
    """A redirect is not followed; it and a refusal concern the provider as a whole, not one suppression."""
    receiver = Receiver(status, {"Location": "https://elsewhere.example.test/"})
    with pytest.raises(ProviderUnavailable, match=str(status)):
        receiver.adapter().unsubscribe(WHOLE)
    assert len(receiver.requests) == 1


@pytest.mark.parametrize("status", [400, 408, 409, 413, 422, 429, 500, 502, 503, 504, 599])
def test_anything_else_is_temporary(status: int) -> None:
    """A later call may succeed, and comes when the receiver asks for it."""
    with pytest.raises(TemporaryFailure, match=str(status)) as caught:
        Receiver(status, {"Retry-After": "120"}).adapter().unsubscribe(WHOLE)
    assert caught.value.retry_after == 120


def test_failed_batch_is_one_failure() -> None:
    """A failure concerns the whole batch."""
    with pytest.raises(TemporaryFailure):
        Receiver(503).adapter(batch_size=2).unsubscribe_batch([WHOLE, BARE])


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
def test_malformed_secret_is_told_without_repeating_it(secret: str | list[str]) -> None:
    """A secret that can't be one is an error in the configuration, whose text does not give it away."""
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
