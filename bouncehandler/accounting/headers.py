"""The header rows of a stream as they came, so that a row set aside can be kept together with its own."""

from bisect import bisect_left

_KEPT = 4096
"""So many of the latest headers are told apart: more than fit into one block."""


class Headers:
    """Remembers where headers stood."""

    def __init__(self) -> None:
        self._lines: list[int] = []
        self._raws: list[bytes] = []

    def add(self, line: int, raw: bytes) -> None:
        """A header came at a line of the stream, counted from 1."""
        self._lines.append(line)
        self._raws.append(raw)
        if len(self._lines) > 2 * _KEPT:
            del self._lines[:_KEPT], self._raws[:_KEPT]

    def before(self, line: int) -> bytes:
        """The header in force for a row at this line, as it came; empty where none had come."""
        at = bisect_left(self._lines, line)
        return self._raws[at - 1] if at else b""
