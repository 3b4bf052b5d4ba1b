"""The ways off Interspire's lists: list by list for an address, by a subscriber's id, or by a ban."""

from collections.abc import Callable

import httpx

from bouncehandler.provider import ProviderError, TemporaryFailure
from bouncehandler.suppression import Outcome
from providers.interspire.api import Api
from providers.interspire.ids import Ids
from providers.interspire.list_progress import ListProgress, enumerated
from providers.interspire.wire import Answer

EVERYWHERE = "g"
"""Interspire's name, in place of a list id, for the ban that holds on every list."""

_BAN = "AddBannedSubscriber"
_GONE = "is not subscribed to this list"
_BANNED = "already in the suppression list"

_BY_ID = "by the subscriber's id, which does not show whether it was subscribed until now"


class Unsubscriber:
    """Each method raises as `Provider.unsubscribe`."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def leave(self, address: str, active: tuple[str, ...], method: str) -> Outcome:
        """Take an address off the lists on which a look-up found it; `method` is Interspire's."""
        tally = ListProgress()
        try:
            for listid in active:
                _leave_list(listid, lambda listid: self._api.write(method, address, listid), tally)
            if tally.refused:
                tally.judge_refused(self._api.look_up(address, tuple(tally.refused)))
            return tally.outcome()
        except (ProviderError, httpx.TransportError) as error:
            if not tally.changed:
                raise
            tally.raise_with_progress(error)

    def leave_by_ids(self, ids: Ids) -> Outcome:
        """Unsubscribe a subscriber from the one of the lists that it is on: list after list, until one says SUCCESS.

        An id stands for one address on one list, so that what the lists before said is of no account then. `unknown`
        it is only where every list says, in words that are known, that the subscriber is not on it. A refusal in other
        words, or without any, may mean the same; but with no look-up to prove it, it counts as temporary, and ends as
        a dead letter that a person sees.
        """
        tally = ListProgress()
        for listid in ids.lists:
            _leave_list(listid, lambda listid: self._api.unsubscribe_by_id(ids.subscriber, listid), tally)
            if tally.changed:
                return Outcome("unsubscribed", (listid,), _BY_ID)
            if list(tally.refused) == [listid]:  # the first that is refused: for its credentials, in another language?
                self._api.prove()
        tally.judge_refused(ids.lists)
        tally.raise_if_failed()
        return Outcome(
            "unknown",
            note=f"subscriber {ids.subscriber} is not subscribed to {enumerated(ids.lists)}: it has left, it never was "
            "there, or this version of Interspire takes addresses only",
        )

    def ban(self, address: str, active: tuple[str, ...]) -> Outcome:
        """Ban an address everywhere; it stays on the lists on which a look-up found it."""
        answer = self._api.write(_BAN, address, EVERYWHERE)
        if answer.is_success:
            return Outcome(
                "unsubscribed", (EVERYWHERE,), f"banned everywhere; subscribed as before: {enumerated(active)}"
            )
        if answer.says(_BANNED):
            return Outcome("already", note="was banned everywhere before")
        raise self._api.refusal(_BAN, answer)


def is_gone(answer: Answer) -> bool:
    """Whether a refusal says that the address is not on the list."""
    return answer.says(_GONE)


def _leave_list(listid: str, call: Callable[[str], Answer], tally: ListProgress) -> None:
    try:
        answer = call(listid)
    except TemporaryFailure as error:
        if error.retry_after is not None:  # the server asks to be left alone: no list after this one, then
            raise
        tally.failed[listid] = str(error)
        return
    if answer.is_success:
        tally.changed.append(listid)
    elif is_gone(answer):
        tally.gone.append(listid)
    else:
        tally.refused[listid] = answer.complaint
