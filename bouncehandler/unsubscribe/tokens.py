"""Reads and makes the local parts of List-Unsubscribe addresses: a list manager's ids, or a signed mail address.

A signed local part is ``MAC + EXPIRY + "." + BODY``, all of it in lower case, since PowerMTA hands addresses over so:

* EXPIRY: four hexadecimal digits, the last day on which it is valid, in days since 1970-01-01, UTC.
* BODY: the address, its ASCII letters in lower case, with ``=`` for its ``@``, where it holds nothing else but
  ``a-z 0-9 . _ + -``; else the hexadecimal digits of its UTF-8 bytes, in which there is no ``=``.
* MAC: the first 16 hexadecimal digits of HMAC-SHA256 over ``EXPIRY + "." + BODY + "@" + domain`` under the secret.

A PHP site makes the usual one with::

    $tail = sprintf('%04x', intdiv(time(), 86400) + 60) . '.' . strtr(strtolower($address), '@', '=') . '@' . $domain;
    $unsubscribe = substr(hash_hmac('sha256', $tail, $secret), 0, 16) . $tail;

The form is stable: addresses in mails that were sent years ago still mean the same.
"""

import time

LONGEST_LOCAL = 64
"""Octets of a local part (RFC 5321 4.5.3.1.1)."""
VALID_FOR_DAYS = 60

_MAC = 16
_EXPIRY = 4
_LAST_DAY = 0xFFFF  # in the year 2149
_DAY = 86_400
_LONGEST_ID = 64
_HEX = frozenset("0123456789abcdef")
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789._+-")


class Domain:
    """A domain whose mail is handed to `bouncehandler unsubscribe`, and what its addresses may be."""

    __slots__ = ("list_manager", "name", "pattern", "provider", "secrets")

    def __init__(self, name: str, pattern: str, provider: str, list_manager: str, secrets: tuple[str, ...]) -> None:
        self.name = name
        """In lower case."""
        self.pattern = pattern
        """As `parse` takes it; empty where ids are not taken."""
        self.provider = provider
        """The provider whose ids they are, as the configuration names it; empty without a pattern."""
        self.list_manager = list_manager
        """That provider's type; empty likewise."""
        self.secrets = secrets
        """Under any of which an address may be signed; none: signed ones are not taken."""


def identify(address: str, domains: list[Domain], *, today: int) -> dict[str, str] | None:
    """Whom a List-Unsubscribe address stands for; None where it is at none of the domains, or fits nothing there.

    A signed one gives `recipient`; ids give `provider`, `list_manager`, `list_id`, `subscriber_id` and `campaign_id`
    (empty where the pattern has none). What has the shape of a signed address is never taken for ids where a domain
    signs: it could only be one that is forged or expired.

    Args:
        today: days since 1970-01-01, UTC; 0 takes expired ones, too.
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
            whose = {"provider": domain.provider, "list_manager": domain.list_manager, "campaign_id": ""}
            return whose | {f"{field}_id": value for field, value in ids.items()}
    return None


def domain_of(address: str) -> str:
    """What stands behind the last @, in lower case; all of it where there is none."""
    return address.rpartition("@")[2].lower().removesuffix(".")


def parse(pattern: str, local: str) -> dict[str, str] | None:
    """The fields of a pattern such as `{subscriber}.{list}.{campaign}` in a local part; None where it doesn't fit.

    A field is 1 to 64 ASCII letters and digits, as they are written; the rest of the pattern compares without case.
    Every field of the pattern is in the answer, under its name.
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
        if not (0 < length <= _LONGEST_ID and rest.lower().startswith(literal)):
            return None
        rest = rest[len(literal) :]
    return None if rest else found


def verify(local: str, *, domain: str, secrets: tuple[str, ...], today: int) -> str | None:
    """The address that a signed local part stands for; None where it is forged, altered or expired, or is none.

    Args:
        secrets: any of which may have signed it.
        today: days since 1970-01-01, UTC; 0 takes expired ones, too.
    """
    import hmac  # noqa: PLC0415  # costs a third of a bare start, and most addresses hold ids

    local = local.lower()
    if not _is_signed(local):
        return None
    mac, signed = local[:_MAC], local[_MAC:]
    fitting = [hmac.compare_digest(mac, _signature(signed, domain, secret)) for secret in secrets]
    if not any(fitting) or int(signed[:_EXPIRY], 16) < today:
        return None
    return _address_in(signed[_EXPIRY + 1 :])


def unsubscribe_address(
    address: str, *, domain: str, secret: str, valid_for_days: int = VALID_FOR_DAYS, today: int | None = None
) -> str:
    """The signed List-Unsubscribe address for `address`, for `List-Unsubscribe: <mailto:...>`.

    Args:
        domain: the one of `[[unsubscribe]]` whose secret it is.
        valid_for_days: how long it will be taken, after today.
        today: days since 1970-01-01, UTC; None for now.

    Raises:
        ValueError: the address is none, or is too long to be signed; or the days are out of bounds.
    """
    from bouncehandler.record import parse_address  # noqa: PLC0415  # costs more than all the rest, to those who read

    recipient = parse_address(address)
    if recipient is None:
        raise ValueError("that is not a mail address, which is local@domain")
    expiry = (int(time.time()) // _DAY if today is None else today) + valid_for_days
    if valid_for_days < 0 or not 0 <= expiry <= _LAST_DAY:
        raise ValueError("an address can be made valid for 0 days or more, until the year 2149 at most")
    signed = f"{expiry:0{_EXPIRY}x}.{_body(recipient)}"
    domain = domain.lower().removesuffix(".")
    local = _signature(signed, domain, secret) + signed
    if len(local) > LONGEST_LOCAL:
        raise ValueError(
            f"the signed address would have {len(local)} octets before its @, and mail allows {LONGEST_LOCAL} (RFC "
            f"5321): this recipient is too long, unsubscribe them by a link"
        )
    return f"{local}@{domain}"


def _is_signed(local: str) -> bool:
    """Whether a local part, in lower case, has the shape of a signed one."""
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
    """The address in the body of a genuine local part; None where the site signed something else."""
    local, has_sign, domain = body.rpartition("=")
    if not (has_sign or _HEX.issuperset(body)):
        return None
    try:
        address = f"{local}@{domain}" if has_sign else bytes.fromhex(body).decode()
    except ValueError:
        return None
    return address if "@" in address[1:-1] and address.isprintable() and " " not in address else None
