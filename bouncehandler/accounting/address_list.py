"""Plain lists: an address in the first cell of each line, and perhaps a heading."""

import re

from bouncehandler.record import Address, parse_address

_HEADING = re.compile(
    r"\s*(?:[\w-]+[\s_-]+)?(?:e?-?mail|address|recipient|rcpt|subscriber)s?(?:[\s_-]+\w+)?\s*", re.IGNORECASE
)
"""`email`, `Email Address`, `e-mail_address`, `Subscriber Email`."""

_MAX_HEADING = 80
_SEPARATOR = re.compile(r"[;\t]")
_QUOTED = re.compile(r'("[^"]*"[^",;\t\r\n]*)(?=[,;\t\r\n]|$)')


def listed_address(cell: str) -> Address | None:
    """The address in the first cell of a line, up to a semicolon or tab; None where there is none."""
    text = _first(cell)
    return parse_address(text) or parse_address(text.strip('"'))


def is_heading(cell: str) -> bool:
    """Whether the first cell of a line is a heading above addresses."""
    text = _first(cell).strip('"')
    return len(text) <= _MAX_HEADING and bool(_HEADING.fullmatch(text))


def quoted_cell(line: str) -> str | None:
    """The first cell of a line where quotes are used as CSV does not: `"a@b.example";"Ann"`, `"Ann" <a@b.example>`.

    None where it begins with no quote, where its quote is not closed, and where lines end in CR, since then more than
    one row is at hand.
    """
    match = _QUOTED.match(line)
    return match[1] if match and "\r" not in line.rstrip("\r\n") else None


def _first(cell: str) -> str:
    return _SEPARATOR.split(cell, maxsplit=1)[0].strip(" \r\n\ufeff\0")
