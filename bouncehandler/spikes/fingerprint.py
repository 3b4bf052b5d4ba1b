"""What the diagnostics of one cause have in common: their words, without what names a person, a host or a message."""

import re
from functools import lru_cache

_LOOKED_AT = 120
"""Characters: the reason stands at the beginning."""
_MOST_WORDS = 8
_LONGEST = 80
"""Characters of a shape."""
_WORD = re.compile(r"(?<![^\s(\"'])[a-z][a-z'-]{1,19}(?=[\s.,:;!?)\"']|$)")
"""A plain word between spaces: no digit, no dot and no @ in it, so neither an address nor a host nor an id."""


def normalize_diagnostic(status: str, diagnostic: str) -> str:
    """The status and the first words; at most 80 characters, and nothing of a person in it.

    >>> shape("5.1.1", "smtp;550 5.1.1 <jane@example.com>: Recipient address rejected: User unknown")
    '5.1.1 recipient address rejected user unknown'
    """
    return _shape(status, diagnostic[:_LOOKED_AT])


@lru_cache(maxsize=4096)
def _shape(status: str, text: str) -> str:
    """Remembered: many servers say the same before they come to the message's own number."""
    words = _WORD.findall(text.lower().removeprefix("smtp;"))
    return " ".join([status, *words[:_MOST_WORDS]]).strip()[:_LONGEST]
