"""One line of the configuration: its words, and its comment taken away."""

import re

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
