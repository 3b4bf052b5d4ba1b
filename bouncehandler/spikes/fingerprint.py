"""Diagnostic fingerprint: the words of a diagnostic, except words that identify a person, a host or a message."""

import re
from functools import lru_cache

_MAX_DIAGNOSTIC = 120
"""Characters that are read: the reason stands at the beginning."""
_MAX_WORDS = 8
_MAX_FINGERPRINT = 80
"""Characters of a fingerprint."""
_WORD = re.compile(r"(?<![^\s(\"'])[a-z][a-z'-]{1,19}(?=[\s.,:;!?)\"']|$)")
"""A plain word between spaces: no digit, no dot and no @ in it, so neither an address nor a host nor an id."""


def normalize_diagnostic(status: str, diagnostic: str) -> str:
    """The status and the first words, at most 80 characters, without any personal data.

    >>> normalize_diagnostic("5.1.1", "smtp;550 5.1.1 <jane@example.com>: Recipient address rejected: User unknown")
    '5.1.1 recipient address rejected user unknown'
    """
    return _normalize(status, diagnostic[:_MAX_DIAGNOSTIC])


@lru_cache(maxsize=4096)
def _normalize(status: str, text: str) -> str:
    """Cached: many diagnostics begin with the same words, before the message's own number."""
    words = _WORD.findall(text.lower().removeprefix("smtp;"))
    return " ".join([status, *words[:_MAX_WORDS]]).strip()[:_MAX_FINGERPRINT]
