"""Formats a configuration as TOML: tables with comments, and texts escaped so that they are read back unchanged."""

import json
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

TomlValue = str | int | Sequence[str]

_WIDTH = 118


@dataclass(frozen=True, slots=True)
class TomlTable:
    """A table of the configuration."""

    head: str
    """The heading with its brackets, `[providers.mailwizz]`."""
    values: Sequence[tuple[str, TomlValue]]
    comments: Sequence[str] = ()
    """Paragraphs above the table."""
    inactive: Sequence[tuple[str, TomlValue]] = ()
    """Values that are commented out, below the others."""
    is_active: bool = True
    """False: the whole table is commented out."""


def format_configuration(opening: Iterable[str], tables: Iterable[TomlTable]) -> str:
    """Format a configuration that begins with these comments."""
    blocks = ["\n".join(line for sentence in opening for line in _comment(sentence))]
    blocks += ["\n".join(_lines(table)) for table in tables]
    return "\n\n".join(blocks) + "\n"


def _comment(sentence: str) -> Iterator[str]:
    """Wrap a sentence as a comment; unprintable characters become question marks."""
    printable = "".join(char if char.isprintable() else "?" for char in sentence)
    for line in textwrap.wrap(printable, _WIDTH, break_on_hyphens=False) or [""]:
        yield f"# {line}".rstrip()


def _lines(table: TomlTable) -> Iterator[str]:
    for sentence in table.comments:
        yield from _comment(sentence)
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
    """Escape a character that terminals and editors could take for a control or a line end."""
    return f"\\u{ord(char):04x}" if ord(char) <= 0xFFFF else f"\\U{ord(char):08x}"  # noqa: PLR2004  # TOML's two forms
