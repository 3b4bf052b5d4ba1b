"""The spool's file and folder, which no other user may read."""

import errno
import os
from pathlib import Path

from bouncehandler.files import give_to_folders_owner
from bouncehandler.spool.models import SpoolError


def create_private(path: Path) -> None:
    """Create the file and its folders where they are missing, for this user only, whatever the umask.

    Existing ones keep their mode. SQLite gives the file's mode to its journal.

    Raises:
        SpoolError: the system refuses.
    """
    try:
        _create_folder(path.parent)
        _create_file(path)
    except OSError as error:
        reason = error.strerror or error
        raise SpoolError(f"the spool {path} can't be created ({reason}): correct the path or the rights") from error


def _create_folder(folder: Path) -> None:
    if folder.is_dir():
        return
    _create_folder(folder.parent)
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        if not folder.is_dir():
            raise
    else:
        folder.chmod(0o700)


def _create_file(path: Path) -> None:
    """Create a file; never open an existing one: closing it would end the locks of this process's other connections."""
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return
    try:
        os.fchmod(descriptor, 0o600)
        give_to_folders_owner(descriptor, path.parent)
    finally:
        os.close(descriptor)


def file_at(path: Path) -> tuple[int, int]:
    """Device and inode of the file at a path; (0, 0) for none."""
    try:
        found = path.stat()
    except OSError:
        return (0, 0)
    return found.st_dev, found.st_ino


def ensure_room(path: Path, size: int) -> None:
    """Prove that the spool's file can grow by so many bytes: disk, quota, and the limit for the size of a file.

    Writes as much at the same offset of a file without a name.

    Raises:
        SpoolError: it can't, or its folder can't be written.
    """
    from tempfile import TemporaryFile  # noqa: PLC0415  # takes a while to import, and only `check` needs it

    try:
        with TemporaryFile(dir=path.parent) as file:
            at, end = path.stat().st_size, path.stat().st_size + size
            while at < end:
                at += os.pwrite(file.fileno(), bytes(end - at), at)
            os.fsync(file.fileno())
    except OSError as error:
        raise SpoolError(_no_room(path, size, error)) from error


def _no_room(path: Path, size: int, error: OSError) -> str:
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return f"the folder of the spool {path} can't be written ({error.strerror}): give this user the right to"
    return f"the spool {path} can't grow by {size:,} bytes ({error.strerror}): make room, or raise the limit"
