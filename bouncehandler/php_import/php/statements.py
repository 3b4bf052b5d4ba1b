"""What a PHP file sets, statement by statement: what is certain is taken over, and all else is named and left out."""

from collections.abc import Iterator, Sequence

from bouncehandler.php_import.php.blocks import CONDITIONS, Statement, statements
from bouncehandler.php_import.php.data import NotLiteral, PhpError, Script, Setting, SkippedSetting, Value
from bouncehandler.php_import.php.tokens import Token, TokenKind, tokens
from bouncehandler.php_import.php.values import evaluate, next_key

LONGEST = 250_000
"""Bytes: a file of settings has ten thousand or so."""

_CHANGES = {"=", "+=", "-=", "*=", "/=", ".=", "%=", "&=", "|=", "^=", "??="}
_HARMLESS = {"is_null", "empty", "isset", "implode", "join", "count", "in_array", "print_r", "var_dump", "strlen"}
"""Functions that change nothing of what they are given."""


def read(data: bytes) -> Script:
    """The settings of a file. It is never run: what only running it would tell is left out.

    Raises:
        PhpError: this is no PHP, is too long, or has no end to something that begins.
    """
    if len(data) > LONGEST:
        raise PhpError(f"it is longer than {LONGEST:,} bytes, which no file of settings is")
    if b"\0" in data:
        raise PhpError("it holds NUL bytes, so that it is no text")
    text = data.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    found = list(tokens(text))
    if not found:
        raise PhpError("it has no PHP in it, which begins with <?php")
    reading = _Reading()
    for statement in statements(found):
        reading.take(statement)
    return Script(reading.settings, tuple(sorted(reading.skipped)))


class _Reading:
    def __init__(self) -> None:
        self.settings: dict[str, Setting] = {}
        self.skipped: list[SkippedSetting] = []
        self._constants: dict[str, Value] = {}
        self._lost: set[str] = set()
        """Names whose value is not certain any more."""
        self._next: dict[str, int] = {}
        """For arrays that were added to, the next key."""

    def take(self, statement: Statement) -> None:
        """Take over what a statement sets, or say why not."""
        line = statement.words[0].line
        name, value = _assigned(statement.words)
        if not name:
            self._code(statement)
        elif statement.is_conditional:
            self._leave_out(line, name, "it is set under a condition")
        elif isinstance(value, str):
            self._leave_out(line, name, value)
        else:
            self._set(line, name, value)
        if name:
            self._doubt_others(statement.words, name.removesuffix("[]"))

    def _set(self, line: int, name: str, words: Sequence[Token]) -> None:
        is_constant = not name.startswith("$")
        if is_constant and name in self.settings:
            self.skipped.append(SkippedSetting(line, name, "it is defined a second time, which PHP does not heed"))
            return
        try:
            value = _utf8(evaluate(words, self._constants))
            if name.endswith("[]"):
                self._append(line, name.removesuffix("[]"), value)
            elif is_constant and name not in self._lost:
                self._constants[name] = value
                self.settings[name] = Setting(name, value, line)
            elif not is_constant:
                self._lost.discard(name)
                self._next.pop(name, None)
                self.settings[name] = Setting(name, value, line)
        except NotLiteral as found:
            self._leave_out(line, name.removesuffix("[]"), f"its value is {found}")

    def _append(self, line: int, name: str, value: Value) -> None:
        if name in self._lost:
            return
        known = self.settings.get(name)
        array = known.value if known else {}
        if not isinstance(array, dict):
            raise NotLiteral("put into what is no array")
        key = self._next[name] if name in self._next else next_key(array)
        self._next[name] = key + 1
        array[key] = value
        self.settings[name] = Setting(name, array, known.line if known else line)

    def _code(self, statement: Statement) -> None:
        """A statement that sets nothing by itself; whatever it may change is left out."""
        words = statement.words
        self._doubt_others(words, "")
        self.skipped.append(SkippedSetting(words[0].line, "", _described(words)))

    def _doubt_others(self, words: Sequence[Token], name: str) -> None:
        """Leave out what a statement may change besides the one that it sets."""
        for other in dict.fromkeys(_may_change(words)):
            if other != name and other in self.settings:
                self._leave_out(words[0].line, other, f"{_described(words)} may change it")

    def _leave_out(self, line: int, name: str, why: str) -> None:
        self.settings.pop(name, None)
        self._constants.pop(name, None)
        self._lost.add(name)
        self.skipped.append(SkippedSetting(line, name, why))


def _assigned(words: Sequence[Token]) -> tuple[str, Sequence[Token] | str]:
    """The name that a statement sets, and its value's tokens, or in words what stands there instead.

    A name with `[]` is added to. The name is empty where nothing is set in a way that is known.
    """
    match [word.code for word in words[:4]]:
        case [name, "=", "&", *_] if words[0].kind is TokenKind.VARIABLE:
            return name, "it is a reference"
        case [name, "=", *_] if words[0].kind is TokenKind.VARIABLE:
            return name, words[2:]
        case [name, "[", "]", "="] if words[0].kind is TokenKind.VARIABLE:
            return f"{name}[]", words[4:]
        case [name, sign, *_] if words[0].kind is TokenKind.VARIABLE and (sign in _CHANGES or sign == "["):
            return name, "it is changed after it was set"
        case [const, name, "=", *_] if const.lower() == "const" and words[0].kind is TokenKind.NAME:
            return name, words[3:]
    return _defined([word for word in words if word.code != "@"])


def _defined(words: Sequence[Token]) -> tuple[str, Sequence[Token] | str]:
    """The same for `define("NAME", value);`."""
    if [word.code.lower().removeprefix("\\") for word in words[:4]] != ["define", "(", "", ","]:
        return "", ""
    if words[2].kind is not TokenKind.STRING or words[-1].code != ")":
        return "", ""
    value = words[4:-1]
    if [word.code.lower() for word in value[-2:]] in ([",", "true"], [",", "false"]):  # once: without regard to case
        value = value[:-2]
    return words[2].text, value


def _may_change(words: Sequence[Token]) -> Iterator[str]:
    """The variables that a statement may set: by an assignment within it, or by a function that is given one."""
    callers: list[str] = []
    for before, word, after in zip([None, *words], words, [*words[1:], None], strict=False):
        previous, following = (before.code if before else ""), (after.code if after else "")
        if word.code == "(":
            callers.append(previous.lower() if before and before.kind is TokenKind.NAME else "")
        elif word.code == ")" and callers:
            callers.pop()
        elif word.kind is TokenKind.VARIABLE:
            is_given = callers and previous in {"(", ","} and following in {")", ","}
            is_set = following in _CHANGES or following == "[" or previous in {"&", "as", "global"}
            is_set = is_set or (previous == "=>" and callers[-1:] == ["foreach"])
            if is_set or (is_given and callers[-1] not in _HARMLESS):
                yield word.text


def _described(words: Sequence[Token]) -> str:
    """What a statement is, for who has to look it up."""
    first = words[0]
    if first.kind is TokenKind.NAME and first.text.lower() in CONDITIONS:
        return "a condition"
    if first.kind is TokenKind.NAME and len(words) > 1 and words[1].text == "(":
        return f"a call of {first.text}()"
    if first.kind is TokenKind.NAME:
        return f"`{first.text}`"
    return f"what is done with {first.text}" if first.kind is TokenKind.VARIABLE else "an expression"


def _utf8(value: Value) -> Value:
    """The value, if all its texts are UTF-8: only those can be written into a configuration."""
    if isinstance(value, dict):
        for key, one in value.items():
            _utf8(key)
            _utf8(one)
    elif isinstance(value, str) and not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise NotLiteral("a text that is not UTF-8") from None
    return value
