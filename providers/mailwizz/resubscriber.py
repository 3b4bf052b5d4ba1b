"""Resubscriber: restores rows on the lists named, and only rows that have not changed since."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx

from bouncehandler.provider import PermanentFailure, TemporaryFailure, format_lists, report_changes
from bouncehandler.suppression import Outcome
from providers.mailwizz.answers import LookupResult, Row, list_uids
from providers.mailwizz.api import MailWizzApi

_REFUSALS = {
    httpx.codes.NOT_FOUND: "it is gone meanwhile",
    httpx.codes.CONFLICT: "it is gone, or blacklisted meanwhile",
    httpx.codes.UNPROCESSABLE_ENTITY: "it requires a field that is missing: put the address back in MailWizz itself",
}


@dataclass(slots=True)
class RestoreProgress:
    """Lists of one call, each in one of these fields once it was tried."""

    restored: list[Row] = field(default_factory=list)
    active: list[Row] = field(default_factory=list)
    """Rows that were restored before this call, by another attempt or in MailWizz itself."""
    gone: list[str] = field(default_factory=list)
    """The look-up shows no row on them."""
    refused: dict[str, str] = field(default_factory=dict)
    """With the reason, which does not go away by itself."""
    failed: dict[str, str] = field(default_factory=dict)
    """With the reason, which may."""


class MailWizzResubscriber:
    """Restores rows. It is safe to call twice, and raises as `Provider.unsubscribe`.

    MailWizz does not show who unsubscribed a row: a person who has asked to leave since looks the same, and is put
    back. Nor does it show a row's earlier status: one with a status of the site's own comes back as `confirmed`.
    """

    def __init__(self, api: MailWizzApi) -> None:
        self._api = api

    def restore(self, found: LookupResult, lists: Sequence[str]) -> Outcome:
        """Set the rows on these lists to `confirmed` that are `unsubscribed`.

        A list that fails does not keep the others from being restored; the next attempt tries the others.

        Raises:
            PermanentFailure: the address is active on none of them now, for reasons that do not go away by themselves.
        """
        progress = RestoreProgress()
        rows = {row.list_uid: row for row in found.rows}
        with report_changes(lambda: list_uids(progress.restored), is_restoring=True):
            for list_uid in dict.fromkeys(lists):
                if row := rows.get(list_uid):
                    self._restore_row(row, progress)
                else:
                    progress.gone.append(list_uid)
            if progress.failed:
                why = next(iter(progress.failed.values()))
                raise TemporaryFailure(f"not restored on {format_lists(progress.failed)}: {why}")
        return _outcome(progress, found)

    def _restore_row(self, row: Row, progress: RestoreProgress) -> None:
        if row.is_active:
            progress.active.append(row)
        elif row.status != "unsubscribed":
            progress.refused[row.list_uid] = f"it is {row.status} there, which is lifted in MailWizz itself"
        else:
            self._confirm(row, progress)

    def _confirm(self, row: Row, progress: RestoreProgress) -> None:
        try:
            answer = self._api.set_status(row, "confirmed")
        except TemporaryFailure as error:
            if error.retry_after is not None:  # the server asks for a pause: no further list
                raise
            progress.failed[row.list_uid] = str(error)
            return
        if httpx.codes.is_success(answer):
            progress.restored.append(row)
        else:
            progress.refused[row.list_uid] = _REFUSALS[httpx.codes(answer)]


def _outcome(progress: RestoreProgress, found: LookupResult) -> Outcome:
    notes = [f"list {list_uid}: {why}" for list_uid, why in progress.refused.items()]
    if progress.gone:
        where = "not there any more" if found.is_complete else "not among the lists that MailWizz shows of this address"
        notes.append(f"{where}: {format_lists(progress.gone)}")
    note = "; ".join(notes)
    if progress.restored:
        return Outcome("restored", list_uids(progress.restored), note)
    if progress.active or not notes:
        return Outcome("already", note=note)
    if progress.refused or not found.is_complete:
        raise PermanentFailure(note)
    return Outcome("unknown", note=note)
