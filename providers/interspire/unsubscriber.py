"""Unsubscriber for Interspire: list by list for an address, by a subscriber's id, or by a ban."""

from collections.abc import Callable

from bouncehandler.provider import format_lists, report_changes
from bouncehandler.suppression import Outcome
from providers.interspire.api import InterspireApi
from providers.interspire.ids import InterspireIds
from providers.interspire.list_progress import ListProgress
from providers.interspire.wire import XmlAnswer

ALL_LISTS = "g"
"""Interspire's name, in place of a list id, for the ban that holds on every list."""

_BAN = "AddBannedSubscriber"
_GONE = "is not subscribed to this list"
_BANNED = "already in the suppression list"

_BY_ID = "by the subscriber's id, which does not show whether it was subscribed until now"


class InterspireUnsubscriber:
    """Unsubscribes and bans; each method raises as `Provider.unsubscribe`."""

    def __init__(self, api: InterspireApi) -> None:
        self._api = api

    def unsubscribe(self, address: str, active: tuple[str, ...], method: str) -> Outcome:
        """Unsubscribe an address from the lists on which a look-up found it; `method` is one of `METHODS`."""
        progress = ListProgress()
        with report_changes(lambda: progress.changed):
            for listid in active:
                _unsubscribe_list(listid, lambda listid: self._api.change(method, address, listid), progress)
            if progress.refused:
                progress.resolve_refusals(self._api.find_lists(address, tuple(progress.refused)))
            return progress.build_outcome()

    def unsubscribe_by_ids(self, ids: InterspireIds) -> Outcome:
        """Unsubscribe a subscriber from the one of the lists that it is on: list after list, until one answers SUCCESS.

        An id stands for one address on one list, so that the answers of the lists before do not matter then. The
        outcome is `unknown` only where every list answers with a known text that the subscriber is not on it. A refusal
        with another text, or without any, may mean the same; but with no look-up to prove it, it counts as temporary,
        and ends as a dead letter.
        """
        progress = ListProgress()
        for listid in ids.lists:
            _unsubscribe_list(listid, lambda listid: self._api.unsubscribe_by_id(ids.subscriber, listid), progress)
            if progress.changed:
                return Outcome("unsubscribed", (listid,), _BY_ID)
            if list(progress.refused) == [listid]:  # the first refusal: for the credentials, in another language?
                self._api.check_credentials()
        progress.resolve_refusals(ids.lists)
        progress.raise_if_failed()
        return Outcome(
            "unknown",
            note=f"subscriber {ids.subscriber} is not subscribed to {format_lists(ids.lists)}: it has left, it never "
            "was there, or this version of Interspire takes addresses only",
        )

    def ban(self, address: str, active: tuple[str, ...]) -> Outcome:
        """Ban an address everywhere; it stays on the lists on which a look-up found it."""
        answer = self._api.change(_BAN, address, ALL_LISTS)
        if answer.is_success:
            return Outcome(
                "unsubscribed", (ALL_LISTS,), f"banned everywhere; subscribed as before: {format_lists(active)}"
            )
        if answer.mentions(_BANNED):
            return Outcome("already", note="was banned everywhere before")
        raise self._api.refusal(_BAN, answer)


def is_gone(answer: XmlAnswer) -> bool:
    """Whether a refusal means that the address is not on the list."""
    return answer.mentions(_GONE)


def _unsubscribe_list(listid: str, call: Callable[[str], XmlAnswer], progress: ListProgress) -> None:
    answer = progress.call(listid, call)
    if answer is None:
        return
    if answer.is_success:
        progress.changed.append(listid)
    elif is_gone(answer):
        progress.gone.append(listid)
    else:
        progress.refused[listid] = answer.error_text
