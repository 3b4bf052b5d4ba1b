"""What figures call things: names that come from outside, without anybody's address in them."""

import re
from collections.abc import Mapping
from functools import lru_cache

from bouncehandler.accounting import clean
from bouncehandler.waves import shape

_LONGEST = 120
"""Characters of a name."""
_REDACTED = "(address)"
_DOMAIN = re.compile(r"[\w-]{1,63}(?:\.[\w-]{1,63})+")
_WORN = " \t\r\n<>\"'"
_WITH_ADDRESS = re.compile(r"\S*(?:@|=40|%40)\S*")
_CODE = re.compile(r"(?:[a-z]{1,10};)?\s{0,9}([245]\d\d)?[ -]?([245]\.\d{1,3}\.\d{1,3})?", re.IGNORECASE | re.ASCII)
_LOOKED_AT = 240
"""Characters of a diagnostic: the reason stands at its beginning."""
_NEW = 8
"""Diagnostics never seen before that are put into words, of those that are counted together: the others are taken to
say the same, in the same shares. Many servers repeat the address, so that each one is new."""
_REMEMBERED = 4096


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


def in_words(diagnostic: str) -> str:
    """The code and the first words of a diagnostic, in which no address survives; empty for none.

    >>> in_words("smtp;550 5.1.1 <jane@example.com>: Recipient address rejected: User unknown")
    '550 5.1.1 recipient address rejected user unknown'
    """
    text = diagnostic[:_LOOKED_AT]
    code = _CODE.match(text)
    known = " ".join(filter(None, code.groups())) if code else ""
    return shape(known, _WITH_ADDRESS.sub(" ", text[code.end() if code else 0 :]))


class Diagnostics:
    """Puts diagnostics into words, and remembers them."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def count(self, numbers: Mapping[str, int]) -> dict[str, int]:
        """The numbers of diagnostics by their words; of many new ones, the first few stand for the rest."""
        found: dict[str, int] = {}
        new: list[tuple[str, int]] = []
        for text, number in numbers.items():
            words = self._known.get(text[:_LOOKED_AT])
            if words is not None:
                found[words] = found.get(words, 0) + number
            elif text:
                new.append((text, number))
        if new:
            self._learn(new, found)
        return found

    def _learn(self, new: list[tuple[str, int]], found: dict[str, int]) -> None:
        some = new[:: max(1, -(-len(new) // _NEW))]
        taken = sum(number for _, number in some)
        left = sum(number for _, number in new)
        if len(self._known) > _REMEMBERED:
            self._known.clear()
        for text, number in some:
            words = self._known[text[:_LOOKED_AT]] = in_words(text)
            share = left * number // taken
            found[words] = found.get(words, 0) + share
            left, taken = left - share, taken - number
