"""Fingerprints of bounces: the mailbox provider and the normalised diagnostic, equal for bounces of one cause."""

from functools import lru_cache

from bouncehandler.record import ListedAddress
from bouncehandler.record.bounce_batch import BounceBatch
from bouncehandler.spikes.fingerprint import normalize_diagnostic
from bouncehandler.spikes.mailbox_providers import MailboxProviders
from bouncehandler.spool import BounceFingerprint

_LISTED_FINGERPRINT = "fed by hand"
_MAX_DIAGNOSTIC = 256
"""Characters, more than `normalize_diagnostic` reads. Without the recipient few diagnostics differ, and are cached."""


class BounceFingerprinter:
    """Computes the fingerprints of bounces and, if asked, of listed addresses.

    Args:
        lists: whether a spike of listed addresses is held, too.
    """

    def __init__(self, mailbox_providers: MailboxProviders, *, lists: bool = False) -> None:
        self._mailbox_providers, self._lists = mailbox_providers, lists

    def bounces(self, bounces: BounceBatch) -> list[BounceFingerprint]:
        """The fingerprint of each bounce."""
        mailbox_providers = self._mailbox_providers.match_batch(bounces.domains, bounces.remote_mtas)
        texts = bounces.impersonal_diagnostics
        if max(map(len, texts)) > _MAX_DIAGNOSTIC:
            texts = [text[:_MAX_DIAGNOSTIC] for text in texts]
        return list(map(_fingerprint, mailbox_providers, bounces.codes, texts))

    def listed(self, listed: ListedAddress) -> BounceFingerprint | None:
        """The fingerprint of a listed address; None where such are never held."""
        if not self._lists:
            return None
        return BounceFingerprint(self._mailbox_providers.of(listed.recipient, ""), _LISTED_FINGERPRINT)


@lru_cache(maxsize=4096)
def _fingerprint(mailbox_provider: str, code: str, text: str) -> BounceFingerprint:
    return BounceFingerprint(mailbox_provider, normalize_diagnostic(code, text))
