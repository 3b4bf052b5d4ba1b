"""Accounting file: one of PowerMTA's moved files, complete, locked for this process, and read in blocks."""

import errno
import fcntl
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, NamedTuple, Self

from bouncehandler.accounting import NOT_RECOGNISED, RecordReader

_BLOCK = 1 << 18
"""Bytes, as of `read_loop`."""

_GZIP = b"\x1f\x8b"  # RFC 1952 2.3.1

_SAMPLE = 1 << 16
"""Bytes that are tested for accounting before any row is taken."""

_MAX_UNPACKED = 1 << 24
_MAX_RATIO = 200
"""Bytes, and ratio to the compressed size: a file that unpacks to more than both is no accounting, which shrinks to a
fiftieth at best, and its rows would fill the disk."""

_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # opening a pipe of that name must not block


class FileSkipped(Exception):  # noqa: N818  # an outcome for one file, no error of the program
    """A file is skipped and stays where it is; the text, which follows the file's name, has the cause and the remedy.

    Args:
        is_temporary: whether the cause may be gone at the next scan by itself.
        is_refused: whether not one row can be read, or the columns are unknown.
    """

    def __init__(self, reason: str, *, is_temporary: bool = False, is_refused: bool = False) -> None:
        super().__init__(reason)
        self.is_temporary, self.is_refused = is_temporary, is_refused


class FileFingerprint(NamedTuple):
    """Fields of stat(2) that identify a version of a file: any change of the file changes one of them."""

    device: int
    inode: int
    size: int
    modified_ns: int
    changed_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> Self:
        """The fingerprint in the status of a file."""
        return cls(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


class AccountingFile:
    """A file that is open, complete, and locked for this process."""

    def __init__(self, name: bytes, folder: int, file: BinaryIO, fingerprint: FileFingerprint) -> None:
        self._name, self._folder, self._file, self._fingerprint = name, folder, file, fingerprint

    def fileno(self) -> int:
        """The file's descriptor."""
        return self._file.fileno()

    def blocks(self, reader: RecordReader) -> Iterator[bytes]:
        """Read the file, unpacked.

        Args:
            reader: fresh, and like the one that will read the file: it tests the beginning, up to a readable row.

        Raises:
            FileSkipped: it holds no accounting, is damaged, can't be read, or was written to meanwhile.
        """
        try:
            stream = self._unpacked()
            _ensure_accounting(self._read(stream), reader)
            stream.seek(0)
            yield from self._read(stream)
        except (EOFError, zlib.error) as error:
            raise FileSkipped(
                f"is damaged ({error}): its readable rows were taken; put a whole copy in its place"
            ) from error
        except OSError as error:
            raise FileSkipped(f"can't be read ({error.strerror or error}): put a whole copy in its place") from error
        self._ensure_unchanged()

    def _read(self, stream: BinaryIO) -> Iterator[bytes]:
        """All blocks, of which the first is a sample."""
        total, block = 0, stream.read(_SAMPLE)
        while block:
            total += len(block)
            if stream is not self._file and total > max(_MAX_UNPACKED, _MAX_RATIO * self._fingerprint.size):
                raise FileSkipped("unpacks to far more than accounting does: look at it, and remove it")
            yield block
            block = stream.read(_BLOCK)

    def move_to(self, folder: int) -> bytes:
        """Move the file into another folder, under a name that is free there; returns that name.

        Raises:
            FileSkipped: it was written to meanwhile, or the system refuses.
        """
        self._ensure_unchanged()
        name = _free_name(self._name, folder)
        try:
            os.rename(self._name, name, src_dir_fd=self._folder, dst_dir_fd=folder)
            os.fsync(folder)
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
        if FileFingerprint.of(os.fstat(self._file.fileno())) != self._fingerprint:
            raise FileSkipped("was written to while it was read", is_temporary=True)


@contextmanager
def open_accounting_file(name: bytes, folder: int) -> Iterator[AccountingFile]:
    """Open a file of a folder and lock it for this process until the end of the block.

    Raises:
        FileNotFoundError: it is gone, or another process has locked it.
        FileSkipped: it can't be opened, or a process writes it.
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
    """Lock the file; another process may have moved it away meanwhile."""
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

    The kernel grants a read lease, fcntl(2), only where none has. It refuses other users' files, and some file systems
    have no leases; there the file's age has to do. SIGIO must be ignored: it is sent when a writer comes in between.
    """
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except BlockingIOError:
        raise FileSkipped("is still being written", is_temporary=True) from None
    except OSError:
        return


def _ensure_accounting(blocks: Iterator[bytes], reader: RecordReader) -> None:
    """Raise `FileSkipped` where these are not PowerMTA's, or no row of them can be read.

    A list would suppress all its addresses. An empty file, or one with a header alone, is accepted.
    """
    for block in blocks:
        reader.feed(block)
        if reader.rows or not reader.is_familiar:
            break
    if not reader.rows:
        reader.close()  # a short file may lack its last line end
    if reader.counted["list"]:
        raise FileSkipped("is a list of addresses: feed it by hand, `bouncehandler < FILE`, if all of them shall leave")
    if reader.unreadable and not reader.rows:
        ensure_readable(reader.refusal())


def ensure_readable(refusal: str) -> None:
    """Raise `FileSkipped` where there is a refusal; see `RecordReader.refusal`."""
    if refusal.startswith(NOT_RECOGNISED):
        raise FileSkipped("holds no accounting records: remove it", is_refused=True)
    if refusal:
        raise FileSkipped(f"is refused: {refusal}", is_refused=True)


def _free_name(name: bytes, folder: int) -> bytes:
    """The name, with a number where the folder already has a file of that name."""
    count, free = 0, name
    while True:
        try:
            os.stat(free, dir_fd=folder, follow_symlinks=False)
        except FileNotFoundError:
            return free
        count += 1
        free = name[:240] + b".%d" % count  # 255 bytes is the longest name, limits.h
