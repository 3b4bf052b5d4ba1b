"""The Interspire adapter: what it makes of every answer that it may get; nothing doubtful counts as done."""

import httpx
import pytest
from respx import MockRouter

from bouncehandler.http_client.client import ProviderClient, ResponseRefusedError
from bouncehandler.provider import ProviderUnavailable, TemporaryFailure
from bouncehandler.suppression import Outcome
from providers.interspire import Interspire
from providers.interspire.wire import MAX_ANSWER, parse_answer
from tests.fakes.interspire import ERROR_PAGE
from tests.fakes.interspire_wire import (
    ANSWERS,
    LOOK_UP,
    TOKEN,
    UNSUBSCRIBE,
    URL,
    adapter,
    failed,
    methods,
    success,
    unsubscribe,
)

pytestmark = pytest.mark.respx(assert_all_called=False)


@pytest.fixture
def interspire(respx_mock: MockRouter, client: ProviderClient) -> Interspire:
    """The adapter, and a route for each request method, of that name; ann@example.com is on list 1 of 1 and 2."""
    for method, answer in ANSWERS.items():
        element = f"<requestmethod>{method}</requestmethod>"
        respx_mock.post(URL, content__contains=element, name=method).mock(answer)
    return adapter(client)


EMPTY_ANSWER = {
    "an empty body": (200, b""),
    "white space": (200, b" \r\n"),
    "an HTML page": (200, ERROR_PAGE),
    "another root": (200, b"<?xml version='1.0'?><html><status>SUCCESS</status></html>"),
    "no status": (200, b"<response></response>"),
    "an empty status": (200, b"<response><status/><errormessage/></response>"),
    "not quite success": (200, b"<response><status>success</status></response>"),
    "an unknown status": (200, b"<response><status>BUSY</status></response>"),
    "words": (200, b"<response><status>FAILED</status><errormessage>no</errormessage></response>"),
    "cut short": (200, b"<response><status>SUCCESS</status><data><listid>1"),
    "bare text": (200, b"SUCCESS"),
    "JSON": (200, b'{"status":"SUCCESS"}'),
    "an unknown encoding": (200, b"<?xml version='1.0' encoding='x-none'?><response/>"),
    "a codec that is not text": (200, b"<?xml version='1.0' encoding='zlib'?><response/>"),
    "not UTF-8": (200, b"<response><status>SUCCESS</status><data>\xff\xfe</data></response>"),
    "HTTP 500": (500, b"<response><status>SUCCESS</status><data/></response>"),
    "HTTP 502": (502, b"Bad gateway"),
}


@pytest.mark.parametrize("nonsense", EMPTY_ANSWER)
@pytest.mark.parametrize("method", ["GetLists", LOOK_UP, UNSUBSCRIBE])
def test_nonsense_is_never_counted_as_done(
    respx_mock: MockRouter, interspire: Interspire, method: str, nonsense: str
) -> None:
    """Whichever call is answered with nonsense, the attempt fails as temporary, and writes nothing before."""
    status, body = EMPTY_ANSWER[nonsense]
    respx_mock[method].respond(status, content=body)
    with pytest.raises(TemporaryFailure):
        unsubscribe(interspire)
    assert respx_mock[method].call_count == 1
    assert method == UNSUBSCRIBE or UNSUBSCRIBE not in methods(respx_mock)


@pytest.mark.parametrize("method", ["GetLists", LOOK_UP, UNSUBSCRIBE])
def test_an_endless_answer_reaches_the_dispatcher(respx_mock: MockRouter, interspire: Interspire, method: str) -> None:
    """An answer that the client cuts off is a failure, though it begins with a success."""
    respx_mock[method].respond(content=b"<response><status>SUCCESS</status><data/></response>" + b" " * 5_000_000)
    with pytest.raises((ResponseRefusedError, TemporaryFailure), match="longer than"):
        unsubscribe(interspire)


def test_the_adapter_has_a_limit_of_its_own() -> None:
    """An answer longer than 4 MiB is refused also where another client let it through."""
    with pytest.raises(TemporaryFailure, match="too long"):
        parse_answer(b"<response><status>SUCCESS</status><data/></response>" + b" " * MAX_ANSWER, secret="")


@pytest.mark.parametrize(("method", "kind"), [(LOOK_UP, "unknown"), (UNSUBSCRIBE, "already")])
@pytest.mark.parametrize("message", ["<errormessage/>", "<errormessage> \n</errormessage>", ""])
def test_failed_without_words_is_not_found(
    respx_mock: MockRouter, interspire: Interspire, method: str, kind: str, message: str
) -> None:
    """FAILED with an empty message means that the address is not there, or no more."""
    empty = httpx.Response(200, text=f"<response><status>FAILED</status>{message}</response>")
    respx_mock[method].mock(empty)
    if method == UNSUBSCRIBE:  # a refusal without words is settled by looking again
        respx_mock[LOOK_UP].mock(side_effect=[ANSWERS[LOOK_UP], empty])
    assert unsubscribe(interspire).kind == kind


@pytest.mark.parametrize("method", ["GetLists", "xmlapitest"])
def test_failed_without_words_is_no_success_elsewhere(
    respx_mock: MockRouter, interspire: Interspire, method: str
) -> None:
    """Where nothing is looked for, FAILED with an empty message holds the provider."""
    respx_mock[method].mock(failed(""))
    with pytest.raises(ProviderUnavailable):
        (interspire.check if method == "xmlapitest" else lambda: unsubscribe(interspire))()
    assert methods(respx_mock) == [method]


JUNK = [
    b"\xef\xbb\xbf",
    b"<br />\n<b>Notice</b>: Undefined index <i>x</i> & more\n",
    b"\xff\xfe\x00 ]]> <!-- ",
    b"<?php ",
    b"<html><responsive>",
]


@pytest.mark.parametrize("junk", JUNK)
@pytest.mark.parametrize("content_type", ["text/html", "text/xml; charset=zlib", "application/json; charset=utf-16"])
def test_junk_before_the_answer_does_not_matter(
    respx_mock: MockRouter, interspire: Interspire, junk: bytes, content_type: str
) -> None:
    """PHP's notices before `<?xml`, and whatever type and charset a proxy names, leave an answer what it is."""
    for method, answer in ANSWERS.items():
        respx_mock[method].respond(content=junk + answer.content, headers={"Content-Type": content_type})
    assert unsubscribe(interspire) == Outcome("unsubscribed", ("1",))


def test_an_empty_body_is_explained(respx_mock: MockRouter, interspire: Interspire) -> None:
    """An empty body is reported as a crash of the server, with where to look."""
    respx_mock["xmlapitest"].respond(200)
    with pytest.raises(TemporaryFailure, match="error log"):
        interspire.check()


def test_an_html_page_is_explained(respx_mock: MockRouter, interspire: Interspire) -> None:
    """An HTML page is reported with its beginning, and with the usual reason: a wrong URL."""
    respx_mock["xmlapitest"].respond(html="<h1>Log\n in</h1>")
    with pytest.raises(TemporaryFailure, match=r"xml\.php\?\): <h1>Log in</h1>"):
        interspire.check()


@pytest.mark.parametrize("listid", ["g", "-1", "0", "1 OR 1=1", "1&lt;/listid&gt;", "\u0661", "9" * 11, "1e3", "1.0"])
@pytest.mark.parametrize("method", ["GetLists", LOOK_UP])
def test_a_list_id_is_only_ever_a_number(
    respx_mock: MockRouter, interspire: Interspire, method: str, listid: str
) -> None:
    """With anything else among the list ids, nothing is written."""
    answer = success(f"<data><item><listid>1</listid></item><item><listid>{listid}</listid></item></data>")
    respx_mock[method].mock(answer)
    with pytest.raises(TemporaryFailure, match="not a number"):
        unsubscribe(interspire)
    assert UNSUBSCRIBE not in methods(respx_mock)


def test_data_without_a_list_id_is_not_nothing(respx_mock: MockRouter, interspire: Interspire) -> None:
    """Data in an unknown shape is a failure, since it may well name lists."""
    respx_mock[LOOK_UP].mock(success("<data><item><list>1</list></item></data>"))
    with pytest.raises(TemporaryFailure, match="no list id"):
        unsubscribe(interspire)


@pytest.mark.parametrize("data", ["", "<data/>", "<data>\n</data>", "<data><lists></lists></data>"])
def test_empty_data_is_nothing(respx_mock: MockRouter, interspire: Interspire, data: str) -> None:
    """SUCCESS without data, however it is written, means that the address is active on no list."""
    respx_mock[LOOK_UP].mock(success(data))
    assert unsubscribe(interspire).kind == "unknown"
    assert methods(respx_mock) == ["GetLists", LOOK_UP]


def test_an_address_twice_on_a_list_is_one(respx_mock: MockRouter, interspire: Interspire) -> None:
    """A list that is named twice gets one call."""
    respx_mock[LOOK_UP].mock(success("<data><listid>2</listid><listid>1</listid><listid>2</listid></data>"))
    assert unsubscribe(interspire).lists == ("2", "1")
    assert respx_mock[UNSUBSCRIBE].call_count == 2


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
BOMBS = {
    "a billion laughs": f'<!DOCTYPE r [<!ENTITY l0 "ha">{LAUGHS}]><response><status>&l9;</status></response>',
    "a file": '<!DOCTYPE r [<!ENTITY f SYSTEM "file:///etc/hostname">]><response><status>&f;</status></response>',
    "a type from elsewhere": '<!DOCTYPE r SYSTEM "http://127.0.0.1:1/"><response><status>SUCCESS</status></response>',
}


@pytest.mark.parametrize("bomb", BOMBS)
@pytest.mark.parametrize("method", ["GetLists", LOOK_UP, UNSUBSCRIBE])
def test_entities_are_refused(respx_mock: MockRouter, interspire: Interspire, method: str, bomb: str) -> None:
    """Declarations that would expand to gigabytes, or read something, are refused as a temporary failure."""
    respx_mock[method].respond(text=f'<?xml version="1.0"?>{BOMBS[bomb]}')
    with pytest.raises(TemporaryFailure, match="not well-formed"):
        unsubscribe(interspire)


def test_deep_nesting_is_harmless(respx_mock: MockRouter, interspire: Interspire) -> None:
    """List ids are found in however many wrappers fit into an answer."""
    depth = 250_000
    respx_mock[LOOK_UP].mock(success("<d>" * depth + "<listid>2</listid>" + "</d>" * depth))
    assert unsubscribe(interspire).lists == ("2",)


@pytest.mark.parametrize("status", [301, 401, 403, 404, 405, 410])
def test_a_wrong_url_holds_the_provider(respx_mock: MockRouter, interspire: Interspire, status: int) -> None:
    """Statuses that speak of the URL or of access are for a person to mend."""
    respx_mock["GetLists"].respond(status, headers={"Location": "https://elsewhere.example/"})
    with pytest.raises(ProviderUnavailable, match=str(status)):
        unsubscribe(interspire)
    assert methods(respx_mock) == ["GetLists"]


@pytest.mark.parametrize("method", ["GetLists", LOOK_UP, UNSUBSCRIBE])
@pytest.mark.parametrize("status", [418, 429, 503])
@pytest.mark.parametrize("asked", ["77", "Sun, 01 Mar 2026 09:31:17 GMT"])
def test_a_busy_server_states_when_to_return(
    respx_mock: MockRouter, interspire: Interspire, method: str, status: int, asked: str
) -> None:
    """`Retry-After` is passed on, in seconds or as a date of the server's clock, and nothing is called meanwhile."""
    respx_mock[method].respond(status, headers={"Retry-After": asked, "Date": "Sun, 01 Mar 2026 09:30:00 GMT"})
    with pytest.raises(TemporaryFailure, match=str(status)) as caught:
        unsubscribe(interspire)
    assert caught.value.retry_after == 77
    assert methods(respx_mock)[-1] == method


@pytest.mark.parametrize("status", [200, 403, 503])
def test_an_echoed_token_is_not_shown(respx_mock: MockRouter, interspire: Interspire, status: int) -> None:
    """A server that repeats the request on its error page doesn't get the token into an error's text."""

    def repeat(request: httpx.Request) -> httpx.Response:
        page = f"<pre>{request.content.decode()} {TOKEN}</pre>"
        return httpx.Response(status, text=page, headers={"Retry-After": "5"})

    respx_mock["xmlapitest"].mock(side_effect=repeat)
    with pytest.raises((TemporaryFailure, ProviderUnavailable)) as caught:
        interspire.check()
    assert "secret" not in str(caught.value)
    if status == 503:
        assert isinstance(caught.value, TemporaryFailure)
        assert caught.value.retry_after == 5.0


def test_hostile_words_are_shown_on_one_line(respx_mock: MockRouter, interspire: Interspire) -> None:
    """A message of the server's own is shown without the token, line ends, control characters, or great length."""
    words = f"Token {TOKEN.replace('&', '&amp;')} is\r\n locked \x9b31m{'x' * 1000}"
    respx_mock["xmlapitest"].mock(failed(words))
    with pytest.raises(ProviderUnavailable) as caught:
        interspire.check()
    assert "(Token *** is locked ?31mxxx" in str(caught.value)
    assert len(str(caught.value)) < 450
