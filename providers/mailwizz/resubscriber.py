"""Puts an address back on lists that it was taken off: only those named, and only what nobody has changed since."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx

from bouncehandler.provider import PermanentFailure, TemporaryFailure
from bouncehandler.suppression import Outcome
from providers.mailwizz.answers import LookupResult, Row
from providers.mailwizz.api import Api
from providers.mailwizz.progress import enumerated, naming

_REFUSALS = {
    httpx.codes.NOT_FOUND: "it is gone meanwhile",
    httpx.codes.CONFLICT: "it is gone, or blacklisted meanwhile",
    httpx.codes.UNPROCESSABLE_ENTITY: "it requires a field that is missing: put the address back in MailWizz itself",
}


@dataclass(slots=True)
class _Tally:
    """Each list in one of these places once it was looked at."""

    restored: list[Row] = field(default_factory=list)
    active: list[Row] = field(default_factory=list)
    """Before this call: another attempt, or somebody else, has put the address back."""
    gone: list[str] = field(default_factory=list)
    """The look-up shows no row on them."""
    refused: dict[str, str] = field(default_factory=dict)
    """With the reason, which does not go away by itself."""
    failed: dict[str, str] = field(default_factory=dict)
    """With the reason, which may."""


class Resubscriber:
    """The way back. It is safe to call twice, and raises as `Provider.unsubscribe`.

    MailWizz does not tell who unsubscribed a row: a person who has asked to leave since looks the same, and is put
    back. Nor does it tell what a row was before: one of a site's own status comes back as `confirmed`.
    """

    def __init__(self, api: Api) -> None:
        self._api = api

    def restore(self, found: LookupResult, lists: Sequence[str]) -> Outcome:
        """Set the rows on these lists to `confirmed` that are `unsubscribed`.

        A list that fails does not keep the others from being restored; the next attempt tries what is left.

        Raises:
            PermanentFailure: the address is active on none of them now, for reasons that do not go away by themselves.
        """
        tally = _Tally()
        rows = {row.list_uid: row for row in found.rows}
        with naming(tally.restored, is_restoring=True):
            for list_uid in dict.fromkeys(lists):
                if row := rows.get(list_uid):
                    self._restore_row(row, tally)
                else:
                    tally.gone.append(list_uid)
            if tally.failed:
                why = next(iter(tally.failed.values()))
                raise TemporaryFailure(f"not restored on {enumerated(tally.failed)}: {why}")
        return _outcome(tally, found)

    def _restore_row(self, row: Row, tally: _Tally) -> None:
        if row.is_active:
            tally.active.append(row)
        elif row.status != "unsubscribed":
            tally.refused[row.list_uid] = f"it is {row.status} there, which is lifted in MailWizz itself"
        else:
            self._confirm(row, tally)

    def _confirm(self, row: Row, tally: _Tally) -> None:
        try:
            answer = self._api.set_status(row, "confirmed")
        except TemporaryFailure as error:
            if error.retry_after is not None:  # the server asks to be left alone: no list after this one, then
                raise
            tally.failed[row.list_uid] = str(error)
            return
        if httpx.codes.is_success(answer):
            tally.restored.append(row)
        else:
            tally.refused[row.list_uid] = _REFUSALS[httpx.codes(answer)]


def _outcome(tally: _Tally, found: LookupResult) -> Outcome:
    notes = [f"list {list_uid}: {why}" for list_uid, why in tally.refused.items()]
    if tally.gone:
        where = "not there any more" if found.is_whole else "not among the lists that MailWizz shows of this address"
        notes.append(f"{where}: {enumerated(tally.gone)}")
    note = "; ".join(notes)
    if tally.restored:
        return Outcome("restored", tuple(row.list_uid for row in tally.restored), note)
    if tally.active or not notes:
        return Outcome("already", note=note)
    if tally.refused or not found.is_whole:
        raise PermanentFailure(note)
    return Outcome("unknown", note=note)
