"""Writes a configuration: tables with a comment above each, and texts that come back as they were."""

import json
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

TomlValue = str | int | Sequence[str]

_WIDTH = 118


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the configuration."""

    head: str
    """`[providers.mailwizz]`, brackets and all."""
    values: Sequence[tuple[str, TomlValue]]
    said: Sequence[str] = ()
    """Sentences that go above it, each a paragraph of comment."""
    inactive: Sequence[tuple[str, TomlValue]] = ()
    """Values that are shown below the others, with a `#` before them."""
    is_active: bool = True
    """False for a table that is only shown: all of it has a `#` before it."""


def written(opening: Iterable[str], tables: Iterable[Table]) -> str:
    """The text of a configuration, with what is said at its beginning."""
    blocks = ["\n".join(line for sentence in opening for line in comment(sentence))]
    blocks += ["\n".join(_lines(table)) for table in tables]
    return "\n\n".join(blocks) + "\n"


def comment(sentence: str) -> Iterator[str]:
    """A sentence as comment; what can't be shown, a control character say, is a question mark."""
    shown = "".join(char if char.isprintable() else "?" for char in sentence)
    for line in textwrap.wrap(shown, _WIDTH, break_on_hyphens=False) or [""]:
        yield f"# {line}".rstrip()


def _lines(table: Table) -> Iterator[str]:
    for sentence in table.said:
        yield from comment(sentence)
    mark = "" if table.is_active else "#"
    yield f"{mark}{table.head}"
    for key, value in table.values:
        yield f"{mark}{_key(key)} = {_value(value)}"
    for key, value in table.inactive:
        yield f"#{_key(key)} = {_value(value)}"


def _key(key: str) -> str:
    is_bare = key.isascii() and key.replace("_", "").replace("-", "").isalnum()
    return key if is_bare else _value(key)


def _value(value: TomlValue) -> str:
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        # JSON's escapes are TOML's (TOML 1.0, basic strings), which wants one more character escaped
        return "".join(char if char.isprintable() else _escaped(char) for char in json.dumps(value, ensure_ascii=False))
    return "[" + ", ".join(_value(one) for one in value) + "]"


def _escaped(char: str) -> str:
    """So that no terminal or editor takes it for a command, or for the end of a line."""
    return f"\\u{ord(char):04x}" if ord(char) <= 0xFFFF else f"\\U{ord(char):08x}"  # noqa: PLR2004  # TOML's two forms
