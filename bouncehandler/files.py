"""Files that this program creates: written whole, synced, and given to their owner."""

import os
import tempfile
from pathlib import Path


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def give_to_folders_owner(descriptor: int, folder: Path) -> None:
    """Give a file that root creates, as `check` does, to the owner of the folder: PowerMTA's user has to open it."""
    owner = folder.stat()
    if os.geteuid() == 0 and owner.st_uid != 0:
        os.fchown(descriptor, owner.st_uid, owner.st_gid)


def write_whole(path: Path, data: bytes, *, mode: int = 0o600, overwrite: bool = True) -> None:
    """Write a file whole or not at all, whatever the umask.

    Raises:
        FileExistsError: the file is there already, perhaps since a moment ago, and `overwrite` is false.
        OSError: it can't be written.
    """
    descriptor, part = tempfile.mkstemp(".part", f".{path.name[:200]}.", path.absolute().parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            os.fchmod(descriptor, mode)
            file.flush()
            os.fsync(descriptor)
        if overwrite:
            Path(part).replace(path)
        else:
            os.link(part, path)  # unlike a rename, it does not replace what has appeared meanwhile
    finally:
        Path(part).unlink(missing_ok=True)
