"""Sinks of log lines: a file that logrotate may move away, or a stream; neither ever fails its caller."""

import contextlib
import errno
import io
import logging
import os
from collections.abc import Callable, Sequence
from logging.handlers import WatchedFileHandler
from pathlib import Path
from typing import TextIO

from bouncehandler.files import give_to_folders_owner

_MODE = 0o640
"""A log may name people: only its owner and its group, such as adm, may read it."""
_AT_ONCE = os.O_NONBLOCK | os.O_CLOEXEC
"""Flags with which a named pipe without a reader is refused at once, and one with a hanging reader blocks no line."""

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
"""Remedies by system error."""


def describe(path: Path, error: Exception) -> tuple[str, str]:
    """Describe why a log file can't be written, and how to mend that."""
    mend = _MENDING.get(getattr(error, "errno", None) or 0, "name another file")
    return getattr(error, "strerror", None) or str(error), mend.format(folder=path.parent)


class LogStream(logging.StreamHandler[TextIO]):
    """Sink for a stream, usually standard error."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # logging's name
        """Ignore the error: there is no log to report it to."""


class LogFile(WatchedFileHandler):
    """Log file, reopened when it was moved or deleted; each line is one write, so processes can share it."""

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
        opener = lambda path, flags: os.open(path, flags | _AT_ONCE, _MODE)  # noqa: E731  # one expression
        file = open(self.baseFilename, "ab", 0, opener=opener)  # noqa: SIM115  # stays open
        return io.TextIOWrapper(file, encoding="ascii")

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line, if that is possible."""
        with contextlib.suppress(Exception):
            self.append(self.format(record))


class SpareLogFile(LogFile):
    """Log file beside the spool for lines that the log file can't take; root gives it to the folder's owner."""

    def _open(self) -> io.TextIOWrapper:
        file = super()._open()
        give_to_folders_owner(file.fileno(), Path(self.baseFilename).parent)
        return file


class GuardedLogFile(LogFile):
    """Log file whose lines go to other sinks while it can't be written, which is logged once each time.

    Args:
        spares: the other sinks.
        on_failure: logs why the file can't be written.
    """

    def __init__(self, path: Path, spares: Sequence[logging.Handler], on_failure: Callable[[Exception], None]) -> None:
        super().__init__(path)
        self._spares, self._on_failure = spares, on_failure
        self._is_failing = False

    def prove_or_report(self) -> None:
        """Open the file, or report the failure."""
        try:
            self.prove()
        except (OSError, ValueError) as error:  # ValueError: a name with NUL
            self._fail(error)

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line, to a spare if necessary."""
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
            self._is_failing = True  # first, since the report is logged here as well
            self._on_failure(error)
