"""The MailWizz adapter when counting for a campaign fails: no row stays subscribed for it, none is counted twice."""

from collections.abc import Callable

import httpx
import pytest

from bouncehandler.provider import ProviderUnavailable, TemporaryFailure
from bouncehandler.suppression import Outcome
from tests.contract.providers.mailwizz.examples import JANE, NEWS, SHOP, TRACK, from_campaign
from tests.fakes.mailwizz import FakeMailWizz
from tests.fakes.mailwizz_wire import Connect
from tests.fakes.server import Answer, Request

pytestmark = pytest.mark.usefixtures("campaign")


ERROR = b'{"status":"error","error":"%s"}'


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Answer(400, ERROR % b"Kampagne unbekannt"), "HTTP 400"),
        (Answer(403, b"<html>forbidden</html>"), "HTTP 403"),
        (Answer(404, b"<html>Not Found</html>"), "HTTP 404"),
        (Answer(404, ERROR % b"nope"), "does not know the campaign"),
        (Answer(405), "HTTP 405"),
        (Answer(302, headers={"Location": "http://127.0.0.1:1/"}), "HTTP 302"),
        (Answer(422, ERROR % b"nope"), "HTTP 422"),
        (Answer(500, b'{"status":"success"}'), "HTTP 500"),
        (Answer(500, b"<html>crashed</html>"), "HTTP 500: <html>crashed</html>"),
        (Answer(200, b"<html>login</html>"), "HTTP 200: <html>login</html>"),
        (Answer(200, b""), "HTTP 200"),
        (Answer(200, ERROR % b"nope"), "HTTP 200"),
        (Answer(200, b"[" * 100_000), "HTTP 200"),
    ],
)
def test_a_campaign_that_can_t_be_determined_keeps_no_person_subscribed(
    server: FakeMailWizz, connect: Connect, answer: Answer, message: str
) -> None:
    """Whatever the answer to this call, Jane is unsubscribed in the same attempt; the note has the answer."""
    uid = server.subscribe(JANE, NEWS)
    server.fail_when = lambda request: answer if TRACK in request.path else None
    outcome = connect().unsubscribe(from_campaign(uid))
    assert (outcome.kind, outcome.lists) == ("unsubscribed", (NEWS,))
    assert outcome.note.startswith("not counted for the campaign: ")
    assert message in outcome.note
    assert len(outcome.note) < 500
    assert server.status_of(JANE) == {NEWS: "unsubscribed"}
    assert len(server.requests) == 3


@pytest.mark.parametrize("campaign", ["nosuchcampaig", "shopcampaign1"])
def test_a_campaign_that_is_not_there(server: FakeMailWizz, connect: Connect, campaign: str) -> None:
    """404, for an unknown campaign or one of another list, is a note, and no failure."""
    uid = server.subscribe(JANE, NEWS)
    server.campaign("shopcampaign1", SHOP)
    outcome = connect().unsubscribe(from_campaign(uid, campaign_id=campaign))
    note = "not counted for the campaign: MailWizz does not know the campaign, or sent it to another list"
    assert outcome == Outcome("unsubscribed", (NEWS,), note)


@pytest.mark.parametrize("status", [200, 400])
def test_refused_credentials_hold_the_provider(server: FakeMailWizz, connect: Connect, status: int) -> None:
    """A key that is refused in the middle holds the provider, and Jane stays for the next attempt."""
    uid = server.subscribe(JANE, NEWS)
    refusal = Answer(status, ERROR % b"Invalid API key.")
    server.fail_when = lambda request: refusal if TRACK in request.path else None
    with pytest.raises(ProviderUnavailable, match="refuses the credentials"):
        connect().unsubscribe(from_campaign(uid))
    assert server.status_of(JANE) == {NEWS: "confirmed"}


def test_refused_credentials_in_other_words_are_found_by_the_next_call(server: FakeMailWizz, connect: Connect) -> None:
    """A translated refusal from the middle on holds the provider too: no address counts as unsubscribed."""
    uid = server.subscribe(JANE, NEWS)
    refusal = Answer(400, ERROR % b"Ung\xc3\xbcltig")
    server.fail_when = lambda request: refusal if "search" not in request.path else None
    with pytest.raises(ProviderUnavailable, match="refuses the credentials"):
        connect().unsubscribe(from_campaign(uid))


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_is_given_time(server: FakeMailWizz, connect: Connect, status: int) -> None:
    """After a request to slow down, a later call counts for the campaign and unsubscribes Jane."""
    uid = server.subscribe(JANE, NEWS)
    busy = Answer(status, b"slow down", {"Retry-After": "30"})
    server.fail_when = lambda request: busy if TRACK in request.path else None
    with pytest.raises(TemporaryFailure) as failure:
        connect().unsubscribe(from_campaign(uid))
    assert failure.value.retry_after == 30
    server.fail_when = lambda _: None
    assert connect().unsubscribe(from_campaign(uid)).lists == (NEWS,)
    assert len(server.unsubscriptions) == 1


@pytest.mark.parametrize("answer", [Answer(500), Answer(200, b"<html>maintenance</html>"), Answer(reset=True)])
@pytest.mark.parametrize("failing", [0, 1, 2, 3])
def test_an_outage_at_any_call_is_made_good_by_the_next_try(
    server: FakeMailWizz, connect: Connect, failing: int, answer: Answer
) -> None:
    """An outage from any call on is no success; the next try finishes, and counts Jane just once."""
    uid = server.subscribe(JANE, NEWS)
    server.subscribe(JANE, SHOP)
    suppression = from_campaign(uid)._replace(recipient="")
    server.fail_when = lambda _: answer if len(server.requests) > failing else None
    with pytest.raises((TemporaryFailure, httpx.TransportError)):
        connect().unsubscribe(suppression)
    server.fail_when = lambda _: None
    outcome = connect().unsubscribe(suppression)
    assert (outcome.kind, outcome.recipient) == ("unsubscribed", JANE)
    assert set(server.status_of(JANE).values()) == {"unsubscribed"}
    assert [u["subscriber_uid"] for u in server.unsubscriptions] == [uid]


def _losing_its_answer(server: FakeMailWizz, part: str) -> Callable[[Request], Answer | None]:
    """Each such call is carried out, and the connection breaks before the answer."""

    def lose(request: Request) -> Answer | None:
        if part not in request.path:
            return None
        server.respond(request)
        return Answer(reset=True)

    return lose


@pytest.mark.parametrize("part", [TRACK, "unsubscribe-by-email"])
def test_a_lost_answer_counts_no_person_twice(server: FakeMailWizz, connect: Connect, part: str) -> None:
    """A retry after a lost answer sees in the look-up that Jane was counted."""
    uid = server.subscribe(JANE, NEWS)
    server.subscribe(JANE, SHOP)
    server.fail_when = _losing_its_answer(server, part)
    with pytest.raises((httpx.TransportError, TemporaryFailure)):
        connect().unsubscribe(from_campaign(uid))
    server.fail_when = lambda _: None
    outcome = connect().unsubscribe(from_campaign(uid))
    assert outcome.note == ""
    assert set(server.status_of(JANE).values()) == {"unsubscribed"}
    assert len(server.unsubscriptions) == 1


def test_a_mailwizz_that_only_counts_counts_once_more_by_a_retry(server: FakeMailWizz, connect: Connect) -> None:
    """A retry counts again where counting left the row active, and unsubscribes; after that nothing is counted."""
    uid = server.subscribe(JANE, NEWS)
    server.counts_only = True
    server.fail_when = _losing_its_answer(server, TRACK)
    with pytest.raises(httpx.TransportError):
        connect().unsubscribe(from_campaign(uid))
    server.fail_when = lambda _: None
    for _ in range(2):
        connect().unsubscribe(from_campaign(uid))
    assert server.status_of(JANE) == {NEWS: "unsubscribed"}
    assert len(server.unsubscriptions) == 2
