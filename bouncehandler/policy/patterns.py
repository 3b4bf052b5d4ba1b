"""Patterns of the configuration for texts, hosts and statuses; none backtracks, whatever the text."""

from types import MappingProxyType
from typing import NamedTuple

from bouncehandler.record import DsnStatus

MAX_TEXT = 2000
"""Characters of a diagnostic that are read: the reason stands at the beginning."""

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_ASCII = bytes(code if chr(code).isalnum() and code < 128 else ord(" ") for code in range(256)).translate(  # noqa: PLR2004
    bytes.maketrans(_LETTERS.upper().encode(), _LETTERS.encode())
)
"""ASCII letters in lower case, digits, and a space for all else."""
_RANGES = ((0x80, 0xA9), (0xAB, 0xB4), (0xB6, 0xB9), (0xBB, 0xBF))
_WIDE_RANGES = ((0x2000, 0x206F), (0x3000, 0x3004), (0x3008, 0x3020), (0xFF01, 0xFF0F), (0xFF1A, 0xFF20))
_OTHERS = MappingProxyType(
    {code: " " for low, high in (*_RANGES, *_WIDE_RANGES) for code in range(low, high + 1)}
    | {code: " " for code in range(0x80) if not chr(code).isalnum()}
)
"""Punctuation and control characters, Latin, general and East Asian."""
_IN_DOMAIN = f"{_LETTERS}{_LETTERS.upper()}0123456789.-_"
_IN_LOCAL = f"{_IN_DOMAIN}+'#%&!~"
"""Characters before an `@`; no `/`, `?` or `=`, since an address may end a link, which is evidence."""


def words(text: str) -> list[str]:
    """The words at the beginning of a text, in lower case, separated by anything but letters and digits."""
    return _words(text[:MAX_TEXT])


def _words(text: str) -> list[str]:
    if text.isascii():  # nearly all are, and bytes are several times faster
        return text.encode().translate(_ASCII).decode().split()
    return text.casefold().translate(_OTHERS).split()


def without_addresses(text: str) -> str:
    """The text without mail addresses, which hold names and never a reason."""
    first, *behind = text.split("@")
    if not behind:
        return text
    parts = [first, *(part.lstrip(_IN_DOMAIN) for part in behind)]
    return " ".join([*(part.rstrip(_IN_LOCAL) for part in parts[:-1]), parts[-1]])


def line(of: list[str]) -> str:
    """The words as `Phrase` matches them: a space before and behind each."""
    return f" {' '.join(of)} "


class Phrase(NamedTuple):
    """Words in this order; `*` is any text, between words or within one: `exceed* quota`."""

    parts: tuple[str, ...]

    @classmethod
    def of(cls, pattern: str) -> "Phrase":
        """Compile a pattern; one without a word matches every text."""
        spaced = line("*".join(" ".join(_words(f"x{part}x"))[1:-1] for part in pattern.split("*")).split())
        return cls(tuple(part for part in spaced.split("*") if part.strip()))

    @property
    def is_ascii(self) -> bool:
        """Whether a text of ASCII alone may contain it."""
        return all(part.isascii() for part in self.parts)

    @property
    def whole_words(self) -> list[str]:
        """The words that no `*` touches: a matching text has each of them."""
        return [word for part in self.parts for word in part.split(" ")[1:-1] if word]

    def is_in(self, text: str) -> bool:
        """Whether a `line` contains the phrase: each part is searched for once, behind the one before."""
        at = 0
        for part in self.parts:
            at = text.find(part, at)
            if at < 0:
                return False
            at += len(part) - part.endswith(" ")  # the space behind a word is the one before the next
        return True


class HostPattern(NamedTuple):
    """A whole host name, `*` for any text: `*.outlook.com`."""

    first: str
    """Beginning of the name."""
    middle: Phrase
    last: str | None
    """End of the name; None without a `*`, where `first` is the whole name."""

    @classmethod
    def of(cls, pattern: str) -> "HostPattern":
        """Compile a pattern."""
        first, *rest = pattern.lower().split("*")
        return cls(first, Phrase(tuple(part for part in rest[:-1] if part)), rest[-1] if rest else None)

    def matches(self, name: str) -> bool:
        """Whether the pattern matches a name, in lower case."""
        if self.last is None:
            return name == self.first
        begin, end = len(self.first), len(name) - len(self.last)
        if begin > end or not (name.startswith(self.first) and name.endswith(self.last)):
            return False
        return self.middle.is_in(name[begin:end])


class StatusPattern(NamedTuple):
    """A DSN status, None for any number."""

    klass: int | None
    subject: int | None
    detail: int | None

    @classmethod
    def of(cls, pattern: str) -> "StatusPattern":
        """Compile `5.1.x`.

        Raises:
            ValueError: it is not three numbers, or `x`, with dots between them.
        """
        klass, subject, detail = (None if part == "x" else int(part) for part in pattern.split("."))
        return cls(klass, subject, detail)

    def matches(self, status: DsnStatus) -> bool:
        """Whether the pattern matches a status."""
        return all(expected is None or expected == actual for expected, actual in zip(self, status, strict=True))
