"""Standard streams: usable even where the parent process closed them, or where they don't take every character."""

import io
import os
import sys
from pathlib import Path
from typing import TextIO

_STANDARD = 2
"""Numbers up to this one belong to the standard streams."""


def prepare() -> None:
    """Reserve the descriptors of closed streams; output to a closed stream is dropped."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= _STANDARD:
        pass
    os.close(number)
    sys.stdout = _usable(sys.stdout)
    sys.stderr = _usable(sys.stderr)


def _usable(stream: TextIO | None) -> TextIO:
    """The stream, which from now on escapes the characters that its encoding does not have."""
    if stream is None:
        return Path(os.devnull).open("w", encoding="utf-8")
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
    return stream


class CurrentStderr(io.TextIOBase):
    """Stream that writes to the current `sys.stderr`, which a progress line replaces by one that makes room."""

    def write(self, text: str) -> int:
        """Write text."""
        return sys.stderr.write(text)

    def flush(self) -> None:
        """Write the text."""
        sys.stderr.flush()


def use_utf8() -> None:
    """Write UTF-8 on stdout whatever the locale is, since other programs will read it."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")


def abandon_stdout() -> None:
    """Drop what stdout has not taken: its reader has gone, or its disk is full, and Python would try again at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
