"""Rows that are set aside, so that they can be mended and fed in again: each under its header."""

from collections.abc import Callable

from bouncehandler.accounting import Unreadable
from bouncehandler.ingest.ports import Keeper


class Aside:
    """Gathers rows until they are kept.

    Args:
        keeper: takes them.
        header_before: the header in force at a line of the stream, as it came; empty for none.
    """

    def __init__(self, keeper: Keeper, header_before: Callable[[int], bytes]) -> None:
        self._keeper, self._header_before = keeper, header_before
        self._pieces: list[bytes] = []
        self._header_kept = b""
        self.is_open = False
        """Whether the row that was put last may go on: its pieces must not gather in memory."""

    def __len__(self) -> int:
        """How many pieces wait."""
        return len(self._pieces)

    def put(self, row: Unreadable) -> None:
        """Take a row, or a piece of one."""
        if row.is_first_piece:
            self.end_row()
            self._put_header_before(row)
        self._pieces.append(row.raw)
        self.is_open = not row.raw.endswith(b"\n")
        if row.reason != "too-long":  # of which more may come
            self.end_row()

    def end_row(self) -> None:
        """Give the row that was put last its line end, where it came without."""
        if self.is_open:
            self._pieces.append(b"\n")
            self.is_open = False

    def keep(self) -> None:
        """Hand over what waits."""
        self._keeper.keep(self._pieces)
        self._pieces, self._header_kept = [], b""

    def _put_header_before(self, row: Unreadable) -> None:
        """Once a group, and where it changes: so what is kept can be mended and fed in as it is."""
        header = self._header_before(row.line)
        if header and header != self._header_kept:
            self._pieces.append(header)
            self._header_kept = header
