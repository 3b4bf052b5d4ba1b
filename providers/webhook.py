"""Adapter that sends suppressions to any program of yours, by signed HTTP calls as in Standard Webhooks 1.0.0.

Each suppression is one POST of one JSON object; with `batch_size` above 1, each POST is an array of such objects:

    {
      "type": "recipient.suppressed",
      "timestamp": "2026-03-01T09:30:00Z",
      "data": {
        "id": "5d41402abc4b2a76b9719d91",
        "recipient": "john@example.com",
        "reason": "bounce",
        "rule": "policy.bounce.bad-mailbox",
        "category": "bad-mailbox",
        "status": "5.1.1",
        "diagnostic": "smtp;550 5.1.1 no such user",
        "originator": "news@example.com",
        "job_id": "spring-sale",
        "occurred_at": "2026-03-01T09:30:00Z",
        "list_manager": null,
        "list_id": null,
        "subscriber_id": null,
        "campaign_id": null
      }
    }

`type`         `recipient.suppressed`, or `recipient.restored` (below); leave other types alone, they may come later
`timestamp`    when it happened, the same on every retry; where that is not known, when this call was made
`id`           24 hexadecimal digits, the same however often it is sent: a receiver that has it has nothing to do
`recipient`    the address not to be mailed again, its ASCII letters in lower case
`reason`       `bounce` (PowerMTA reported one), `complaint` (the recipient called a message spam), `unsubscribe` (the
               recipient asked for it by mail), `list` (the address was listed by hand); others may come later
`rule`         the rule that decided, in the words of the configuration
`category`     PowerMTA's bounceCat; of a complaint the feedback type, such as `abuse`; both are open sets
`status`       the enhanced status code (RFC 3463)
`diagnostic`   the remote server's answer, of a complaint its reporter, of a request its sender, the first 1000
               characters: never trust it, escape it where it is shown
`originator`   the envelope sender
`job_id`       the campaign, where the site sets one in PowerMTA
`occurred_at`  when PowerMTA wrote the record, or when the request came
`list_manager`   owner of the next three ids, `mailwizz` or `interspire`; a complaint or a request may hold them
`list_id`        the list that the message went to; several with commas between them
`subscriber_id`  the recipient on that list
`campaign_id`    the campaign, where the list manager names one

Every key is always there. `id`, `recipient` and `reason` are never null; each of the others is null where the record
has none. Where a reporter hid the address, it is sent as soon as a list manager has resolved the ids, and not
before. No text is empty or holds a control character. Times are UTC (RFC 3339), with a fraction where there is one.

Where the sysadmin takes a suppression back that was sent, the type is `recipient.restored`. Its `data` is that of the
suppression, with an `id` of its own, and one key more: `restores`, the `id` that it takes back. A recipient who is
suppressed for something else as well is not restored, so that a receiver puts the recipient back where it took them
away for that `id`, and has nothing to do where it did not. `timestamp` is when this call was made. It comes after the
event that it takes back, as a call of its own (an array of one with `batch_size` above 1), never beside suppressions.

The header `webhook-id` is the event's `id`; an array's is made from the ids in it. It is the same when the same
call is repeated, but a retry may be grouped otherwise, so a receiver of arrays goes by the `id` of each member. Any
2xx answer means that the receiver has taken it over; an answer's body is not used.
"""

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import httpx
from pydantic import ConfigDict, Field, SecretStr, field_validator

from bouncehandler.provider import HttpUrl, ProviderSettings, ProviderUnavailable, require_success
from bouncehandler.suppression import Outcome, Suppression

_LONGEST_TEXT = 1000  # characters
_GONE = 410


class Webhook:
    """Sender of suppressions to a program of the site's own.

    The outcome of a call that was taken is `unsubscribed`, without lists: the receiver's own doings are unknown here.
    """

    class Settings(ProviderSettings):
        """URL, secrets and batch size."""

        model_config = ConfigDict(hide_input_in_errors=True)

        url: HttpUrl
        secret: SecretStr | list[SecretStr]
        """`whsec_` and the base64 of 24 to 64 bytes. While it is being changed, the new and the old one, as a list or
        with a space between them: each call is signed with all."""
        batch_size: int = Field(default=1, ge=1, le=1000)
        """Suppressions in one call; above 1 the body is an array, even of one."""

        @field_validator("secret")
        @classmethod
        def _well_formed(cls, secret: SecretStr | list[SecretStr]) -> SecretStr | list[SecretStr]:
            _keys(secret)
            return secret

    def __init__(self, settings: Settings, client: httpx.Client, clock: Callable[[], float] = time.time) -> None:
        self.batch_size = settings.batch_size
        self._url = httpx.URL(settings.url)  # read once: as text it would be read for each call
        self._keys = _keys(settings.secret)
        self._client = client
        self._clock = clock

    def unsubscribe(self, suppression: Suppression) -> Outcome:
        """Send one suppression; raises as `Provider.unsubscribe`."""
        if self.batch_size > 1:
            return self.unsubscribe_batch([suppression])[0]
        now = self._clock()
        self._deliver(suppression.id, _event(suppression, now), now)
        return Outcome("unsubscribed")

    def restore(self, suppression: Suppression, outcome: Outcome) -> Outcome:  # noqa: ARG002  # the port's signature
        """Send that a suppression is taken back, in a call of its own; raises as `Reversible.restore`."""
        now = self._clock()
        own_id = hashlib.blake2b(f"restored\n{suppression.id}".encode(), digest_size=12).hexdigest()
        data = {**_data(suppression), "id": own_id, "restores": suppression.id}
        event = {"type": "recipient.restored", "timestamp": _time_of(now), "data": data}
        self._deliver(own_id, [event] if self.batch_size > 1 else event, now)
        return Outcome("restored")

    def unsubscribe_batch(self, suppressions: Sequence[Suppression]) -> list[Outcome]:
        """Send many suppressions with one call; for none, no call."""
        if suppressions:
            now = self._clock()
            ids = "\n".join(sorted(suppression.id for suppression in suppressions))
            batch_id = hashlib.blake2b(ids.encode(), digest_size=12).hexdigest()
            self._deliver(batch_id, [_event(suppression, now) for suppression in suppressions], now)
        return [Outcome("unsubscribed") for _ in suppressions]

    def _deliver(self, webhook_id: str, content: object, now: float) -> None:
        # A lone surrogate has no UTF-8: a receiver would refuse the body, each time.
        body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
        headers = {"Content-Type": "application/json", **_signed(self._keys, webhook_id, int(now), body)}
        response = self._client.post(self._url, content=body, headers=headers)
        if response.status_code == _GONE:
            raise ProviderUnavailable(
                "HTTP 410: the endpoint is gone for good; correct the URL, or remove this provider"
            )
        require_success(response)


def _signed(keys: Sequence[bytes], webhook_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Sign a call: the three headers of Standard Webhooks 1.0.0, with one signature for each key."""
    content = f"{webhook_id}.{timestamp}.".encode() + body
    digests = (hmac.digest(key, content, "sha256") for key in keys)
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests),
    }


def _event(suppression: Suppression, now: float) -> dict[str, object]:
    data = _data(suppression)
    return {"type": "recipient.suppressed", "timestamp": data["occurred_at"] or _time_of(now), "data": data}


def _data(suppression: Suppression) -> dict[str, str | None]:
    return {
        "id": suppression.id,
        "recipient": suppression.recipient,
        "reason": suppression.reason,
        "rule": _text(suppression.rule),
        "category": _text(suppression.category),
        "status": _text(suppression.status),
        "diagnostic": _text(suppression.diagnostic),
        "originator": _text(suppression.originator),
        "job_id": _text(suppression.job_id),
        "occurred_at": _time(suppression.occurred_at) if suppression.occurred_at else None,
        "list_manager": _text(suppression.list_manager),
        "list_id": _text(suppression.list_id),
        "subscriber_id": _text(suppression.subscriber_id),
        "campaign_id": _text(suppression.campaign_id),
    }


def _text(value: str) -> str | None:
    """Clean a text: one line without control characters, of bounded length; None for an empty one."""
    text = value[:_LONGEST_TEXT]
    if not text.isprintable():
        text = "".join(char if char.isprintable() else " " for char in text)
    return text.strip() or None


def _time_of(now: float) -> str:
    return _time(datetime.fromtimestamp(int(now), UTC))


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _keys(secret: SecretStr | list[SecretStr]) -> list[bytes]:
    """Decode each secret. Raises ValueError, whose text does not repeat them."""
    given = secret if isinstance(secret, list) else [secret]
    words = [word for one in given for word in one.get_secret_value().split()]
    if not words:
        raise ValueError("is empty: give a Standard Webhooks secret, whsec_ and the base64 of 24 to 64 bytes")
    return [_key(word) for word in words]


def _key(word: str) -> bytes:
    prefix, _, encoded = word.partition("_")
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if prefix != "whsec" or not 24 <= len(key) <= 64:  # noqa: PLR2004  # Standard Webhooks 1.0.0, signature scheme
        raise ValueError("is not a Standard Webhooks secret: write whsec_ and the base64 of 24 to 64 bytes")
    return key
