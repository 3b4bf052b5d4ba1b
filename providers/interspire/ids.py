"""Subscriber ids of Interspire, from the headers of mail."""

import re
from typing import NamedTuple

from bouncehandler.provider import PermanentFailure
from bouncehandler.suppression import Suppression

LIST_MANAGER = "interspire"
"""Name of Interspire in a suppression's `list_manager`."""

MAX_LISTS = 20
"""Lists that one subscriber is looked for on: a forged header must not cost thousands of calls."""

_NUMBER = re.compile(r"[1-9][0-9]{0,9}")
_SHOWN = 60
"""Characters of an id that go into an error's text."""


class InterspireIds(NamedTuple):
    """Ids of a subscriber on one of a few lists; all are numbers."""

    lists: tuple[str, ...]
    """The lists that the newsletter went to, 1 to `MAX_LISTS`, each once."""
    subscriber: str


def read_ids(suppression: Suppression) -> InterspireIds:
    """Read the ids in a suppression.

    Raises:
        PermanentFailure: they are another list manager's, or none that Interspire could have given, or too many.
    """
    manager, list_id, subscriber = suppression.list_manager, suppression.list_id, suppression.subscriber_id
    if manager != LIST_MANAGER:
        whose = f"the ids belong to {manager[:_SHOWN]!a}" if manager else "no ids"
        raise PermanentFailure(f"Interspire can't know who is meant: there is no address, and {whose}")
    lists = tuple(dict.fromkeys(list_id.split(",")))
    if not all(map(_NUMBER.fullmatch, (*lists, subscriber))):
        raise PermanentFailure(
            f"list {list_id[:_SHOWN]!a} and subscriber {subscriber[:_SHOWN]!a} are no ids of Interspire's, which are "
            "numbers: see what writes the mail's X-Mailer-LID and X-Mailer-RecptId"
        )
    if len(lists) > MAX_LISTS:
        raise PermanentFailure(
            f"X-Mailer-LID names {len(lists)} lists, and subscriber {subscriber} is looked for on {MAX_LISTS} at "
            "most: unsubscribe it by hand, and see what writes that header"
        )
    return InterspireIds(lists, subscriber)
