"""Takes mail addresses out of whatever is logged: `john@example.com` becomes `j***@example.com`."""

import math
import re
from collections.abc import Callable, Mapping

_DEEPEST = 6  # levels of lists and tables that are followed; what is deeper is written as Python would
_OTHER_AT = re.compile(r"%(?:25)*40|&#(?:64|x40);|\\u0040|[\uff20\ufe6b]", re.IGNORECASE)
"""Other ways to write @: in URLs (also encoded twice), in HTML, in JSON, and the two wide signs of Unicode."""

# Both expressions look at each character a bounded number of times, however hostile the text.
_QUOTED = re.compile(r'"((?:[^"\\]|\\.){0,320}|[^"]{0,320})"@', re.DOTALL)
"""A quoted local part (RFC 5321 4.1.2), or one whose backslashes mean nothing; no address is longer."""
_RUN = re.compile(r'[^\s<>()\[\],;:"]+')
"""A text without the characters that neither a plain local part nor a domain can hold (RFC 5322 3.2.3)."""
_BEGINNING = re.compile(r"['`={*]?.?", re.DOTALL)


def mask_addresses(text: str) -> str:
    """The text with `***` for all but the first character of every local part; `%40` and its like become `@`."""
    plain = _OTHER_AT.sub("@", text)
    if "@" not in plain:
        return text
    return _RUN.sub(_mask_run, _QUOTED.sub(lambda match: f"{match[1][:1]}***@", plain))


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


def _mask_run(match: re.Match[str]) -> str:
    """Between two @ stands a domain or a local part: not known which, so it is masked."""
    *locals_, domain = match[0].split("@")
    if not locals_:
        return match[0]
    start = 0
    if match[0].startswith("/") and "?" in locals_[0]:  # a URL, whose own words may stay
        start = locals_[0].rfind("=") + 1
    kept, locals_[0] = locals_[0][:start], locals_[0][start:]
    return kept + "@".join([*map(_masked, locals_), domain])


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
