"""Evaluates expressions of literals: texts, numbers, booleans, null, arrays, constants, and `.` between them."""

import re
from collections.abc import Mapping, Sequence

from bouncehandler.php_import.php.data import Array, NotLiteral, PhpError, Value
from bouncehandler.php_import.php.tokens import Token

_MAX_DEPTH = 32
"""Nested arrays; settings have one or two."""
_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,17}")
"""Array keys that PHP converts to numbers; longer ones remain text."""
_MAX_DIGITS = 64
_KNOWN: Mapping[str, Value] = {"true": True, "false": False, "null": None}
_CONSTANTS: Mapping[str, Value] = {"PHP_EOL": "\n", "DIRECTORY_SEPARATOR": "/"}
"""PHP's own, on POSIX systems."""
_WORDS = {
    "new": "an object",
    "function": "a function",
    "fn": "a function",
    "match": "an expression",
    **dict.fromkeys(("include", "include_once", "require", "require_once"), "what another file returns"),
}


def evaluate(tokens: Sequence[Token], constants: Mapping[str, Value]) -> Value:
    """Evaluate a whole expression.

    Raises:
        NotLiteral: it contains anything else than literals and these constants.
        PhpError: arrays are nested too deep.
    """
    expression = _Expression(tokens, constants)
    value = expression.concatenation()
    expression.end()
    return value


class _Expression:
    def __init__(self, tokens: Sequence[Token], constants: Mapping[str, Value]) -> None:
        self._tokens = tokens
        self._constants = constants
        self._at = 0
        self._depth = 0

    def end(self) -> None:
        if rest := self._tokens[self._at :]:
            raise NotLiteral(f"`{rest[0].text}`" if rest[0].kind == "sign" else "more than one value")

    def concatenation(self) -> Value:
        value = self._term()
        while self._takes("."):
            value = _text(value) + _text(self._term())
        return value

    def _term(self) -> Value:
        token = self._next()
        match token.kind:
            case "string":
                return token.text
            case "number":
                return _number(token.text)
            case "name":
                return self._named(token.text)
            case "variable":
                raise NotLiteral(f"the variable {token.text}")
            case "interpolated":
                raise NotLiteral("a string with a variable in it")
        return self._signed(token.text)

    def _signed(self, sign: str) -> Value:
        if sign in {"-", "+"}:
            value = self._term()
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise NotLiteral(f"`{sign}` before what is no number")
            return -value if sign == "-" else value
        if sign == "[":
            return self._array("]")
        if sign == "(":
            value = self.concatenation()
            if not self._takes(")"):
                raise NotLiteral("an expression")
            return value
        raise NotLiteral(f"`{sign}`")

    def _named(self, name: str) -> Value:
        plain = name.removeprefix("\\")
        if self._takes("("):
            if plain.lower() == "array":
                return self._array(")")
            raise NotLiteral(f"a call of {plain}()")
        if plain.lower() in _WORDS:
            raise NotLiteral(_WORDS[plain.lower()])
        for values, word in ((_KNOWN, plain.lower()), (self._constants, plain), (_CONSTANTS, plain)):
            if word in values:
                return values[word]
        raise NotLiteral(f"{plain}, which this file gives no value")

    def _array(self, closing: str) -> Array:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise PhpError(f"line {self._tokens[self._at - 1].line}: arrays are nested more than {_MAX_DEPTH} deep")
        array: Array = {}
        following = 0
        while not self._takes(closing):
            key: str | int = following
            value = self.concatenation()
            if self._takes("=>"):
                key, value = _key(value), self.concatenation()
            array[key] = value
            following = max(following, key + 1) if isinstance(key, int) else following
            if not self._takes(","):
                if not self._takes(closing):
                    raise NotLiteral("an array of expressions")
                break
        self._depth -= 1
        return array

    def _takes(self, sign: str) -> bool:
        """Consume this sign, if it comes next."""
        following = self._tokens[self._at : self._at + 1]
        is_next = any(token.kind == "sign" and token.text == sign for token in following)
        self._at += is_next
        return is_next

    def _next(self) -> Token:
        if self._at >= len(self._tokens):
            raise NotLiteral("no whole expression")
        self._at += 1
        return self._tokens[self._at - 1]


def next_key(array: Array) -> int:
    """Return the key of an element that is appended to an array."""
    return max((key + 1 for key in array if isinstance(key, int) and key >= 0), default=0)


def _key(value: Value) -> str | int:
    """Convert a key as PHP does: texts of whole numbers become numbers."""
    if isinstance(value, str):
        return int(value) if _WHOLE.fullmatch(value) else value
    if value is None:
        return ""
    if isinstance(value, int):
        return int(value)
    raise NotLiteral("an array with a key that is neither text nor a whole number")


def _text(value: Value) -> str:
    """Convert a value for the operator `.`."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or value is None:
        return "1" if value else ""
    if isinstance(value, int):
        return str(value)
    raise NotLiteral("a text put together from what is none")


def _number(written: str) -> int | float:
    """Parse a number of PHP; one with a leading 0 is octal."""
    digits = written.replace("_", "")
    if len(digits) > _MAX_DIGITS:
        raise NotLiteral("a number of more digits than PHP keeps")
    if re.search(r"[.eE]", digits) and not digits.lower().startswith("0x"):
        return float(digits)
    try:
        number = int(digits, 8 if re.fullmatch(r"0[0-7]+", digits) else 0)
    except ValueError:
        raise NotLiteral("a number that PHP rejects") from None
    if number > 0x7FFF_FFFF_FFFF_FFFF:  # noqa: PLR2004  # PHP_INT_MAX
        raise NotLiteral("a number that is too large for PHP")
    return number
