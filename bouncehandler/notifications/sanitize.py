"""What hostile text goes through before it is shown: decoded, on one line, nothing invisible, masked, and short."""

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.header import decode_header, make_header

READ = 1000
"""Characters of a value that are looked at: as many as the spool keeps."""
SHOWN = 300
"""Characters of a value that are shown."""

_ENCODED_WORD = re.compile(r"=\?[^?]*\?[BbQq]\?[^?]*\?=")  # RFC 2047 2
_LAST_RUN = re.compile(r'[^\s<>()\[\],;:"]*$')
_UNKNOWN = "\ufffd"


class TextSanitizer:
    """Makes any text fit to stand in a mail.

    Args:
        mask: takes the mail addresses out of a text, or leaves them.
    """

    def __init__(self, mask: Callable[[str], str]) -> None:
        self._mask = mask

    def __call__(self, text: str, most: int = SHOWN) -> str:
        """The text on one line, of printable characters alone, at most `most` of them; an ellipsis stands for more."""
        masked = self._mask(one_line(_decoded(text[:READ])))
        if len(text) >= READ:  # it may end within an address, which no mask would know
            masked = _LAST_RUN.sub("\u2026", masked)
        return masked if len(masked) <= most else f"{masked[: most - 1]}\u2026"


def moment(at: float) -> str:
    """A time as a postmaster reads it in logs: to the second, UTC."""
    try:
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, ValueError, OSError):  # a clock that was wrong beyond the calendar
        return "at an unknown time"


def one_line(text: str) -> str:
    """The text with one space for white space of any kind, and without what is invisible or turns its direction."""
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
    """The text with its encoded words decoded (RFC 2047): addresses hide in them."""
    if "=?" not in text:
        return text
    try:
        return str(make_header(decode_header(text)))
    except (HeaderParseError, LookupError, ValueError):
        return _ENCODED_WORD.sub(_UNKNOWN, text)
