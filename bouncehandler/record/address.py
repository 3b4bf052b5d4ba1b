"""Mail addresses, normalised for comparison."""

import re
from typing import NewType

Address = NewType("Address", str)
"""A mailbox, `local@domain`, without brackets or display name, its ASCII letters in lower case."""

MAX_ADDRESS = 320
"""Characters: 64 of local part, the @, 255 of domain (RFC 5321 4.5.3.1)."""

_PLAIN = re.compile(r"[a-z0-9][a-z0-9!#$%&'*+/=?^_`{|}~.-]*@[a-z0-9_-]+(?:\.[a-z0-9_-]+)+")
_LOCAL = re.compile(r'[^\s<>()\[\],;:@\\"\x00-\x20\x7f-\x9f]+|"[^"\x00-\x1f\x7f-\x9f]+"')
_DOMAIN = re.compile(r"(?:[^\W_]|[_-])+(?:\.(?:[^\W_]|[_-])+)+|\[[0-9a-f.:]+\]|\[ipv6:[0-9a-f.:]+\]")
_REDACTED = ".*\u2026"
"""Placeholder characters of redacted addresses (PowerMTA's `privacy-policy`): no local part consists of them alone."""

_LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


def parse_address(text: str) -> Address | None:
    """The address in `text`, which may have angle brackets and a display name; None where there is none.

    Internationalised addresses pass (RFC 6531). List managers compare without case, so ASCII letters are lowered; the
    others are left alone, since lowering them can change an address.
    """
    if len(text) <= MAX_ADDRESS and _PLAIN.fullmatch(text):
        return Address(text)
    text = text.strip()
    if text.endswith(">"):
        text = text[text.rfind("<") + 1 : -1].strip()
    if len(text) > MAX_ADDRESS or not text.isprintable():  # control, bidi and undecodable characters
        return None
    local, _, domain = text.translate(_LOWER).rpartition("@")
    if not (_LOCAL.fullmatch(local) and local.strip(_REDACTED) and _DOMAIN.fullmatch(domain)):
        return None
    return Address(f"{local}@{domain}")


def is_plain_address(text: str) -> bool:
    """Whether the text is an `Address` as it stands, as nearly all are; `parse_address` parses the others."""
    return len(text) <= MAX_ADDRESS and _PLAIN.fullmatch(text) is not None
