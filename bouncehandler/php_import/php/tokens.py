"""Cuts the text of a PHP file into tokens; comments, and what stands outside of `<?php ... ?>`, are none."""

import re
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

from bouncehandler.php_import.php.data import PhpError
from bouncehandler.php_import.php.strings import double_quoted, is_interpolated, single_quoted, without_indentation


class TokenKind(Enum):
    """What a token is."""

    VARIABLE = "variable"
    NAME = "name"
    NUMBER = "number"
    STRING = "string"
    INTERPOLATED = "interpolated"
    """A string that holds a variable."""
    SIGN = "sign"


class Token(NamedTuple):
    """One word, sign or value."""

    kind: TokenKind
    text: str
    """Of a string what it comes to, of a variable its name with the `$`; `;` where a `?>` ends a statement."""
    line: int

    @property
    def code(self) -> str:
        """The text of a word or a sign; empty for a string, which may well say `;`."""
        return "" if self.kind is TokenKind.STRING else self.text


_OPEN = re.compile(r"<\?(?:php(?=\s|$)|(?=\s)|=)", re.IGNORECASE)
_TOKEN = re.compile(
    r"""
    (?P<space>\s+|\#(?!\[)[^\r\n]*?(?=\r|\n|\?>|\Z)|//[^\r\n]*?(?=\r|\n|\?>|\Z))
    | /\*(?P<comment>.*?)(?P<commented>\*/|\Z)
    | (?P<close>\?>\n?)
    | <<<[\ \t]*(?P<quote>["']?)(?P<label>[^\W\d]\w*)(?P=quote)\r?\n
    | '(?P<single>[^'\\]*(?:\\.[^'\\]*)*)'
    | "(?P<double>[^"\\]*(?:\\.[^"\\]*)*)"
    | (?P<variable>\$[^\W\d]\w*)
    | (?P<number>0[xX][0-9A-Fa-f_]+|0[bB][01_]+|(?:(?:\d[\d_]*)?\.\d[\d_]*|\d[\d_]*\.?)(?:[eE][+-]?\d+)?)
    | (?P<name>\\?[^\W\d]\w*(?:\\[^\W\d]\w*)*)
    | (?P<sign>=>|===?|!==?|<=>|\?\?=?|\.\.\.|[-+*/.%&|^]=|&&|\|\||->|\?->|::|.)
    """,
    re.VERBOSE | re.DOTALL,
)


def tokens(text: str) -> Iterator[Token]:
    """The tokens of a file.

    Raises:
        PhpError: a string or a comment has no end, or a string can't be read.
    """
    at, line = 0, 1
    while opening := _OPEN.search(text, at):
        line += text.count("\n", at, opening.end())
        at = opening.end()
        while at < len(text):
            found = _TOKEN.match(text, at)
            if not found:  # the pattern takes any character
                raise PhpError(f"line {line}: can't be read")
            token, end = _heredoc(found, text, line) if found["label"] else (_token(found, line), found.end())
            if token:
                yield token
            line += text.count("\n", at, end)
            at = end
            if found["close"]:
                break
        else:
            return


def _token(found: re.Match[str], line: int) -> Token | None:
    """The token that the pattern found; None for what says nothing."""
    kind = found.lastgroup
    if kind == "commented" and not found["commented"]:
        raise PhpError(f"line {line}: a comment that begins here has no end")
    if kind in {"space", "commented"}:
        return None
    if kind == "close":
        return Token(TokenKind.SIGN, ";", line)
    if kind == "single":
        return Token(TokenKind.STRING, single_quoted(found["single"]), line)
    if kind == "double":
        return _expanded(found["double"], line, '"')
    if kind == "sign" and found["sign"] in {"'", '"', "`"}:
        if found["sign"] == "`":
            raise PhpError(f"line {line}: a command in backquotes stands here, which is not read")
        raise PhpError(f"line {line}: a string that begins here has no end")
    return Token(TokenKind[str(kind).upper()], found[0], line)


def _expanded(body: str, line: int, quote: str) -> Token:
    if is_interpolated(body):
        return Token(TokenKind.INTERPOLATED, "", line)
    try:
        return Token(TokenKind.STRING, double_quoted(body, quote), line)
    except PhpError as error:
        raise PhpError(f"line {line}: the string that begins here {error}") from None


def _heredoc(found: re.Match[str], text: str, line: int) -> tuple[Token, int]:
    """The string, and where it ends; PHP 7.3 lets its closing name be indented, and anything follow it."""
    begin = found.end()
    end = re.compile(rf"^([ \t]*){found['label']}(?!\w)", re.MULTILINE).search(text, begin)
    if not end:
        raise PhpError(f"line {line}: a string that begins here with <<< has no end")
    body = text[begin : end.start()].removesuffix("\n").removesuffix("\r")
    try:
        body = without_indentation(body, end[1])
    except PhpError as error:
        raise PhpError(f"line {line}: the string that begins here {error}") from None
    token = Token(TokenKind.STRING, body, line) if found["quote"] == "'" else _expanded(body, line, "")
    return token, end.end()
