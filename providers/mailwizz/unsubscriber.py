"""Unsubscriber for MailWizz: unsubscribes or blacklists the rows of an address."""

from collections.abc import Iterable

import httpx

from bouncehandler.provider import TemporaryFailure, report_changes
from bouncehandler.suppression import Outcome
from providers.mailwizz.answers import LookupResult, Row, list_uids
from providers.mailwizz.api import MailWizzApi

_SWEEPS = 5

_HIDDEN = "MailWizz does not show every list of this address; the hidden ones were unsubscribed, too"
_REFUSED = "unsubscribed where MailWizz refused to blacklist because the list requires a field that is missing"


class MailWizzUnsubscriber:
    """Unsubscribes and blacklists; each method is safe to call twice, and raises as `Provider.unsubscribe`."""

    def __init__(self, api: MailWizzApi) -> None:
        self._api = api

    def unsubscribe(self, found: LookupResult, *notes: str, counted: Row | None = None) -> Outcome:
        """Unsubscribe the active rows; blacklisted ones stay so. The notes go into the outcome, as far as not empty.

        `counted` is the row that was unsubscribed when it was counted for its campaign.
        """
        changed = [counted] if counted else []
        with report_changes(lambda: list_uids(changed)):
            if not found.is_complete:
                self._sweep(found, changed)
                for row in found.blacklisted:
                    self._api.set_status(row, "blacklisted")
                return build_outcome([*found.active, *changed], *notes, _HIDDEN)
            if found.blacklisted:
                self._unsubscribe_each(found.active, changed)
                return build_outcome([row for row in found.active if row in changed], *notes)
            if found.active:
                self._api.unsubscribe_everywhere(found.email)
            return build_outcome(found.active, *notes)

    def _unsubscribe_each(self, rows: Iterable[Row], changed: list[Row]) -> None:
        for row in rows:
            if self._api.unsubscribe_one(row):
                changed.append(row)  # noqa: PERF401  # one by one: a failure names the ones before it

    def _sweep(self, found: LookupResult, changed: list[Row]) -> LookupResult:
        """Unsubscribe the rows that a look-up hides; adds the active ones to `changed`, and returns the last look-up.

        Only the call for the whole address reaches them, and it takes the known blacklisted ones with it.
        """
        for _ in range(_SWEEPS):
            self._api.unsubscribe_everywhere(found.email)
            changed.extend(found.active)
            found = self._api.search(found.email)
            if not found.active:
                return found
        raise TemporaryFailure(
            f"MailWizz still shows the address as subscribed after {_SWEEPS} calls to unsubscribe it"
        )

    def blacklist(self, found: LookupResult) -> Outcome:
        """Blacklist every row; one that can't be is unsubscribed."""
        notes = set()
        changed: list[Row] = []
        with report_changes(lambda: list_uids(changed)):
            if not found.is_complete:
                found = self._sweep(found, changed)
                notes.add(_HIDDEN)
            for row in found.rows:
                if row.status == "blacklisted":
                    continue
                answer = self._api.set_status(row, "blacklisted")
                is_changed = httpx.codes.is_success(answer)
                if answer == httpx.codes.UNPROCESSABLE_ENTITY and row.is_active:
                    is_changed = self._api.unsubscribe_one(row)
                    notes.add(_REFUSED)
                if is_changed and row.is_active:
                    changed.append(row)
        return build_outcome(changed, *sorted(notes))


def build_outcome(changed: Iterable[Row], *notes: str) -> Outcome:
    """Build the outcome of the rows that were active, since undo would restore them."""
    lists = list_uids(changed)
    return Outcome("unsubscribed" if lists else "already", lists, "; ".join(filter(None, notes)))
