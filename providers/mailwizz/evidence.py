"""Evidence of a suppression in MailWizz's terms: subscriber ids, campaign, and texts for its reports."""

import re
from typing import NamedTuple

from bouncehandler.provider import PermanentFailure
from bouncehandler.suppression import Suppression

LIST_MANAGER = "mailwizz"
"""Name of MailWizz in a suppression's `list_manager`."""

_ID = re.compile(r"[A-Za-z0-9]{1,64}")
_JOB = re.compile(r"(?:mailwizz-)?([a-z0-9]{13})")
_MAX_TEXT = 500
"""Characters of a text that MailWizz keeps."""

_SHOWN = 60
"""Characters of an id that go into an error's text."""


class MailWizzIds(NamedTuple):
    """Ids of a subscriber: letters and digits and nothing else, since they become part of our URLs."""

    list_uid: str
    uid: str


def read_ids(suppression: Suppression) -> MailWizzIds | None:
    """Read the ids in a suppression; None where they are another list manager's, or invalid for MailWizz.

    They come from the headers and addresses of mail, and may be forged.
    """
    ids = MailWizzIds(suppression.list_id, suppression.subscriber_id)
    return ids if suppression.list_manager == LIST_MANAGER and all(map(_ID.fullmatch, ids)) else None


def missing_subject(suppression: Suppression) -> PermanentFailure:
    """Build the failure for a suppression with neither an address nor ids that are valid for MailWizz."""
    manager = suppression.list_manager
    if manager == LIST_MANAGER:
        list_id, subscriber_id = suppression.list_id[:_SHOWN], suppression.subscriber_id[:_SHOWN]
        return PermanentFailure(
            f"list {list_id!a} and subscriber {subscriber_id!a} are no ids of MailWizz's, which are letters and "
            "digits: see what writes the mail's List-Id, X-Mw-Subscriber-Uid and List-Unsubscribe"
        )
    whose = f"the ids belong to {manager[:_SHOWN]!a}" if manager else "no ids"
    return PermanentFailure(f"MailWizz can't know who is meant: there is no address, and {whose}")


def parse_campaign(job_id: str) -> str:
    """Parse the campaign that X-Job names; empty where it names none of MailWizz's."""
    match = _JOB.fullmatch(job_id)
    return match[1] if match else ""


def find_campaign(suppression: Suppression) -> str:
    """Find the campaign of a complaint or a request: by MailWizz's own id, else by X-Job; empty: not known."""
    if suppression.list_manager == LIST_MANAGER and _ID.fullmatch(suppression.campaign_id):
        return suppression.campaign_id
    return parse_campaign(suppression.job_id)


def format_reason(suppression: Suppression) -> str:
    """Format the reason, as the campaign's report shows it."""
    if suppression.reason == "unsubscribe":
        return "List-Unsubscribe request"
    return _clean(f"spam complaint: {suppression.category}" if suppression.category else "spam complaint")[:100].strip()


def format_bounce(suppression: Suppression) -> str:
    """Format the remote server's diagnostic."""
    return _clean(suppression.diagnostic or suppression.status or suppression.category or "bounced")


def _clean(text: str) -> str:
    """Shorten a text, and blank characters that MailWizz's database might refuse."""
    return "".join(c if c.isprintable() and c < "\U00010000" else " " for c in text[:_MAX_TEXT])
