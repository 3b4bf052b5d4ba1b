"""The file beside the spool that keeps the rows which could not be read, so that nothing is lost."""

import fcntl
import os
from collections.abc import Iterable
from pathlib import Path

from bouncehandler.spool import SpoolError
from bouncehandler.spool.place import give_to_folders_owner


class RejectedFile:
    """Appends rows as they came, headers among them; once mended by hand, the file can be fed in like any other."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._is_inside_row = False

    def keep(self, rows: Iterable[bytes]) -> None:
        """Append rows, or pieces of them, each as it is, and wait until they are on disk: all of them, or none.

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

    def _append(self, file: int, data: bytes) -> None:
        """Where the disk is full, half a row must not stay: the next one would be glued to it."""
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
