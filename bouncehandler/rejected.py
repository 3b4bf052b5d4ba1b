"""The file beside the spool that keeps the rows which could not be read, so that nothing is lost."""

import os
from collections.abc import Iterable
from pathlib import Path

from bouncehandler.spool import SpoolError
from bouncehandler.spool.place import give_to_folders_owner


class RejectedFile:
    """Appends rows as they came, headers among them; once mended by hand, the file can be fed in like any other."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def keep(self, rows: Iterable[bytes]) -> None:
        """Append rows, or pieces of them, each as it is, and wait until they are on disk.

        Raises:
            SpoolError: the file can't be written.
        """
        data = b"".join(rows)
        try:
            file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                give_to_folders_owner(file, self.path.parent)
                while data:
                    data = data[os.write(file, data) :]
                os.fsync(file)
            finally:
                os.close(file)
        except OSError as error:
            raise SpoolError(
                f"Rows that can't be read can't be kept in {self.path} ({error.strerror}): make room, or let this user "
                f"write there, and feed the input again."
            ) from None
