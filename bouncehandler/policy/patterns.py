"""Patterns as operators write them, for texts, hosts and statuses; whatever they are held against, none goes back."""

from types import MappingProxyType
from typing import NamedTuple

from bouncehandler.record import DsnStatus

LONGEST_TEXT = 2000
"""Characters of a diagnostic that are looked at: a server says what it has to say at the beginning."""

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
"""What a server writes before an `@`; no `/`, `?` or `=`, since an address may end a link, which is evidence."""


def words(text: str) -> list[str]:
    """The words at the beginning of a text, without regard to case; what is no letter and no digit parts them."""
    return _words(text[:LONGEST_TEXT])


def _words(text: str) -> list[str]:
    if text.isascii():  # nearly all are, and bytes are several times faster
        return text.encode().translate(_ASCII).decode().split()
    return text.casefold().translate(_OTHERS).split()


def without_addresses(text: str) -> str:
    """The text without mail addresses: what stands in one is somebody's name, and no reason for anything."""
    first, *behind = text.split("@")
    if not behind:
        return text
    parts = [first, *(part.lstrip(_IN_DOMAIN) for part in behind)]
    return " ".join([*(part.rstrip(_IN_LOCAL) for part in parts[:-1]), parts[-1]])


def line(of: list[str]) -> str:
    """Words as `Phrase` looks for them: a space before each and behind each."""
    return f" {' '.join(of)} "


class Phrase(NamedTuple):
    """Words that a text holds in this order; `*` stands for any text, between words or in one: `exceed* quota`."""

    parts: tuple[str, ...]

    @classmethod
    def of(cls, pattern: str) -> "Phrase":
        """The pattern, read; one without a word fits every text."""
        spaced = line("*".join(" ".join(_words(f"x{part}x"))[1:-1] for part in pattern.split("*")).split())
        return cls(tuple(part for part in spaced.split("*") if part.strip()))

    @property
    def is_ascii(self) -> bool:
        """Whether a text of ASCII alone may hold it."""
        return all(part.isascii() for part in self.parts)

    @property
    def whole_words(self) -> list[str]:
        """The words that no `*` touches: a text that fits has each of them."""
        return [word for part in self.parts for word in part.split(" ")[1:-1] if word]

    def is_in(self, text: str) -> bool:
        """Whether a `line` holds the phrase: each part is looked for behind the one before, and never again."""
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
    """What the name begins with."""
    middle: Phrase
    last: str | None
    """What it ends with; None where there is no `*`, so that `first` is all of it."""

    @classmethod
    def of(cls, pattern: str) -> "HostPattern":
        """The pattern, read."""
        first, *rest = pattern.lower().split("*")
        return cls(first, Phrase(tuple(part for part in rest[:-1] if part)), rest[-1] if rest else None)

    def fits(self, name: str) -> bool:
        """Whether a name, in lower case, is one of these."""
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
        """`5.1.x`, read.

        Raises:
            ValueError: it is not three numbers, or `x`, with dots between them.
        """
        klass, subject, detail = (None if part == "x" else int(part) for part in pattern.split("."))
        return cls(klass, subject, detail)

    def fits(self, status: DsnStatus) -> bool:
        """Whether a status is one of these."""
        return all(wanted is None or wanted == given for wanted, given in zip(self, status, strict=True))
