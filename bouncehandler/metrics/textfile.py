"""Writes metrics to a file for node_exporter's textfile collector."""

from pathlib import Path

from prometheus_client import CollectorRegistry, write_to_textfile

_MODE = 0o644
"""Readable for node_exporter, which runs as another user; no address is in the file."""


def write_metrics(path: Path, registry: CollectorRegistry) -> None:
    """Replace the file atomically; several processes may do so at a time.

    The library leaves the mode to the umask, under which node_exporter might not read the file.

    Raises:
        OSError: the folder is missing or can't be written, or the disk is full; the file is as it was.
    """
    write_to_textfile(str(path), registry)
    path.chmod(_MODE)
