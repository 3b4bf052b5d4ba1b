"""Splits blocks of bytes into whole lines; an overlong line is passed on in pieces, not kept."""

import io
from collections.abc import Iterator
from typing import NamedTuple

LINE_COST = 32
"""Weight of a line besides its characters, so that millions of tiny lines can't fill the memory."""

_MARK = b"\xef\xbb\xbf"


class Piece(NamedTuple):
    """A part of a line that is too long to be a row."""

    data: bytes
    is_first: bool


class LineSplitter:
    """Splits a stream into lines that end in LF, at any block boundaries.

    Args:
        max_row: bytes, line end aside; a longer line can't be a row.
    """

    def __init__(self, max_row: int) -> None:
        self._max_row = max(max_row, len(_MARK))
        self._max_lines_size = max_row // (LINE_COST + 1)
        self._parts: list[bytes] = []
        self._held = 0
        self._is_first = True
        self._is_overlong = False

    def feed(self, block: bytes) -> Iterator[list[str] | Piece]:
        """The lines that end in this block, each with its line end, and pieces of overlong lines between them.

        A list of several lines weighs no more than a row may: bytes, and `LINE_COST` for each line.
        """
        if self._is_first:
            block = self._without_mark(block)
        cut = block.rfind(b"\n") + 1
        if cut:
            # one copy: temporaries of this size cost more in page faults than parsing their content
            data = b"".join((*self._parts, memoryview(block)[:cut]))
            self._parts, self._held = [], 0
            yield from self._cut(data)
        if cut < len(block):
            yield from self._hold(block[cut:])

    def close(self) -> list[str]:
        """The text behind the last line end; empty when the stream ended with one, or within an overlong line."""
        return [decode(b"".join(self._parts))] if self._parts else []

    def _without_mark(self, block: bytes) -> bytes:
        """The block without the byte order mark that may stand at the start of the stream."""
        block = b"".join((*self._parts, block))
        self._parts, self._held = [], 0
        self._is_first = len(block) < len(_MARK) and _MARK.startswith(block)
        return block.removeprefix(_MARK)

    def _hold(self, part: bytes) -> Iterator[Piece]:
        """Keep the beginning of a line until its end comes, unless the line is overlong."""
        self._parts.append(part)
        self._held += len(part)
        if self._is_overlong or self._held > self._max_row:
            yield Piece(b"".join(self._parts), is_first=not self._is_overlong)
            self._parts, self._held, self._is_overlong = [], 0, True

    def _cut(self, data: bytes) -> Iterator[list[str] | Piece]:
        if self._is_overlong:
            end = data.index(b"\n") + 1
            yield Piece(data[:end], is_first=False)
            data, self._is_overlong = data[end:], False
        if len(data) <= self._max_lines_size:
            yield _split(data)
        else:
            yield from self._cut_closely(data)

    def _cut_closely(self, data: bytes) -> Iterator[list[str] | Piece]:
        at = 0
        while at < len(data):
            end = data.rfind(b"\n", at, at + self._max_lines_size) + 1 or data.index(b"\n", at) + 1
            is_overlong = end - at > self._max_row + 1
            yield Piece(data[at:end], is_first=True) if is_overlong else _split(data[at:end])
            at = end


def _split(data: bytes) -> list[str]:
    return list(io.StringIO(decode(data), newline="\n"))  # only LF ends a line; splitlines() would cut at U+2028


def decode(data: bytes) -> str:
    """Text from which `encode` makes the same bytes again; bytes that are not UTF-8 become surrogates (PEP 383)."""
    return data.decode("utf-8", "surrogateescape")


def encode(text: str) -> bytes:
    """The bytes that a text was decoded from."""
    return text.encode("utf-8", "surrogateescape")
