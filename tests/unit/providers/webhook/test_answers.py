"""The webhook adapter: what it makes of every answer that it may get."""

import httpcore
import httpx
import pytest
from respx import MockRouter, Route

from bouncehandler.http_client.client import ProviderClient, ResponseRefusedError
from bouncehandler.provider import ProviderUnavailable, TemporaryFailure
from bouncehandler.suppression import Outcome
from tests.fakes.webhook_wire import BARE, URL, WHOLE, adapter


@pytest.fixture
def hook(respx_mock: MockRouter) -> Route:
    """The receiver, which takes what is posted to its URL, and nothing else."""
    return respx_mock.post(URL)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
@pytest.mark.parametrize("body", [b"", b'{"error": "no"}', b"<h1>Log in</h1>", b"\xff\xfe\x00", b"{"])
@pytest.mark.parametrize("content_type", ["application/json", "text/html; charset=zlib"])
def test_any_2xx_is_done_whatever_the_body_states(
    hook: Route, client: ProviderClient, status: int, body: bytes, content_type: str
) -> None:
    """Any 2xx status is success, whatever the body."""
    hook.respond(status, content=body, headers={"Content-Type": content_type})
    assert adapter(client).unsubscribe(WHOLE) == Outcome("unsubscribed")


@pytest.mark.parametrize("body", [b"", b"<h1>Gone</h1>"])
def test_410_holds_the_provider(hook: Route, client: ProviderClient, body: bytes) -> None:
    """An endpoint that is gone gets no further calls, and the reason has what to do."""
    hook.respond(410, content=body, headers={"Retry-After": "5"})
    with pytest.raises(ProviderUnavailable, match=r"gone for good; correct the URL, or remove this provider"):
        adapter(client).unsubscribe(WHOLE)


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308, 401, 403, 404, 405])
def test_wrong_url_or_secret_holds_the_provider(hook: Route, client: ProviderClient, status: int) -> None:
    """A redirect is not followed; it and a refusal concern the provider as a whole, not one suppression."""
    hook.respond(status, headers={"Location": "https://elsewhere.example.test/"})
    with pytest.raises(ProviderUnavailable, match=str(status)):
        adapter(client).unsubscribe(WHOLE)


@pytest.mark.parametrize("status", [400, 408, 409, 413, 418, 422, 429, 500, 502, 503, 504, 599])
@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ("120", 120),
        (" 120 ", 120),
        ("Sun, 01 Mar 2026 09:32:00 GMT", 120),
        ("Sun, 01 Mar 2026 09:29:00 GMT", 0),
        ("9" * 400, 999_999_999),
        ("-1", None),
        ("\u0661", None),
        ("soon", None),
        ("", None),
    ],
)
def test_anything_else_is_temporary(
    hook: Route, client: ProviderClient, status: int, asked: str, seconds: float | None
) -> None:
    """A later call may succeed, and comes when the receiver asks for it: in seconds, or as a date of its own clock."""
    hook.respond(status, headers=[(b"Retry-After", asked.encode()), (b"Date", b"Sun, 01 Mar 2026 09:30:00 GMT")])
    with pytest.raises(TemporaryFailure, match=str(status)) as caught:
        adapter(client).unsubscribe(WHOLE)
    assert caught.value.retry_after == seconds


def test_failed_batch_is_one_failure(hook: Route, client: ProviderClient) -> None:
    """A failure concerns the whole batch."""
    hook.respond(503)
    with pytest.raises(TemporaryFailure):
        adapter(client, batch_size=2).unsubscribe_batch([WHOLE, BARE])
    assert hook.call_count == 1


@pytest.mark.parametrize("status", [200, 500])
def test_answer_that_the_client_refuses_reaches_the_dispatcher(
    hook: Route, client: ProviderClient, status: int
) -> None:
    """An answer of 5 MB is not read to its end, whatever its status, and its delivery is not taken for done."""
    hook.respond(status, content=b" " * 5_000_000)
    with pytest.raises(ResponseRefusedError, match="longer than"):
        adapter(client).unsubscribe(WHOLE)


@pytest.mark.parametrize("body", ["<h1>I'm a teapot</h1>\r\n\x00", "é" * 100_000])
def test_what_an_error_page_states_is_cut_short(hook: Route, client: ProviderClient, body: str) -> None:
    """The failure has the beginning of the answer, on one line."""
    hook.respond(418, content=body.encode(), headers={"Content-Type": "text/html; charset=utf-16"})
    with pytest.raises(TemporaryFailure) as caught:
        adapter(client).unsubscribe(WHOLE)
    assert str(caught.value).startswith(f"HTTP 418: {body[:16]}")
    assert len(str(caught.value).splitlines()) == 1
    assert len(str(caught.value)) <= 300


def test_second_try_to_connect_is_the_same_delivery(hook: Route, client: ProviderClient) -> None:
    """Where the first connection could not be made, the second try repeats id, signature and body."""
    hook.mock(side_effect=[httpcore.ConnectError("refused"), httpx.Response(204)])
    assert adapter(client).unsubscribe(WHOLE) == Outcome("unsubscribed")
    first, second = (call.request for call in hook.calls)
    assert first.headers == second.headers
    assert first.content == second.content


@pytest.mark.parametrize("error", [httpcore.ReadTimeout, httpcore.ReadError, httpcore.RemoteProtocolError])
def test_delivery_that_may_have_arrived_is_not_repeated(
    hook: Route, client: ProviderClient, error: type[Exception]
) -> None:
    """Once connected, a failure is the dispatcher's at once: the receiver may have taken the delivery."""
    hook.mock(side_effect=error("no answer"))
    with pytest.raises(httpx.TransportError, match="no answer"):
        adapter(client).unsubscribe(WHOLE)
    assert hook.call_count == 1
