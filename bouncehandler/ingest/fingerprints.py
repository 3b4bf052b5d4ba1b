"""What makes a record one of many alike: who runs the mailbox, and what the diagnostics of one cause have in common."""

from functools import lru_cache

from bouncehandler.record import ListedAddress
from bouncehandler.record.bounce_batch import BounceBatch
from bouncehandler.spikes import MailboxProviders, normalize_diagnostic
from bouncehandler.spool import BounceFingerprint

_FED_BY_HAND = "fed by hand"
_TEXT = 256
"""Characters of a diagnostic, more than a shape looks at. Without the recipient they are few, and remembered."""


class BounceFingerprinter:
    """Sees bounces, and, if asked, addresses fed by hand.

    Args:
        lists: whether a spike of addresses that are fed by hand is held, too.
    """

    def __init__(self, mailbox_providers: MailboxProviders, *, lists: bool = False) -> None:
        self._operators, self._lists = mailbox_providers, lists

    def bounces(self, bounces: BounceBatch) -> list[BounceFingerprint]:
        """Where hard bounces belong."""
        mailbox_providers = self._operators.match_batch(bounces.domains, bounces.remote_mtas)
        texts = bounces.said
        if max(map(len, texts)) > _TEXT:
            texts = [text[:_TEXT] for text in texts]
        return list(map(_sighting, mailbox_providers, bounces.codes, texts))

    def listed(self, listed: ListedAddress) -> BounceFingerprint | None:
        """Where an address fed by hand belongs; None where such are never held."""
        return BounceFingerprint(self._operators.of(listed.recipient, ""), _FED_BY_HAND) if self._lists else None


@lru_cache(maxsize=4096)
def _sighting(mailbox_provider: str, code: str, text: str) -> BounceFingerprint:
    return BounceFingerprint(mailbox_provider, normalize_diagnostic(code, text))
