"""Signers of calls to MailWizz: an API key (2.x), or a key pair and an HMAC over the call (1.x)."""

import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote_plus

from pydantic import SecretStr

Fields = Sequence[tuple[str, str]]
"""Names and values, before any encoding."""


def encode(fields: Fields) -> str:
    """Encode fields, sorted by their bytes, as PHP's `urlencode` does; empty for none."""
    return "&".join(f"{_urlencode(name)}={_urlencode(value)}" for name, value in sorted(fields))


def _urlencode(text: str) -> str:
    # PHP encodes the tilde, which RFC 3986 2.3 leaves alone.
    return quote_plus(text).replace("~", "%7E")


class Signer(Protocol):
    """Maker of the headers that authenticate a call."""

    def headers(self, method: str, url: str, body: Fields) -> dict[str, str]:
        """Build the headers for a call of `url`, which ends with the encoded query, if any."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """MailWizz 2.x: the key itself is the header."""

    key: SecretStr

    def headers(self, method: str, url: str, body: Fields) -> dict[str, str]:  # noqa: ARG002  # see Signer
        """See `Signer`."""
        return {"X-Api-Key": self.key.get_secret_value()}


@dataclass(frozen=True, slots=True)
class KeyPair:
    """MailWizz 1.x: the public key, the time, and an HMAC-SHA1 with the private key over both and the call."""

    public: SecretStr
    private: SecretStr
    clock: Callable[[], float]
    """Seconds since the epoch; MailWizz refuses a call that is more than 900 s old."""

    def headers(self, method: str, url: str, body: Fields) -> dict[str, str]:
        """See `Signer`."""
        sent = {
            "X-MW-PUBLIC-KEY": self.public.get_secret_value(),
            "X-MW-REMOTE-ADDR": "",
            "X-MW-TIMESTAMP": str(int(self.clock())),
        }
        signed = f"{method} {url}{'&' if '?' in url else '?'}{encode([*sent.items(), *body])}"
        key = self.private.get_secret_value().encode()
        return {**sent, "X-MW-SIGNATURE": hmac.digest(key, signed.encode(), "sha1").hex()}
