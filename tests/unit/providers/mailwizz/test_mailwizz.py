"""The MailWizz adapter: what exactly it sends, which settings it takes, and how it proves its credentials."""

from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from pydantic import ValidationError
from respx import MockRouter

from bouncehandler.http_client.client import ProviderClient
from bouncehandler.provider import (
    Checkable,
    PerCampaign,
    ProviderError,
    ProviderUnavailable,
    TemporaryFailure,
)
from bouncehandler.suppression import Suppression
from providers.mailwizz import MailWizz
from tests.fakes.mailwizz_wire import (
    BOUNCE,
    CAMPAIGN,
    DONE,
    EVERYWHERE,
    KEYS,
    LIST,
    SEARCH,
    SUB,
    URL,
    adapter,
    done,
    failed,
    found,
    record,
    targets,
)

BOUNCES = f"{URL}/campaigns/{CAMPAIGN}/bounces"
LISTS = f"{URL}/lists?page=1&per_page=10"


def _to(email: str) -> Suppression:
    return BOUNCE._replace(recipient=email)


def test_first_official_vector(respx_mock: MockRouter, client: ProviderClient) -> None:
    """A look-up is signed as the official PHP client signs it, and its query goes out exactly as it was signed."""
    look_up = respx_mock.get(SEARCH, params={"EMAIL": "john+tag@example.com"}).mock(found())
    adapter(client, **KEYS).unsubscribe(_to("john+tag@example.com"))
    sent = look_up.calls.last.request
    assert sent.headers["X-MW-SIGNATURE"] == "3476b59bb416d415c04f29b1bc0ebd32e7aa94be"
    assert str(sent.url) == f"{SEARCH}?EMAIL=john%2Btag%40example.com"
    assert sent.headers["X-MW-PUBLIC-KEY"] == KEYS["public_key"]
    assert sent.headers["X-MW-TIMESTAMP"] == "1700000000"
    assert sent.headers["X-MW-REMOTE-ADDR"] == ""
    assert "X-Api-Key" not in sent.headers


def test_second_official_vector(respx_mock: MockRouter, client: ProviderClient) -> None:
    """Unsubscribing everywhere is a real PUT with a signed form body; PHP encodes the tilde."""
    respx_mock.get(SEARCH).mock(found(record(email="john~x@example.com")))
    everywhere = respx_mock.put(EVERYWHERE).mock(done())
    adapter(client, **KEYS).unsubscribe(_to("john~x@example.com"))
    sent = everywhere.calls.last.request
    assert sent.headers["X-MW-SIGNATURE"] == "57f6229b99d127e632f66034253f4caf989e02db"
    assert sent.content == b"EMAIL=john%7Ex%40example.com"
    assert sent.headers["Content-Type"] == "application/x-www-form-urlencoded"


def test_third_official_vector(respx_mock: MockRouter, client: ProviderClient) -> None:
    """A call without a body is signed over its headers alone."""
    respx_mock.get(SEARCH).mock(found(record(), record("blacklisted", list_uid="zz0000000000z")))
    one = respx_mock.put(f"{URL}/lists/{LIST}/subscribers/{SUB}/unsubscribe").mock(done())
    adapter(client, **KEYS).unsubscribe(BOUNCE)
    sent = one.calls.last.request
    assert sent.headers["X-MW-SIGNATURE"] == "68fe107af291178ebf0d61da13d5cdfbe205bd4e"
    assert sent.content == b""


def test_an_api_key_is_the_whole_signature(respx_mock: MockRouter, client: ProviderClient) -> None:
    """MailWizz 2.x gets `X-Api-Key` and nothing of the signature of 1.x."""
    look_up = respx_mock.get(SEARCH, headers={"X-Api-Key": "the-api-key"}).mock(found())
    adapter(client).unsubscribe(BOUNCE)
    assert not [name for name in look_up.calls.last.request.headers if name.startswith("x-mw-")]


@pytest.mark.parametrize(
    ("url", "used"),
    [
        ("https://h.example/api", "https://h.example/api"),
        ("https://h.example/api/", "https://h.example/api"),
        ("https://h.example/api/index.php", "https://h.example/api/index.php"),
        ("https://h.example/sub/folder/api/index.php/", "https://h.example/sub/folder/api/index.php"),
    ],
)
def test_the_url_is_used_as_written(respx_mock: MockRouter, client: ProviderClient, url: str, used: str) -> None:
    """Paths go behind the configured URL, in a sub-folder or not, with or without a slash at its end."""
    respx_mock.get(f"{used}/lists?page=1&per_page=10").respond(
        json={"status": "success", "data": {"count": None, "records": []}}
    )
    adapter(client, url=url).check()


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
def test_addresses_are_values_and_never_syntax(
    respx_mock: MockRouter, client: ProviderClient, email: str, encoded: str
) -> None:
    """Whatever an address holds, it arrives as one value, in the query and in the body."""
    respx_mock.get(SEARCH, params={"EMAIL": email}).mock(found(record(email=email)))
    respx_mock.put(EVERYWHERE, content=f"EMAIL={encoded}").mock(done())
    adapter(client).unsubscribe(_to(email))
    assert targets(respx_mock)[0].endswith(f"-in-all-lists?EMAIL={encoded}")


def test_a_bounce_carries_a_short_and_clean_message(respx_mock: MockRouter, client: ProviderClient) -> None:
    """The diagnostic is hostile text: it is cut, and loses what a database or a log might stumble over."""
    respx_mock.get(SEARCH).mock(found(record()))
    bounces = respx_mock.post(BOUNCES).respond(201, json=DONE)
    diagnostic = "550\r\n\x00né \U0001f4a9\udc80" + "x" * 9000
    adapter(client, action="bounce").unsubscribe(BOUNCE._replace(diagnostic=diagnostic))
    form = parse_qs(bounces.calls.last.request.content.decode())
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
def test_the_bounce_type_is_the_class_of_the_status(  # noqa: PLR0913, PLR0917  # pytest hands over what it drew
    respx_mock: MockRouter, client: ProviderClient, status: str, category: str, bounce_type: str, message: str
) -> None:
    """4.x.x is soft, all else that policy suppresses is hard; there is always a message."""
    respx_mock.get(SEARCH).mock(found(record()))
    form = {"subscriber_uid": SUB, "bounce_type": bounce_type, "message": message}
    respx_mock.post(BOUNCES, data=form).respond(201, json=DONE)
    adapter(client, action="bounce").unsubscribe(BOUNCE._replace(status=status, category=category, diagnostic=""))


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
    """A key that does not fit into a header is refused at once, and not shown."""
    with pytest.raises(ValidationError, match="printable ASCII") as error:
        MailWizz.Settings.model_validate({"url": URL, **KEYS, name: key})
    assert "nter2" not in str(error.value)


@pytest.mark.parametrize("url", ["mw.example.test/api", f"{URL}?x=1", f"{URL}#x", "https://u:p@mw.example.test/api"])
def test_the_url_is_only_a_path(url: str) -> None:
    """A URL to which no path can be added is refused."""
    with pytest.raises(ValidationError):
        MailWizz.Settings.model_validate({"url": url, "api_key": "k"})


def test_keys_stay_secret(respx_mock: MockRouter, client: ProviderClient) -> None:
    """No key is in the representation of settings or adapter, nor in the text of a failure."""
    settings = MailWizz.Settings.model_validate({"url": URL, **KEYS})
    respx_mock.get(LISTS).mock(failed(400, "Invalid API key."))
    mailwizz = adapter(client, **KEYS)
    with pytest.raises(ProviderError) as failure:
        mailwizz.check()
    signer: Any = vars(vars(mailwizz)["_api"])["_signer"]
    texts = f"{settings!r} {settings} {mailwizz!r} {signer!r} {failure.value} {failure.value!r}"
    assert not [key for key in KEYS.values() if key in texts]


def test_abilities(client: ProviderClient) -> None:
    """Credentials can be checked; only recorded bounces make each campaign worth a call of its own."""
    mailwizz = adapter(client)
    assert isinstance(mailwizz, Checkable)
    assert isinstance(mailwizz, PerCampaign)
    per_campaign = {a: adapter(client, action=a).per_campaign for a in ("unsubscribe", "bounce", "blacklist")}
    assert per_campaign == {"unsubscribe": False, "bounce": True, "blacklist": False}


@pytest.mark.parametrize(("count", "expected"), [(12, "account: 12."), ("12", "account: 12."), (None, "account: 0.")])
def test_check_states_one_sentence(
    respx_mock: MockRouter, client: ProviderClient, count: object, expected: str
) -> None:
    """`check` proves the credentials with one call that changes nothing."""
    respx_mock.get(LISTS).respond(json={"status": "success", "data": {"count": count}})
    assert expected in adapter(client).check()
    assert targets(respx_mock) == ["GET /api/lists?page=1&per_page=10"]


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (failed(400, "Ungültig"), ProviderUnavailable),
        (failed(404), ProviderUnavailable),
        (httpx.Response(301), ProviderUnavailable),
        (failed(503), TemporaryFailure),
        (httpx.Response(200, html="<p>hello"), TemporaryFailure),
        (done(), TemporaryFailure),
    ],
)
def test_check_fails_as_a_dispatch_does(
    respx_mock: MockRouter, client: ProviderClient, answer: httpx.Response, failure: type[ProviderError]
) -> None:
    """`check` proves nothing unless MailWizz shows its lists."""
    respx_mock.get(LISTS).mock(answer)
    with pytest.raises(failure):
        adapter(client).check()
