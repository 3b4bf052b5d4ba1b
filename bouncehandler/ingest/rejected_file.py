"""Rejected file: the file beside the spool that keeps the rows which could not be read."""

import fcntl
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from bouncehandler.files import give_to_folders_owner
from bouncehandler.spool import SpoolError

_BLOCK = 1024 * 1024  # bytes


class RejectedFile:
    """Appends rows as they came, with their headers; once mended by hand, the file can be fed like any other."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._is_inside_row = False

    def keep(self, rows: Iterable[bytes]) -> None:
        """Append rows, or pieces of them, and wait until they are on disk: all of them, or none.

        Raises:
            SpoolError: the file can't be written.
        """
        data = b"".join(rows)
        try:
            file = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(file, fcntl.LOCK_EX)
                give_to_folders_owner(file, self.path.parent)
                self._append(file, data)
            finally:
                os.close(file)
        except OSError as error:
            raise SpoolError(
                f"Rows that can't be read can't be kept in {self.path} ({error.strerror}): make room, or let this user "
                f"write there, and feed the input again."
            ) from None
        self._is_inside_row = not data.endswith(b"\n")

    def blot_out(self, text: str) -> int:
        """Overwrite a text with `x` wherever it stands, without regard to case; returns how often. No row is moved.

        Raises:
            SpoolError: the file can't be read or written.
        """
        if not self.path.exists():
            return 0
        try:
            with self.path.open("r+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                matches = list(_find(file, text.encode("utf-8", "replace")))
                for offset, length in matches:
                    os.pwrite(file.fileno(), b"x" * length, offset)
                os.fsync(file.fileno())
        except OSError as error:
            raise SpoolError(f"{self.path} can't be changed ({error.strerror}): let this user write there") from None
        return len(matches)

    def _append(self, file: int, data: bytes) -> None:
        """Append, or leave the file as it was: where the disk is full, the next row would be glued to half a row."""
        size = os.fstat(file).st_size
        if size and not self._is_inside_row and os.pread(file, 1, size - 1) != b"\n":
            data = b"\n" + data  # another process was killed within its row
        try:
            while data:
                data = data[os.write(file, data) :]
            os.fsync(file)
        except OSError:
            os.ftruncate(file, size)
            raise


def _find(file: BinaryIO, text: bytes) -> Iterator[tuple[int, int]]:
    """Offset and length of each match of a text in a file of any size."""
    pattern = re.compile(re.escape(text), re.IGNORECASE)
    block, start = b"", 0
    while more := file.read(_BLOCK):
        block += more
        for match in pattern.finditer(block):
            yield start + match.start(), len(match[0])
        kept = min(len(block), len(text) - 1)  # a match may be cut in two; none is found twice
        start += len(block) - kept
        block = block[len(block) - kept :]
