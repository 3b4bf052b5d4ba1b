"""Parses PowerMTA's configuration and the files that it includes; malformed text becomes problems, never an error."""

import posixpath
import re
from typing import Protocol

from bouncehandler.pmta_config.tree import Block, Configuration, Directive, Problem, SourceLocation, quote

_MAX_DEPTH = 16
"""Nested includes; more are taken for a cycle."""
_MAX_FILES = 2000
_WILD = frozenset("*?[")
_TOP_LEVEL = frozenset({"acct-file", "bounce-processor", "feedback-loop-processor"})
"""Blocks that are never nested: where one begins, all open blocks end, even without a closing tag."""


class Files(Protocol):
    """Access to the configuration files."""

    def read(self, path: str) -> str:
        """Read the text of a file; undecodable bytes are replaced. Raises OSError."""

    def matching(self, pattern: str) -> list[str]:
        """Expand a pattern with `*` and `?`, in alphabetical order."""


def parse(path: str, files: Files) -> Configuration:
    """Parse a file and its includes.

    A relative path in an `include` starts from the folder of the including file.

    Raises:
        OSError: this file can't be read; an unreadable include becomes a problem instead.
    """
    parser = _Parser(path, files)
    parser.parse_text(path, files.read(path), ())
    parser.close_blocks()
    return Configuration(parser.root, tuple(parser.problems))


class _Parser:
    def __init__(self, path: str, files: Files) -> None:
        self.root = Block("", "", SourceLocation(path, 1))
        self.problems: list[Problem] = []
        self._open = [self.root]
        self._files = files
        self._read = 0

    def parse_text(self, path: str, text: str, above: tuple[str, ...]) -> None:
        """Parse the text of a file; `above` are the files that include it."""
        for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
            stripped = line.strip()
            if stripped and not stripped.startswith("#"):
                self._line(stripped, SourceLocation(path, number), (*above, path))

    def close_blocks(self) -> None:
        for block in self._open[1:]:
            self._problem(block.location, f"<{block.name}> is never closed: write </{block.name}> behind its last line")
        del self._open[1:]

    def _line(self, line: str, location: SourceLocation, files: tuple[str, ...]) -> None:
        parsed = parse_tag(line)
        if parsed is None:
            self._directive(strip_comment(line), location, files)
        elif parsed[0]:
            self._close(parsed[1], location)
        else:
            if parsed[1] in _TOP_LEVEL:
                self.close_blocks()
            block = Block(parsed[1], parsed[2], location)
            self._open[-1].items.append(block)
            self._open.append(block)

    def _close(self, name: str, location: SourceLocation) -> None:
        if name not in [block.name for block in self._open[1:]]:
            self._problem(
                location, f"</{name}> closes a block that was not opened: remove it, or write <{name} ...> above"
            )
            return
        while (block := self._open.pop()).name != name:
            self._problem(
                block.location,
                f"<{block.name}> is not closed before </{name}>: write </{block.name}> behind its last line",
            )

    def _directive(self, line: str, location: SourceLocation, files: tuple[str, ...]) -> None:
        name, value = (*line.split(maxsplit=1), "", "")[:2]
        if name.lower() == "include":
            self._include(" ".join(split_words(value)), location, files)
            return
        self._open[-1].items.append(Directive(name.lower(), value, tuple(split_words(value)), location))

    def _include(self, named: str, location: SourceLocation, above: tuple[str, ...]) -> None:
        path = posixpath.normpath(posixpath.join(posixpath.dirname(location.file), named))
        paths = self._files.matching(path) if _WILD & set(path) else [path]
        for file in paths:
            if file in above or len(above) > _MAX_DEPTH or self._read >= _MAX_FILES:
                self._problem(location, f"include {quote(named)} goes in a circle, or is one of too many: remove it")
                return
            self._read += 1
            try:
                text = self._files.read(file)
            except (OSError, ValueError) as error:  # ValueError: a name with NUL
                why = getattr(error, "strerror", None) or "it has no name that a file can have"
                self._problem(location, f"include {quote(named)} can't be read ({why}): correct the path or the rights")
            else:
                self.parse_text(file, text, above)

    def _problem(self, location: SourceLocation, sentence: str) -> None:
        self.problems.append(Problem(location, sentence))


_END_OF_TAG = re.compile(r">\s*(?:#.*)?$")
_TAG = re.compile(r"<\s*(/?)\s*([A-Za-z][\w-]*)\s*")


def split_words(text: str) -> list[str]:
    """Split a text at blanks, except within double quotes, where a backslash escapes a quote."""
    result: list[str] = []
    word, is_quoted, is_open = "", False, False
    characters = iter(text)
    for char in characters:
        if char == "\\" and is_quoted:
            following = next(characters, "")
            word += following if following in {'"', "\\"} else char + following
        elif char == '"':
            is_quoted, is_open = not is_quoted, True
        elif char.isspace() and not is_quoted:
            if word or is_open:
                result.append(word)
            word, is_open = "", False
        else:
            word += char
    return [*result, word] if word or is_open else result


def strip_comment(line: str) -> str:
    """Cut the line at a `#` that begins a word outside of quotes."""
    is_quoted, before = False, " "
    for at, char in enumerate(line):
        if char == '"' and before != "\\":
            is_quoted = not is_quoted
        elif char == "#" and not is_quoted and before.isspace():
            return line[:at].strip()
        before = char
    return line.strip()


def parse_tag(line: str) -> tuple[bool, str, str] | None:
    """Parse `<name argument>`: whether it closes, the name in lower case, the argument; None for any other line.

    Without a closing `>` the argument is the rest of the line; a command may contain a `>`.
    """
    begin = _TAG.match(line)
    if begin is None:
        return None
    rest = line[begin.end() :]
    end = _END_OF_TAG.search(rest)
    return bool(begin[1]), begin[2].lower(), (rest[: end.start()] if end else strip_comment(rest)).strip()
