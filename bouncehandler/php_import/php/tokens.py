"""Splits the text of a PHP file into tokens, without comments and text outside of `<?php ... ?>`."""

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple, cast

from bouncehandler.php_import.php.data import PhpError
from bouncehandler.php_import.php.strings import (
    decode_double_quoted,
    decode_single_quoted,
    is_interpolated,
    remove_indentation,
)

TokenKind = Literal["variable", "name", "number", "string", "interpolated", "sign"]
"""`interpolated`: a string with a variable in it."""


class Token(NamedTuple):
    """A word, sign or value."""

    kind: TokenKind
    text: str
    """The decoded string, the variable with its `$`; `;` for a `?>`, which ends a statement."""
    line: int

    @property
    def code(self) -> str:
        """The text of a word or sign; empty for a string, which may be `;`, too."""
        return "" if self.kind == "string" else self.text


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


def split_tokens(text: str) -> Iterator[Token]:
    """Split a file into tokens.

    Raises:
        PhpError: a string or a comment is not closed, or a string is invalid.
    """
    at, line = 0, 1
    while opening := _OPEN.search(text, at):
        line += text.count("\n", at, opening.end())
        at = opening.end()
        while at < len(text):
            match = _TOKEN.match(text, at)
            if not match:  # the pattern matches any character
                raise PhpError(f"line {line}: can't be read")
            try:
                token, end = _heredoc(match, text, line) if match["label"] else (_token(match, line), match.end())
            except PhpError as error:
                raise PhpError(f"line {line}: {error}") from None
            if token:
                yield token
            line += text.count("\n", at, end)
            at = end
            if match["close"]:
                break
        else:
            return


def _token(match: re.Match[str], line: int) -> Token | None:
    """Build the token of a match; None for white space and comments."""
    kind = match.lastgroup
    if kind == "commented" and not match["commented"]:
        raise PhpError("a comment that begins here has no end")
    if kind in {"space", "commented"}:
        return None
    if kind == "close":
        return Token("sign", ";", line)
    if kind == "single":
        return Token("string", decode_single_quoted(match["single"]), line)
    if kind == "double":
        return _expanded(match["double"], line, '"')
    if kind == "sign" and match["sign"] in {"'", '"', "`"}:
        if match["sign"] == "`":
            raise PhpError("a command in backquotes can't be read")
        raise PhpError("a string that begins here has no end")
    return Token(cast("TokenKind", kind), match[0], line)


def _expanded(body: str, line: int, quote: str) -> Token:
    if is_interpolated(body):
        return Token("interpolated", "", line)
    return Token("string", decode_double_quoted(body, quote), line)


def _heredoc(match: re.Match[str], text: str, line: int) -> tuple[Token, int]:
    """Build the token of a heredoc, and find its end; since PHP 7.3 its closing name may be indented."""
    begin = match.end()
    end = re.compile(rf"^([ \t]*){match['label']}(?!\w)", re.MULTILINE).search(text, begin)
    if not end:
        raise PhpError("a string that begins here with <<< has no end")
    body = remove_indentation(text[begin : end.start()].removesuffix("\n").removesuffix("\r"), end[1])
    token = Token("string", body, line) if match["quote"] == "'" else _expanded(body, line, "")
    return token, end.end()
