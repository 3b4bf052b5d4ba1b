"""Drop folder: the folder into which PowerMTA moves its accounting files, listed oldest first."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from bouncehandler.ingest.accounting_file import FileFingerprint

DONE = "done"
"""Name of the subfolder for files that were taken."""


class DropFolderError(Exception):
    """The folder can't be used as it is; the text is one sentence with the remedy.

    Args:
        is_temporary: whether it could be used a moment ago, and may be again by itself.
    """

    def __init__(self, message: str, *, is_temporary: bool = False) -> None:
        super().__init__(message)
        self.is_temporary = is_temporary


class FolderEntry(NamedTuple):
    """A name in the folder."""

    name: bytes
    fingerprint: FileFingerprint
    is_file: bool
    """False for a link, a pipe and the like."""

    @property
    def shown(self) -> str:
        """The name for logs: characters that are not printable, or no UTF-8, are escaped."""
        text = self.name.decode("utf-8", "backslashreplace")
        return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


class DropFolder:
    """The folder and its `done`, held open, so that replacing them leads no file elsewhere."""

    def __init__(self, path: Path, descriptor: int, done: int) -> None:
        self._path = path
        self.descriptor = descriptor
        self.done = done
        """Descriptor of the folder `done`."""

    def entries(self) -> list[FolderEntry]:
        """The entries, oldest first by the last change; without folders, and names that begin with a dot.

        Incomplete copies have such names (rsync's). A rename leaves the time alone, so
        it is that of PowerMTA's last row.

        Raises:
            DropFolderError: the folder, or `done`, is no longer where it was.
        """
        self._ensure_in_place()
        names = [os.fsencode(name) for name in os.listdir(self.descriptor)]  # noqa: PTH208  # no path leads there
        entries = [one for name in names if not name.startswith(b".") for one in self._stat(name)]
        return sorted(entries, key=lambda one: (one.fingerprint.modified_ns, one.name))

    def _ensure_in_place(self) -> None:
        for descriptor, path in ((self.descriptor, self._path), (self.done, self._path / DONE)):
            if not _is_at(path, descriptor):
                raise DropFolderError(
                    f"{path} was moved away or removed: put it back, and start anew", is_temporary=True
                )

    def _stat(self, name: bytes) -> Iterator[FolderEntry]:
        try:
            status = os.stat(name, dir_fd=self.descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return
        if not stat.S_ISDIR(status.st_mode):
            yield FolderEntry(name, FileFingerprint.of(status), stat.S_ISREG(status.st_mode))


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except OSError:
        return False


@contextmanager
def open_folder(path: Path) -> Iterator[DropFolder]:
    """Open the folder and its `done`, which is created where it is missing, readable by the folder's owner alone.

    Raises:
        DropFolderError: there is no such folder, or files can't be moved within it.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except (OSError, ValueError) as error:  # ValueError: a name with NUL
        why = getattr(error, "strerror", None) or error
        raise DropFolderError(f"{path} can't be opened ({why}): name the folder that `move-to` names") from error
    try:
        done = _open_done(descriptor, path)
        try:
            yield DropFolder(path, descriptor, done)
        finally:
            os.close(done)
    finally:
        os.close(descriptor)


def _open_done(folder: int, path: Path) -> int:
    try:
        _create_done(folder)
        done = os.open(DONE, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    except OSError as error:
        raise DropFolderError(
            f"{path / DONE} can't be made or opened ({error.strerror}): make it, as a folder of this user's"
        ) from error
    if not all(os.access(".", os.W_OK | os.X_OK, dir_fd=each, effective_ids=True) for each in (folder, done)):
        os.close(done)
        raise DropFolderError(f"files can't be moved from {path} into {path / DONE}: let this user write to both")
    return done


def _create_done(folder: int) -> None:
    """Create `done`; where root does, the folder's owner gets it."""
    try:
        os.mkdir(DONE, 0o700, dir_fd=folder)
    except FileExistsError:
        return
    owner = os.fstat(folder)
    if os.geteuid() == 0 and owner.st_uid != 0:
        os.chown(DONE, owner.st_uid, owner.st_gid, dir_fd=folder, follow_symlinks=False)
