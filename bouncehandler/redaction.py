"""Redaction of texts: mail addresses are masked (`j***@example.com`), secrets are replaced by `[...]`."""

import html
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from urllib.parse import quote, quote_plus

_SHORTEST_HIDDEN = 4  # characters: hiding what is shorter would blot out harmless words
_HIDDEN = "[...]"
_DEEPEST = 6  # levels of lists and tables that are followed; deeper ones are written as Python would
_OTHER_AT = re.compile(r"%(?:25)*40|&#(?:64|x40);|\\u0040|[\uff20\ufe6b]", re.IGNORECASE)
"""Other ways to write @: in URLs (also encoded twice), in HTML, in JSON, and the two wide signs of Unicode."""

# Each expression looks at each character once, however hostile the text.
_OPENING = re.compile(r'(?<!\\)"')
"""Beginning of a quoted local part (RFC 5321 4.1.2)."""
_RUN = re.compile(r'[^\s<>()\[\],;:"]+')
"""A text without the characters that neither a plain local part nor a domain can hold (RFC 5322 3.2.3)."""
_BEGINNING = re.compile(r"['`={]?.?", re.DOTALL)


def mask_addresses(text: str) -> str:
    """Replace all but the first character of every local part by `***`; `%40` and its like become `@`."""
    if text.isidentifier():  # nearly every text of a log line: names of events, of keys, of providers
        return text
    plain = _OTHER_AT.sub("@", text)
    if "@" not in plain:
        return text
    *quoted, rest = plain.split('"@')
    return _RUN.sub(_mask_run, "".join([*map(_mask_quoted, quoted), rest]))


def cleaned(value: object, mask: Callable[[str], str], depth: int = 0) -> object:
    """Convert a value to the types of JSON, every text in it masked."""
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
    """Mask a text that stood before `"@`: the local part begins at the last opening quote, or with the text."""
    start = end = 0
    for opening in _OPENING.finditer(text):
        start, end = opening.span()
    return f"{text[:start]}{text[end : end + 1]}***@"


def _mask_run(match: re.Match[str]) -> str:
    """Mask the part before each @, be it a URL, or, between two of them, a domain."""
    *locals_, domain = match[0].split("@")
    return "@".join([*map(_masked, locals_), domain])


def _masked(local: str) -> str:
    beginning = _BEGINNING.match(local)
    return f"{beginning[0]}***" if beginning and local else local


def _text(value: object) -> str:
    """Text of a value as it prints itself: asterisks for a `SecretStr`."""
    try:
        if isinstance(value, bytes | bytearray):
            return value.decode("utf-8", "backslashreplace")
        return str(value) or repr(value)
    except Exception:  # noqa: BLE001  # an object that can't be written must not fail its logger
        return f"<{type(value).__name__} that can't be written>"


def redactor(secrets: Iterable[str]) -> Callable[[str], str]:
    """Build a function that replaces secrets in a text by `[...]`.

    It knows their spellings in XML, URLs, JSON and Python, and one that is cut off at the end of the text. Secrets of
    less than four characters stay.
    """
    spellings = {spelling for secret in secrets for spelling in _spellings(secret)}
    longest_first = sorted((one for one in spellings if len(one) >= _SHORTEST_HIDDEN), key=len, reverse=True)

    def redact(text: str) -> str:
        for spelling in longest_first:
            text = text.replace(spelling, _HIDDEN)
        for spelling in longest_first:
            text = _without_beginning(spelling, text)
        return text

    return redact


def _spellings(secret: str) -> Iterator[str]:
    """Spellings of a secret: as it is, and inside XML or HTML, a URL or a form, JSON, and Python."""
    marked = html.escape(secret)
    yield from (secret, html.escape(secret, quote=False), marked.replace("&#x27;", "&apos;"))
    yield from (marked.replace("&#x27;", quoted) for quoted in ("&#x27;", "&#39;", "&#039;"))
    raw = secret.encode("utf-8", "surrogatepass")
    for encoded in (quote(raw, safe=""), quote(raw), quote_plus(raw), quote_plus(raw).replace("~", "%7E")):
        yield from (encoded, re.sub("%..", lambda match: match[0].lower(), encoded))
    for text in (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], repr(secret)[1:-1]):
        yield from (text, text.replace("/", "\\/"))


def _without_beginning(secret: str, text: str) -> str:
    """Remove the beginning of a secret from the end of a text."""
    first = secret[:_SHORTEST_HIDDEN]
    at = text.find(first, max(0, len(text) - len(secret)))
    while at >= 0:
        if secret.startswith(text[at:]):
            return text[:at] + _HIDDEN
        at = text.find(first, at + 1)
    return text
