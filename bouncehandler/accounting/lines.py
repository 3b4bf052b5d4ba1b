"""Blocks of bytes become whole lines; a line of absurd length is passed on in pieces, not kept."""

import io
from typing import NamedTuple

_MARK = b"\xef\xbb\xbf"


class Piece(NamedTuple):
    """A part of a line that is too long to be a row."""

    data: bytes
    is_first: bool


class Lines:
    """Cuts a stream into lines that end in LF, however its blocks fall."""

    def __init__(self, longest: int) -> None:
        self.pieces: list[Piece] = []
        """Pieces of overlong lines, for the caller to take away."""
        self._longest = longest
        """Bytes; a longer line can't be a row."""
        self._partial = b""
        self._is_first = True
        self._is_overlong = False

    def feed(self, block: bytes) -> list[str]:
        """The lines that end in this block, each with its line end."""
        if self._is_first:
            block = self._without_mark(block)
        head, end, tail = block.rpartition(b"\n")
        data = self._partial + head + end if end else b""
        self._partial = tail if end else self._partial + tail
        if end and self._is_overlong:
            data = self._end_overlong(data)
        if self._is_overlong or len(self._partial) > self._longest:
            self._pass_on()
        return list(io.StringIO(decode(data), newline="\n"))  # only LF ends a line; splitlines() would cut at U+2028

    def close(self) -> str:
        """What stands behind the last line end; empty when the stream ended with one."""
        rest, self._partial = self._partial, b""
        if self._is_overlong:
            self.pieces.append(Piece(rest, is_first=False))
            return ""
        return decode(rest)

    def _without_mark(self, block: bytes) -> bytes:
        """The block without the byte order mark that may stand at the start of the stream."""
        block, self._partial = self._partial + block, b""
        self._is_first = len(block) < len(_MARK) and _MARK.startswith(block)
        return block.removeprefix(_MARK)

    def _pass_on(self) -> None:
        self.pieces.append(Piece(self._partial, is_first=not self._is_overlong))
        self._is_overlong = True
        self._partial = b""

    def _end_overlong(self, data: bytes) -> bytes:
        piece, end, rest = data.partition(b"\n")
        self.pieces.append(Piece(piece + end, is_first=False))
        self._is_overlong = False
        return rest


def decode(data: bytes) -> str:
    """Text from which `encode` makes the same bytes again; those that are not UTF-8 become surrogates (PEP 383)."""
    return data.decode("utf-8", "surrogateescape")


def encode(text: str) -> bytes:
    """The bytes that a text came from."""
    return text.encode("utf-8", "surrogateescape")
