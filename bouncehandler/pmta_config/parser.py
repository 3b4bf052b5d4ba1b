"""Reads PowerMTA's configuration, with the files that it includes; strange text becomes problems, never an error."""

import posixpath
import re
from typing import Protocol

from bouncehandler.pmta_config.tree import Block, Configuration, Directive, Problem, SourceLocation, shown

_DEEPEST = 16
"""Files that include one another; more is a circle, or as good as one."""
_MOST_FILES = 2000
_WILD = frozenset("*?[")
_OUTERMOST = frozenset({"acct-file", "bounce-processor", "feedback-loop-processor"})
"""Blocks that stand in no other: where one begins, all others have ended, whatever was forgotten."""


class Files(Protocol):
    """Where the text comes from."""

    def read(self, path: str) -> str:
        """The text of a file, whatever its bytes are. Raises OSError."""
        ...

    def matching(self, pattern: str) -> list[str]:
        """The files that a pattern with `*` and `?` names, in the order of the alphabet."""
        ...


def parse(path: str, files: Files) -> Configuration:
    """The configuration that begins with this file.

    A relative path in an `include` is taken from the folder of the file that includes.

    Raises:
        OSError: this file can't be read; one that it includes is a problem instead.
    """
    reading = _Reading(path, files)
    reading.take(path, files.read(path), ())
    reading.end()
    return Configuration(reading.root, tuple(reading.problems))


class _Reading:
    """The blocks that are open, and what has gone wrong so far."""

    def __init__(self, path: str, files: Files) -> None:
        self.root = Block("", "", SourceLocation(path, 1))
        self.problems: list[Problem] = []
        self._open = [self.root]
        self._files = files
        self._read = 0

    def take(self, path: str, text: str, above: tuple[str, ...]) -> None:
        """Read a file's text; `above` are the files that include it."""
        for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
            stripped = line.strip()
            if stripped and not stripped.startswith("#"):
                self._line(stripped, SourceLocation(path, number), (*above, path))

    def end(self) -> None:
        """Whatever is open now was forgotten."""
        for block in self._open[1:]:
            self._problem(block.location, f"<{block.name}> is never closed: write </{block.name}> behind its last line")
        del self._open[1:]

    def _line(self, line: str, location: SourceLocation, files: tuple[str, ...]) -> None:
        found = tag(line)
        if found is None:
            self._directive(without_comment(line), location, files)
        elif found[0]:
            self._close(found[1], location)
        else:
            if found[1] in _OUTERMOST:
                self.end()
            block = Block(found[1], found[2], location)
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
            self._include(" ".join(words(value)), location, files)
            return
        self._open[-1].items.append(Directive(name.lower(), value, tuple(words(value)), location))

    def _include(self, named: str, location: SourceLocation, above: tuple[str, ...]) -> None:
        path = posixpath.normpath(posixpath.join(posixpath.dirname(location.file), named))
        found = self._files.matching(path) if _WILD & set(path) else [path]
        for file in found:
            if file in above or len(above) > _DEEPEST or self._read >= _MOST_FILES:
                self._problem(location, f"include {shown(named)} goes in a circle, or is one of too many: remove it")
                return
            self._read += 1
            try:
                text = self._files.read(file)
            except (OSError, ValueError) as error:  # ValueError: a name with NUL
                why = getattr(error, "strerror", None) or "it has no name that a file can have"
                self._problem(location, f"include {shown(named)} can't be read ({why}): correct the path or the rights")
            else:
                self.take(file, text, above)

    def _problem(self, location: SourceLocation, sentence: str) -> None:
        self.problems.append(Problem(location, sentence))


_END_OF_TAG = re.compile(r">\s*(?:#.*)?$")
_TAG = re.compile(r"<\s*(/?)\s*([A-Za-z][\w-]*)\s*")


def words(text: str) -> list[str]:
    """The words of a text: separated by blanks, or held together by double quotes, where a backslash takes one in."""
    found: list[str] = []
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
                found.append(word)
            word, is_open = "", False
        else:
            word += char
    return [*found, word] if word or is_open else found


def without_comment(line: str) -> str:
    """The line up to a `#` that begins a word and stands in no quotes."""
    is_quoted, before = False, " "
    for at, char in enumerate(line):
        if char == '"' and before != "\\":
            is_quoted = not is_quoted
        elif char == "#" and not is_quoted and before.isspace():
            return line[:at].strip()
        before = char
    return line.strip()


def tag(line: str) -> tuple[bool, str, str] | None:
    """`<name argument>` as whether it closes, the name in lower case, and the argument; None for any other line.

    The argument of a tag that lacks its `>` is the rest of the line. A command may hold a `>` of its own.
    """
    begin = _TAG.match(line)
    if begin is None:
        return None
    rest = line[begin.end() :]
    end = _END_OF_TAG.search(rest)
    return bool(begin[1]), begin[2].lower(), (rest[: end.start()] if end else without_comment(rest)).strip()
