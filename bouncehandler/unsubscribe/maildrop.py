"""The letterbox beside the spool: a folder into which each List-Unsubscribe mail is put, as one small file, a letter.

A process that starts once per mail writes it, without opening the spool's database, and imports next to nothing: this
module is that half. A running instance reads the letters (`letterbox.reading`) and brings them into the spool.

A letter is UTF-8: a first line that names the form, `name: value` lines with what was decided when the mail came, an
empty line, and the head of the mail as it came. It lies there whole or not at all.
"""

import os

FIRST_LINE = "bouncehandler letter 1"
SUFFIX = ".letter"
TEMPORARY = ".tmp"

LONGEST_HEAD = 65_536
"""Bytes of a mail's head that are kept."""
_LONGEST_VALUE = 1000
"""Characters."""


def folder_beside(spool: str) -> str:
    """Where the letters for the spool's file lie: `spool.db` has `spool.letters`."""
    return os.path.splitext(spool)[0] + ".letters"  # noqa: PTH122  # pathlib costs as much as a bare start


def compose(values: dict[str, str], head: bytes, *, received_at: int) -> bytes:
    """A letter.

    Args:
        values: `to`, `sender`, and what `tokens.identify` says of the person.
        head: of the mail; what is behind the first `LONGEST_HEAD` bytes is left out.
        received_at: seconds since the epoch.
    """
    head = head[:LONGEST_HEAD]
    told = {"received": str(received_at), **values, "head": str(len(head))}
    lines = [FIRST_LINE, *(f"{name}: {_one_line(value)}" for name, value in told.items()), "", ""]
    return "\n".join(lines).encode("utf-8", "backslashreplace") + head


def post(folder: str, letter: bytes, *, now_ns: int) -> str:
    """Put a letter into the folder; when this returns its name, the letter is on disk.

    Args:
        now_ns: nanoseconds since the epoch; letters are read in this order.

    Raises:
        OSError: the system refuses; then no letter is there, or, after an error at the very last, a whole one.
    """
    name = f"{now_ns:020}-{os.getpid()}-{os.urandom(4).hex()}"
    directory = _open(folder)
    try:
        _write(f".{name}{TEMPORARY}", letter, directory)
        os.rename(f".{name}{TEMPORARY}", name + SUFFIX, src_dir_fd=directory, dst_dir_fd=directory)
        os.fsync(directory)
    finally:
        os.close(directory)
    return name + SUFFIX


def create(folder: str) -> None:
    """Create what is missing of the folder, for this user only, whatever the umask, and wait until it is on disk.

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
    """Make one folder; where root does, by `check` say, it belongs to whom the folder around it belongs to."""
    try:
        os.mkdir(folder, 0o700)  # noqa: PTH102  # as above
    except FileExistsError:  # somebody else's mail came at the same time
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
    """Write a file and wait until it is on disk; where that fails, it is gone again."""
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
    value = value[:_LONGEST_VALUE]
    return value if value.isprintable() else "".join(char if char.isprintable() else "?" for char in value)
