"""What figures call things: names that come from outside, without anybody's address in them."""

import re
from functools import lru_cache

from bouncehandler.accounting import clean
from bouncehandler.spikes import normalize_diagnostic

_LONGEST = 120
"""Characters of a name."""
_REDACTED = "(address)"
_DOMAIN = re.compile(r"[\w-]{1,63}(?:\.[\w-]{1,63})+")
_WORN = " \t\r\n<>\"'"
_WITH_ADDRESS = re.compile(r"\S*(?:@|=40|%40)\S*")
_CODE = re.compile(r"(?:[a-z]{1,10};)?\s{0,9}([245]\d\d)?[ -]?([245]\.\d{1,3}\.\d{1,3})?", re.IGNORECASE | re.ASCII)
_LOOKED_AT = 240
"""Characters of a diagnostic: the reason stands at its beginning."""


@lru_cache(maxsize=20_000)
def domain(text: str) -> str:
    """The domain behind an @, in lower case; empty where it is none."""
    found = text.strip(_WORN).lower()
    return found if len(found) <= _LONGEST and _DOMAIN.fullmatch(found) else ""


@lru_cache(maxsize=20_000)
def name(text: str) -> str:
    """A cell as a name; one that holds an address is called so instead."""
    if _WITH_ADDRESS.search(text[:_LONGEST]):
        return _REDACTED
    return clean(text[:_LONGEST].strip())[:_LONGEST]


@lru_cache(maxsize=4096)
def in_words(diagnostic: str) -> str:
    """The code and the first words of a diagnostic, in which no address survives; empty for none.

    >>> in_words("smtp;550 5.1.1 <jane@example.com>: Recipient address rejected: User unknown")
    '550 5.1.1 recipient address rejected user unknown'
    """
    text = diagnostic[:_LOOKED_AT]
    code = _CODE.match(text)
    known = " ".join(filter(None, code.groups())) if code else ""
    return normalize_diagnostic(known, _WITH_ADDRESS.sub(" ", text[code.end() if code else 0 :]))
