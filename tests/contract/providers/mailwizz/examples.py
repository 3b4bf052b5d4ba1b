"""Examples for the contract tests of MailWizz: a subscriber, lists, and complaints of her."""

from bouncehandler.suppression import Suppression
from tests.fakes.mailwizz_wire import CAMPAIGN, COMPLAINT, EMAIL

JANE = EMAIL
NEWS, SHOP, CLUB = "news00000list", "shop00000list", "club00000list"
EVERYWHERE = "unsubscribe-by-email-from-all-lists"
TRACK = "/track-unsubscribe/"
"""Part of the path by which an unsubscription is counted for a campaign."""


def from_campaign(uid: str, reason: str = "complaint", *, campaign_id: str = CAMPAIGN, job_id: str = "") -> Suppression:
    """A complaint or a request of Jane's, with her subscriber's id on the list of news."""
    named = COMPLAINT._replace(list_id=NEWS, subscriber_id=uid, campaign_id=campaign_id)
    return named._replace(reason=reason, job_id=job_id)
