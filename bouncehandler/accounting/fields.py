"""Cell values: texts, times, and addresses in all the forms that reporters write."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache

from bouncehandler.record import Address, parse_address

_MAX_TIME = 64
"""Characters; a longer text is no time."""

_MAX_LIST = 8192
"""Characters of a cell in which several addresses are searched for."""

_PART = re.compile(r"""(?:"(?:[^"\\]|\\.)*"|<[^<>]*>|\([^()]*\)|[^",;<(\r\n]|["<(])+""", re.DOTALL)
"""A part between commas, semicolons and line ends that no quotes, brackets or comments protect (RFC 5322 3.4)."""
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_COMMENT = re.compile(r"\([^()]*\)")
_BRACKETED = re.compile(r"<([^<>]*)>")

_REDACTED_LOCAL = re.compile(
    r"x[x._-]*|(?:redacted|anonymi[sz]ed|anonymous|hidden|removed)(?:[._-].*)?|[0-9a-f]{24,}"
    r"|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|.*[*\u2026].*|.*\.\..*|\..*|.*\.",
    re.DOTALL,
)
"""Local parts that stand for a hidden one (by PowerMTA's `privacy-policy`, and by reporters): X, words, a hash or a
UUID, parts blotted out; dots where a local part has none (RFC 5322 3.2.3)."""
_REDACTED_DOMAIN = re.compile(r"(?:.*\.)?invalid|x+(?:\.x+)*")
"""`.invalid` is never registered (RFC 2606 2)."""


def parse_time(text: str) -> datetime | None:
    """An aware time from `2016-08-01 14:06:01-0400` or UNIX seconds (v4, `iso-times no`); None from anything else."""
    return _time(text) if len(text) <= _MAX_TIME else None


def parse_times(texts: Sequence[str]) -> list[datetime | None]:
    """`parse_time` of many."""
    return list(map(_time if max(map(len, texts)) <= _MAX_TIME else parse_time, texts))


@lru_cache(maxsize=4096)
def _time(text: str) -> datetime | None:
    text = text.strip()
    try:
        if text.isascii() and text.isdigit():
            return datetime.fromtimestamp(int(text), UTC)
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None


def clean(text: str) -> str:
    r"""The text with NUL, and bytes that were not UTF-8, written as `\xe9`: so it can be stored and sent."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace").replace("\0", "\\x00")


def parse_addresses(text: str) -> list[Address]:
    """Every address in a reporter's cell, once each: `rfc822;<a@b.example>`, or a list, which may be CSV again.

    Redacted addresses, and addresses within a display name, a comment or a quoted text, are left out.
    """
    if len(text) > _MAX_LIST:
        text = text[: max(text.rfind(",", 0, _MAX_LIST), 0)]  # not half an address
    found = (_address(match[0]) for match in _PART.finditer(text))
    return list(dict.fromkeys(address for address in found if address and not is_redacted(address)))


def is_redacted(address: Address) -> bool:
    """Whether the address is a placeholder for a hidden one."""
    local, _, domain = address.rpartition("@")
    return bool(_REDACTED_LOCAL.fullmatch(local) or _REDACTED_DOMAIN.fullmatch(domain))


def _address(part: str) -> Address | None:
    """The address in one part of a list, in any form that reporters write."""
    part = part.strip()
    if quoted := _QUOTED.fullmatch(part):  # a cell of CSV within the cell
        return parse_address(quoted[1])
    bracketed = _BRACKETED.findall(_QUOTED.sub(" ", part))
    bare = bracketed[-1] if bracketed else _COMMENT.sub(" ", part).strip().strip("'")
    # `mailto:`, the name of a group, and a source route stand before a colon.
    return parse_address(bare) or parse_address(bare.rpartition(":")[2])
