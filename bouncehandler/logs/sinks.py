"""Where log lines go: a file that logrotate may move away, or a stream; neither ever fails whoever logs."""

import contextlib
import io
import logging
import os
from functools import partial
from logging.handlers import WatchedFileHandler
from pathlib import Path
from typing import TextIO

_MODE = 0o640
"""A log may name people: its group, such as adm, may read it, nobody else."""


class LogStream(logging.StreamHandler[TextIO]):
    """Standard error, as a rule."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # logging's name
        """Say nothing: a log that can't be written can't be complained about either."""


class LogFile(WatchedFileHandler):
    """A file, opened again when it was moved or deleted. Each line is one write, so processes can share it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, encoding="ascii")

    def _open(self) -> io.TextIOWrapper:
        # Without a buffer: what a full disk refuses is not kept, and not tried again when the program ends.
        opener = partial(os.open, mode=_MODE)
        file = open(self.baseFilename, "ab", 0, opener=opener)  # noqa: SIM115  # stays open
        return io.TextIOWrapper(file, encoding="ascii", errors="backslashreplace", write_through=True)

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line, if that is possible."""
        with contextlib.suppress(Exception):
            super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # logging's name
        """Say nothing, as above."""
