"""What a suppression tells MailWizz: a subscriber's ids, the campaign, and words for its reports."""

import re
from typing import NamedTuple

from bouncehandler.provider import PermanentFailure
from bouncehandler.suppression import Suppression

LIST_MANAGER = "mailwizz"
"""What a suppression calls MailWizz's own ids."""

_ID = re.compile(r"[A-Za-z0-9]{1,64}")
_JOB = re.compile(r"(?:mailwizz-)?([a-z0-9]{13})")
_LONGEST = 500
"""Characters of a text that MailWizz keeps."""

_SHOWN = 60
"""Characters of an id that go into an error's text."""


class Ids(NamedTuple):
    """A subscriber by MailWizz's ids: letters and digits and nothing else, since they become part of our URLs."""

    list_uid: str
    uid: str


def ids_of(suppression: Suppression) -> Ids | None:
    """The ids in a suppression; None where they are another list manager's, or none that MailWizz could have given.

    They come from the headers and addresses of mail, so that anybody may have written them.
    """
    ids = Ids(suppression.list_id, suppression.subscriber_id)
    return ids if suppression.list_manager == LIST_MANAGER and all(map(_ID.fullmatch, ids)) else None


def nobody_meant(suppression: Suppression) -> PermanentFailure:
    """What to raise for a suppression with neither an address nor ids that MailWizz could have given."""
    manager = suppression.list_manager
    if manager == LIST_MANAGER:
        list_id, subscriber_id = suppression.list_id[:_SHOWN], suppression.subscriber_id[:_SHOWN]
        return PermanentFailure(
            f"list {list_id!a} and subscriber {subscriber_id!a} are no ids of MailWizz's, which are letters and "
            "digits: see what writes the mail's List-Id, X-Mw-Subscriber-Uid and List-Unsubscribe"
        )
    whose = f"the ids are those of {manager[:_SHOWN]!a}" if manager else "no ids"
    return PermanentFailure(f"MailWizz can't know who is meant: there is no address, and {whose}")


def campaign_of_job(job_id: str) -> str:
    """The campaign that X-Job names; empty where it names none of MailWizz's."""
    match = _JOB.fullmatch(job_id)
    return match[1] if match else ""


def campaign_of(suppression: Suppression) -> str:
    """The campaign that brought a complaint or a request: by MailWizz's own id, else by X-Job; empty: not known."""
    if suppression.list_manager == LIST_MANAGER and _ID.fullmatch(suppression.campaign_id):
        return suppression.campaign_id
    return campaign_of_job(suppression.job_id)


def reason_text(suppression: Suppression) -> str:
    """Why somebody leaves, as the campaign's report shows it."""
    if suppression.reason == "unsubscribe":
        return "List-Unsubscribe request"
    return _clean(f"spam complaint: {suppression.category}" if suppression.category else "spam complaint")[:100].strip()


def bounce_text(suppression: Suppression) -> str:
    """What the remote server said."""
    return _clean(suppression.diagnostic or suppression.status or suppression.category or "bounced")


def _clean(said: str) -> str:
    """Short, and without what MailWizz's database might refuse."""
    return "".join(c if c.isprintable() and c < "\U00010000" else " " for c in said[:_LONGEST])
