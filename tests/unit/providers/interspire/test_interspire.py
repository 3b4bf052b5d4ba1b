"""The Interspire adapter: what exactly it sends, which settings it takes, and the lists that threads share."""

import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from pydantic import ValidationError
from respx import MockRouter

from bouncehandler.http_client.client import ProviderClient
from bouncehandler.provider import TemporaryFailure
from bouncehandler.suppression import Outcome
from providers.interspire import Interspire
from providers.interspire.list_cache import ListCache
from tests.fakes.interspire_wire import ANSWERS, LOOK_UP, UNSUBSCRIBE, URL, adapter, methods, unsubscribe
from tests.fakes.server import PATIENCE, wait_until


def test_requests_are_as_interspire_wants_them(respx_mock: MockRouter, client: ProviderClient) -> None:
    """All five elements come non-empty, with blank details where there is nothing to state, escaped, by POST."""
    head = "<xmlrequest><username>o&#x27;b</username><usertoken>t0ken&amp;&#x27;s secret</usertoken><requesttype>"
    ann, subscribers = "ann@example.com", "subscribers</requesttype><requestmethod>"
    exact = {
        "GetLists": "lists</requesttype><requestmethod>GetLists</requestmethod><details> ",
        LOOK_UP: f"{subscribers}{LOOK_UP}</requestmethod>"
        f"<details><email>{ann}</email><listids>1</listids><listids>2</listids>",
        UNSUBSCRIBE: f"{subscribers}{UNSUBSCRIBE}</requestmethod>"
        f"<details><emailaddress>{ann}</emailaddress><listid>1</listid>",
        "xmlapitest": "authentication</requesttype><requestmethod>xmlapitest</requestmethod><details> ",
    }
    headers = {"Content-Type": "text/xml; charset=utf-8"}
    for method, middle in exact.items():
        content = f"{head}{middle}</details></xmlrequest>"
        respx_mock.post(URL, content=content, headers=headers).mock(ANSWERS[method])
    interspire = adapter(client)
    assert unsubscribe(interspire) == Outcome("unsubscribed", ("1",))
    interspire.check()
    assert methods(respx_mock) == list(exact)


@pytest.mark.parametrize("field", ["username", "token"])
@pytest.mark.parametrize("value", ["", " ", "hidden\n", "hid\x00den"])
def test_settings_that_xml_cannot_carry(field: str, value: str) -> None:
    """A user or token that is empty or holds control characters is refused with the configuration, unshown."""
    values = {"url": "https://iem.example/xml.php", "username": "u", "token": "t"} | {field: value}
    with pytest.raises(ValidationError, match="must not be empty or hold control characters") as caught:
        Interspire.Settings.model_validate(values)
    assert "hid" not in str(caught.value)


def test_the_token_is_in_no_repr(client: ProviderClient) -> None:
    """Neither the adapter nor its settings show the token."""
    interspire = adapter(client)
    assert "secret" not in f"{interspire!r} {vars(interspire)!r}"


def test_threads_share_a_failure_to_fetch() -> None:
    """Threads that wait for the lists share a failure to fetch them, rather than time out one after another."""
    release = threading.Event()
    fetches: list[int] = []

    def fetch() -> tuple[str, ...]:
        fetches.append(1)
        assert release.wait(PATIENCE)
        if len(fetches) == 1:
            raise TemporaryFailure("down")
        return ("1",)

    cache = ListCache(fetch, lambda: 0.0)
    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(cache.get, 60.0) for _ in range(8)]
        wait_until(lambda: _threads_in(cache.get) == 7)
        release.set()
        assert [type(each.exception(PATIENCE)) for each in waiting] == [TemporaryFailure] * 8
    assert len(fetches) == 1
    assert cache.get(60.0) == ("1",)


def _threads_in(function: Callable[[float], object]) -> int:
    """How many threads are at a line of this function itself, which for `get` means: wait for its lock."""
    frames = sys._current_frames().values()  # noqa: SLF001  # the documented way to see where threads are
    return sum(frame.f_code.co_name == function.__name__ for frame in frames)
