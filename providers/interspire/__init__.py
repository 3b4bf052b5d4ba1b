"""Adapter for Interspire Email Marketer: looks an address up, then unsubscribes it from each list it is active on."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated

import httpx
from pydantic import AfterValidator, ConfigDict, SecretStr

from bouncehandler.provider import HttpUrl, PermanentFailure, ProviderSettings
from bouncehandler.suppression import Outcome, Suppression
from providers.interspire.actions import METHODS, Action, action_note, choose_action, ids_action_note
from providers.interspire.api import InterspireApi
from providers.interspire.ids import LIST_MANAGER, InterspireIds, read_ids
from providers.interspire.list_cache import ListCache
from providers.interspire.resubscriber import InterspireResubscriber
from providers.interspire.unsubscriber import ALL_LISTS, InterspireUnsubscriber
from providers.interspire.wire import is_valid_text

LISTS_MAX_AGE = 600.0
"""Seconds after which the lists are fetched again in any case."""

MISS_MAX_AGE = 60.0
"""Seconds after which they are fetched again because an address was found on none: a stream of unknown recipients
costs one GetLists a minute, not one each."""

_NOT_ACTIVE = "active on no list: either unknown there, or already unsubscribed"


def _valid_text(value: str) -> str:
    if not is_valid_text(value):
        raise ValueError("must not be empty or hold control characters")
    return value


def _valid_secret(value: SecretStr) -> SecretStr:
    _valid_text(value.get_secret_value())
    return value


class Interspire:
    """Interspire Email Marketer, through its XML API: 1 + L calls for an address on L lists.

    The look-up shows active subscriptions only, so an address that is unsubscribed everywhere looks like one that was
    never there: both are `unknown`, which, unlike `already`, claims nothing and lets the next bounce look again. Since
    nothing is written to an address without a look-up, calling twice moves no counter.

    A subscriber's ids cost one call for each list that the newsletter went to, until one has it. (o) There is no
    look-up by id: a call that is repeated may move that list's counter once more, and returns `unsubscribed` again. No
    address is learned. Ids beside an address are for when the address is found nowhere. They are small numbers, which
    stand for another person at another installation, and nothing here shows whose they are.

    `ban` writes one ban for everywhere and leaves the subscriptions as they are, so its outcome's `lists` is
    `("g",)`. An address that is active nowhere is not banned: it may never have been this installation's.

    A list made since the lists were last fetched, 10 minutes ago at most, is overlooked for an address that is found
    on an older one. When a list fails, the others are still tried before the failure is raised, and the failure names
    the lists that were changed: the next attempt's outcome holds only its own.
    """

    class Settings(ProviderSettings):
        """The XML path, user name and token that Interspire shows in an account for which the XML API is enabled."""

        model_config = ConfigDict(hide_input_in_errors=True)

        url: HttpUrl
        """The whole URL, ending with `/xml.php`."""
        username: Annotated[str, AfterValidator(_valid_text)]
        token: Annotated[SecretStr, AfterValidator(_valid_secret)]
        action: Action = "unsubscribe"
        """`bounce` is for bounces and listed addresses: complaints are then unsubscribed. Requests to unsubscribe are
        carried out as such with every action. `bounce` and `ban` take an address: ids alone are unsubscribed."""

    takes_subscriber_ids = True

    def __init__(self, settings: Settings, client: httpx.Client, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._api = InterspireApi(settings.url, settings.username, settings.token, client)
        self._unsubscriber = InterspireUnsubscriber(self._api)
        self._resubscriber = InterspireResubscriber(self._api)
        self._lists = ListCache(self._api.fetch_lists, clock)

    def unsubscribe(self, suppression: Suppression) -> Outcome:
        """Unsubscribe from every list, as `action` and the reason demand. Raises as `Provider.unsubscribe`."""
        address = suppression.recipient
        if not address:
            return self._unsubscribe_by_ids(suppression, read_ids(suppression))
        if not is_valid_text(address):
            raise PermanentFailure(f"the address {address[:100]!a} holds characters that Interspire's XML can't carry")
        active = self._active_lists(address)
        if active:
            return self._unsubscribe(suppression, active)
        return self._unsubscribe_unlisted(suppression)

    def restore(self, suppression: Suppression, outcome: Outcome) -> Outcome:
        """Activate the address on the lists that `outcome` names. Raises as `Reversible.restore`."""
        if not suppression.recipient:
            raise PermanentFailure("only ids are known, and Interspire activates addresses: do it in Interspire itself")
        if ALL_LISTS in outcome.lists:
            raise PermanentFailure("a ban is lifted in Interspire itself: its XML API has no call for that")
        # A look-up that names a list which was deleted may find nothing at all.
        existing = self._lists.get(MISS_MAX_AGE) if outcome.lists else ()
        return self._resubscriber.restore(suppression, outcome.lists, existing)

    def check(self) -> str:
        """Check the user and token, with one call that changes nothing. Raises as `Provider.unsubscribe`."""
        self._api.check_credentials()
        return f"Interspire at {self._settings.url} accepts the user {self._settings.username!r} and the token."

    def _active_lists(self, address: str) -> tuple[str, ...]:
        asked = self._lists.get(LISTS_MAX_AGE)
        active = self._api.find_lists(address, asked)
        if active:
            return active
        current = self._lists.get(MISS_MAX_AGE)
        return self._api.find_lists(address, current) if set(current) != set(asked) else ()

    def _unsubscribe(self, suppression: Suppression, active: tuple[str, ...]) -> Outcome:
        configured, address = self._settings.action, suppression.recipient
        action = choose_action(configured, suppression.reason)
        if action == "ban":
            return self._unsubscriber.ban(address, active)
        outcome = self._unsubscriber.unsubscribe(address, active, METHODS[action])
        return _add_note(outcome, action_note(configured, suppression.reason))

    def _unsubscribe_unlisted(self, suppression: Suppression) -> Outcome:
        """Try the ids beside an address that is on no list: the reporter may know the person by another address."""
        if suppression.list_manager != LIST_MANAGER:
            return Outcome("unknown", note=_NOT_ACTIVE)
        try:
            ids = read_ids(suppression)
        except PermanentFailure as error:  # invalid ids are no failure here: the look-up of the address has answered
            return Outcome("unknown", note=f"{_NOT_ACTIVE}; {error}")
        return _add_note(self._unsubscribe_by_ids(suppression, ids), f"the address is {_NOT_ACTIVE}")

    def _unsubscribe_by_ids(self, suppression: Suppression, ids: InterspireIds) -> Outcome:
        outcome = self._unsubscriber.unsubscribe_by_ids(ids)
        if outcome.kind == "unknown":
            return outcome
        return _add_note(outcome, ids_action_note(self._settings.action, suppression.reason))


def _add_note(outcome: Outcome, note: str) -> Outcome:
    return replace(outcome, note="; ".join(filter(None, (outcome.note, note))))
