"""The maildrop: a folder beside the spool with one small file for each List-Unsubscribe mail, as in a Maildir.

This module writes the files, in a process that starts once per mail, imports next to nothing and leaves the database
alone. A running instance reads them (`unsubscribe.maildrop_reader`) and records the requests in the spool.

A file is UTF-8: a first line with the name of the format, `name: value` lines with the decision about the mail, an
empty line, and the head of the mail as received. It appears whole or not at all.
"""

import os

FIRST_LINE = "bouncehandler message 1"
SUFFIX = ".message"
TEMPORARY = ".tmp"

MAX_HEAD = 65_536
"""Bytes of a mail's head that are kept."""
_MAX_VALUE = 1000
"""Characters."""


def folder_beside(spool: str) -> str:
    """Return the maildrop of a spool file: `spool.maildrop` for `spool.db`."""
    return os.path.splitext(spool)[0] + ".maildrop"  # noqa: PTH122  # pathlib costs as much as a bare start


def compose(values: dict[str, str], head: bytes, *, received_at: int) -> bytes:
    """Build the content of a file.

    Args:
        values: `to`, `sender`, and the result of `tokens.identify`.
        head: of the mail, of which the first `MAX_HEAD` bytes are kept.
        received_at: seconds since the epoch.
    """
    head = head[:MAX_HEAD]
    fields = {"received": str(received_at), **values, "head": str(len(head))}
    lines = [FIRST_LINE, *(f"{name}: {_one_line(value)}" for name, value in fields.items()), "", ""]
    return "\n".join(lines).encode("utf-8", "backslashreplace") + head


def deliver(folder: str, message: bytes, *, now_ns: int) -> str:
    """Write a message into the folder, synced to disk; returns its file name.

    Args:
        now_ns: nanoseconds since the epoch; messages are read in this order.

    Raises:
        OSError: the system refuses; then no file is there, or, after an error of the last sync, a whole one.
    """
    name = f"{now_ns:020}-{os.getpid()}-{os.urandom(4).hex()}"
    directory = _open(folder)
    try:
        _write(f".{name}{TEMPORARY}", message, directory)
        os.rename(f".{name}{TEMPORARY}", name + SUFFIX, src_dir_fd=directory, dst_dir_fd=directory)
        os.fsync(directory)
    finally:
        os.close(directory)
    return name + SUFFIX


def create(folder: str) -> None:
    """Create the folder and its missing parents with mode 0700, whatever the umask, synced to disk.

    Raises:
        OSError: the system refuses.
    """
    parent = os.path.dirname(folder) or "."  # noqa: PTH120  # as above
    if not os.path.isdir(folder):  # noqa: PTH112  # as above
        if not os.path.isdir(parent):  # noqa: PTH112  # as above
            create(parent)
        _make(folder, parent)
    directory = os.open(parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _make(folder: str, parent: str) -> None:
    """Create one folder; one that root creates, with `check` for example, gets the owner of its parent."""
    try:
        os.mkdir(folder, 0o700)  # noqa: PTH102  # as above
    except FileExistsError:  # created by a concurrent process
        if not os.path.isdir(folder):  # noqa: PTH112  # as above
            raise
        return
    os.chmod(folder, 0o700)  # noqa: PTH101  # as above
    owner = os.stat(parent)  # noqa: PTH116  # as above
    if os.geteuid() == 0 and owner.st_uid != 0:
        os.chown(folder, owner.st_uid, owner.st_gid)


def _open(folder: str) -> int:
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    try:
        return os.open(folder, flags)
    except FileNotFoundError:
        create(folder)
        return os.open(folder, flags)


def _write(name: str, data: bytes, directory: int) -> None:
    """Write a file, synced to disk; remove it where that fails."""
    file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=directory)
    try:
        os.fchmod(file, 0o600)
        owner = os.fstat(directory)
        if os.geteuid() == 0 and owner.st_uid != 0:
            os.fchown(file, owner.st_uid, owner.st_gid)
        while data:
            data = data[os.write(file, data) :]
        os.fsync(file)
    except OSError:
        os.unlink(name, dir_fd=directory)
        raise
    finally:
        os.close(file)


def _one_line(value: str) -> str:
    value = value[:_MAX_VALUE]
    return value if value.isprintable() else "".join(char if char.isprintable() else "?" for char in value)
