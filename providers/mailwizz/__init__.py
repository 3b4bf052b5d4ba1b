"""Adapter for MailWizz: looks an address up, then unsubscribes, blacklists, or records a bounce at its campaign."""

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
from providers.mailwizz.api import MailWizzApi
from providers.mailwizz.evidence import (
    MailWizzIds,
    find_campaign,
    format_bounce,
    format_reason,
    missing_subject,
    parse_campaign,
    read_ids,
)
from providers.mailwizz.resubscriber import MailWizzResubscriber
from providers.mailwizz.signing import ApiKey, KeyPair, Signer
from providers.mailwizz.unsubscriber import MailWizzUnsubscriber, build_outcome

_PRINTABLE = re.compile(r"[\x21-\x7e]+")

_NO_BOUNCE = "not recorded as a bounce, since it is none"


class MailWizz:
    """MailWizz, through its API: two calls for an address on any number of lists; one where there is nothing to do.

    It takes one more to count it for the campaign, and one more where only a subscriber's ids are known.
    """

    class Settings(ProviderSettings):
        """URL, credentials and action."""

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

        Requests to unsubscribe are carried out as such with every action."""

        @field_validator("url")
        @classmethod
        def _validate_url(cls, url: str) -> str:
            if "?" in url or "#" in url:
                raise ValueError("must end with the path of the API, such as https://lists.example.com/api")
            return url

        @field_validator("api_key", "public_key", "private_key")
        @classmethod
        def _validate_key(cls, key: SecretStr | None) -> SecretStr | None:
            if key and not _PRINTABLE.fullmatch(key.get_secret_value()):
                raise ValueError("must be printable ASCII without spaces, as MailWizz shows it")
            return key

        @model_validator(mode="after")
        def _validate_credentials(self) -> Self:
            pair = (self.public_key, self.private_key)
            if (all(pair) and not self.api_key) or (self.api_key and not any(pair)):
                return self
            raise ValueError("needs either api_key (MailWizz 2.x), or both public_key and private_key (MailWizz 1.x)")

    takes_subscriber_ids = True

    def __init__(self, settings: Settings, client: httpx.Client, clock: Callable[[], float] = time.time) -> None:
        self.per_campaign = settings.action == "bounce"
        self._action = settings.action
        self._api = MailWizzApi(settings.url, _signer(settings, clock), client)
        self._unsubscriber = MailWizzUnsubscriber(self._api)
        self._resubscriber = MailWizzResubscriber(self._api)

    def unsubscribe(self, suppression: Suppression) -> Outcome:
        """Unsubscribe at every list, as `action` and the reason demand. Raises as `Provider.unsubscribe`.

        A bounce, a complaint and a listed address follow `action`; only a bounce is recorded as one. A request to be
        unsubscribed is no reason to blacklist, so that it unsubscribes with every `action`. Unsubscriptions after a
        complaint or a request are counted for the campaign; a blacklisted subscriber leaves it anyway.
        """
        ids = read_ids(suppression)
        if not (suppression.recipient or ids):
            raise missing_subject(suppression)
        found = self._find(suppression.recipient, ids)
        if not found:
            return Outcome("unknown")
        outcome = self._execute(suppression, ids, found)
        return outcome if suppression.recipient else replace(outcome, recipient=found.email)

    def restore(self, suppression: Suppression, outcome: Outcome) -> Outcome:
        """Restore the rows on the lists that `outcome` names. Raises as `Reversible.restore`.

        Rows that were blacklisted, by this program or by a bounce that was recorded, stay so: MailWizz refuses it here.
        Rows that were unsubscribed in place of that, or beside it, come back, with every `action`.
        """
        found = self._find(suppression.recipient, read_ids(suppression))
        return self._resubscriber.restore(found, outcome.lists) if found else Outcome("unknown")

    def check(self) -> str:
        """Check the credentials, and count the lists that they open. Raises as `unsubscribe`."""
        return f"MailWizz accepts the credentials; lists in the account: {self._api.count_lists()}."

    def _find(self, recipient: str, ids: MailWizzIds | None) -> LookupResult | None:
        """Look up the address, else the ids: the reporter may know the person by another address."""
        if recipient and (found := self._api.search(recipient)).rows:
            return found
        subscriber = self._api.subscriber(ids) if ids else None
        if not subscriber:
            return None
        email, row = subscriber
        return self._api.search(email).with_row(row)

    def _execute(self, suppression: Suppression, ids: MailWizzIds | None, found: LookupResult) -> Outcome:
        is_bounce, is_request = suppression.reason == "bounce", suppression.reason == "unsubscribe"
        if self._action == "blacklist" and not is_request:
            return self._unsubscriber.blacklist(found)
        if self._action == "bounce" and is_bounce:
            return self._bounce(suppression, found)
        note, counted = "", None
        if is_request or suppression.reason == "complaint":
            note, counted = self._track_unsubscribe(suppression, ids, found)
        no_bounce = _NO_BOUNCE if self._action == "bounce" and not is_request else ""
        return self._unsubscriber.unsubscribe(found, note, no_bounce, counted=counted)

    def _track_unsubscribe(
        self, suppression: Suppression, ids: MailWizzIds | None, found: LookupResult
    ) -> tuple[str, Row | None]:
        """Count the unsubscription for a known campaign; returns why it is not counted, or the row where it is.

        It comes before the row is unsubscribed, and only while the look-up shows it as active. The call unsubscribes
        that row, so that a retry after it finds the row silent and does not count again; where it was lost on its way,
        the row is still active, and the retry makes up for it. So no row is counted twice, unless MailWizz fails
        between counting and unsubscribing: then each retry that finds the row active counts once more.

        Where the next call fails, the failure names this row's list (`report_changes`), since the retry's outcome lacks
        it. The other order would lose the count, since a retry can't distinguish a row that this program unsubscribed
        from one that was unsubscribed before.
        """
        campaign = find_campaign(suppression)
        active = [row for row in found.active if not ids or row.uid.lower() == ids.uid.lower()]
        if not (campaign and active):
            return "", None
        if len(active) > 1 or not (ids or found.is_complete):
            return "not counted for the campaign: it is not known which of the lists it went to", None
        refusal = self._api.track_unsubscribe(campaign, active[0], format_reason(suppression))
        return (f"not counted for the campaign: {refusal}", None) if refusal else ("", active[0])

    def _bounce(self, suppression: Suppression, found: LookupResult) -> Outcome:
        campaign = parse_campaign(suppression.job_id)
        if not campaign:
            return self._unsubscriber.unsubscribe(found, "not recorded as a bounce: X-Job names no MailWizz campaign")
        is_soft = suppression.status.startswith("4")  # RFC 3463 3.1
        for row in sorted(found.rows, key=lambda row: not row.is_active):
            answer = self._api.record_bounce(campaign, row, "soft" if is_soft else "hard", format_bounce(suppression))
            if answer == httpx.codes.NOT_FOUND:
                continue
            if is_soft:
                return Outcome("already", note="recorded as a soft bounce: MailWizz decides how many are enough")
            if httpx.codes.is_success(answer):
                return build_outcome(found.active)
            return self._unsubscriber.unsubscribe(
                found, "not recorded as a hard bounce: MailWizz had one of this campaign already"
            )
        return self._unsubscriber.unsubscribe(
            found, "not recorded as a bounce: X-Job's campaign went to no list of this address"
        )


def _signer(settings: MailWizz.Settings, clock: Callable[[], float]) -> Signer:
    if settings.public_key and settings.private_key:
        return KeyPair(settings.public_key, settings.private_key, clock)
    return ApiKey(settings.api_key or SecretStr(""))
