"""The MailWizz adapter counts an unsubscription for its campaign, once, and never fails over it."""

from typing import Any

import pytest

from bouncehandler.suppression import Outcome, Suppression
from tests.contract.providers.mailwizz.examples import CLUB, JANE, NEWS, SHOP, from_campaign
from tests.fakes.mailwizz import FakeMailWizz
from tests.fakes.mailwizz_wire import BOUNCE, CAMPAIGN, KEYS, Connect

pytestmark = pytest.mark.usefixtures("campaign")


def _without_ids(reason: str = "complaint", job_id: str = f"mailwizz-{CAMPAIGN}") -> Suppression:
    return Suppression("3" * 24, JANE, reason, job_id=job_id)


@pytest.mark.parametrize("version", ["1.x", "2.x"])
@pytest.mark.parametrize(
    ("reason", "category", "text"),
    [
        ("unsubscribe", "", "List-Unsubscribe request"),
        ("complaint", "abuse", "spam complaint: abuse"),
        ("complaint", "", "spam complaint"),
    ],
)
def test_the_campaign_is_counted(  # noqa: PLR0913, PLR0917  # pytest passes each of them
    server: FakeMailWizz, connect: Connect, version: str, reason: str, category: str, text: str
) -> None:
    """With three calls the campaign counts Jane, with a short reason, and all her lists are unsubscribed."""
    server.version = "1.x" if version == "1.x" else "2.x"
    server.subscribe(JANE, SHOP)
    uid = server.subscribe(JANE, NEWS)
    mailwizz = connect(**KEYS) if version == "1.x" else connect()
    assert mailwizz.unsubscribe(from_campaign(uid, reason)._replace(category=category)) == Outcome(
        "unsubscribed", (SHOP, NEWS)
    )
    assert server.unsubscriptions == [
        {
            "campaign_uid": CAMPAIGN,
            "subscriber_uid": uid,
            "ip_address": "",
            "user_agent": "bouncehandler",
            "reason": text,
        }
    ]
    assert set(server.status_of(JANE).values()) == {"unsubscribed"}
    assert [r.method for r in server.requests] == ["GET", "POST", "PUT"]


def test_without_a_campaign_two_calls(server: FakeMailWizz, connect: Connect) -> None:
    """Without a known campaign nothing is counted, and the note is empty."""
    uid = server.subscribe(JANE, NEWS)
    assert connect().unsubscribe(from_campaign(uid, campaign_id="")) == Outcome("unsubscribed", (NEWS,))
    assert [r.method for r in server.requests] == ["GET", "PUT"]


@pytest.mark.parametrize("reason", ["bounce", "list", "something-new"])
def test_a_bounce_is_not_counted_as_an_unsubscription(server: FakeMailWizz, connect: Connect, reason: str) -> None:
    """Unsubscriptions of a campaign are complaints and requests only."""
    uid = server.subscribe(JANE, NEWS)
    assert connect().unsubscribe(from_campaign(uid, reason)).lists == (NEWS,)
    assert server.unsubscriptions == []


# Which campaign


@pytest.mark.parametrize("change", [{}, {"list_manager": "interspire", "list_id": "8,13", "subscriber_id": "5"}])
@pytest.mark.parametrize("job", [CAMPAIGN, f"mailwizz-{CAMPAIGN}"])
def test_x_job_names_the_campaign(server: FakeMailWizz, connect: Connect, job: str, change: dict[str, Any]) -> None:
    """Without MailWizz's own ids X-Job is asked, and the one active row is counted."""
    uid = server.subscribe(JANE, NEWS)
    server.subscribe(JANE, SHOP, "unsubscribed")
    suppression = _without_ids(job_id=job)._replace(**change)
    assert connect().unsubscribe(suppression) == Outcome("unsubscribed", (NEWS,))
    assert [(u["campaign_uid"], u["subscriber_uid"]) for u in server.unsubscriptions] == [(CAMPAIGN, uid)]


def test_mailwizz_s_own_campaign_goes_before_x_job(server: FakeMailWizz, connect: Connect) -> None:
    """The campaign's id in MailWizz's headers is surer than X-Job, which anything may use."""
    uid = server.subscribe(JANE, NEWS)
    server.campaign("campaign00002", NEWS)
    connect().unsubscribe(from_campaign(uid, job_id="campaign00002"))
    assert [u["campaign_uid"] for u in server.unsubscriptions] == [CAMPAIGN]


def test_another_list_manager_s_campaign_is_not_mailwizz_s(server: FakeMailWizz, connect: Connect) -> None:
    """A campaign's id is only taken with MailWizz's ids."""
    server.subscribe(JANE, NEWS)
    connect().unsubscribe(_without_ids(job_id="")._replace(list_manager="interspire", campaign_id=CAMPAIGN))
    assert server.calls("POST") == []


@pytest.mark.parametrize(
    "campaign",
    ["..", "../lists", "%2e%2e", "a/b", "a?b", "a#b", "a b", "a\n", "\u0661", "\udcff", "x" * 65, "x" * 9999],
)
def test_a_hostile_campaign_reaches_no_url(server: FakeMailWizz, connect: Connect, campaign: str) -> None:
    """What is no id is no campaign, in either place."""
    uid = server.subscribe(JANE, NEWS)
    assert connect().unsubscribe(from_campaign(uid, campaign_id=campaign, job_id=campaign)) == Outcome(
        "unsubscribed", (NEWS,)
    )
    assert [r.method for r in server.requests] == ["GET", "PUT"]


# Which row


def test_of_several_rows_the_id_states_which(server: FakeMailWizz, connect: Connect) -> None:
    """The subscriber's id distinguishes the campaign's row from the others, however many are active."""
    for list_uid in (SHOP, CLUB):
        server.subscribe(JANE, list_uid)
    uid = server.subscribe(JANE, NEWS)
    connect().unsubscribe(from_campaign(uid))
    assert [u["subscriber_uid"] for u in server.unsubscriptions] == [uid]
    assert len(server.calls("POST")) == 1


def test_of_several_rows_without_an_id_none_is_counted(server: FakeMailWizz, connect: Connect) -> None:
    """No row is counted for a list by a guess; the note reports it."""
    server.subscribe(JANE, NEWS)
    server.subscribe(JANE, SHOP)
    outcome = connect().unsubscribe(_without_ids())
    assert (outcome.kind, outcome.lists) == ("unsubscribed", (NEWS, SHOP))
    assert "not counted for the campaign: it is not known which of the lists" in outcome.note
    assert server.calls("POST") == []


def test_one_shown_row_of_many_is_no_single_row(server: FakeMailWizz, connect: Connect) -> None:
    """Where a look-up may hide rows, the one active row that it shows may not be the campaign's."""
    for number in range(99):
        server.subscribe(JANE, f"list{number:09}", "unsubscribed")
    server.subscribe(JANE, SHOP)
    server.subscribe(JANE, NEWS)
    outcome = connect().unsubscribe(_without_ids())
    assert "it is not known which of the lists" in outcome.note
    assert server.calls("POST") == []
    assert set(server.status_of(JANE).values()) == {"unsubscribed"}


@pytest.mark.parametrize("status", ["unsubscribed", "blacklisted", "unconfirmed"])
def test_a_silent_row_is_not_counted(server: FakeMailWizz, connect: Connect, status: str) -> None:
    """Rows that no campaign went to are not counted, and stay as they are."""
    uid = server.subscribe(JANE, NEWS, status)
    server.subscribe(JANE, SHOP)
    assert connect().unsubscribe(from_campaign(uid)) == Outcome("unsubscribed", (SHOP,))
    assert server.calls("POST") == []
    if status == "blacklisted":
        assert server.status_of(JANE)[NEWS] == "blacklisted"


def test_another_subscriber_s_row_is_not_counted(server: FakeMailWizz, connect: Connect) -> None:
    """An id beside an address that has other rows counts no row."""
    server.subscribe(JANE, NEWS)
    uid = server.subscribe("other@else.example", NEWS)
    assert connect().unsubscribe(from_campaign(uid)) == Outcome("unsubscribed", (NEWS,))
    assert server.calls("POST") == []
    assert server.status_of("other@else.example") == {NEWS: "confirmed"}


def test_beside_a_blacklisted_row_the_active_one_is_counted(server: FakeMailWizz, connect: Connect) -> None:
    """The active row is counted for the campaign; the blacklisted one stays so."""
    server.subscribe(JANE, SHOP, "blacklisted")
    uid = server.subscribe(JANE, NEWS)
    assert connect().unsubscribe(from_campaign(uid)) == Outcome("unsubscribed", (NEWS,))
    assert len(server.unsubscriptions) == 1
    assert server.status_of(JANE) == {SHOP: "blacklisted", NEWS: "unsubscribed"}


# Other actions


@pytest.mark.parametrize("action", ["bounce", "blacklist"])
def test_a_request_is_no_reason_to_blacklist(server: FakeMailWizz, connect: Connect, action: str) -> None:
    """A request to be unsubscribed is carried out and counted, whatever the action."""
    uid = server.subscribe(JANE, NEWS)
    server.subscribe(JANE, SHOP)
    assert connect(action=action).unsubscribe(from_campaign(uid, "unsubscribe")) == Outcome(
        "unsubscribed", (NEWS, SHOP)
    )
    assert server.status_of(JANE) == {NEWS: "unsubscribed", SHOP: "unsubscribed"}
    assert len(server.unsubscriptions) == 1
    assert server.bounces == []


def test_a_complaint_that_blacklists_is_not_counted(server: FakeMailWizz, connect: Connect) -> None:
    """A complaint follows action blacklist, which leaves nothing to unsubscribe."""
    uid = server.subscribe(JANE, NEWS)
    assert connect(action="blacklist").unsubscribe(from_campaign(uid)) == Outcome("unsubscribed", (NEWS,))
    assert server.status_of(JANE) == {NEWS: "blacklisted"}
    assert server.calls("POST") == []


def test_a_complaint_is_no_bounce(server: FakeMailWizz, connect: Connect) -> None:
    """Action bounce unsubscribes and counts a complaint, and reports that no bounce was recorded."""
    uid = server.subscribe(JANE, NEWS)
    outcome = connect(action="bounce").unsubscribe(from_campaign(uid, job_id=CAMPAIGN))
    assert outcome == Outcome("unsubscribed", (NEWS,), "not recorded as a bounce, since it is none")
    assert server.status_of(JANE) == {NEWS: "unsubscribed"}
    assert (len(server.unsubscriptions), server.bounces) == (1, [])


def test_bounces_and_requests_of_a_campaign_are_distinguished(server: FakeMailWizz, connect: Connect) -> None:
    """Action bounce records a bounce at the campaign as before, and does not count it as an unsubscription."""
    server.subscribe(JANE, NEWS)
    connect(action="bounce").unsubscribe(BOUNCE)
    assert (len(server.bounces), server.unsubscriptions) == (1, [])
