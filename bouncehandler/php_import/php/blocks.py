"""Splits tokens into statements, and marks conditional ones."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bouncehandler.php_import.php.data import PhpError
from bouncehandler.php_import.php.tokens import Token

CONDITIONS = {"if", "elseif", "else", "while", "for", "foreach", "switch", "do", "try", "catch", "finally"}
"""Keywords of conditional statements and blocks."""
_DECLARATIONS = {"class", "interface", "trait", "enum", "function", "abstract", "final", "readonly"}
_ENDS = {"return", "exit", "die", "__halt_compiler"}
_OPENING = {"if", "while", "for", "foreach", "switch"}
_ALTERNATIVE_ENDS = {f"end{word}" for word in _OPENING}
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_MAX_DEPTH = 64
"""Nested blocks and conditions."""


class Statement(NamedTuple):
    """The tokens up to a `;`; of a condition its keyword and the brackets."""

    words: Sequence[Token]
    is_conditional: bool


def split_statements(tokens: Sequence[Token]) -> Iterator[Statement]:
    """Split the tokens of a file up to its unconditional end, without the bodies of functions and classes.

    Raises:
        PhpError: a bracket is not closed, or blocks are nested too deep.
    """
    return _StatementSplitter(tokens).block(len(tokens), is_conditional=False, depth=0)


class _StatementSplitter:
    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._partner = _partners(tokens)
        self._at = 0
        self._has_ended = False

    def block(self, end: int, *, is_conditional: bool, depth: int) -> Iterator[Statement]:
        if depth > _MAX_DEPTH:
            raise PhpError(f"line {self._tokens[self._at].line}: blocks are nested more than {_MAX_DEPTH} deep")
        while self._at < end and not self._has_ended:
            yield from self._statement(end, is_conditional=is_conditional, depth=depth)

    def _statement(self, end: int, *, is_conditional: bool, depth: int) -> Iterator[Statement]:
        token = self._tokens[self._at]
        word = token.code.lower().removeprefix("\\") if token.kind == "name" else ""
        if token.code == "{" and token.kind == "sign":
            closing = self._partner[self._at]
            self._at += 1
            yield from self.block(closing, is_conditional=is_conditional, depth=depth + 1)
            self._at = closing + 1
        elif word in _DECLARATIONS:
            self._declaration(end)
        elif word in CONDITIONS:
            yield from self._condition(end, depth)
        else:
            words = self._up_to_semicolon(end)
            if words and word not in _ALTERNATIVE_ENDS:
                yield Statement(words, is_conditional)
            self._has_ended = self._has_ended or (word in _ENDS and not is_conditional)

    def _declaration(self, end: int) -> None:
        while self._at < end and self._tokens[self._at].code not in {"{", ";"}:
            self._at = self._partner.get(self._at, self._at) + 1
        self._at = self._partner.get(self._at, self._at) + 1

    def _condition(self, end: int, depth: int) -> Iterator[Statement]:
        """Yield `if (...)` or the like, and its body: a block, a statement, or statements up to `endif`."""
        begin = self._at
        self._at += 1
        if self._at < end and self._tokens[self._at].code == "(":
            self._at = self._partner[self._at] + 1
        yield Statement(self._tokens[begin : self._at], is_conditional=True)
        if self._at < end and self._tokens[self._at].code == ":":
            self._at += 1
            yield from self.block(self._alternative_end(end), is_conditional=True, depth=depth + 1)
        elif self._at < end:
            if depth > _MAX_DEPTH:
                raise PhpError(f"line {self._tokens[begin].line}: conditions are nested more than {_MAX_DEPTH} deep")
            yield from self._statement(end, is_conditional=True, depth=depth + 1)

    def _alternative_end(self, end: int) -> int:
        """Find the end of `if (...): ... endif;`, which nests like brackets."""
        depth = 1
        for at in range(self._at, end):
            word = self._tokens[at].code.lower() if self._tokens[at].kind == "name" else ""
            after = self._partner.get(at + 1, at + 1) + 1
            if word in _ALTERNATIVE_ENDS:
                depth -= 1
            elif word in _OPENING and after < end and self._tokens[after].code == ":":
                depth += 1
            if not depth:
                return at
        return end

    def _up_to_semicolon(self, end: int) -> Sequence[Token]:
        begin = self._at
        while self._at < end and self._tokens[self._at].code != ";":
            self._at = self._partner.get(self._at, self._at) + 1
        words = self._tokens[begin : self._at]
        self._at += 1
        return words


def _partners(tokens: Sequence[Token]) -> dict[int, int]:
    """Map the index of each opening bracket to that of its closing one."""
    partners: dict[int, int] = {}
    opened: list[int] = []
    for at, token in enumerate(tokens):
        if token.kind != "sign":
            continue
        if token.code in _CLOSING:
            opened.append(at)
        elif token.code in _CLOSING.values():
            if not opened or _CLOSING[tokens[opened[-1]].code] != token.code:
                raise PhpError(f"line {token.line}: `{token.code}` closes nothing")
            partners[opened.pop()] = at
    if opened:
        token = tokens[opened[-1]]
        raise PhpError(f"line {token.line}: `{token.code}` is never closed")
    return partners
