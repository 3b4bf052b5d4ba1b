"""The MailWizz adapter and hostile answers about a subscriber, and what exactly it sends to a campaign."""

from urllib.parse import parse_qs

import httpx
import pytest

from bouncehandler.provider import PermanentFailure, ProviderUnavailable, TemporaryFailure
from bouncehandler.suppression import Outcome
from tests.fakes.mailwizz_wire import (
    CAMPAIGN,
    COMPLAINT,
    DONE,
    EMAIL,
    LIST,
    SUB,
    Wire,
    adapter,
    failed,
    found,
    record,
    subscriber,
)

BY_IDS = COMPLAINT._replace(recipient="")
LOOK = f"GET /api/lists/{LIST}/subscribers/{SUB}"


def _done() -> httpx.Response:
    return httpx.Response(200, json=DONE)


def test_the_four_calls() -> None:
    """By ids, look up, tell the campaign, unsubscribe everywhere: exactly these targets."""
    wire = Wire(subscriber(), found(record()), _done(), _done())
    assert adapter(wire).unsubscribe(BY_IDS) == Outcome("unsubscribed", (LIST,), recipient=EMAIL)
    assert wire.calls == [
        LOOK,
        "GET /api/lists/subscribers/search-by-email-in-all-lists?EMAIL=jane%40example.com",
        f"POST /api/campaigns/{CAMPAIGN}/track-unsubscribe/{SUB}",
        "PUT /api/lists/subscribers/unsubscribe-by-email-from-all-lists",
    ]
    assert wire.sent[2].content == b"ip_address=&reason=spam+complaint%3A+abuse&user_agent=bouncehandler"
    assert wire.sent[2].headers["Content-Type"] == "application/x-www-form-urlencoded"


def test_the_reason_is_short_and_clean() -> None:
    """A feedback type is hostile text: it is cut, and loses what a database or a page might stumble over."""
    wire = Wire(found(record()), _done(), _done())
    adapter(wire).unsubscribe(COMPLAINT._replace(category="a\r\nb\x00\U0001f4a9\udc80" + "x" * 9000))
    (reason,) = parse_qs(wire.sent[1].content.decode())["reason"]
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
def test_what_is_no_address_goes_nowhere(email: object) -> None:
    """A subscriber's address that is none is a broken answer: tried again later, and never looked up or told."""
    wire = Wire(subscriber(email))
    with pytest.raises(TemporaryFailure, match="one address of the subscriber"):
        adapter(wire).unsubscribe(BY_IDS)
    assert wire.calls == [LOOK]


def test_the_address_is_told_in_its_one_form() -> None:
    """Upper case and blanks are MailWizz's own; what is looked up and told is the address as all others know it."""
    wire = Wire(subscriber(" Jane@Example.COM "), found(record("unsubscribed", email="Jane@Example.COM")))
    assert adapter(wire).unsubscribe(BY_IDS) == Outcome("already", recipient=EMAIL)
    assert wire.calls[1].endswith("?EMAIL=jane%40example.com")


@pytest.mark.parametrize(
    "others",
    [{"email": "joe@example.com"}, {"Email": ""}, {"email": EMAIL, "eMail": None}, {"subscriber_uid": "another000000"}],
)
def test_an_answer_about_two_people_is_nobody_s(others: dict[str, object]) -> None:
    """Two addresses, or another subscriber's id, are a broken answer."""
    wire = Wire(subscriber(**others))
    with pytest.raises(TemporaryFailure, match="makes no sense"):
        adapter(wire).unsubscribe(BY_IDS)
    assert len(wire.calls) == 1


@pytest.mark.parametrize("others", [{"email": EMAIL}, {"subscriber_uid": SUB}, {"subscriber_uid": SUB.upper()}])
def test_an_answer_may_say_it_twice(others: dict[str, object]) -> None:
    """The same address in two spellings of the key, and the id that was asked for, are no contradiction."""
    for uid in (SUB, SUB.upper()):
        wire = Wire(subscriber(**others), found(record("unsubscribed")))
        outcome = adapter(wire).unsubscribe(BY_IDS._replace(subscriber_id=uid))
        assert outcome == Outcome("already", recipient=EMAIL)


@pytest.mark.parametrize(
    "data", [None, [], {}, "x", {"record": None}, {"record": []}, {"record": "x"}, {"record": {}}, {"records": [{}]}]
)
def test_an_answer_without_a_subscriber_is_temporary(data: object) -> None:
    """An answer that says success and shows nobody is not "unknown"."""
    wire = Wire(httpx.Response(200, json={"status": "success", "data": data}))
    with pytest.raises(TemporaryFailure, match="makes no sense"):
        adapter(wire).unsubscribe(BY_IDS)


@pytest.mark.parametrize("status", [None, 7, [], "vip", "confirmed"])
def test_a_hidden_subscriber_of_unknown_status_counts_as_mailed(status: object) -> None:
    """Where the look-up does not show the subscriber, and the status is not known to be silent, it is swept."""
    wire = Wire(subscriber(status=status), found(), _done(), _done(), found())
    assert adapter(wire).unsubscribe(BY_IDS).lists == (LIST,)
    assert [call.split()[0] for call in wire.calls] == ["GET", "GET", "POST", "PUT", "GET"]


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
def test_a_failed_look_up_by_ids_is_no_unknown_subscriber(answer: httpx.Response, failure: type[Exception]) -> None:
    """Only MailWizz's own 404 says that somebody is unknown."""
    wire = Wire(answer)
    with pytest.raises(failure):
        adapter(wire).unsubscribe(BY_IDS)
    assert wire.calls == [LOOK]


def test_ids_that_mailwizz_refuses_are_permanent() -> None:
    """A 400 that only this call gets gives up this dispatch, and leaves the provider alone."""
    lists = httpx.Response(200, json={"status": "success", "data": {"count": 1, "records": [{}]}})
    with pytest.raises(PermanentFailure, match="refuses this call"):
        adapter(Wire(failed(400, "?"), lists)).unsubscribe(BY_IDS)


@pytest.mark.parametrize("step", [0, 1, 2, 3])
def test_a_timeout_in_the_middle_reaches_the_dispatcher(step: int) -> None:
    """Whichever call gets no answer, nothing after it is sent; the last one's failure names the list that was left."""
    answers = [subscriber(), found(record()), _done(), _done()]
    sent = 0

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal sent
        sent += 1
        if sent > step:
            raise httpx.ReadTimeout("no answer", request=request)
        return answers[sent - 1]

    with pytest.raises((httpx.ReadTimeout, TemporaryFailure), match="no answer") as failure:
        adapter(answer).unsubscribe(BY_IDS)
    assert sent == step + 1
    assert isinstance(failure.value, TemporaryFailure) == (step == 3)
