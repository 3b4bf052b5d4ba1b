"""Where log lines go: a file that logrotate may move away, or a stream; neither ever fails whoever logs."""

import contextlib
import errno
import io
import logging
import os
from collections.abc import Callable, Sequence
from functools import partial
from logging.handlers import WatchedFileHandler
from pathlib import Path
from typing import TextIO

from bouncehandler.files import give_to_folders_owner

_MODE = 0o640
"""A log may name people: its group, such as adm, may read it, nobody else."""
_AT_ONCE = os.O_NONBLOCK | os.O_CLOEXEC
"""A named pipe that nothing reads is refused at once, and one whose reader stands still holds up no line."""

_MENDING = {
    errno.ENOENT: "make the folder {folder}",
    errno.ENOTDIR: "correct the path: what it goes through is no folder",
    errno.EISDIR: "name a file in it",
    errno.EACCES: "let this user write the file and its folder",
    errno.EPERM: "let this user write the file and its folder",
    errno.EROFS: "name a file on a disk that can be written",
    errno.ENXIO: "start the program that reads it, or name a file",
    errno.EPIPE: "start the program that reads it again, or name a file",
    errno.EAGAIN: "see why the program that reads it does not, or name a file",
    errno.ENOSPC: "make room on its disk",
    errno.EDQUOT: "make room in the quota of its disk",
}
"""By the system's error, what to do about it."""


def describe(path: Path, error: Exception) -> tuple[str, str]:
    """Why a log file can't be written, and how that is mended."""
    mend = _MENDING.get(getattr(error, "errno", None) or 0, "name another file")
    return getattr(error, "strerror", None) or str(error), mend.format(folder=path.parent)


class LogStream(logging.StreamHandler[TextIO]):
    """Standard error, as a rule."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # logging's name
        """Say nothing: a log that can't be written can't be complained about either."""


class LogFile(WatchedFileHandler):
    """A file, opened again when it was moved or deleted. Each line is one write, so processes can share it."""

    stream: io.TextIOWrapper | None  # type: ignore[assignment]  # logging's own, between two files and before the first

    def __init__(self, path: Path) -> None:
        super().__init__(path, encoding="ascii", delay=True)
        self._is_torn = False

    def prove(self) -> None:
        """Open the file, unless it is open.

        Raises:
            OSError, ValueError: it can't be written.
        """
        self.reopenIfNeeded()
        if self.stream is None:
            self.stream = self._open()
            self._statstream()

    def append(self, line: str) -> None:
        """Write a line.

        Raises:
            OSError, ValueError: it can't be written, or not all of it.
        """
        self.prove()
        data = f"{line}\n".encode("ascii", "backslashreplace")
        self._is_torn, data = False, b"\n" + data if self._is_torn else data
        while data:
            written = os.write(self.stream.fileno(), data)  # type: ignore[union-attr]  # `prove` has opened it
            data = data[written:]
            self._is_torn = bool(data)

    def _open(self) -> io.TextIOWrapper:
        opener = partial(_opened, mode=_MODE)
        file = open(self.baseFilename, "ab", 0, opener=opener)  # noqa: SIM115  # stays open
        return io.TextIOWrapper(file, encoding="ascii")

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line, if that is possible."""
        with contextlib.suppress(Exception):
            self.append(self.format(record))


class SpareLogFile(LogFile):
    """The log beside the spool, for lines that the log file can't take; where root makes it, as the folder is owned."""

    def _open(self) -> io.TextIOWrapper:
        file = super()._open()
        give_to_folders_owner(file.fileno(), Path(self.baseFilename).parent)
        return file


class GuardedLogFile(LogFile):
    """A log file whose lines go to other sinks while it can't be written, which is said once each time that begins.

    Args:
        spares: The other sinks.
        said: Logs why the file can't be written.
    """

    def __init__(self, path: Path, spares: Sequence[logging.Handler], said: Callable[[Exception], None]) -> None:
        super().__init__(path)
        self._spares, self._said = spares, said
        self._is_failing = False

    def prove_or_say(self) -> None:
        """Open the file; where that can't be, say so."""
        try:
            self.prove()
        except (OSError, ValueError) as error:  # ValueError: a name with NUL
            self._fail(error)

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line, here or there."""
        with contextlib.suppress(Exception):
            line = self.format(record)
            try:
                self.append(line)
                self._is_failing = False
            except (OSError, ValueError) as error:
                self._fail(error)
                for spare in self._spares:
                    spare.handle(record)

    def _fail(self, error: Exception) -> None:
        if not self._is_failing:
            self._is_failing = True  # first, since what is said comes here as well
            self._said(error)


def _opened(path: str, flags: int, mode: int) -> int:
    return os.open(path, flags | _AT_ONCE, mode)
