"""Puts an address back on Interspire's lists: those that it was taken off, where it is not active by now."""

from collections.abc import Sequence

import httpx

from bouncehandler.provider import PermanentFailure, ProviderError, TemporaryFailure
from bouncehandler.suppression import Outcome, Suppression
from providers.interspire.api import Api
from providers.interspire.ids import LIST_MANAGER
from providers.interspire.list_progress import ListProgress, enumerated
from providers.interspire.unsubscriber import is_gone

_ACTIVATE = "ActivateSubscriber"


class Resubscriber:
    """The way back. It is safe to call twice, since what is active already is left alone.

    Interspire does not tell who unsubscribed an address: a person who has asked to leave since is put back, too.
    """

    def __init__(self, api: Api) -> None:
        self._api = api

    def restore(self, suppression: Suppression, lists: Sequence[str], existing: Sequence[str]) -> Outcome:
        """Activate the address on these lists, as far as they are among the `existing` ones.

        A list that fails does not keep the others from being restored; the next attempt tries what is left. Raises as
        `Reversible.restore`.
        """
        address = suppression.recipient
        asked = tuple(listid for listid in dict.fromkeys(lists) if listid in existing)
        active = self._api.look_up(address, asked) if asked else ()
        tally = ListProgress(gone=[listid for listid in lists if listid not in existing])
        try:
            for listid in asked:
                if listid not in active:
                    self._activate(address, listid, tally)
            tally.raise_if_failed()
        except (ProviderError, httpx.TransportError) as error:
            if not tally.changed:
                raise
            tally.raise_with_progress(error, is_restoring=True)
        return _outcome(suppression, tally, is_somewhere=bool(tally.changed or active))

    def _activate(self, address: str, listid: str, tally: ListProgress) -> None:
        try:
            answer = self._api.write(_ACTIVATE, address, listid)
        except TemporaryFailure as error:
            if error.retry_after is not None:  # the server asks to be left alone: no list after this one, then
                raise
            tally.failed[listid] = str(error)
            return
        if answer.is_success:
            tally.changed.append(listid)
        elif answer.is_not_found or is_gone(answer):
            tally.gone.append(listid)
        else:
            # `Not subscribed` in another language, perhaps: no look-up tells, so that a person sees it in the end.
            tally.failed[listid] = str(self._api.refusal(_ACTIVATE, answer))


def _outcome(suppression: Suppression, tally: ListProgress, *, is_somewhere: bool) -> Outcome:
    note = f"not there any more: {enumerated(tally.gone)}" if tally.gone else ""
    if is_somewhere or not note:
        return Outcome("restored" if tally.changed else "already", tuple(tally.changed), note)
    if suppression.list_manager == LIST_MANAGER:
        raise PermanentFailure(
            f"{note}: the address was deleted, or it was subscriber {suppression.subscriber_id[:60]!a}, with another "
            "address, that was unsubscribed; Interspire activates addresses: do it in Interspire itself"
        )
    return Outcome("unknown", note=note)
