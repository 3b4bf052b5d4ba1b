"""Labels of statistics: cells that come from outside, without any person's address in them."""

import re
from functools import lru_cache

from bouncehandler.accounting import clean
from bouncehandler.spikes.fingerprint import normalize_diagnostic

_MAX_LENGTH = 120
"""Characters of a label."""
_REDACTED = "(address)"
_DOMAIN = re.compile(r"[\w-]{1,63}(?:\.[\w-]{1,63})+")
_WRAPPING = " \t\r\n<>\"'"
_WITH_ADDRESS = re.compile(r"\S*(?:@|=40|%40)\S*")
_CODE = re.compile(r"(?:[a-z]{1,10};)?\s{0,9}([245]\d\d)?[ -]?([245]\.\d{1,3}\.\d{1,3})?", re.IGNORECASE | re.ASCII)
_MAX_DIAGNOSTIC = 240
"""Characters of a diagnostic that are read: the reason stands at its beginning."""


@lru_cache(maxsize=20_000)
def domain_label(text: str) -> str:
    """The domain behind an @, in lower case; empty where it is none."""
    found = text.strip(_WRAPPING).lower()
    return found if len(found) <= _MAX_LENGTH and _DOMAIN.fullmatch(found) else ""


@lru_cache(maxsize=20_000)
def cell_label(text: str) -> str:
    """A cell as a label; `(address)` for one that holds an address."""
    if _WITH_ADDRESS.search(text[:_MAX_LENGTH]):
        return _REDACTED
    return clean(text[:_MAX_LENGTH].strip())[:_MAX_LENGTH]


@lru_cache(maxsize=4096)
def diagnostic_label(diagnostic: str) -> str:
    """The code and the first words of a diagnostic, without addresses; empty for none.

    >>> diagnostic_label("smtp;550 5.1.1 <jane@example.com>: Recipient address rejected: User unknown")
    '550 5.1.1 recipient address rejected user unknown'
    """
    text = diagnostic[:_MAX_DIAGNOSTIC]
    code = _CODE.match(text)
    known = " ".join(filter(None, code.groups())) if code else ""
    return normalize_diagnostic(known, _WITH_ADDRESS.sub(" ", text[code.end() if code else 0 :]))
