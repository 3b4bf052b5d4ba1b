"""The Interspire adapter against a fake Interspire over real loopback: a subscriber's ids, and answers that are none.

Nothing but SUCCESS is ever taken for done, and nothing but the known words for `not subscribed`.
"""

import httpx
import pytest

from bouncehandler.provider import ProviderUnavailable, TemporaryFailure
from providers.interspire import Interspire
from tests.contract.providers.interspire.examples import ANN, BOB, UNSUBSCRIBE, asked_lists, complaint
from tests.fakes.interspire import ERROR_PAGE, FakeInterspire
from tests.fakes.server import Answer

pytestmark = pytest.mark.usefixtures("subscribed")


@pytest.mark.parametrize("message", ["La dirección no está en esta lista", ""])
def test_unknown_words_are_not_the_end(fake: FakeInterspire, interspire: Interspire, message: str) -> None:
    """A refusal in another language, or without words, leads to the next list, which may have the subscriber."""
    fake.not_subscribed = message
    outcome = interspire.unsubscribe(complaint("3,2,1", fake.subscriber_id(ANN, "1")))
    assert (outcome.kind, outcome.lists) == ("unsubscribed", ("1",))
    assert fake.asked == {UNSUBSCRIBE: 3, "xmlapitest": 1}


@pytest.mark.parametrize(
    ("message", "expected"),
    [("La dirección no está en esta lista", "La dirección"), ("", "status 'FAILED' without a message")],
)
def test_unknown_words_everywhere_are_temporary(
    fake: FakeInterspire, interspire: Interspire, message: str, expected: str
) -> None:
    """They may mean `not subscribed`, but nothing proves it: neither done nor unknown, so that it is tried again."""
    fake.not_subscribed = message
    with pytest.raises(TemporaryFailure, match=f"^not done on lists 1, 3: {expected}"):
        interspire.unsubscribe(complaint("1,3", "999"))


def test_one_unknown_word_spoils_unknown(fake: FakeInterspire, interspire: Interspire) -> None:
    """Where one list of several refuses in words of its own, the subscriber may be on that one."""
    fake.on(UNSUBSCRIBE, fake.failed("The list is locked"), listid="2")
    with pytest.raises(TemporaryFailure, match=r"^not done on list 2: The list is locked$"):
        interspire.unsubscribe(complaint("1,2,3", fake.subscriber_id(ANN, "2")))
    assert asked_lists(fake) == ["1", "2", "3"]
    assert fake.status_of(ANN)["2"] == "active"


@pytest.mark.parametrize("words", ["Unable to check user details.", "Invalid details", "Datos no válidos", ""])
def test_refused_credentials_hold_the_provider(fake: FakeInterspire, interspire: Interspire, words: str) -> None:
    """Refused credentials are found out on the first list, in any language, and hold the provider."""
    fake.token, fake.bad_credentials = "changed", words
    with pytest.raises(ProviderUnavailable, match="refuses the user 'admin' or the token"):
        interspire.unsubscribe(complaint("1,2,3", fake.subscriber_id(BOB, "3")))
    assert asked_lists(fake) == ["1"]


@pytest.mark.parametrize("body", [b"", ERROR_PAGE, b"<?xml version='1.0'?><response><status>SUCC", b"SUCCESS"])
def test_nonsense_is_temporary(fake: FakeInterspire, interspire: Interspire, body: bytes) -> None:
    """An empty body, an HTML page, or half an answer is neither done nor unknown; the next call does it."""
    fake.on(UNSUBSCRIBE, Answer(200, body), times=2)
    suppression = complaint("3,1", fake.subscriber_id(ANN, "1"))
    with pytest.raises(TemporaryFailure, match=r"^not done on lists 3, 1: Interspire's answer"):
        interspire.unsubscribe(suppression)
    assert interspire.unsubscribe(suppression).lists == ("1",)
    assert fake.unsubscribe_counts == {"1": 1}


def test_nonsense_on_a_wrong_list_does_not_matter(fake: FakeInterspire, interspire: Interspire) -> None:
    """A crash on one list doesn't keep the subscriber on the next one, and an id is on one list only."""
    fake.on(UNSUBSCRIBE, Answer(200, b""), listid="3")
    outcome = interspire.unsubscribe(complaint("3,1", fake.subscriber_id(ANN, "1")))
    assert (outcome.kind, outcome.lists) == ("unsubscribed", ("1",))


def test_a_crash_between_calls(fake: FakeInterspire, interspire: Interspire) -> None:
    """A connection lost on the second list ends the call there; the next call begins anew, and does it once."""
    fake.on(UNSUBSCRIBE, Answer(reset=True), listid="1", times=1)
    suppression = complaint("3,1,2", fake.subscriber_id(ANN, "1"))
    with pytest.raises(httpx.TransportError):
        interspire.unsubscribe(suppression)
    assert asked_lists(fake) == ["3", "1"]
    assert interspire.unsubscribe(suppression).lists == ("1",)
    assert fake.unsubscribe_counts == {"1": 1}


def test_retry_after_is_obeyed_at_once(fake: FakeInterspire, interspire: Interspire) -> None:
    """A proxy that asks to wait gets no call for the remaining lists, and the wait is passed on."""
    fake.on(UNSUBSCRIBE, Answer(429, b"slow down", {"Retry-After": "17"}), listid="3")
    with pytest.raises(TemporaryFailure, match="HTTP 429: slow down") as caught:
        interspire.unsubscribe(complaint("3,1", fake.subscriber_id(ANN, "1")))
    assert caught.value.retry_after == 17.0
    assert asked_lists(fake) == ["3"]


@pytest.mark.parametrize("status", [302, 403, 404, 410])
def test_a_wrong_url_holds_the_provider(fake: FakeInterspire, interspire: Interspire, status: int) -> None:
    """Statuses that speak of the URL or of access stop at the first list."""
    fake.always = Answer(status, b"no")
    with pytest.raises(ProviderUnavailable, match=str(status)):
        interspire.unsubscribe(complaint("3,1", fake.subscriber_id(ANN, "1")))
    assert len(fake.calls()) == 1
