"""Parses and creates the local parts of List-Unsubscribe addresses: a list manager's ids, or a signed mail address.

A signed local part is ``MAC + EXPIRY + "." + BODY``, all of it in lower case, as PowerMTA passes addresses:

* EXPIRY: four hexadecimal digits, the last day on which it is valid, in days since 1970-01-01, UTC.
* BODY: the address, its ASCII letters in lower case, with ``=`` for its ``@``, where it holds nothing else but
  ``a-z 0-9 . _ + -``; else the hexadecimal digits of its UTF-8 bytes, in which there is no ``=``.
* MAC: the first 16 hexadecimal digits of HMAC-SHA256 over ``EXPIRY + "." + BODY + "@" + domain`` under the secret.

In PHP::

    $tail = sprintf('%04x', intdiv(time(), 86400) + 60) . '.' . strtr(strtolower($address), '@', '=') . '@' . $domain;
    $unsubscribe = substr(hash_hmac('sha256', $tail, $secret), 0, 16) . $tail;

The form is stable: addresses in mails that were sent years ago still mean the same.
"""

import time

MAX_LOCAL = 64
"""Octets of a local part (RFC 5321 4.5.3.1.1)."""
VALID_FOR_DAYS = 60

_MAC = 16
_EXPIRY = 4
_LAST_DAY = 0xFFFF  # in the year 2149
_DAY = 86_400
_MAX_ID = 64
_HEX = frozenset("0123456789abcdef")
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789._+-")


class Domain:
    """A domain whose mail is piped to `bouncehandler unsubscribe`, and the forms of its addresses."""

    __slots__ = ("list_manager", "name", "pattern", "provider", "secrets")

    def __init__(self, name: str, pattern: str, provider: str, list_manager: str, secrets: tuple[str, ...]) -> None:
        self.name = name
        """In lower case."""
        self.pattern = pattern
        """For `parse`; empty where ids are not accepted."""
        self.provider = provider
        """The configured name of the provider of the ids; empty without a pattern."""
        self.list_manager = list_manager
        """The type of that provider; empty without a pattern."""
        self.secrets = secrets
        """Of valid signatures; empty: signed addresses are not accepted."""


def identify(address: str, domains: list[Domain], *, today: int) -> dict[str, str] | None:
    """Identify the person of a List-Unsubscribe address; None where the domain or the form is unknown.

    A signed one gives `recipient`; ids give `provider`, `list_manager`, `list_id`, `subscriber_id` and `campaign_id`
    (empty where the pattern has none). A local part in the form of a signed one is never parsed as ids on a domain with
    secrets: it is genuine, forged or expired.

    Args:
        today: days since 1970-01-01, UTC; 0 accepts expired addresses.
    """
    local, _, _ = address.rpartition("@")
    name = domain_of(address)
    own = [domain for domain in domains if domain.name == name]
    secrets = tuple(secret for domain in own for secret in domain.secrets)
    if secrets and _is_signed(local.lower()):
        recipient = verify(local, domain=name, secrets=secrets, today=today)
        return {"recipient": recipient} if recipient else None
    for domain in own:
        if domain.pattern and (ids := parse(domain.pattern, local)):
            provider = {"provider": domain.provider, "list_manager": domain.list_manager, "campaign_id": ""}
            return provider | {f"{field}_id": value for field, value in ids.items()}
    return None


def domain_of(address: str) -> str:
    """Return the part after the last @, in lower case; all of the text where there is none."""
    return address.rpartition("@")[2].lower().removesuffix(".")


def parse(pattern: str, local: str) -> dict[str, str] | None:
    """Parse a local part by a pattern such as `{subscriber}.{list}.{campaign}`; None where it doesn't match.

    A field is 1 to 64 ASCII letters and digits, whose case is kept; the rest of the pattern is compared without case.
    The result has every field of the pattern by its name.
    """
    if not local.isascii():
        return None
    literal, *fields = pattern.lower().split("{")
    if not local.lower().startswith(literal):
        return None
    found, rest = {}, local[len(literal) :]
    for field in fields:
        name, _, literal = field.partition("}")
        length = next((at for at, char in enumerate(rest) if not char.isalnum()), len(rest))
        found[name], rest = rest[:length], rest[length:]
        if not (0 < length <= _MAX_ID and rest.lower().startswith(literal)):
            return None
        rest = rest[len(literal) :]
    return None if rest else found


def verify(local: str, *, domain: str, secrets: tuple[str, ...], today: int) -> str | None:
    """Verify a signed local part and return its mail address; None where it is forged, altered, expired or not signed.

    Args:
        secrets: of which any may be that of the signature.
        today: days since 1970-01-01, UTC; 0 accepts expired addresses.
    """
    import hmac  # noqa: PLC0415  # costs a third of a bare start, and most addresses hold ids

    local = local.lower()
    if not _is_signed(local):
        return None
    mac, signed = local[:_MAC], local[_MAC:]
    matches = [hmac.compare_digest(mac, _signature(signed, domain, secret)) for secret in secrets]
    if not any(matches) or int(signed[:_EXPIRY], 16) < today:
        return None
    return _address_in(signed[_EXPIRY + 1 :])


def unsubscribe_address(
    address: str, *, domain: str, secret: str, valid_for_days: int = VALID_FOR_DAYS, today: int | None = None
) -> str:
    """Create the signed List-Unsubscribe address of a recipient, for `List-Unsubscribe: <mailto:...>`.

    Args:
        domain: of the `[[unsubscribe]]` table with that secret.
        valid_for_days: days after today on which it is accepted.
        today: days since 1970-01-01, UTC; None for now.

    Raises:
        ValueError: the address is invalid, or too long to be signed; or the days are out of range.
    """
    from bouncehandler.record import parse_address  # noqa: PLC0415  # costs more than all the rest, and reading does without

    recipient = parse_address(address)
    if recipient is None:
        raise ValueError("that is not a mail address, which is local@domain")
    expiry = (int(time.time()) // _DAY if today is None else today) + valid_for_days
    if valid_for_days < 0 or not 0 <= expiry <= _LAST_DAY:
        raise ValueError("an address can be made valid for 0 days or more, until the year 2149 at most")
    signed = f"{expiry:0{_EXPIRY}x}.{_body(recipient)}"
    domain = domain.lower().removesuffix(".")
    local = _signature(signed, domain, secret) + signed
    if len(local) > MAX_LOCAL:
        raise ValueError(
            f"the signed address would have {len(local)} octets before its @, and mail allows {MAX_LOCAL} (RFC "
            f"5321): this recipient is too long, unsubscribe them by a link"
        )
    return f"{local}@{domain}"


def _is_signed(local: str) -> bool:
    """Whether a local part, in lower case, has the form of a signed one."""
    at = _MAC + _EXPIRY
    return local.isascii() and local[at : at + 1] == "." and len(local) > at + 1 and _HEX.issuperset(local[:at])


def _signature(signed: str, domain: str, secret: str) -> str:
    import hmac  # noqa: PLC0415  # as in `verify`

    key = secret.encode("utf-8", "surrogateescape")
    return hmac.digest(key, f"{signed}@{domain}".encode(), "sha256").hex()[:_MAC]


def _body(address: str) -> str:
    local, _, domain = address.rpartition("@")
    return f"{local}={domain}" if _PLAIN.issuperset(local + domain) else address.encode().hex()


def _address_in(body: str) -> str | None:
    """Decode the address of a genuine local part; None where the site signed another text."""
    local, has_sign, domain = body.rpartition("=")
    if not (has_sign or _HEX.issuperset(body)):
        return None
    try:
        address = f"{local}@{domain}" if has_sign else bytes.fromhex(body).decode()
    except ValueError:
        return None
    return address if "@" in address[1:-1] and address.isprintable() and " " not in address else None
