"""Sanitizes hostile text for display: decoded, on one line, without invisible characters, masked and cut."""

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.header import decode_header, make_header

MAX_INPUT = 1000
"""Characters of a value that are processed: as many as the spool keeps."""
MAX_SHOWN = 300
"""Characters of a value that are shown."""

_ENCODED_WORD = re.compile(r"=\?[^?]*\?[BbQq]\?[^?]*\?=")  # RFC 2047 2
_LAST_RUN = re.compile(r'[^\s<>()\[\],;:"]*$')
_UNKNOWN = "\ufffd"


class TextSanitizer:
    """Makes any text safe to show in a mail.

    Args:
        mask: masks the mail addresses in a text, or leaves them.
    """

    def __init__(self, mask: Callable[[str], str]) -> None:
        self._mask = mask

    def __call__(self, text: str, limit: int = MAX_SHOWN) -> str:
        """Return the text on one line, of printable characters alone, `limit` at most; an ellipsis marks a cut."""
        masked = self._mask(one_line(_decoded(text[:MAX_INPUT])))
        if len(text) >= MAX_INPUT:  # it may be cut within an address, which no mask recognizes
            masked = _LAST_RUN.sub("\u2026", masked)
        return masked if len(masked) <= limit else f"{masked[: limit - 1]}\u2026"


def format_time(at: float) -> str:
    """Format a time to the second, UTC."""
    try:
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, ValueError, OSError):  # a wrong clock, outside of the calendar
        return "at an unknown time"


def one_line(text: str) -> str:
    """Replace white space of any kind by one space; drop invisible characters and those that change the direction."""
    if not text.isprintable():
        text = "".join(map(_visible, text))
    return " ".join(text.split())


def _visible(char: str) -> str:
    if char.isprintable():
        return char
    category = unicodedata.category(char)
    if char.isspace() or category.startswith("Z"):
        return " "
    return "" if category == "Cf" else _UNKNOWN


def _decoded(text: str) -> str:
    """Decode encoded words (RFC 2047), which may contain addresses."""
    if "=?" not in text:
        return text
    try:
        return str(make_header(decode_header(text)))
    except (HeaderParseError, LookupError, ValueError):
        return _ENCODED_WORD.sub(_UNKNOWN, text)
