"""Puts an address back on lists that it was taken off: only those named, and only what nobody has changed since."""

from collections.abc import Sequence

import httpx

from bouncehandler.provider import PermanentFailure
from bouncehandler.suppression import Outcome
from providers.mailwizz.answers import Found, Row
from providers.mailwizz.api import Api

_HIDDEN = "MailWizz does not show every list of this address"


class Returning:
    """The way back. It is safe to call twice, and raises as `Provider.unsubscribe`.

    MailWizz does not tell who unsubscribed a row: a person who has asked to leave since looks the same.
    """

    def __init__(self, api: Api) -> None:
        self._api = api

    def restore(self, found: Found, lists: Sequence[str]) -> Outcome:
        """Set the rows on these lists to `confirmed` that are `unsubscribed`.

        Raises:
            PermanentFailure: none of them can be, for reasons that do not go away by themselves.
        """
        restored, notes = [], [] if found.is_whole else [_HIDDEN]
        rows = {row.list_uid: row for row in found.rows}
        for list_uid in lists:
            row = rows.get(list_uid)
            trouble = self._confirm(row) if row else "the address is not on it any more"
            if trouble:
                notes.append(f"list {list_uid}: {trouble}")
            elif row and not row.is_active:
                restored.append(list_uid)
        if notes and not restored:
            raise PermanentFailure("; ".join(notes))
        return Outcome("restored" if restored else "already", tuple(restored), "; ".join(notes))

    def _confirm(self, row: Row) -> str:
        """Why the row can't be restored; empty where it is active now."""
        if row.is_active:
            return ""
        if row.status != "unsubscribed":
            return f"it is {row.status} there, which is lifted in MailWizz itself"
        answer = self._api.set_status(row, "confirmed")
        if httpx.codes.is_success(answer):
            return ""
        if answer == httpx.codes.UNPROCESSABLE_ENTITY:
            return "it requires a field that is missing: put the address back in MailWizz itself"
        return "it is gone, or blacklisted meanwhile"
