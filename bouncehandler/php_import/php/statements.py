"""Collects the settings of a PHP file; each that is not certain without running it is skipped."""

import json
from collections.abc import Iterator, Sequence

from bouncehandler.php_import.php.blocks import CONDITIONS, Statement, split_statements
from bouncehandler.php_import.php.data import NotLiteral, PhpError, Script, Setting, SkippedSetting, Value
from bouncehandler.php_import.php.tokens import Token, split_tokens
from bouncehandler.php_import.php.values import evaluate, next_key

MAX_SIZE = 250_000
"""Bytes; typical files have ten thousand."""

_ASSIGNMENTS = {"=", "+=", "-=", "*=", "/=", ".=", "%=", "&=", "|=", "^=", "??="}
_HARMLESS = {"is_null", "empty", "isset", "implode", "join", "count", "in_array", "print_r", "var_dump", "strlen"}
"""Functions that leave their arguments unchanged."""


def parse_script(data: bytes) -> Script:
    """Parse the settings of a file, without running it.

    Raises:
        PhpError: the file is no PHP, too long, or has an unclosed string, comment or bracket.
    """
    if len(data) > MAX_SIZE:
        raise PhpError(f"it is longer than {MAX_SIZE:,} bytes, which no file of settings is")
    if b"\0" in data:
        raise PhpError("it holds NUL bytes, so that it is no text")
    text = data.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    tokens = list(split_tokens(text))
    if not tokens:
        raise PhpError("it has no PHP in it, which begins with <?php")
    collector = _SettingsCollector()
    for statement in split_statements(tokens):
        collector.add(statement)
    return Script(collector.settings, tuple(sorted(collector.skipped)))


class _SettingsCollector:
    """The settings after the statements so far."""

    def __init__(self) -> None:
        self.settings: dict[str, Setting] = {}
        self.skipped: list[SkippedSetting] = []
        self._constants: dict[str, Value] = {}
        self._uncertain: set[str] = set()
        """Names whose values are not certain any more."""
        self._next: dict[str, int] = {}
        """The next key of arrays that were appended to."""

    def add(self, statement: Statement) -> None:
        """Add the setting of a statement, or skip it with the reason; skip the other settings that it may change."""
        line = statement.words[0].line
        name, value = _parse_assignment(statement.words)
        if not name:
            self.skipped.append(SkippedSetting(line, "", _describe(statement.words)))
        elif statement.is_conditional:
            self._skip(line, name, "it is set under a condition")
        elif isinstance(value, str):
            self._skip(line, name, value)
        else:
            self._set(line, name, value)
        for other in dict.fromkeys(_may_change(statement.words)):
            if other != name.removesuffix("[]") and other in self.settings:
                self._skip(line, other, f"{_describe(statement.words)} may change it")

    def _set(self, line: int, name: str, words: Sequence[Token]) -> None:
        is_constant = not name.startswith("$")
        if is_constant and name in self.settings:
            self.skipped.append(SkippedSetting(line, name, "it is defined a second time, which PHP does not heed"))
            return
        try:
            value = _utf8(evaluate(words, self._constants))
            if name.endswith("[]"):
                self._append(line, name.removesuffix("[]"), value)
            elif is_constant and name not in self._uncertain:
                self._constants[name] = value
                self.settings[name] = Setting(name, value, line)
            elif not is_constant:
                self._uncertain.discard(name)
                self._next.pop(name, None)
                self.settings[name] = Setting(name, value, line)
        except NotLiteral as reason:
            self._skip(line, name.removesuffix("[]"), f"its value is {reason}")

    def _append(self, line: int, name: str, value: Value) -> None:
        if name in self._uncertain:
            return
        known = self.settings.get(name)
        array = known.value if known else {}
        if not isinstance(array, dict):
            raise NotLiteral("put into what is no array")
        key = self._next[name] if name in self._next else next_key(array)
        self._next[name] = key + 1
        array[key] = value
        self.settings[name] = Setting(name, array, known.line if known else line)

    def _skip(self, line: int, name: str, why: str) -> None:
        self.settings.pop(name, None)
        self._constants.pop(name, None)
        self._uncertain.add(name)
        self.skipped.append(SkippedSetting(line, name, why))


def _parse_assignment(words: Sequence[Token]) -> tuple[str, Sequence[Token] | str]:
    """Parse the name and the value's tokens, or the reason why the value is unknown.

    A name with `[]` is appended to. The name is empty without an assignment.
    """
    match [word.code for word in words[:4]]:
        case [name, "=", "&", *_] if words[0].kind == "variable":
            return name, "it is a reference"
        case [name, "=", *_] if words[0].kind == "variable":
            return name, words[2:]
        case [name, "[", "]", "="] if words[0].kind == "variable":
            return f"{name}[]", words[4:]
        case [name, sign, *_] if words[0].kind == "variable" and (sign in _ASSIGNMENTS or sign == "["):
            return name, "it is changed after it was set"
        case [const, name, "=", *_] if const.lower() == "const" and words[0].kind == "name":
            return name, words[3:]
    return _parse_define([word for word in words if word.code != "@"])


def _parse_define(words: Sequence[Token]) -> tuple[str, Sequence[Token] | str]:
    """Parse `define("NAME", value);` likewise."""
    if [word.code.lower().removeprefix("\\") for word in words[:4]] != ["define", "(", "", ","]:
        return "", ""
    if words[2].kind != "string" or words[-1].code != ")":
        return "", ""
    value = words[4:-1]
    if [word.code.lower() for word in value[-2:]] in ([",", "true"], [",", "false"]):  # formerly: ignore the case
        value = value[:-2]
    return words[2].text, value


def _may_change(words: Sequence[Token]) -> Iterator[str]:
    """Yield the variables that a statement may set: by an assignment, or as an argument of a function."""
    callers: list[str] = []
    for before, word, after in zip([None, *words], words, [*words[1:], None], strict=False):
        previous, following = (before.code if before else ""), (after.code if after else "")
        if word.code == "(":
            callers.append(previous.lower() if before and before.kind == "name" else "")
        elif word.code == ")" and callers:
            callers.pop()
        elif word.kind == "variable":
            is_argument = callers and previous in {"(", ","} and following in {")", ","}
            is_set = following in _ASSIGNMENTS or following == "[" or previous in {"&", "as", "global"}
            is_set = is_set or (previous == "=>" and callers[-1:] == ["foreach"])
            if is_set or (is_argument and callers[-1] not in _HARMLESS):
                yield word.text


def _describe(words: Sequence[Token]) -> str:
    """Describe a statement without its values."""
    first = words[0]
    if first.kind == "name" and first.text.lower() in CONDITIONS:
        return "a condition"
    if first.kind == "name" and len(words) > 1 and words[1].text == "(":
        return f"a call of {first.text}()"
    if first.kind == "name":
        return f"`{first.text}`"
    return f"what is done with {first.text}" if first.kind == "variable" else "an expression"


def _utf8(value: Value) -> Value:
    """Return the value, whose texts must be UTF-8 for the configuration."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise NotLiteral("a text that is not UTF-8") from None
    return value
