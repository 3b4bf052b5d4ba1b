"""MailWizz: look up where an address is subscribed, then unsubscribe, blacklist, or record a bounce at its campaign."""

import re
import time
from collections.abc import Callable, Iterable
from typing import Literal, Self

import httpx
from pydantic import ConfigDict, SecretStr, field_validator, model_validator

from bouncehandler.provider import HttpUrl, ProviderSettings, TemporaryFailure
from bouncehandler.suppression import Outcome, Suppression
from providers.mailwizz.answers import Found, Row
from providers.mailwizz.api import Api
from providers.mailwizz.signing import ApiKey, KeyPair, Signer

_CAMPAIGN = re.compile(r"(?:mailwizz-)?([a-z0-9]{13})")
_PRINTABLE = re.compile(r"[\x21-\x7e]+")
_SWEEPS = 5
_MESSAGE_LENGTH = 500

_HIDDEN = "MailWizz does not show every list of this address; those it hides were unsubscribed unseen"
_REFUSED = "unsubscribed where MailWizz refused to blacklist because the list requires a field that is missing"


class MailWizz:
    """Two calls for an address, however many lists it is on; one where there is nothing to do."""

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
        """`bounce` records it at the campaign that X-Job names; MailWizz then blacklists after a hard one."""

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

    def __init__(self, settings: Settings, client: httpx.Client, clock: Callable[[], float] = time.time) -> None:
        self.per_campaign = settings.action == "bounce"
        self._action = settings.action
        self._api = Api(settings.url, _signer(settings, clock), client)

    def unsubscribe(self, suppression: Suppression) -> Outcome:
        """Carry out the configured action at every list of the recipient. Raises as `Provider.unsubscribe`."""
        found = self._api.search(suppression.recipient)
        if not found.rows:
            return Outcome("unknown")
        if self._action == "bounce":
            return self._bounce(suppression, found)
        if self._action == "blacklist":
            return self._blacklist(suppression.recipient, found)
        return self._unsubscribe(suppression.recipient, found)

    def check(self) -> str:
        """One sentence: the credentials hold, and how many lists they open. Raises as `unsubscribe`."""
        return f"MailWizz accepts the credentials; lists in the account: {self._api.count_lists()}."

    def _unsubscribe(self, email: str, found: Found, note: str = "") -> Outcome:
        if not found.is_whole:
            swept, _ = self._sweep(email, found)
            for row in found.blacklisted:
                self._api.blacklist_one(row)
            return _outcome(swept, note, _HIDDEN)
        if not found.active:
            return _outcome((), note)
        if found.blacklisted:
            return _outcome([row for row in found.active if self._api.unsubscribe_one(row)], note)
        self._api.unsubscribe_everywhere(email)
        return _outcome(found.active, note)

    def _sweep(self, email: str, found: Found) -> tuple[list[Row], Found]:
        """Reach the rows that a look-up hides: the ones that were active, and what it shows afterwards.

        Only the call for the whole address reaches them, and it takes the known blacklisted ones with it.
        """
        swept = found.active
        for _ in range(_SWEEPS):
            self._api.unsubscribe_everywhere(email)
            found = self._api.search(email)
            if not found.active:
                return swept, found
            swept += found.active
        raise TemporaryFailure(
            f"MailWizz still shows the address as subscribed after {_SWEEPS} calls to unsubscribe it"
        )

    def _blacklist(self, email: str, found: Found) -> Outcome:
        changed: list[Row] = []
        notes = set()
        if not found.is_whole:
            changed, found = self._sweep(email, found)
            notes.add(_HIDDEN)
        for row in found.rows:
            if row.status == "blacklisted":
                continue
            answer = self._api.blacklist_one(row)
            is_changed = httpx.codes.is_success(answer)
            if answer == httpx.codes.UNPROCESSABLE_ENTITY and row.is_active:
                is_changed = self._api.unsubscribe_one(row)
                notes.add(_REFUSED)
            if is_changed and row.is_active:
                changed.append(row)
        return _outcome(changed, *sorted(notes))

    def _bounce(self, suppression: Suppression, found: Found) -> Outcome:
        email, campaign = suppression.recipient, _CAMPAIGN.fullmatch(suppression.job_id)
        if suppression.reason != "bounce":
            return self._unsubscribe(email, found, "not recorded at a campaign, since it is no bounce")
        if not campaign:
            return self._unsubscribe(email, found, "not recorded as a bounce: X-Job names no MailWizz campaign")
        is_soft = suppression.status.startswith("4")  # RFC 3463 3.1
        for row in sorted(found.rows, key=lambda row: not row.is_active):
            answer = self._api.record_bounce(campaign[1], row, "soft" if is_soft else "hard", _message(suppression))
            if answer == httpx.codes.NOT_FOUND:
                continue
            if is_soft:
                return Outcome("already", note="recorded as a soft bounce: MailWizz decides how many are enough")
            if httpx.codes.is_success(answer):
                return _outcome(found.active)
            return self._unsubscribe(
                email, found, "not recorded as a hard bounce: MailWizz had one of this campaign already"
            )
        return self._unsubscribe(
            email, found, "not recorded as a bounce: X-Job's campaign went to no list of this address"
        )


def _signer(settings: MailWizz.Settings, clock: Callable[[], float]) -> Signer:
    if settings.public_key and settings.private_key:
        return KeyPair(settings.public_key, settings.private_key, clock)
    return ApiKey(settings.api_key or SecretStr(""))


def _outcome(changed: Iterable[Row], *notes: str) -> Outcome:
    """Rows that were active are what makes a difference to the recipient, and what undo would restore."""
    lists = tuple(dict.fromkeys(row.list_uid for row in changed))
    return Outcome("unsubscribed" if lists else "already", lists, "; ".join(filter(None, notes)))


def _message(suppression: Suppression) -> str:
    """What the remote server said, short, and without what MailWizz's database might refuse."""
    said = suppression.diagnostic or suppression.status or suppression.category or "bounced"
    return "".join(c if c.isprintable() and c < "\U00010000" else " " for c in said[:_MESSAGE_LENGTH])
