"""The MailWizz adapter and hostile answers about a subscriber, and what exactly it sends to a campaign."""

from urllib.parse import parse_qs

import httpx
import pytest
from respx import MockRouter

from bouncehandler.http_client.client import ProviderClient
from bouncehandler.provider import PermanentFailure, ProviderUnavailable, TemporaryFailure
from bouncehandler.suppression import Outcome
from tests.fakes.mailwizz_wire import (
    CAMPAIGN,
    COMPLAINT,
    EMAIL,
    EVERYWHERE,
    LIST,
    SEARCH,
    SUB,
    URL,
    adapter,
    answer_in_turn,
    done,
    failed,
    found,
    record,
    subscriber,
    targets,
)

BY_IDS = COMPLAINT._replace(recipient="")
LOOK = f"{URL}/lists/{LIST}/subscribers/{SUB}"
TRACK = f"{URL}/campaigns/{CAMPAIGN}/track-unsubscribe/{SUB}"


def test_the_four_calls(respx_mock: MockRouter, client: ProviderClient) -> None:
    """By ids, look up, count for the campaign, unsubscribe everywhere: exactly these, in this order."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    reason = "ip_address=&reason=spam+complaint%3A+abuse&user_agent=bouncehandler"
    routes = [
        respx_mock.get(LOOK).mock(subscriber()),
        respx_mock.get(f"{SEARCH}?EMAIL=jane%40example.com").mock(found(record())),
        respx_mock.post(TRACK, content=reason, headers=form).mock(done()),
        respx_mock.put(EVERYWHERE, content="EMAIL=jane%40example.com", headers=form).mock(done()),
    ]
    assert adapter(client).unsubscribe(BY_IDS) == Outcome("unsubscribed", (LIST,), recipient=EMAIL)
    assert [call.request for call in respx_mock.calls] == [route.calls.last.request for route in routes]


def test_the_reason_is_short_and_clean(respx_mock: MockRouter, client: ProviderClient) -> None:
    """A feedback type is hostile text: it is cut, and loses what a database or a page might stumble over."""
    respx_mock.get(SEARCH).mock(found(record()))
    respx_mock.put(EVERYWHERE).mock(done())
    tracked = respx_mock.post(TRACK).mock(done())
    adapter(client).unsubscribe(COMPLAINT._replace(category="a\r\nb\x00\U0001f4a9\udc80" + "x" * 9000))
    (reason,) = parse_qs(tracked.calls.last.request.content.decode())["reason"]
    assert reason.startswith("spam complaint: a  b   xxx")
    assert len(reason) == 100


HOSTILE_EMAILS: list[object] = [
    "",
    " ",
    "jane",
    "@example.com",
    "jane@",
    "...",
    "...@example.com",
    "****@example.com",
    "jane@example.com, joe@example.com",
    "jane@example.com\r\nEMAIL: joe@example.com",
    "jane@example.com\x00",
    "jane@exa\u202emple.com",
    "\ud800@example.com",
    "<script>@example.com",
    "x" * 400 + "@example.com",
    "x" * 1_000_000,
    None,
    True,
    7,
    [],
    [EMAIL],
    {"email": EMAIL},
]


@pytest.mark.parametrize("email", HOSTILE_EMAILS)
def test_what_is_no_address_goes_nowhere(respx_mock: MockRouter, client: ProviderClient, email: object) -> None:
    """A subscriber's address that is none is a broken answer: tried again later, and never looked up or sent."""
    respx_mock.get(LOOK).mock(subscriber(email))
    with pytest.raises(TemporaryFailure, match="one address of the subscriber"):
        adapter(client).unsubscribe(BY_IDS)


def test_the_address_is_sent_in_its_one_form(respx_mock: MockRouter, client: ProviderClient) -> None:
    """Upper case and blanks are MailWizz's own; the address looked up and sent is the one as all others know it."""
    respx_mock.get(LOOK).mock(subscriber(" Jane@Example.COM "))
    respx_mock.get(f"{SEARCH}?EMAIL=jane%40example.com").mock(found(record("unsubscribed", email="Jane@Example.COM")))
    assert adapter(client).unsubscribe(BY_IDS) == Outcome("already", recipient=EMAIL)


@pytest.mark.parametrize(
    "others",
    [{"email": "joe@example.com"}, {"Email": ""}, {"email": EMAIL, "eMail": None}, {"subscriber_uid": "another000000"}],
)
def test_an_answer_about_two_people_is_ignored(
    respx_mock: MockRouter, client: ProviderClient, others: dict[str, object]
) -> None:
    """Two addresses, or another subscriber's id, are a broken answer."""
    respx_mock.get(LOOK).mock(subscriber(**others))
    with pytest.raises(TemporaryFailure, match="makes no sense"):
        adapter(client).unsubscribe(BY_IDS)


@pytest.mark.parametrize("others", [{"email": EMAIL}, {"subscriber_uid": SUB}, {"subscriber_uid": SUB.upper()}])
@pytest.mark.parametrize("uid", [SUB, SUB.upper()])
def test_an_answer_may_report_it_twice(
    respx_mock: MockRouter, client: ProviderClient, others: dict[str, object], uid: str
) -> None:
    """The same address in two spellings of the key, and the id that was asked for, are no contradiction."""
    respx_mock.get(f"{URL}/lists/{LIST}/subscribers/{uid}").mock(subscriber(**others))
    respx_mock.get(SEARCH).mock(found(record("unsubscribed")))
    outcome = adapter(client).unsubscribe(BY_IDS._replace(subscriber_id=uid))
    assert outcome == Outcome("already", recipient=EMAIL)


@pytest.mark.parametrize(
    "data", [None, [], {}, "x", {"record": None}, {"record": []}, {"record": "x"}, {"record": {}}, {"records": [{}]}]
)
def test_an_answer_without_a_subscriber_is_temporary(
    respx_mock: MockRouter, client: ProviderClient, data: object
) -> None:
    """An answer that reports success and shows no subscriber is not "unknown"."""
    respx_mock.get(LOOK).respond(json={"status": "success", "data": data})
    with pytest.raises(TemporaryFailure, match="makes no sense"):
        adapter(client).unsubscribe(BY_IDS)


@pytest.mark.parametrize("status", [None, 7, [], "vip", "confirmed"])
def test_a_hidden_subscriber_of_unknown_status_counts_as_mailed(
    respx_mock: MockRouter, client: ProviderClient, status: object
) -> None:
    """Where the look-up does not show the subscriber, and the status is not known to be silent, it is swept."""
    answer_in_turn(respx_mock, subscriber(status=status), found(), done(), done(), found())
    assert adapter(client).unsubscribe(BY_IDS).lists == (LIST,)
    assert [target.split()[0] for target in targets(respx_mock)] == ["GET", "GET", "POST", "PUT", "GET"]


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (httpx.Response(200), TemporaryFailure),
        (httpx.Response(200, html="<p>login"), TemporaryFailure),
        (httpx.Response(200, json={"status": "error", "error": "no"}), TemporaryFailure),
        (failed(429), TemporaryFailure),
        (failed(500), TemporaryFailure),
        (failed(503), TemporaryFailure),
        (httpx.Response(301), ProviderUnavailable),
        (failed(403), ProviderUnavailable),
        (failed(400, "Invalid API key."), ProviderUnavailable),
        (failed(200, "Your IP address is not allowed"), ProviderUnavailable),
    ],
)
def test_a_failed_look_up_by_ids_is_no_unknown_subscriber(
    respx_mock: MockRouter, client: ProviderClient, answer: httpx.Response, failure: type[Exception]
) -> None:
    """Only MailWizz's own 404 makes a subscriber unknown."""
    respx_mock.get(LOOK).mock(answer)
    with pytest.raises(failure):
        adapter(client).unsubscribe(BY_IDS)


def test_ids_that_mailwizz_refuses_are_permanent(respx_mock: MockRouter, client: ProviderClient) -> None:
    """A 400 that only this call gets gives up this dispatch, and leaves the provider alone."""
    respx_mock.get(LOOK).mock(failed(400, "?"))
    respx_mock.get(f"{URL}/lists?page=1&per_page=10").respond(
        json={"status": "success", "data": {"count": 1, "records": [{}]}}
    )
    with pytest.raises(PermanentFailure, match="refuses this call"):
        adapter(client).unsubscribe(BY_IDS)


@pytest.mark.parametrize("step", [0, 1, 2, 3])
def test_a_timeout_in_the_middle_reaches_the_dispatcher(
    respx_mock: MockRouter, client: ProviderClient, step: int
) -> None:
    """Whichever call gets no answer, nothing after it is sent; the last one's failure names the list that was left."""
    answers = [subscriber(), found(record()), done(), done()][:step]
    respx_mock.route().mock(side_effect=[*answers, httpx.ReadTimeout("no answer")])
    with pytest.raises((httpx.ReadTimeout, TemporaryFailure), match="no answer") as failure:
        adapter(client).unsubscribe(BY_IDS)
    assert len(respx_mock.calls) == step + 1
    assert isinstance(failure.value, TemporaryFailure) == (step == 3)
