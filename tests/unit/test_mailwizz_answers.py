"""The MailWizz adapter: what it makes of every answer that it may get; nothing doubtful counts as done."""

from collections.abc import Callable

import httpx
import pytest

from bouncehandler.provider import PermanentFailure, ProviderUnavailable, TemporaryFailure
from bouncehandler.suppression import Outcome
from providers.mailwizz import MailWizz
from tests.fakes.mailwizz_wire import BOUNCE, DONE, LIST, Wire, adapter, failed, found, record


def _route(request: httpx.Request) -> str:
    """Which call it is."""
    for part in ("search-by-email", "unsubscribe-by-email", "/bounces", "/unsubscribe", "/subscribers/"):
        if part in request.url.path:
            return part
    return "lists"


STEPS = {
    "search-by-email": ("unsubscribe", [record()]),
    "unsubscribe-by-email": ("unsubscribe", [record()]),
    "/unsubscribe": ("unsubscribe", [record(), record("blacklisted", list_uid="zz0000000000z")]),
    "/subscribers/": ("blacklist", [record()]),
    "/bounces": ("bounce", [record()]),
}


def _with_answer(step: str, answer: Callable[[], httpx.Response]) -> tuple[MailWizz, Wire]:
    """An adapter that gets this answer at one step and good ones before and besides."""
    action, records = STEPS[step]
    wire = Wire()

    def handler(request: httpx.Request) -> httpx.Response:
        wire.sent.append(request)
        if _route(request) == step:
            return answer()
        if _route(request) == "search-by-email":
            return found(*records)
        return httpx.Response(200, json={"status": "success", "data": {"count": 1, "records": [{}]}})

    return adapter(handler, action=action), wire


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


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("answer", NOT_DONE)
def test_only_mailwizz_can_say_done(step: str, answer: httpx.Response) -> None:
    """Status 200 alone is not a success at any step: a proxy's page, an empty body or an error inside is a failure."""
    mailwizz, _ = _with_answer(step, lambda: httpx.Response(answer.status_code, content=answer.content))
    with pytest.raises(TemporaryFailure):
        mailwizz.unsubscribe(BOUNCE)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("status", [408, 413, 418, 429, 500, 502, 503, 504])
def test_a_failing_server_is_temporary(step: str, status: int) -> None:
    """Overload, offline and 5xx are tried again, when the server asks for it."""
    answer = httpx.Response(status, json={"status": "error", "error": "offline"}, headers={"Retry-After": "77"})
    mailwizz, _ = _with_answer(step, lambda: answer)
    with pytest.raises(TemporaryFailure) as failure:
        mailwizz.unsubscribe(BOUNCE)
    assert failure.value.retry_after == 77


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("status", [301, 302, 308, 401, 403, 405, 410])
def test_a_wrong_address_holds_the_provider(step: str, status: int) -> None:
    """Redirects are not followed, and they and refusals concern every call, not this recipient."""
    mailwizz, wire = _with_answer(step, lambda: httpx.Response(status, headers={"Location": "https://evil.example/"}))
    with pytest.raises(ProviderUnavailable):
        mailwizz.unsubscribe(BOUNCE)
    assert {r.url.host for r in wire.sent} == {"mw.example.test"}


@pytest.mark.parametrize("step", ["search-by-email", "unsubscribe-by-email"])
@pytest.mark.parametrize("answer", [failed(404), httpx.Response(404, html="<h1>Not Found</h1>"), httpx.Response(404)])
def test_a_typo_in_the_url_is_no_unknown_recipient(step: str, answer: httpx.Response) -> None:
    """404 at a fixed address says that the URL is wrong."""
    mailwizz, _ = _with_answer(step, lambda: httpx.Response(404, content=answer.content))
    with pytest.raises(ProviderUnavailable, match="configured url"):
        mailwizz.unsubscribe(BOUNCE)


@pytest.mark.parametrize("step", ["/unsubscribe", "/subscribers/", "/bounces"])
@pytest.mark.parametrize("status", [404, 409, 422])
def test_only_mailwizz_can_say_gone(step: str, status: int) -> None:
    """A proxy's page with a status that would mean something from MailWizz means nothing."""
    mailwizz, _ = _with_answer(step, lambda: httpx.Response(status, html="<h1>Not Found</h1>"))
    with pytest.raises(TemporaryFailure):
        mailwizz.unsubscribe(BOUNCE)


@pytest.mark.parametrize("status", [409, 422])
def test_other_errors_at_a_row_are_not_gone(status: int) -> None:
    """The statuses that mean something to one call mean nothing to another."""
    mailwizz, _ = _with_answer("/unsubscribe", lambda: failed(status))
    with pytest.raises(TemporaryFailure):
        mailwizz.unsubscribe(BOUNCE)


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
def test_refused_credentials_hold_the_provider(step: str, status: int, error: object) -> None:
    """MailWizz refuses credentials with 400 and known words; nobody need be asked again."""
    mailwizz, wire = _with_answer(step, lambda: failed(status, error))
    with pytest.raises(ProviderUnavailable, match="refuses the credentials"):
        mailwizz.unsubscribe(BOUNCE)
    assert _route(wire.sent[-1]) == step


REFUSALS = [
    failed(400, "Ungültiger API-Schlüssel."),
    failed(400, {"x": ["y"]}),
    failed(400, None),
    httpx.Response(400, html="<h1>400 Bad Request</h1>"),
    httpx.Response(400),
]


@pytest.mark.parametrize("refusal", REFUSALS)
def test_unknown_words_of_refusal_are_checked(refusal: httpx.Response) -> None:
    """A 400 in other words is the credentials' fault only if the cheap call, which has no recipient, gets it too."""
    mailwizz, wire = _with_answer("search-by-email", lambda: httpx.Response(400, content=refusal.content))
    with pytest.raises(PermanentFailure):
        mailwizz.unsubscribe(BOUNCE)
    assert wire.calls[1:] == ["GET /api/lists?page=1&per_page=10"]
    all_refused = Wire(*[httpx.Response(400, content=refusal.content)] * 2)
    with pytest.raises(ProviderUnavailable):
        adapter(all_refused).unsubscribe(BOUNCE)


@pytest.mark.parametrize("answer", [httpx.Response(503), httpx.Response(200), httpx.Response(200, html="<p>")])
def test_an_unproved_refusal_is_temporary(answer: httpx.Response) -> None:
    """When the cheap call proves nothing either, the dispatch is not given up."""
    with pytest.raises(TemporaryFailure):
        adapter(Wire(failed(400, "?"), answer)).unsubscribe(BOUNCE)


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {"records": []},
        {"count": 1, "records": []},
        {"count": 1, "records": None},
        {"count": 1},
        {"count": "many", "records": []},
        {"count": -1, "records": []},
        {"count": True, "records": []},
        {"count": [], "records": []},
        {"count": 1, "records": {"0": record()}},
        {"count": 1, "records": "x"},
        {"count": 1, "records": [None]},
        {"count": 1, "records": [[]]},
        {"count": 1, "records": [{**record(), "list": None}]},
        {"count": 1, "records": [{**record(), "list": {}}]},
        {"count": 1, "records": [{**record(), "status": None}]},
        {"count": 1, "records": [{**record(), "email": "somebody@else.example"}]},
        {"count": 2, "records": [record(), {}]},
    ],
)
def test_a_look_up_without_sense_is_temporary(data: object) -> None:
    """Rows that can't be relied on are neither "unknown" nor "already", and nothing is changed because of them."""
    wire = Wire(httpx.Response(200, json={"status": "success", "data": data}))
    with pytest.raises(TemporaryFailure):
        adapter(wire).unsubscribe(BOUNCE)


HOSTILE: list[object] = [
    "",
    ".",
    "..",
    "../../x",
    "a/b",
    "a%2fb",
    "a?b",
    "a#b",
    "a b",
    "a\n",
    "ab123cd456ef\u0661",
    "x" * 41,
    None,
    7,
    [],
    {},
]


@pytest.mark.parametrize("uid", HOSTILE)
@pytest.mark.parametrize("action", ["unsubscribe", "bounce", "blacklist"])
def test_no_answer_turns_our_url(uid: object, action: str) -> None:
    """Ids from answers go into paths, so that one which is no id stops the dispatch, and nothing is sent there."""
    for hostile in (record(uid=uid), record(list_uid=uid)):
        wire = Wire(found(record(), hostile, record("blacklisted")))
        with pytest.raises(TemporaryFailure):
            adapter(wire, action=action).unsubscribe(BOUNCE)
        assert len(wire.calls) == 1


@pytest.mark.parametrize(
    "data", [{"count": 0, "records": []}, {"count": None, "records": None}, {"count": None}, {"count": "0"}]
)
def test_nobody_found_is_unknown(data: object) -> None:
    """MailWizz counts an unknown address as 0 or null."""
    wire = Wire(httpx.Response(200, json={"status": "success", "data": data}))
    assert adapter(wire).unsubscribe(BOUNCE) == Outcome("unknown")


@pytest.mark.parametrize("status", ["unsubscribed", "blacklisted", "unconfirmed", "unapproved", "disabled", "moved"])
def test_a_row_that_is_not_mailed_is_left_alone(status: str) -> None:
    """Campaigns go to confirmed rows only: where there is none, one call is all."""
    wire = Wire(found(record(status)))
    assert adapter(wire).unsubscribe(BOUNCE) == Outcome("already")


def test_a_status_nobody_knows_counts_as_mailed() -> None:
    """A status that MailWizz may introduce is not taken for silence, and it is looked at again."""
    wire = Wire(found(record("vip")), httpx.Response(200, json=DONE), found(record("unsubscribed")))
    assert adapter(wire).unsubscribe(BOUNCE).lists == (LIST,)
    still = Wire(*[found(record("vip")), httpx.Response(200, json=DONE)] * 5, found(record("vip")))
    with pytest.raises(TemporaryFailure, match="still shows the address as subscribed"):
        adapter(still).unsubscribe(BOUNCE)


def test_a_count_beyond_the_rows_is_not_already() -> None:
    """When MailWizz counts more rows than it shows, the hidden ones may be subscribed."""
    data = {"count": "3", "records": [record("unsubscribed")]}
    looked = httpx.Response(200, json={"status": "success", "data": data})
    wire = Wire(looked, httpx.Response(200, json=DONE), looked)
    assert "does not show every list" in adapter(wire).unsubscribe(BOUNCE).note
    assert [call.split()[0] for call in wire.calls] == ["GET", "PUT", "GET"]


def test_rows_that_come_into_sight_are_reported() -> None:
    """A look-up that hides rows may show others the next time: the outcome names the active ones of every look."""

    def looked(*records: object) -> httpx.Response:
        return httpx.Response(200, json={"status": "success", "data": {"count": 2, "records": records}})

    done = httpx.Response(200, json=DONE)
    other = record(list_uid="zz0000000000z")
    wire = Wire(looked(record()), done, looked(other), done, looked(record("unsubscribed")))
    assert adapter(wire).unsubscribe(BOUNCE).lists == (LIST, "zz0000000000z")


def test_transport_errors_pass() -> None:
    """The dispatcher counts whatever the transport raises as temporary; the adapter catches nothing."""

    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    with pytest.raises(httpx.ConnectError):
        adapter(refuse).unsubscribe(BOUNCE)
