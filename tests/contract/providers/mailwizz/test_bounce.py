"""The MailWizz adapter records bounces at their campaigns, and unsubscribes where it can't."""

from typing import Any

import pytest

from bouncehandler.suppression import Outcome
from tests.contract.providers.mailwizz.examples import CLUB, JANE, NEWS, SHOP
from tests.fakes.mailwizz import FakeMailWizz
from tests.fakes.mailwizz_wire import BOUNCE as AT_CAMPAIGN
from tests.fakes.mailwizz_wire import CAMPAIGN, Connect

BOUNCE = AT_CAMPAIGN._replace(job_id=CAMPAIGN)


@pytest.mark.parametrize("job", [CAMPAIGN, f"mailwizz-{CAMPAIGN}"])
def test_a_hard_bounce_is_recorded(server: FakeMailWizz, connect: Connect, job: str) -> None:
    """A hard bounce is recorded at the campaign, and MailWizz blacklists the address everywhere."""
    uid = server.subscribe(JANE, NEWS)
    server.subscribe(JANE, SHOP)
    server.campaign(CAMPAIGN, NEWS)
    outcome = connect(action="bounce").unsubscribe(BOUNCE._replace(job_id=job))
    assert outcome == Outcome("unsubscribed", (NEWS, SHOP))
    assert server.status_of(JANE) == {NEWS: "blacklisted", SHOP: "blacklisted"}
    (bounce,) = server.bounces
    assert bounce == {
        "campaign_uid": CAMPAIGN,
        "subscriber_uid": uid,
        "bounce_type": "hard",
        "message": "smtp;550 no",
    }
    assert len(server.requests) == 2


def test_a_soft_bounce_is_left_to_mailwizz(server: FakeMailWizz, connect: Connect) -> None:
    """A 4.x.x status is recorded as soft; no list changes, and the note reports it."""
    server.subscribe(JANE, NEWS)
    server.campaign(CAMPAIGN, NEWS)
    outcome = connect(action="bounce").unsubscribe(BOUNCE._replace(status="4.2.2"))
    assert outcome.lists == ()
    assert "soft bounce" in outcome.note
    assert [b["bounce_type"] for b in server.bounces] == ["soft"]
    assert server.status_of(JANE) == {NEWS: "confirmed"}


def test_a_bounce_recorded_before_is_done(server: FakeMailWizz, connect: Connect) -> None:
    """Safe to call twice: the second answer, 422, is no failure, and needs no further call."""
    server.subscribe(JANE, NEWS)
    server.campaign(CAMPAIGN, NEWS)
    mailwizz = connect(action="bounce")
    mailwizz.unsubscribe(BOUNCE)
    assert mailwizz.unsubscribe(BOUNCE).kind == "already"
    assert len(server.bounces) == 1
    assert len(server.requests) == 4


def test_a_soft_bounce_recorded_before_is_done(server: FakeMailWizz, connect: Connect) -> None:
    """The same holds for soft bounces, which leave the address subscribed."""
    server.subscribe(JANE, NEWS)
    server.campaign(CAMPAIGN, NEWS)
    mailwizz = connect(action="bounce")
    for _ in range(2):
        assert mailwizz.unsubscribe(BOUNCE._replace(status="4.2.2")).lists == ()
    assert len(server.bounces) == 1
    assert server.status_of(JANE) == {NEWS: "confirmed"}


def test_a_hard_bounce_after_a_soft_one_unsubscribes(server: FakeMailWizz, connect: Connect) -> None:
    """MailWizz takes one bounce for a campaign: when it has a soft one, a hard one must not leave Jane subscribed."""
    server.subscribe(JANE, NEWS)
    server.campaign(CAMPAIGN, NEWS)
    mailwizz = connect(action="bounce")
    mailwizz.unsubscribe(BOUNCE._replace(status="4.2.2"))
    outcome = mailwizz.unsubscribe(BOUNCE)
    assert (outcome.kind, outcome.lists) == ("unsubscribed", (NEWS,))
    assert "already" in outcome.note
    assert server.status_of(JANE) == {NEWS: "unsubscribed"}


def test_the_row_on_the_campaigns_list_is_found(server: FakeMailWizz, connect: Connect) -> None:
    """A look-up does not state which list a campaign belongs to: rows are tried, active ones first."""
    server.subscribe(JANE, SHOP, "unsubscribed")
    server.subscribe(JANE, CLUB)
    wanted = server.subscribe(JANE, NEWS)
    server.campaign(CAMPAIGN, NEWS)
    assert connect(action="bounce").unsubscribe(BOUNCE) == Outcome("unsubscribed", (CLUB, NEWS))
    assert [b["subscriber_uid"] for b in server.bounces] == [wanted]
    assert len(server.calls("POST")) == 2


@pytest.mark.parametrize(
    ("change", "posts"),
    [
        ({"job_id": ""}, 0),
        ({"job_id": "other"}, 0),
        ({"job_id": CAMPAIGN[:-1] + "/"}, 0),
        ({"job_id": "mailwizz-../../lists/x"}, 0),
        ({"job_id": CAMPAIGN.upper()}, 0),
        ({"job_id": f"{CAMPAIGN}\n"}, 0),
        ({"job_id": "mailwizz-nosuch0000000"}, 1),
        ({"reason": "list"}, 0),
    ],
)
def test_without_a_campaign_unsubscribe(
    server: FakeMailWizz, connect: Connect, change: dict[str, Any], posts: int
) -> None:
    """A bounce without a campaign, and what is no bounce, is unsubscribed; the note gives the reason."""
    server.subscribe(JANE, NEWS)
    server.campaign(CAMPAIGN, NEWS)
    outcome = connect(action="bounce").unsubscribe(BOUNCE._replace(**change))
    assert (outcome.kind, outcome.lists) == ("unsubscribed", (NEWS,))
    assert outcome.note
    assert server.status_of(JANE) == {NEWS: "unsubscribed"}
    assert len(server.calls("POST")) == posts


def test_a_stranger_has_no_bounce(server: FakeMailWizz, connect: Connect) -> None:
    """An unknown address costs one call with this action too."""
    server.campaign(CAMPAIGN, NEWS)
    assert connect(action="bounce").unsubscribe(BOUNCE) == Outcome("unknown")
    assert len(server.requests) == 1
