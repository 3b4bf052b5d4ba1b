"""The Interspire adapter on a scripted transport: what it sends, and answers that say nothing."""

import re
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from pydantic import SecretStr, ValidationError

from bouncehandler.provider import ProviderUnavailable, TemporaryFailure
from bouncehandler.suppression import Outcome, Suppression
from providers.interspire import Interspire
from providers.interspire.lists import ListCache
from providers.interspire.wire import MAX_ANSWER
from tests.fakes.interspire import ERROR_PAGE
from tests.fakes.server import wait_until

TOKEN = "t0ken&'s secret"
LOOK_UP = "GetAllListsForEmailAddress"
UNSUBSCRIBE = "UnsubscribeSubscriber"


def success(data: str) -> httpx.Response:
    """SUCCESS with this data."""
    return httpx.Response(200, text=f"<?xml version='1.0'?><response><status>SUCCESS</status>{data}</response>")


def failed(message: str) -> httpx.Response:
    """FAILED with this message, given as XML."""
    text = f"<response><status>FAILED</status><errormessage>{message}</errormessage></response>"
    return httpx.Response(200, text=text)


class Script:
    """Answers by request method; ann@example.com is on list 1 of 1 and 2."""

    def __init__(self, **answers: httpx.Response) -> None:
        self.answers = {
            "GetLists": success("<data><item><listid>1</listid></item><item><listid>2</listid></item></data>"),
            LOOK_UP: success("<data><item><listid>1</listid></item></data>"),
            UNSUBSCRIBE: success("<data>1</data>"),
            "xmlapitest": success("<data/>"),
        } | answers
        self.sent: list[httpx.Request] = []
        client = httpx.Client(transport=httpx.MockTransport(self._answer))
        settings = Interspire.Settings(url="https://iem.example/xml.php", username="o'b", token=SecretStr(TOKEN))
        self.interspire = Interspire(settings, client)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        return self.answers[self.methods[-1]]

    @property
    def methods(self) -> list[str]:
        """The request methods asked for."""
        return re.findall("<requestmethod>(.*?)<", "".join(self.bodies))

    @property
    def bodies(self) -> list[str]:
        """What was sent."""
        return [request.content.decode() for request in self.sent]

    def unsubscribe(self) -> Outcome:
        """Unsubscribe the address that is on list 1."""
        return self.interspire.unsubscribe(Suppression(id="0" * 24, recipient="ann@example.com", reason="bounce"))


def test_requests_are_as_interspire_wants_them() -> None:
    """All five elements come non-empty, with blank details where there is nothing to say, escaped, by POST."""
    script = Script()
    assert script.unsubscribe() == Outcome("unsubscribed", ("1",))
    script.interspire.check()
    assert {(r.method, str(r.url), r.headers["content-type"]) for r in script.sent} == {
        ("POST", "https://iem.example/xml.php", "text/xml; charset=utf-8")
    }
    head = "<xmlrequest><username>o&#x27;b</username><usertoken>t0ken&amp;&#x27;s secret</usertoken><requesttype>"
    ann, subscribers = "ann@example.com", "subscribers</requesttype><requestmethod>"
    assert [body.removeprefix(head).removesuffix("</details></xmlrequest>") for body in script.bodies] == [
        "lists</requesttype><requestmethod>GetLists</requestmethod><details> ",
        f"{subscribers}{LOOK_UP}</requestmethod><details><email>{ann}</email><listids>1</listids><listids>2</listids>",
        f"{subscribers}{UNSUBSCRIBE}</requestmethod><details><emailaddress>{ann}</emailaddress><listid>1</listid>",
        "authentication</requesttype><requestmethod>xmlapitest</requestmethod><details> ",
    ]


NOTHING_SAID = {
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
    "too long": (200, b"<response><status>SUCCESS</status><data/></response>" + b" " * MAX_ANSWER),
    "HTTP 500": (500, b"<response><status>SUCCESS</status><data/></response>"),
    "HTTP 502": (502, b"Bad gateway"),
}


@pytest.mark.parametrize("nonsense", NOTHING_SAID)
@pytest.mark.parametrize("method", ["GetLists", LOOK_UP, UNSUBSCRIBE])
def test_nonsense_is_never_counted_as_done(method: str, nonsense: str) -> None:
    """Whichever call is answered with nonsense, the attempt fails as temporary, and writes nothing before."""
    status, body = NOTHING_SAID[nonsense]
    script = Script(**{method: httpx.Response(status, content=body)})
    with pytest.raises(TemporaryFailure):
        script.unsubscribe()
    assert method == UNSUBSCRIBE or UNSUBSCRIBE not in script.methods


def test_an_empty_body_is_explained() -> None:
    """An empty body is told to be a crash of the server, with where to look."""
    with pytest.raises(TemporaryFailure, match="error log"):
        Script(xmlapitest=httpx.Response(200)).interspire.check()


def test_an_html_page_is_explained() -> None:
    """An HTML page is told with its beginning, and with the usual reason: a wrong URL."""
    with pytest.raises(TemporaryFailure, match=r"xml\.php\?\): <h1>Log in</h1>"):
        Script(xmlapitest=httpx.Response(200, text="<h1>Log\n in</h1>")).interspire.check()


@pytest.mark.parametrize("listid", ["g", "-1", "0", "1 OR 1=1", "1&lt;/listid&gt;", "\u0661", "9" * 11])
@pytest.mark.parametrize("method", ["GetLists", LOOK_UP])
def test_a_list_id_is_only_ever_a_number(method: str, listid: str) -> None:
    """With anything else among the list ids, nothing is written."""
    answer = success(f"<data><item><listid>1</listid></item><item><listid>{listid}</listid></item></data>")
    script = Script(**{method: answer})
    with pytest.raises(TemporaryFailure, match="not a number"):
        script.unsubscribe()
    assert UNSUBSCRIBE not in script.methods


def test_data_without_a_list_id_is_not_nothing() -> None:
    """Data in a shape nobody knows is a failure, since it may well name lists."""
    with pytest.raises(TemporaryFailure, match="no list id"):
        Script(**{LOOK_UP: success("<data><item><list>1</list></item></data>")}).unsubscribe()


@pytest.mark.parametrize("data", ["", "<data/>", "<data>\n</data>", "<data><lists></lists></data>"])
def test_empty_data_is_nothing(data: str) -> None:
    """SUCCESS without data, however it is written, means that the address is active on no list."""
    script = Script(**{LOOK_UP: success(data)})
    assert script.unsubscribe().kind == "unknown"
    assert script.methods == ["GetLists", LOOK_UP]


def test_an_address_twice_on_a_list_is_one() -> None:
    """A list that is named twice gets one call."""
    script = Script(**{LOOK_UP: success("<data><listid>2</listid><listid>1</listid><listid>2</listid></data>")})
    assert script.unsubscribe().lists == ("2", "1")
    assert script.methods.count(UNSUBSCRIBE) == 2


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
BOMBS = {
    "a billion laughs": f'<!DOCTYPE r [<!ENTITY l0 "ha">{LAUGHS}]><response><status>&l9;</status></response>',
    "a file": '<!DOCTYPE r [<!ENTITY f SYSTEM "file:///etc/hostname">]><response><status>&f;</status></response>',
    "a type from elsewhere": '<!DOCTYPE r SYSTEM "http://127.0.0.1:1/"><response><status>SUCCESS</status></response>',
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_entities_are_refused(bomb: str) -> None:
    """Declarations that would expand to gigabytes, or read something, are refused as a temporary failure."""
    answer = httpx.Response(200, text=f'<?xml version="1.0"?>{BOMBS[bomb]}')
    with pytest.raises(TemporaryFailure, match="not well-formed"):
        Script(xmlapitest=answer).interspire.check()


def test_deep_nesting_is_harmless() -> None:
    """List ids are found in however many wrappers fit into an answer."""
    depth = 250_000
    assert Script(**{LOOK_UP: success("<d>" * depth + "<listid>2</listid>" + "</d>" * depth)}).unsubscribe().lists == (
        "2",
    )


@pytest.mark.parametrize("status", [301, 401, 403, 404, 405, 410])
def test_a_wrong_url_holds_the_provider(status: int) -> None:
    """Statuses that speak of the URL or of access are for a person to mend."""
    script = Script(GetLists=httpx.Response(status, headers={"Location": "https://elsewhere.example/"}))
    with pytest.raises(ProviderUnavailable, match=str(status)):
        script.unsubscribe()
    assert len(script.sent) == 1


@pytest.mark.parametrize("status", [200, 403, 503])
def test_an_echoed_token_is_not_shown(status: int) -> None:
    """A server that repeats the request on its error page doesn't get the token into an error's text."""
    script = Script()
    script.interspire.check()
    page = httpx.Response(status, text=f"<pre>{script.bodies[0]} {TOKEN}</pre>", headers={"Retry-After": "5"})
    with pytest.raises((TemporaryFailure, ProviderUnavailable)) as caught:
        Script(xmlapitest=page).interspire.check()
    assert "secret" not in str(caught.value)
    if status == 503:
        assert isinstance(caught.value, TemporaryFailure)
        assert caught.value.retry_after == 5.0


def test_hostile_words_are_shown_on_one_line() -> None:
    """A message of the server's own is shown without the token, line ends, control characters, or great length."""
    words = f"Token {TOKEN.replace('&', '&amp;')} is\r\n locked \x9b31m{'x' * 1000}"
    with pytest.raises(ProviderUnavailable) as caught:
        Script(xmlapitest=failed(words)).interspire.check()
    assert "(Token *** is locked ?31mxxx" in str(caught.value)
    assert len(str(caught.value)) < 450


@pytest.mark.parametrize("field", ["username", "token"])
@pytest.mark.parametrize("value", ["", " ", "hidden\n", "hid\x00den"])
def test_settings_that_xml_cannot_carry(field: str, value: str) -> None:
    """A user or token that is empty or holds control characters is refused with the configuration, unshown."""
    values = {"url": "https://iem.example/xml.php", "username": "u", "token": "t"} | {field: value}
    with pytest.raises(ValidationError, match="must not be empty or hold control characters") as caught:
        Interspire.Settings.model_validate(values)
    assert "hid" not in str(caught.value)


def test_the_token_is_in_no_repr() -> None:
    """Neither the adapter nor its settings show the token."""
    interspire = Script().interspire
    assert "secret" not in f"{interspire!r} {vars(interspire)!r}"


def test_threads_share_a_failure_to_fetch() -> None:
    """Threads that wait for the lists share a failure to fetch them, rather than time out one after another."""
    release = threading.Event()
    fetches: list[int] = []

    def fetch() -> tuple[str, ...]:
        fetches.append(1)
        assert release.wait(10)
        if len(fetches) == 1:
            raise TemporaryFailure("down")
        return ("1",)

    cache = ListCache(fetch, lambda: 0.0)
    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(cache.within, 60.0) for _ in range(8)]
        wait_until(lambda: _threads_in(cache.within) == 7)
        release.set()
        assert [type(each.exception(10)) for each in waiting] == [TemporaryFailure] * 8
    assert len(fetches) == 1
    assert cache.within(60.0) == ("1",)


def _threads_in(function: Callable[[float], object]) -> int:
    """How many threads are at a line of this function itself, which for `within` means: wait for its lock."""
    frames = sys._current_frames().values()  # noqa: SLF001  # the documented way to see where threads are
    return sum(frame.f_code.co_name == function.__name__ for frame in frames)
