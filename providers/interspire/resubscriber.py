"""Resubscriber: activates an address on the Interspire lists that it was unsubscribed from, where it is not active."""

from collections.abc import Sequence

import httpx

from bouncehandler.provider import PermanentFailure, ProviderError, TemporaryFailure
from bouncehandler.suppression import Outcome, Suppression
from providers.interspire.api import InterspireApi
from providers.interspire.ids import LIST_MANAGER
from providers.interspire.list_progress import ListProgress, format_lists
from providers.interspire.unsubscriber import is_gone

_ACTIVATE = "ActivateSubscriber"


class InterspireResubscriber:
    """Restores subscriptions. It is safe to call twice, since active ones are left alone.

    Interspire does not show who unsubscribed an address: a person who has asked to leave since is put back, too.
    """

    def __init__(self, api: InterspireApi) -> None:
        self._api = api

    def restore(self, suppression: Suppression, lists: Sequence[str], existing: Sequence[str]) -> Outcome:
        """Activate the address on these lists, as far as they are among the `existing` ones.

        A list that fails does not keep the others from being restored; the next attempt tries what is left. Raises as
        `Reversible.restore`.
        """
        address = suppression.recipient
        asked = tuple(listid for listid in dict.fromkeys(lists) if listid in existing)
        active = self._api.find_lists(address, asked) if asked else ()
        progress = ListProgress(gone=[listid for listid in lists if listid not in existing])
        try:
            for listid in asked:
                if listid not in active:
                    self._activate(address, listid, progress)
            progress.raise_if_failed()
        except (ProviderError, httpx.TransportError) as error:
            if not progress.changed:
                raise
            progress.raise_with_changes(error, is_restoring=True)
        return _outcome(suppression, progress, is_somewhere=bool(progress.changed or active))

    def _activate(self, address: str, listid: str, progress: ListProgress) -> None:
        try:
            answer = self._api.change(_ACTIVATE, address, listid)
        except TemporaryFailure as error:
            if error.retry_after is not None:  # the server asks for a pause: no further list
                raise
            progress.failed[listid] = str(error)
            return
        if answer.is_success:
            progress.changed.append(listid)
        elif answer.is_not_found or is_gone(answer):
            progress.gone.append(listid)
        else:
            # `Not subscribed` in another language, perhaps: no look-up shows it, so that it ends as a dead letter.
            progress.failed[listid] = str(self._api.refusal(_ACTIVATE, answer))


def _outcome(suppression: Suppression, progress: ListProgress, *, is_somewhere: bool) -> Outcome:
    note = f"not there any more: {format_lists(progress.gone)}" if progress.gone else ""
    if is_somewhere or not note:
        return Outcome("restored" if progress.changed else "already", tuple(progress.changed), note)
    if suppression.list_manager == LIST_MANAGER:
        raise PermanentFailure(
            f"{note}: the address was deleted, or it was subscriber {suppression.subscriber_id[:60]!a}, with another "
            "address, that was unsubscribed; Interspire activates addresses: do it in Interspire itself"
        )
    return Outcome("unknown", note=note)
