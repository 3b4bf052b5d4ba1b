"""Puts an address back on Interspire's lists: those that it was taken off, where it is not active by now."""

from collections.abc import Sequence

from bouncehandler.provider import PermanentFailure
from bouncehandler.suppression import Outcome
from providers.interspire.api import Api
from providers.interspire.leaving import EVERYWHERE, is_gone

_ACTIVATE = "ActivateSubscriber"


class Returning:
    """The way back. It is safe to call twice, since what is active already is left alone."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def restore(self, address: str, lists: Sequence[str]) -> Outcome:
        """Activate the address on these lists. Raises as `Provider.unsubscribe`."""
        if EVERYWHERE in lists:
            raise PermanentFailure("a ban is lifted in Interspire itself: its XML API has no call for that")
        active = self._api.look_up(address, tuple(lists)) if lists else ()
        restored, gone = [], []
        for listid in lists:
            if listid in active:
                continue
            answer = self._api.write(_ACTIVATE, address, listid)
            if answer.is_success:
                restored.append(listid)
            elif answer.is_not_found or is_gone(answer):
                gone.append(listid)
            else:
                raise self._api.refusal(_ACTIVATE, answer)
        note = f"not there any more: {', '.join(gone)}" if gone else ""
        if gone and len(gone) == len(lists):
            return Outcome("unknown", note=note)
        return Outcome("restored" if restored else "already", tuple(restored), note)
