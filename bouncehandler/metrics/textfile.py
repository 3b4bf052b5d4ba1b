"""Puts metrics into a file that node_exporter's textfile collector reads: whole, or as it was."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

_MODE = 0o644
"""Another user reads it, and it names nobody."""


def write(path: Path, text: bytes) -> None:
    """Replace the file at once; several processes may.

    Raises:
        OSError: the folder is missing, or can't be written.
    """
    descriptor, part = tempfile.mkstemp(".tmp", f".{path.name[:200]}.", path.parent)  # the collector reads *.prom alone
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text)
            os.fchmod(file.fileno(), _MODE)
        Path(part).replace(path)
    finally:
        with suppress(FileNotFoundError):  # it has its name
            Path(part).unlink()
