"""What a configuration of PowerMTA's consists of: directives and blocks, each with its place, and what is amiss."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

_SHOWN = 120
"""Characters of somebody's text that are repeated."""


class SourceLocation(NamedTuple):
    """A line of a file, from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}"


class Directive(NamedTuple):
    """One line: a name, and what follows it."""

    name: str
    """In lower case: PowerMTA's names have no case."""
    value: str
    """Without a comment, as written."""
    words: tuple[str, ...]
    """The value's words, without quotes."""
    location: SourceLocation

    @property
    def says_yes(self) -> bool:
        """Whether a directive that is on or off is on."""
        return self.value.lower() in {"yes", "true", "on", "1"}


@dataclass
class Block:
    """`<name argument>` and what stands in it until `</name>`; the whole configuration is a block without a name."""

    name: str
    argument: str
    location: SourceLocation
    items: "list[Directive | Block]" = field(default_factory=list)

    def directives(self, name: str) -> Iterator[Directive]:
        """The directives of a name that stand right in this block, in their order."""
        return (item for item in self.items if isinstance(item, Directive) and item.name == name)

    def blocks(self, name: str) -> "Iterator[Block]":
        """The blocks of a name that stand right in this block, in their order."""
        return (item for item in self.items if isinstance(item, Block) and item.name == name)


class Problem(NamedTuple):
    """What could not be read, and how to mend it."""

    location: SourceLocation
    sentence: str


class Configuration(NamedTuple):
    """A configuration as far as it could be read."""

    root: Block
    problems: tuple[Problem, ...]


def shown(text: str) -> str:
    """Somebody's text as a sentence may repeat it: on one line, and not without end."""
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}..."
