"""The MailWizz adapter: what it makes of every answer that it may get; nothing doubtful counts as done."""

import json

import httpx
import pytest
from respx import MockRouter

from bouncehandler.http_client.client import ProviderClient, ResponseRefusedError
from bouncehandler.provider import PermanentFailure, ProviderUnavailable, TemporaryFailure
from providers.mailwizz import MailWizz
from tests.fakes.mailwizz_wire import (
    BOUNCE,
    EVERYWHERE,
    SEARCH,
    URL,
    adapter,
    done,
    failed,
    found,
    record,
    targets,
)

STEPS = {
    "search": ("unsubscribe", [record()]),
    "everywhere": ("unsubscribe", [record()]),
    "one": ("unsubscribe", [record(), record("blacklisted", list_uid="zz0000000000z")]),
    "status": ("blacklist", [record()]),
    "bounces": ("bounce", [record()]),
}
"""The calls on the way, with the action and the rows that lead there."""

ZIPPED = {"Content-Encoding": "br"}

anywhere = pytest.mark.respx(assert_all_called=False)


def _mailwizz(router: MockRouter, client: ProviderClient, step: str, answer: httpx.Response) -> MailWizz:
    """An adapter that gets this answer at one step and good ones before and besides."""
    action, records = STEPS[step]
    lists = httpx.Response(200, json={"status": "success", "data": {"count": 1, "records": [{}]}})
    router.get(f"{URL}/lists?page=1&per_page=10", name="lists").mock(lists)
    router.get(SEARCH, name="search").mock(found(*records))
    router.put(EVERYWHERE, name="everywhere").mock(done())
    router.put(url__regex=r"/subscribers/\w+/unsubscribe$", name="one").mock(done())
    router.put(url__regex=r"/lists/\w+/subscribers/\w+$", name="status").mock(done())
    router.post(url__regex=r"/campaigns/\w+/bounces$", name="bounces").mock(done())
    router[step].mock(answer)
    return adapter(client, action=action)


NOT_DONE = [
    httpx.Response(200),
    httpx.Response(204),
    httpx.Response(200, html="<html><h1>Maintenance</h1></html>"),
    httpx.Response(200, html="success"),
    httpx.Response(200, content=b"\xff\xfe\x00"),
    httpx.Response(200, content=b"[" * 200_000),
    httpx.Response(200, content=b'{"status":"success"'),
    httpx.Response(200, json=None),
    httpx.Response(200, json=["success"]),
    httpx.Response(200, json={}),
    httpx.Response(200, json={"status": True}),
    httpx.Response(200, json={"status": "error", "error": "something"}),
    httpx.Response(200, json={"status": "error", "error": {"EMAIL": ["bad"]}}),
]


@anywhere
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("answer", NOT_DONE)
def test_only_mailwizz_can_report_done(
    respx_mock: MockRouter, client: ProviderClient, step: str, answer: httpx.Response
) -> None:
    """Status 200 alone is not a success at any step: a proxy's page, an empty body or an error inside is a failure."""
    with pytest.raises(TemporaryFailure):
        _mailwizz(respx_mock, client, step, answer).unsubscribe(BOUNCE)
    assert respx_mock[step].call_count == 1


@anywhere
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("charset", ["utf-16", "zlib", "no-such-thing"])
def test_json_is_utf_8_whatever_charset_is_named(
    respx_mock: MockRouter, client: ProviderClient, step: str, charset: str
) -> None:
    """A charset that is wrong, or none, neither hides an error's words nor makes the adapter stumble."""
    body = json.dumps({"status": "error", "error": "Größe"}, ensure_ascii=False).encode()
    headers = {"Content-Type": f"application/json; charset={charset}"}
    with pytest.raises(TemporaryFailure, match="Größe"):
        _mailwizz(respx_mock, client, step, httpx.Response(200, content=body, headers=headers)).unsubscribe(BOUNCE)


@anywhere
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    "answer", [httpx.Response(200, content=b" " * 5_000_000), httpx.Response(200, content=b"x", headers=ZIPPED)]
)
def test_answer_that_the_client_refuses_reaches_the_dispatcher(
    respx_mock: MockRouter, client: ProviderClient, step: str, answer: httpx.Response
) -> None:
    """An answer of 5 MB, or one that is compressed, is no success at any step; nothing is called after it."""
    with pytest.raises((ResponseRefusedError, TemporaryFailure), match=r"longer than|compresses"):
        _mailwizz(respx_mock, client, step, answer).unsubscribe(BOUNCE)
    assert respx_mock.calls.last.request == respx_mock[step].calls.last.request


@anywhere
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("status", [408, 413, 418, 429, 500, 502, 503, 504])
@pytest.mark.parametrize("asked", ["77", "Sun, 01 Mar 2026 09:31:17 GMT"])
def test_a_failing_server_is_temporary(
    respx_mock: MockRouter, client: ProviderClient, step: str, status: int, asked: str
) -> None:
    """Overload, offline and 5xx are tried again, when the server asks for it, in seconds or as a date of its clock."""
    headers = {"Retry-After": asked, "Date": "Sun, 01 Mar 2026 09:30:00 GMT"}
    answer = httpx.Response(status, json={"status": "error", "error": "offline"}, headers=headers)
    with pytest.raises(TemporaryFailure) as failure:
        _mailwizz(respx_mock, client, step, answer).unsubscribe(BOUNCE)
    assert failure.value.retry_after == 77


@anywhere
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("status", [301, 302, 308, 401, 403, 405, 410])
def test_a_wrong_address_holds_the_provider(
    respx_mock: MockRouter, client: ProviderClient, step: str, status: int
) -> None:
    """Redirects are not followed, and they and refusals concern every call, not this recipient."""
    answer = httpx.Response(status, headers={"Location": "https://evil.example/"})
    with pytest.raises(ProviderUnavailable):
        _mailwizz(respx_mock, client, step, answer).unsubscribe(BOUNCE)
    assert {call.request.url.host for call in respx_mock.calls} == {"mw.example.test"}


@anywhere
@pytest.mark.parametrize("step", ["search", "everywhere"])
@pytest.mark.parametrize("answer", [failed(404), httpx.Response(404, html="<h1>Not Found</h1>"), httpx.Response(404)])
def test_a_typo_in_the_url_is_no_unknown_recipient(
    respx_mock: MockRouter, client: ProviderClient, step: str, answer: httpx.Response
) -> None:
    """404 at a fixed address reports that the URL is wrong."""
    with pytest.raises(ProviderUnavailable, match="configured url"):
        _mailwizz(respx_mock, client, step, answer).unsubscribe(BOUNCE)


@anywhere
@pytest.mark.parametrize("step", ["one", "status", "bounces"])
@pytest.mark.parametrize("status", [404, 409, 422])
def test_only_mailwizz_can_report_gone(respx_mock: MockRouter, client: ProviderClient, step: str, status: int) -> None:
    """A proxy's page with a status that would mean something from MailWizz means nothing."""
    with pytest.raises(TemporaryFailure):
        _mailwizz(respx_mock, client, step, httpx.Response(status, html="<h1>Not Found</h1>")).unsubscribe(BOUNCE)


@anywhere
@pytest.mark.parametrize("status", [409, 422])
def test_other_errors_at_a_row_are_not_gone(respx_mock: MockRouter, client: ProviderClient, status: int) -> None:
    """The statuses that mean something to one call mean nothing to another."""
    with pytest.raises(TemporaryFailure):
        _mailwizz(respx_mock, client, "one", failed(status)).unsubscribe(BOUNCE)


@anywhere
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize(
    "error",
    [
        "Invalid API key.",
        "Invalid API request signature.",
        "Invalid API request params. Please refer to the documentation.",
        "Your request expired, please try again",
        "Your IP address is not allowed to access this server.",
        "Your account is inactive!",
        "Your account has expired",
        {"general": "Invalid API key."},
        {"status": 400, "message": "invalid api KEY"},
    ],
)
def test_refused_credentials_hold_the_provider(
    respx_mock: MockRouter, client: ProviderClient, step: str, status: int, error: object
) -> None:
    """MailWizz refuses credentials with 400 and known words; no second call is needed."""
    with pytest.raises(ProviderUnavailable, match="refuses the credentials"):
        _mailwizz(respx_mock, client, step, failed(status, error)).unsubscribe(BOUNCE)
    assert respx_mock.calls.last.request == respx_mock[step].calls.last.request


REFUSALS = [
    failed(400, "Ungültiger API-Schlüssel."),
    failed(400, {"x": ["y"]}),
    failed(400, None),
    httpx.Response(400, html="<h1>400 Bad Request</h1>"),
    httpx.Response(400),
]


@anywhere
@pytest.mark.parametrize("refusal", REFUSALS)
def test_unknown_words_of_refusal_are_checked(
    respx_mock: MockRouter, client: ProviderClient, refusal: httpx.Response
) -> None:
    """A 400 in other words is the credentials' fault only if the cheap call, which has no recipient, gets it too."""
    mailwizz = _mailwizz(respx_mock, client, "search", refusal)
    with pytest.raises(PermanentFailure):
        mailwizz.unsubscribe(BOUNCE)
    assert targets(respx_mock)[1:] == ["GET /api/lists?page=1&per_page=10"]
    respx_mock["lists"].mock(refusal)
    with pytest.raises(ProviderUnavailable):
        mailwizz.unsubscribe(BOUNCE)


@anywhere
@pytest.mark.parametrize("answer", [httpx.Response(503), httpx.Response(200), httpx.Response(200, html="<p>")])
def test_an_unproved_refusal_is_temporary(
    respx_mock: MockRouter, client: ProviderClient, answer: httpx.Response
) -> None:
    """When the cheap call proves nothing either, the dispatch is not given up."""
    mailwizz = _mailwizz(respx_mock, client, "search", failed(400, "?"))
    respx_mock["lists"].mock(answer)
    with pytest.raises(TemporaryFailure):
        mailwizz.unsubscribe(BOUNCE)
    assert respx_mock["lists"].call_count == 1


@anywhere
@pytest.mark.parametrize("step", STEPS)
def test_transport_errors_pass(respx_mock: MockRouter, client: ProviderClient, step: str) -> None:
    """The dispatcher counts whatever the transport raises as temporary; the adapter hides none of it."""
    mailwizz = _mailwizz(respx_mock, client, step, done())
    respx_mock[step].mock(side_effect=httpx.ReadTimeout("no answer"))
    with pytest.raises((httpx.ReadTimeout, TemporaryFailure), match="no answer"):
        mailwizz.unsubscribe(BOUNCE)
    assert respx_mock[step].call_count == 1
