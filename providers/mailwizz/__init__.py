"""MailWizz: look up where an address is subscribed, then unsubscribe, blacklist, or record a bounce at its campaign."""

import re
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Literal, Self

import httpx
from pydantic import ConfigDict, SecretStr, field_validator, model_validator

from bouncehandler.provider import HttpUrl, ProviderSettings
from bouncehandler.suppression import Outcome, Suppression
from providers.mailwizz.answers import LookupResult, Row
from providers.mailwizz.api import Api
from providers.mailwizz.evidence import (
    Ids,
    bounce_text,
    campaign_of,
    campaign_of_job,
    ids_of,
    nobody_meant,
    reason_text,
)
from providers.mailwizz.resubscriber import Resubscriber
from providers.mailwizz.signing import ApiKey, KeyPair, Signer
from providers.mailwizz.unsubscriber import Unsubscriber, outcome_of

_PRINTABLE = re.compile(r"[\x21-\x7e]+")

_NO_BOUNCE = "not recorded as a bounce, since it is none"


class MailWizz:
    """Two calls for an address, however many lists it is on; one where there is nothing to do.

    It takes one more to tell the campaign, and one more where only a subscriber's ids are known.
    """

    class Settings(ProviderSettings):
        """Where MailWizz is, how to prove who we are, and what to do there."""

        model_config = ConfigDict(hide_input_in_errors=True)

        url: HttpUrl
        """`https://HOST/api` or `https://HOST/api/index.php`; for 1.x as MailWizz itself has it, since it is signed."""
        api_key: SecretStr | None = None
        """MailWizz 2.x."""
        public_key: SecretStr | None = None
        """MailWizz 1.x, with `private_key`."""
        private_key: SecretStr | None = None
        action: Literal["unsubscribe", "bounce", "blacklist"] = "unsubscribe"
        """`bounce` records it at the campaign that X-Job names; MailWizz then blacklists after a hard one.

        Who asks to be unsubscribed is unsubscribed with every action."""

        @field_validator("url")
        @classmethod
        def _is_a_path(cls, url: str) -> str:
            if "?" in url or "#" in url:
                raise ValueError("must end with the path of the API, such as https://lists.example.com/api")
            return url

        @field_validator("api_key", "public_key", "private_key")
        @classmethod
        def _fits_a_header(cls, key: SecretStr | None) -> SecretStr | None:
            if key and not _PRINTABLE.fullmatch(key.get_secret_value()):
                raise ValueError("must be printable ASCII without spaces, as MailWizz shows it")
            return key

        @model_validator(mode="after")
        def _has_one_way_in(self) -> Self:
            pair = (self.public_key, self.private_key)
            if (all(pair) and not self.api_key) or (self.api_key and not any(pair)):
                return self
            raise ValueError("needs either api_key (MailWizz 2.x), or both public_key and private_key (MailWizz 1.x)")

    takes_subscriber_ids = True

    def __init__(self, settings: Settings, client: httpx.Client, clock: Callable[[], float] = time.time) -> None:
        self.per_campaign = settings.action == "bounce"
        self._action = settings.action
        self._api = Api(settings.url, _signer(settings, clock), client)
        self._leaving = Unsubscriber(self._api)
        self._returning = Resubscriber(self._api)

    def unsubscribe(self, suppression: Suppression) -> Outcome:
        """Carry out what the reason asks for, at every list of the person. Raises as `Provider.unsubscribe`.

        A bounce, a complaint and a listed address follow `action`; only a bounce is recorded as one. A request to be
        unsubscribed is no reason to blacklist anybody, so that it unsubscribes, whatever `action` says. Those whom a
        complaint or a request unsubscribes are counted for the campaign; one who is blacklisted leaves it anyway.
        """
        ids = ids_of(suppression)
        if not (suppression.recipient or ids):
            raise nobody_meant(suppression)
        found = self._find(suppression.recipient, ids)
        if not found:
            return Outcome("unknown")
        outcome = self._carry_out(suppression, ids, found)
        return outcome if suppression.recipient else replace(outcome, recipient=found.email)

    def restore(self, suppression: Suppression, outcome: Outcome) -> Outcome:
        """Put the person back on the lists that `outcome` names. Raises as `Reversible.restore`.

        Whoever was blacklisted, by this program or by a bounce that was recorded, stays so: MailWizz refuses it here.
        What was unsubscribed in place of that, or beside it, comes back, with every `action`.
        """
        found = self._find(suppression.recipient, ids_of(suppression))
        return self._returning.restore(found, outcome.lists) if found else Outcome("unknown")

    def check(self) -> str:
        """One sentence: the credentials hold, and how many lists they open. Raises as `unsubscribe`."""
        return f"MailWizz accepts the credentials; lists in the account: {self._api.count_lists()}."

    def _find(self, recipient: str, ids: Ids | None) -> LookupResult | None:
        """By the address, or, where nobody has it, by the ids: the reporter may know the person by another address."""
        if recipient and (found := self._api.search(recipient)).rows:
            return found
        told = self._api.subscriber(ids) if ids else None
        if not told:
            return None
        email, row = told
        return self._api.search(email).with_row(row)

    def _carry_out(self, suppression: Suppression, ids: Ids | None, found: LookupResult) -> Outcome:
        is_bounce, is_request = suppression.reason == "bounce", suppression.reason == "unsubscribe"
        if self._action == "blacklist" and not is_request:
            return self._leaving.blacklist(found)
        if self._action == "bounce" and is_bounce:
            return self._bounce(suppression, found)
        told, counted = "", None
        if is_request or suppression.reason == "complaint":
            told, counted = self._tell(suppression, ids, found)
        no_bounce = _NO_BOUNCE if self._action == "bounce" and not is_request else ""
        return self._leaving.unsubscribe(found, told, no_bounce, counted=counted)

    def _tell(self, suppression: Suppression, ids: Ids | None, found: LookupResult) -> tuple[str, Row | None]:
        """Count the unsubscription for the campaign, where it is known; returns why not, and the row that was counted.

        It comes before the row is unsubscribed, and only while the look-up shows it as active. The call unsubscribes
        that row, so that a retry after it finds the row silent and does not count again; where it was lost on its way,
        the row is still active, and the retry makes up for it. So nobody is counted twice, unless MailWizz fails
        between counting and unsubscribing: then each retry that finds the row active counts once more.

        Where what comes next fails, the failure names this row's list (`naming`), since the retry's outcome lacks it.
        The other order would lose the count, since a retry can't know a row that we unsubscribed from one that was
        left before.
        """
        campaign = campaign_of(suppression)
        active = [row for row in found.active if not ids or row.uid.lower() == ids.uid.lower()]
        if not (campaign and active):
            return "", None
        if len(active) > 1 or not (ids or found.is_whole):
            return "the campaign was not told: nothing says which of the lists it went to", None
        refusal = self._api.track_unsubscribe(campaign, active[0], reason_text(suppression))
        return (f"the campaign was not told: {refusal}", None) if refusal else ("", active[0])

    def _bounce(self, suppression: Suppression, found: LookupResult) -> Outcome:
        campaign = campaign_of_job(suppression.job_id)
        if not campaign:
            return self._leaving.unsubscribe(found, "not recorded as a bounce: X-Job names no MailWizz campaign")
        is_soft = suppression.status.startswith("4")  # RFC 3463 3.1
        for row in sorted(found.rows, key=lambda row: not row.is_active):
            answer = self._api.record_bounce(campaign, row, "soft" if is_soft else "hard", bounce_text(suppression))
            if answer == httpx.codes.NOT_FOUND:
                continue
            if is_soft:
                return Outcome("already", note="recorded as a soft bounce: MailWizz decides how many are enough")
            if httpx.codes.is_success(answer):
                return outcome_of(found.active)
            return self._leaving.unsubscribe(
                found, "not recorded as a hard bounce: MailWizz had one of this campaign already"
            )
        return self._leaving.unsubscribe(
            found, "not recorded as a bounce: X-Job's campaign went to no list of this address"
        )


def _signer(settings: MailWizz.Settings, clock: Callable[[], float]) -> Signer:
    if settings.public_key and settings.private_key:
        return KeyPair(settings.public_key, settings.private_key, clock)
    return ApiKey(settings.api_key or SecretStr(""))
