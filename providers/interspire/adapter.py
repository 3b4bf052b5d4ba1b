"""The adapter for Interspire Email Marketer: looks an address up, then takes it off each list it is active on."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated

import httpx
from pydantic import AfterValidator, ConfigDict, SecretStr

from bouncehandler.provider import HttpUrl, PermanentFailure, ProviderSettings
from bouncehandler.suppression import Outcome, Suppression
from providers.interspire import actions, wire
from providers.interspire.api import Api
from providers.interspire.ids import LIST_MANAGER, Ids, read_ids
from providers.interspire.lists import ListCache
from providers.interspire.resubscriber import Resubscriber
from providers.interspire.unsubscriber import EVERYWHERE, Unsubscriber

LISTS_KEPT = 600.0
"""Seconds after which the lists are fetched again in any case."""

LISTS_KEPT_ON_A_MISS = 60.0
"""Seconds after which they are fetched again because an address was found on none: a stream of unknown recipients
costs one GetLists a minute, not one each."""

_NOWHERE = "active on no list: either unknown there, or already unsubscribed"


def _speakable(value: str) -> str:
    if not wire.is_speakable(value):
        raise ValueError("must not be empty or hold control characters")
    return value


def _speakable_secret(value: SecretStr) -> SecretStr:
    _speakable(value.get_secret_value())
    return value


class Interspire:
    """Interspire Email Marketer, through its XML API: 1 + L calls for an address on L lists.

    The look-up tells active subscriptions only, so an address that is unsubscribed everywhere looks like one that was
    never there: both are `unknown`, which, unlike `already`, claims nothing and lets the next bounce look again. Since
    nothing is written to an address without a look-up, calling twice moves no counter.

    A subscriber's ids cost one call for each list that the newsletter went to, until one has it. (o) There is no
    look-up by id: a call that is repeated may move that list's counter once more, and says `unsubscribed` again. No
    address is learned. Ids beside an address are for when the address is found nowhere. They are small numbers, which
    stand for somebody else at another installation, and nothing here can tell whose they are.

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
        username: Annotated[str, AfterValidator(_speakable)]
        token: Annotated[SecretStr, AfterValidator(_speakable_secret)]
        action: actions.Action = "unsubscribe"
        """`bounce` is for bounces and listed addresses: complaints are then unsubscribed. Who asks to leave is
        unsubscribed with every action. `bounce` and `ban` take an address: ids alone are unsubscribed."""

    takes_subscriber_ids = True

    def __init__(self, settings: Settings, client: httpx.Client, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._api = Api(settings.url, settings.username, settings.token, client)
        self._leaving = Unsubscriber(self._api)
        self._returning = Resubscriber(self._api)
        self._lists = ListCache(self._api.all_lists, clock)

    def unsubscribe(self, suppression: Suppression) -> Outcome:
        """Take the person off every list, as `action` and the reason say. Raises as the port says."""
        address = suppression.recipient
        if not address:
            return self._leave_by_ids(suppression, read_ids(suppression))
        if not wire.is_speakable(address):
            raise PermanentFailure(f"the address {address[:100]!a} holds characters that Interspire's XML can't carry")
        active = self._active_lists(address)
        if active:
            return self._leave(suppression, active)
        return self._leave_where_nowhere(suppression)

    def restore(self, suppression: Suppression, outcome: Outcome) -> Outcome:
        """Put the address back on the lists that `outcome` names. Raises as `Reversible.restore`."""
        if not suppression.recipient:
            raise PermanentFailure("only ids are known, and Interspire activates addresses: do it in Interspire itself")
        if EVERYWHERE in outcome.lists:
            raise PermanentFailure("a ban is lifted in Interspire itself: its XML API has no call for that")
        # A look-up that names a list which was deleted may find nothing at all.
        existing = self._lists.within(LISTS_KEPT_ON_A_MISS) if outcome.lists else ()
        return self._returning.restore(suppression, outcome.lists, existing)

    def check(self) -> str:
        """Prove the user and token, with one call that changes nothing. Raises as the port says."""
        self._api.prove()
        return f"Interspire at {self._settings.url} accepts the user {self._settings.username!r} and the token."

    def _active_lists(self, address: str) -> tuple[str, ...]:
        asked = self._lists.within(LISTS_KEPT)
        active = self._api.look_up(address, asked)
        if active:
            return active
        current = self._lists.within(LISTS_KEPT_ON_A_MISS)
        return self._api.look_up(address, current) if set(current) != set(asked) else ()

    def _leave(self, suppression: Suppression, active: tuple[str, ...]) -> Outcome:
        configured, address = self._settings.action, suppression.recipient
        action = actions.fitting(configured, suppression.reason)
        if action == "ban":
            return self._leaving.ban(address, active)
        outcome = self._leaving.leave(address, active, actions.METHODS[action])
        return _noted(outcome, actions.note(configured, suppression.reason))

    def _leave_where_nowhere(self, suppression: Suppression) -> Outcome:
        """The address is on no list, but the ids beside it may be: the reporter may know the person by another one."""
        if suppression.list_manager != LIST_MANAGER:
            return Outcome("unknown", note=_NOWHERE)
        try:
            ids = read_ids(suppression)
        except PermanentFailure as error:  # the address has had its answer: ids that are none are no reason to give up
            return Outcome("unknown", note=f"{_NOWHERE}; {error}")
        return _noted(self._leave_by_ids(suppression, ids), f"the address is {_NOWHERE}")

    def _leave_by_ids(self, suppression: Suppression, ids: Ids) -> Outcome:
        outcome = self._leaving.leave_by_ids(ids)
        if outcome.kind == "unknown":
            return outcome
        return _noted(outcome, actions.note_by_ids(self._settings.action, suppression.reason))


def _noted(outcome: Outcome, note: str) -> Outcome:
    return replace(outcome, note="; ".join(filter(None, (outcome.note, note))))
