"""One of PowerMTA's moved files: proved whole, locked for this process, and read in blocks, compressed or not."""

import errno
import fcntl
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, NamedTuple, Self

from bouncehandler.accounting import NOT_RECOGNISED, PowerMtaCsvReader, refusal_of

_BLOCK = 1 << 18
"""Bytes, as of `read_loop`."""

_GZIP = b"\x1f\x8b"  # RFC 1952 2.3.1

_SAMPLE = 1 << 16
"""Bytes by which a file is told from one that PowerMTA did not write."""

_MOST_UNPACKED = 1 << 24
_MOST_TIMES = 200
"""A compressed file that unpacks to more than both, in bytes and in times its size, is no accounting, which shrinks to
a fiftieth at best: its rows would fill the disk."""

_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a pipe of that name must not keep us waiting


class FileSkipped(Exception):  # noqa: N818  # no error of the program's: it says what becomes of a file
    """A file stays where it is; the text, which begins behind the file's name, says why and what mends it.

    Args:
        is_passing: whether it may be otherwise at the next look, though nobody does anything about it.
        is_refused: whether not one row of it can be read, or its columns can't be told.
    """

    def __init__(self, reason: str, *, is_passing: bool = False, is_refused: bool = False) -> None:
        super().__init__(reason)
        self.is_passing, self.is_refused = is_passing, is_refused


class FileFingerprint(NamedTuple):
    """What changes when anybody touches a file."""

    device: int
    inode: int
    size: int
    modified_ns: int
    changed_ns: int

    @classmethod
    def of(cls, found: os.stat_result) -> Self:
        """The identity in what the system says of a file."""
        return cls(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


class AccountingFile:
    """A file that is open, whole, and this process's own."""

    def __init__(self, name: bytes, folder: int, file: BinaryIO, identity: FileFingerprint) -> None:
        self._name, self._folder, self._file, self._identity = name, folder, file, identity

    def fileno(self) -> int:
        """The file's descriptor."""
        return self._file.fileno()

    def blocks(self, reader: PowerMtaCsvReader) -> Iterator[bytes]:
        """What the file holds, unpacked.

        Args:
            reader: fresh, and like the one that will read the file: it looks at the beginning, up to a row that can
                be read.

        Raises:
            Left: it holds no accounting, is damaged, can't be read, or was written to meanwhile.
        """
        try:
            stream = self._unpacked()
            _ensure_accounting(self._read(stream), reader)
            stream.seek(0)
            yield from self._read(stream)
        except (EOFError, zlib.error) as error:
            raise FileSkipped(
                f"is damaged ({error}): what could be read was taken; put a whole copy in its place"
            ) from error
        except OSError as error:
            raise FileSkipped(f"can't be read ({error.strerror or error}): put a whole copy in its place") from error
        self._ensure_unchanged()

    def _read(self, stream: BinaryIO) -> Iterator[bytes]:
        """All blocks, of which the first is a sample."""
        total, block = 0, stream.read(_SAMPLE)
        while block:
            total += len(block)
            if stream is not self._file and total > max(_MOST_UNPACKED, _MOST_TIMES * self._identity.size):
                raise FileSkipped("unpacks to far more than accounting does: look at it, and remove it")
            yield block
            block = stream.read(_BLOCK)

    def put_away(self, into: int) -> bytes:
        """Move the file into another folder, under a name that is free there; returns that name.

        Raises:
            Left: it was written to meanwhile, or the system refuses.
        """
        self._ensure_unchanged()
        name = _free(self._name, into)
        try:
            os.rename(self._name, name, src_dir_fd=self._folder, dst_dir_fd=into)
            os.fsync(into)
            os.fsync(self._folder)
        except OSError as error:
            raise FileSkipped(
                f"was taken, but can't be moved into done ({error.strerror}): give this user the right to"
            ) from error
        return name

    def _unpacked(self) -> BinaryIO:
        if os.pread(self._file.fileno(), len(_GZIP), 0) != _GZIP:
            return self._file
        import gzip  # noqa: PLC0415  # few files are compressed

        return gzip.GzipFile(fileobj=self._file)  # type: ignore[return-value]  # it lacks nothing that is used here

    def _ensure_unchanged(self) -> None:
        ensure_not_open_for_writing(self._file.fileno())
        found = os.fstat(self._file.fileno())
        if FileFingerprint.of(found) != self._identity:
            raise FileSkipped("was written to while it was read", is_passing=True)


@contextmanager
def opened(name: bytes, folder: int) -> Iterator[AccountingFile]:
    """A file of a folder, as this process's own until the end of the block.

    Raises:
        FileNotFoundError: it is gone, or another process takes it.
        Left: it can't be opened, or somebody writes it.
    """
    try:
        descriptor = os.open(name, _FLAGS, dir_fd=folder)
    except FileNotFoundError:
        raise
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise FileSkipped("is a link, which is not followed: put the file itself there") from error
        raise FileSkipped(f"can't be opened ({error.strerror}): give this user the right to read it") from error
    with os.fdopen(descriptor, "rb") as file:
        _lock(descriptor, name, folder)
        ensure_not_open_for_writing(descriptor)
        yield AccountingFile(name, folder, file, FileFingerprint.of(os.fstat(descriptor)))


def _lock(descriptor: int, name: bytes, folder: int) -> None:
    """Make the file this process's own; whoever had it before may have moved it away."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise FileNotFoundError from None
    except OSError as error:
        raise FileSkipped(f"can't be locked ({error.strerror}): put the folder on a local disk") from error
    there, here = os.stat(name, dir_fd=folder, follow_symlinks=False), os.fstat(descriptor)
    if (there.st_dev, there.st_ino) != (here.st_dev, here.st_ino):
        raise FileNotFoundError
    if not stat.S_ISREG(here.st_mode):
        raise FileSkipped("is no file: remove it")


def ensure_not_open_for_writing(descriptor: int) -> None:
    """Raise `FileSkipped` where a process has the file open for writing.

    The kernel grants a read lease, fcntl(2), only where none has. It does not say for other people's files, nor on some
    file systems; there the file's age has to do. SIGIO must be ignored: it tells of a writer who comes in between.
    """
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except BlockingIOError:
        raise FileSkipped("is still being written", is_passing=True) from None
    except OSError:
        return


def _ensure_accounting(blocks: Iterator[bytes], reader: PowerMtaCsvReader) -> None:
    """Raise `FileSkipped` where these are not PowerMTA's, or no row of them can be read.

    A list of addresses would suppress everybody on it. An empty file, or one with a header alone, is in order.
    """
    for block in blocks:
        reader.feed(block)
        if reader.recognised or not reader.is_familiar:
            break
    if not reader.recognised:
        reader.close()  # a short file may lack its last line end
    if reader.counted["list"]:
        raise FileSkipped("is a list of addresses: feed it by hand, `bouncehandler < FILE`, if all of them shall leave")
    if reader.unreadable and not reader.recognised:
        prove_readable(refusal_of(reader))


def prove_readable(refusal: str) -> None:
    """Raise `FileSkipped` for an input that is refused; see `refusal_of`."""
    if refusal.startswith(NOT_RECOGNISED):
        raise FileSkipped("holds no accounting records: remove it", is_refused=True)
    if refusal:
        raise FileSkipped(f"is refused: {refusal}", is_refused=True)


def _free(name: bytes, folder: int) -> bytes:
    """The name, with a number where the folder has a file of that name."""
    count, free = 0, name
    while True:
        try:
            os.stat(free, dir_fd=folder, follow_symlinks=False)
        except FileNotFoundError:
            return free
        count += 1
        free = name[:240] + b".%d" % count  # 255 bytes is the longest name, limits.h
