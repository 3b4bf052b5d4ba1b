"""Takes mail addresses out of whatever is logged: `john@example.com` becomes `j***@example.com`."""

import math
import re
from collections.abc import Callable, Mapping

_DEEPEST = 6  # levels of lists and tables that are followed; what is deeper is written as Python would
_OTHER_AT = re.compile(r"%(?:25)*40|&#(?:64|x40);|\\u0040|[\uff20\ufe6b]", re.IGNORECASE)
"""Other ways to write @: in URLs (also encoded twice), in HTML, in JSON, and the two wide signs of Unicode."""

# Each expression looks at each character once, however hostile the text.
_OPENING = re.compile(r'(?<!\\)"')
"""Where a quoted local part may begin (RFC 5321 4.1.2)."""
_RUN = re.compile(r'[^\s<>()\[\],;:"]+')
"""A text without the characters that neither a plain local part nor a domain can hold (RFC 5322 3.2.3)."""
_BEGINNING = re.compile(r"['`={]?.?", re.DOTALL)


def mask_addresses(text: str) -> str:
    """The text with `***` for all but the first character of every local part; `%40` and its like become `@`."""
    if text.isidentifier():  # nearly every text of a log line: names of events, of keys, of providers
        return text
    plain = _OTHER_AT.sub("@", text)
    if "@" not in plain:
        return text
    *quoted, rest = plain.split('"@')
    return _RUN.sub(_mask_run, "".join([*map(_mask_quoted, quoted), rest]))


def cleaned(value: object, mask: Callable[[str], str], depth: int = 0) -> object:
    """The value made of nothing but what JSON has, every text in it masked."""
    if isinstance(value, str):
        return mask(value)
    if value is None or isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    if isinstance(value, Mapping) and depth < _DEEPEST:
        return {mask(_text(key)): cleaned(inner, mask, depth + 1) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset) and depth < _DEEPEST:
        return [cleaned(inner, mask, depth + 1) for inner in value]
    return mask(_text(value))


def _mask_quoted(text: str) -> str:
    """A text that `"@` followed: from its last opening quote on it is a local part; without one, all of it may be."""
    start = end = 0
    for quote in _OPENING.finditer(text):
        start, end = quote.span()
    return f"{text[:start]}{text[end : end + 1]}***@"


def _mask_run(match: re.Match[str]) -> str:
    """Mask what stands before each @, be it a URL, or, between two of them, a domain."""
    *locals_, domain = match[0].split("@")
    return "@".join([*map(_masked, locals_), domain])


def _masked(local: str) -> str:
    beginning = _BEGINNING.match(local)
    return f"{beginning[0]}***" if beginning and local else local


def _text(value: object) -> str:
    """What the value says of itself: for a `SecretStr` that is asterisks."""
    try:
        if isinstance(value, bytes | bytearray):
            return value.decode("utf-8", "backslashreplace")
        return str(value) or repr(value)
    except Exception:  # noqa: BLE001  # an object that can't be written must not fail whoever logs it
        return f"<{type(value).__name__} that can't be written>"
