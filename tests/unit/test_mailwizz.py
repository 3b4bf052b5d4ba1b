"""The MailWizz adapter: what exactly it sends, which settings it takes, and how it proves its credentials."""

import json
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from pydantic import ValidationError

from bouncehandler.provider import (
    Checkable,
    PerCampaign,
    ProviderError,
    ProviderUnavailable,
    TemporaryFailure,
)
from bouncehandler.suppression import Suppression
from providers.mailwizz import MailWizz
from tests.fakes.mailwizz_wire import BOUNCE, CAMPAIGN, DONE, KEYS, LIST, SUB, URL, Wire, adapter, failed, found, record


def _to(email: str) -> Suppression:
    return BOUNCE._replace(recipient=email)


def test_first_official_vector() -> None:
    """A look-up is signed as the official PHP client signs it, and its query goes out exactly as it was signed."""
    wire = Wire(found())
    adapter(wire, **KEYS).unsubscribe(_to("john+tag@example.com"))
    (sent,) = wire.sent
    assert sent.headers["X-MW-SIGNATURE"] == "3476b59bb416d415c04f29b1bc0ebd32e7aa94be"
    assert str(sent.url) == f"{URL}/lists/subscribers/search-by-email-in-all-lists?EMAIL=john%2Btag%40example.com"
    assert sent.headers["X-MW-PUBLIC-KEY"] == KEYS["public_key"]
    assert sent.headers["X-MW-TIMESTAMP"] == "1700000000"
    assert sent.headers["X-MW-REMOTE-ADDR"] == ""
    assert "X-Api-Key" not in sent.headers


def test_second_official_vector() -> None:
    """Unsubscribing everywhere is a real PUT whose form body is signed; PHP encodes the tilde."""
    wire = Wire(found(record(email="john~x@example.com")), httpx.Response(200, json=DONE))
    adapter(wire, **KEYS).unsubscribe(_to("john~x@example.com"))
    sent = wire.sent[1]
    assert sent.headers["X-MW-SIGNATURE"] == "57f6229b99d127e632f66034253f4caf989e02db"
    assert f"{sent.method} {sent.url}" == f"PUT {URL}/lists/subscribers/unsubscribe-by-email-from-all-lists"
    assert sent.content == b"EMAIL=john%7Ex%40example.com"
    assert sent.headers["Content-Type"] == "application/x-www-form-urlencoded"


def test_third_official_vector() -> None:
    """A call without a body is signed over its headers alone."""
    wire = Wire(found(record(), record("blacklisted", list_uid="zz0000000000z")), httpx.Response(200, json=DONE))
    adapter(wire, **KEYS).unsubscribe(BOUNCE)
    sent = wire.sent[1]
    assert sent.headers["X-MW-SIGNATURE"] == "68fe107af291178ebf0d61da13d5cdfbe205bd4e"
    assert f"{sent.method} {sent.url}" == f"PUT {URL}/lists/{LIST}/subscribers/{SUB}/unsubscribe"
    assert sent.content == b""


def test_an_api_key_is_the_whole_signature() -> None:
    """MailWizz 2.x gets `X-Api-Key` and nothing of the signature of 1.x."""
    wire = Wire(found())
    adapter(wire).unsubscribe(BOUNCE)
    assert wire.sent[0].headers["X-Api-Key"] == "the-api-key"
    assert not [name for name in wire.sent[0].headers if name.startswith("x-mw-")]


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://h.example/api", "/api"),
        ("https://h.example/api/", "/api"),
        ("https://h.example/api/index.php", "/api/index.php"),
        ("https://h.example/sub/folder/api/index.php/", "/sub/folder/api/index.php"),
    ],
)
def test_the_url_is_used_as_written(url: str, path: str) -> None:
    """Paths go behind the configured URL, in a sub-folder or not, with or without a slash at its end."""
    wire = Wire(httpx.Response(200, json={"status": "success", "data": {"count": None, "records": []}}))
    adapter(wire, url=url).check()
    assert wire.calls == [f"GET {path}/lists?page=1&per_page=10"]


@pytest.mark.parametrize(
    ("email", "encoded"),
    [
        ("a&b@example.com", "a%26b%40example.com"),
        ("o'brien+x@example.com", "o%27brien%2Bx%40example.com"),
        ("a%40b#c?d=e/../f@example.com", "a%2540b%23c%3Fd%3De%2F..%2Ff%40example.com"),
        ("jörg@exämple.com", "j%C3%B6rg%40ex%C3%A4mple.com"),
        ('"a b"@example.com', "%22a+b%22%40example.com"),
    ],
)
def test_addresses_are_values_and_never_syntax(email: str, encoded: str) -> None:
    """Whatever an address holds, it arrives as one value, in the query and in the body."""
    wire = Wire(found(record(email=email)), httpx.Response(200, json=DONE))
    adapter(wire).unsubscribe(_to(email))
    assert wire.sent[0].url.raw_path.decode().endswith(f"-in-all-lists?EMAIL={encoded}")
    assert wire.sent[1].content.decode() == f"EMAIL={encoded}"


def test_a_bounce_carries_a_short_and_clean_message() -> None:
    """The diagnostic is hostile text: it is cut, and loses what a database or a log might stumble over."""
    wire = Wire(found(record()), httpx.Response(201, json=DONE))
    diagnostic = "550\r\n\x00né \U0001f4a9\udc80" + "x" * 9000
    adapter(wire, action="bounce").unsubscribe(BOUNCE._replace(diagnostic=diagnostic))
    assert wire.calls[1] == f"POST /api/campaigns/{CAMPAIGN}/bounces"
    form = parse_qs(wire.sent[1].content.decode())
    assert form["subscriber_uid"] == [SUB]
    assert form["message"][0].startswith("550   né   xxx")
    assert len(form["message"][0]) == 500


@pytest.mark.parametrize(
    ("status", "category", "bounce_type", "message"),
    [
        ("5.1.1", "bad-mailbox", "hard", "5.1.1"),
        ("4.4.7", "", "soft", "4.4.7"),
        ("", "bad-domain", "hard", "bad-domain"),
        ("", "", "hard", "bounced"),
    ],
)
def test_the_bounce_type_is_the_class_of_the_status(status: str, category: str, bounce_type: str, message: str) -> None:
    """4.x.x is soft, all else that policy suppresses is hard; there is always a message."""
    wire = Wire(found(record()), httpx.Response(201, json=DONE))
    suppression = BOUNCE._replace(status=status, category=category, diagnostic="")
    adapter(wire, action="bounce").unsubscribe(suppression)
    form = parse_qs(wire.sent[1].content.decode())
    assert (form["bounce_type"], form["message"]) == ([bounce_type], [message])


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"api_key": ""},
        {"public_key": "hunter2"},
        {"private_key": "hunter2"},
        {"api_key": "hunter2", **KEYS},
        {"api_key": "hunter2", "public_key": "hunter2"},
        {"public_key": "hunter2", "private_key": ""},
    ],
)
def test_there_is_exactly_one_way_in(keys: dict[str, str]) -> None:
    """Keys of both versions, of none, or half a pair are a mistake that is named, without showing a key."""
    with pytest.raises(ValidationError, match=r"either api_key .* or both public_key and private_key") as error:
        MailWizz.Settings.model_validate({"url": URL, **keys})
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize("name", ["api_key", "public_key", "private_key"])
@pytest.mark.parametrize("key", ["hunter2\n", "hunter2 x", "hünter2", "hunter2\x00"])
def test_a_key_fits_a_header(name: str, key: str) -> None:
    """What can't stand in a header is refused at once, and not shown."""
    with pytest.raises(ValidationError, match="printable ASCII") as error:
        MailWizz.Settings.model_validate({"url": URL, **KEYS, name: key})
    assert "nter2" not in str(error.value)


@pytest.mark.parametrize("url", ["mw.example.test/api", f"{URL}?x=1", f"{URL}#x", "https://u:p@mw.example.test/api"])
def test_the_url_is_only_a_path(url: str) -> None:
    """A URL to which no path can be added is refused."""
    with pytest.raises(ValidationError):
        MailWizz.Settings.model_validate({"url": url, "api_key": "k"})


def test_keys_stay_secret() -> None:
    """No key is in the representation of settings or adapter, nor in the text of a failure."""
    settings = MailWizz.Settings.model_validate({"url": URL, **KEYS})
    mailwizz = adapter(Wire(failed(400, "Invalid API key.")), **KEYS)
    with pytest.raises(ProviderError) as failure:
        mailwizz.check()
    signer: Any = vars(vars(mailwizz)["_api"])["_signer"]
    texts = f"{settings!r} {settings} {mailwizz!r} {signer!r} {failure.value} {failure.value!r}"
    assert not [key for key in KEYS.values() if key in texts]


def test_abilities() -> None:
    """Credentials can be checked; only recorded bounces make each campaign worth a call of its own."""
    mailwizz = adapter(Wire())
    assert isinstance(mailwizz, Checkable)
    assert isinstance(mailwizz, PerCampaign)
    per_campaign = {a: adapter(Wire(), action=a).per_campaign for a in ("unsubscribe", "bounce", "blacklist")}
    assert per_campaign == {"unsubscribe": False, "bounce": True, "blacklist": False}


@pytest.mark.parametrize(("count", "said"), [(12, "account: 12."), ("12", "account: 12."), (None, "account: 0.")])
def test_check_says_one_sentence(count: object, said: str) -> None:
    """`check` proves the credentials with one call that changes nothing."""
    wire = Wire(httpx.Response(200, content=json.dumps({"status": "success", "data": {"count": count}}).encode()))
    assert said in adapter(wire).check()
    assert wire.calls == ["GET /api/lists?page=1&per_page=10"]


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (failed(400, "Ungültig"), ProviderUnavailable),
        (failed(404), ProviderUnavailable),
        (httpx.Response(301), ProviderUnavailable),
        (failed(503), TemporaryFailure),
        (httpx.Response(200, html="<p>hello"), TemporaryFailure),
        (httpx.Response(200, json=DONE), TemporaryFailure),
    ],
)
def test_check_fails_as_a_dispatch_does(answer: httpx.Response, failure: type[ProviderError]) -> None:
    """`check` proves nothing unless MailWizz shows its lists."""
    with pytest.raises(failure):
        adapter(Wire(answer)).check()
