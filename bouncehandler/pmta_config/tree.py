"""The syntax tree of PowerMTA's configuration: directives and blocks with their locations, and syntax problems."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

_MAX_QUOTE = 120
"""Characters of the configuration that a sentence quotes."""


class SourceLocation(NamedTuple):
    """A line of a file, from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}"


class Directive(NamedTuple):
    """One line: a name and a value."""

    name: str
    """Name in lower case; PowerMTA ignores the case of names."""
    value: str
    """Without a comment, as written."""
    words: tuple[str, ...]
    """The value's words, without quotes."""
    location: SourceLocation

    @property
    def is_on(self) -> bool:
        """Whether a boolean directive is on."""
        return self.value.lower() in {"yes", "true", "on", "1"}


@dataclass
class Block:
    """`<name argument>` and its items until `</name>`; the whole configuration is a block without a name."""

    name: str
    argument: str
    location: SourceLocation
    items: "list[Directive | Block]" = field(default_factory=list)

    def directives(self, name: str) -> Iterator[Directive]:
        """Return the directives of a name directly in this block, in their order."""
        return (item for item in self.items if isinstance(item, Directive) and item.name == name)

    def blocks(self, name: str) -> "Iterator[Block]":
        """Return the blocks of a name directly in this block, in their order."""
        return (item for item in self.items if isinstance(item, Block) and item.name == name)


class Problem(NamedTuple):
    """A syntax error, and how to fix it."""

    location: SourceLocation
    sentence: str


class Configuration(NamedTuple):
    """A configuration as far as it could be parsed."""

    root: Block
    problems: tuple[Problem, ...]


def quote(text: str) -> str:
    """Quote a text of the configuration in a sentence: on one line, and cut."""
    line = " ".join(text.split())
    return line if len(line) <= _MAX_QUOTE else f"{line[:_MAX_QUOTE]}..."
