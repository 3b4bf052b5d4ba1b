"""Resubscriber: activates an address on the Interspire lists that it was unsubscribed from, where it is not active."""

from collections.abc import Sequence

from bouncehandler.provider import PermanentFailure, format_lists, report_changes
from bouncehandler.suppression import Outcome, Suppression
from providers.interspire.api import InterspireApi
from providers.interspire.ids import LIST_MANAGER
from providers.interspire.list_progress import ListProgress
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

        A list that fails does not keep the others from being restored; the next attempt tries the others. Raises as
        `Reversible.restore`.
        """
        address = suppression.recipient
        asked = tuple(listid for listid in dict.fromkeys(lists) if listid in existing)
        active = self._api.find_lists(address, asked) if asked else ()
        progress = ListProgress(gone=[listid for listid in lists if listid not in existing])
        with report_changes(lambda: progress.changed, is_restoring=True):
            for listid in asked:
                if listid not in active:
                    self._activate(address, listid, progress)
            progress.raise_if_failed()
        return _outcome(suppression, progress, is_somewhere=bool(progress.changed or active))

    def _activate(self, address: str, listid: str, progress: ListProgress) -> None:
        answer = progress.call(listid, lambda listid: self._api.change(_ACTIVATE, address, listid))
        if answer is None:
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
