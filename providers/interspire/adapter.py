"""The adapter for Interspire Email Marketer: looks an address up, then takes it off each list it is active on."""

import time
from collections.abc import Callable
from typing import Annotated, Literal

import httpx
from pydantic import AfterValidator, ConfigDict, SecretStr

from bouncehandler.provider import (
    HttpUrl,
    PermanentFailure,
    ProviderError,
    ProviderSettings,
    TemporaryFailure,
)
from bouncehandler.suppression import Outcome, Suppression
from providers.interspire import wire
from providers.interspire.api import Api
from providers.interspire.lists import ListCache
from providers.interspire.tally import Tally, enumerated

LISTS_KEPT = 600.0
"""Seconds after which the lists are fetched again in any case."""

LISTS_KEPT_ON_A_MISS = 60.0
"""Seconds after which they are fetched again because an address was found on none: a stream of unknown recipients
costs one GetLists a minute, not one each."""

EVERYWHERE = "g"
"""Interspire's name, in place of a list id, for the ban that holds on every list."""

_GONE = "is not subscribed to this list"
_BANNED = "already in the suppression list"
_METHODS = {"unsubscribe": "UnsubscribeSubscriber", "bounce": "BounceSubscriber"}


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
    nothing is written without a look-up, calling twice moves no counter.

    `ban` writes one ban for everywhere and leaves the subscriptions as they are, so its outcome's `lists` is
    `("g",)`. An address that is active nowhere is not banned: it may never have been this installation's.

    A list made since the lists were last fetched, 10 minutes ago at most, is overlooked for an address that is found
    on an older one. When a list fails, the others are still tried before the failure is raised, and the text of the
    failure names the lists that were changed: the next attempt's outcome holds only its own.
    """

    class Settings(ProviderSettings):
        """The XML path, user name and token that Interspire shows in an account for which the XML API is enabled."""

        model_config = ConfigDict(hide_input_in_errors=True)

        url: HttpUrl
        """The whole URL, ending with `/xml.php`."""
        username: Annotated[str, AfterValidator(_speakable)]
        token: Annotated[SecretStr, AfterValidator(_speakable_secret)]
        action: Literal["unsubscribe", "bounce", "ban"] = "unsubscribe"

    def __init__(self, settings: Settings, client: httpx.Client, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._api = Api(settings.url, settings.username, settings.token, client)
        self._lists = ListCache(self._api.all_lists, clock)

    def unsubscribe(self, suppression: Suppression) -> Outcome:
        """Take the recipient off every list it is active on, as `action` says. Raises as the port says."""
        address = suppression.recipient
        if not wire.is_speakable(address):
            raise PermanentFailure(f"the address {address[:100]!a} holds characters that Interspire's XML can't carry")
        active = self._active_lists(address)
        if not active:
            return Outcome("unknown", note="active on no list: either unknown there, or already unsubscribed")
        if self._settings.action == "ban":
            return self._ban(address, active)
        return self._leave(address, active)

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

    def _leave(self, address: str, active: tuple[str, ...]) -> Outcome:
        tally = Tally()
        try:
            for listid in active:
                self._leave_list(address, listid, tally)
            if tally.refused:
                tally.judge_refused(self._api.look_up(address, tuple(tally.refused)))
            return tally.outcome()
        except (ProviderError, httpx.TransportError) as error:
            if not tally.changed:
                raise
            tally.raise_with_progress(error)

    def _leave_list(self, address: str, listid: str, tally: Tally) -> None:
        try:
            answer = self._api.write(_METHODS[self._settings.action], address, listid)
        except TemporaryFailure as error:
            if error.retry_after is not None:  # the server asks to be left alone: no list after this one, then
                raise
            tally.failed[listid] = str(error)
            return
        if answer.is_success:
            tally.changed.append(listid)
        elif answer.says(_GONE):
            tally.gone.append(listid)
        else:
            tally.refused[listid] = answer.complaint

    def _ban(self, address: str, active: tuple[str, ...]) -> Outcome:
        answer = self._api.write("AddBannedSubscriber", address, EVERYWHERE)
        if answer.is_success:
            return Outcome(
                "unsubscribed", (EVERYWHERE,), f"banned everywhere; subscribed as before: {enumerated(active)}"
            )
        if answer.says(_BANNED):
            return Outcome("already", note="was banned everywhere before")
        raise self._api.refusal("AddBannedSubscriber", answer)
