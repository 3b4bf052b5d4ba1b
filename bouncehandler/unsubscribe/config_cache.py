"""Cache of the settings that one List-Unsubscribe mail needs, in a small file that is read without any library.

The file is written by `unsubscribe_config`, and is valid as long as no source of the configuration has changed; an
invalid file is ignored, and the configuration loaded. Its form is not JSON, since importing `json` takes 0.7 times as
long as a bare start of Python (9.5 of 13.4 ms), and a mail may take 2.5 times as long in all.
"""

import os
import pwd
import stat

from bouncehandler import __version__
from bouncehandler.unsubscribe.tokens import Domain

SYSTEM_FILE = "/etc/bouncehandler/bouncehandler.toml"
"""As `settings.sources` has it, which costs too much to import."""
_FILE_VARIABLE = "BOUNCEHANDLER_CONFIG"
_SYSTEM_FOLDER = "/var/cache/bouncehandler"
_FIRST_LINE = f"bouncehandler unsubscribe cache 1, for {__version__}"
_LAST_LINE = "end"
_LEVELS = ("debug", "info", "warning", "error")
_ADDRESSES = ("masked", "plain")
_LONGEST = 4 * 1024 * 1024  # bytes, as the configuration itself
_LONGEST_NAME = 200  # characters, of the 255 that a file's name may have
_COARSE, _FINE = 2_000_000_000, 100_000_000
"""Nanoseconds, at most, between two times that a file system distinguishes; `_FINE` where it has fractions."""


class CachedConfig:
    """Cached subset of the configuration."""

    __slots__ = ("addresses", "domains", "level", "maildrop")

    def __init__(self, maildrop: str, level: str, addresses: str, domains: list[Domain]) -> None:
        self.maildrop = maildrop
        """Folder of the maildrop, absolute."""
        self.level = level
        """`log.level`"""
        self.addresses = addresses
        """`log.addresses`"""
        self.domains = domains


def config_file(config: str | None, environ: dict[str, str]) -> str:
    """The file that the configuration is read from, if it is there; absolute as far as that can be known."""
    file = config if config is not None else environ.get(_FILE_VARIABLE) or SYSTEM_FILE
    return os.path.join(_working_folder(), file)  # noqa: PTH118  # pathlib costs as much as a bare start


def read(config: str | None, environ: dict[str, str]) -> CachedConfig | None:
    """Read the cache of this configuration; None where there is none, or an invalid one."""
    try:
        lines = _contents(_place(config, environ)).split("\n")
        first, around, *rest, last = lines
        cells = [[_unescaped(cell) for cell in line.split("\t")] for line in rest]
        files = [cell for cell in cells if cell[0] == "file"]
        if (first, last) != (_FIRST_LINE, _LAST_LINE) or _unescaped(around) != surroundings(config, environ):
            return None
        if any(written != _state(path) for _, path, written in files):
            return None
        ((maildrop,),) = [values for kind, *values in cells if kind == "maildrop"]
        ((level, addresses),) = [values for kind, *values in cells if kind == "log"]
        if level not in _LEVELS or addresses not in _ADDRESSES:
            return None
        domains = [_domain(*values) for kind, *values in cells if kind == "domain"]
    except (OSError, ValueError, TypeError):
        return None
    return CachedConfig(maildrop, level, addresses, domains)


def write(
    config: str | None, environ: dict[str, str], around: str, files: dict[str, str], compiled: CachedConfig
) -> None:
    """Write the cache, if that is possible.

    Args:
        around: result of `surroundings` before the configuration was read.
        files: result of `states` at that time.
    """
    rows: list[tuple[str, ...]] = [("file", path, state) for path, state in files.items()]
    rows += [("maildrop", compiled.maildrop), ("log", compiled.level, compiled.addresses)]
    rows += [("domain", d.name, d.pattern, d.provider, d.list_manager, *d.secrets) for d in compiled.domains]
    body = ["\t".join(map(_escaped, row)) for row in rows]
    text = "\n".join([_FIRST_LINE, _escaped(around), *body, _LAST_LINE])
    try:
        _replace(_place(config, environ), text.encode("utf-8", "surrogateescape"))
    except OSError:
        return


def surroundings(config: str | None, environ: dict[str, str]) -> str:
    """Inputs of the configuration besides its files; variables only as a digest, for they may hold secrets."""
    names = ("XDG_STATE_HOME", "HOME", "CREDENTIALS_DIRECTORY")
    where = [f"{name}={environ[name]}" for name in names if name in environ]
    ours = sorted(pair for pair in environ.items() if pair[0].startswith("BOUNCEHANDLER_"))
    if [name for name, _ in ours] not in ([], [_FILE_VARIABLE]):
        import hashlib  # noqa: PLC0415  # costs a third of a bare start, and few have such variables

        digest = hashlib.sha256(repr(ours).encode("utf-8", "backslashreplace")).hexdigest()
        where.append(f"variables={digest}")
    return "\0".join([config_file(config, environ), _working_folder(), *where])


def states(paths: list[str]) -> dict[str, str]:
    """Fingerprints of files by path."""
    return {path: _state(path) for path in paths}


def are_settled(files: dict[str, str], *, now_ns: int) -> bool:
    """Whether a file that changed after `now_ns` can't look as before: its last change is long enough ago.

    Args:
        files: result of `states` at that time, or later.
        now_ns: nanoseconds since the epoch.
    """
    changes = [int(time) for state in files.values() if state for time in state.split()[2:]]
    return all(now_ns - change > (_FINE if change % 1_000_000_000 else _COARSE) for change in changes)


def _state(path: str) -> str:
    """Empty where there is no such file."""
    try:
        found = os.stat(path)  # noqa: PTH116  # as above
    except (OSError, ValueError):
        return ""
    return f"{found.st_ino} {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}"


def _domain(name: str, pattern: str, provider: str, list_manager: str, *secrets: str) -> Domain:
    return Domain(name, pattern, provider, list_manager, secrets)


def _working_folder() -> str:
    try:
        return os.getcwd()  # noqa: PTH109  # as above
    except OSError:  # it was deleted
        return ""


def _place(config: str | None, environ: dict[str, str]) -> str:
    """The file for this configuration.

    Raises:
        OSError: there is nowhere to keep it.
    """
    name = config_file(config, environ).replace("%", "%25").replace("/", "%2F")[-_LONGEST_NAME:]
    return f"{_folder(environ)}/{name}"


def _folder(environ: dict[str, str]) -> str:
    if _is_ours(_SYSTEM_FOLDER):
        return _SYSTEM_FOLDER
    base = environ.get("XDG_CACHE_HOME", "")
    if not base.startswith("/"):  # the XDG Base Directory Specification has relative ones ignored
        home = environ.get("HOME", "")
        try:
            base = f"{home if home.startswith('/') else pwd.getpwuid(os.geteuid()).pw_dir}/.cache"
        except KeyError:
            raise FileNotFoundError("this user has no home") from None
    return f"{base}/bouncehandler"


def _is_ours(folder: str) -> bool:
    try:
        found = os.stat(folder)  # noqa: PTH116  # as above
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o022


def _contents(path: str) -> str:
    """Read a file that no other user can have written.

    Raises:
        OSError: there is none.
    """
    file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        found = os.fstat(file)
        is_ours = stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o022
        if not (is_ours and _is_ours(os.path.dirname(path))):  # noqa: PTH120  # as above
            raise PermissionError("another user may write it")
        return os.read(file, _LONGEST).decode("utf-8", "surrogateescape")
    finally:
        os.close(file)


def _replace(path: str, data: bytes) -> None:
    folder = os.path.dirname(path)  # noqa: PTH120  # as above
    _make(folder)
    if not _is_ours(folder):
        raise PermissionError("another user may write it")
    temporary = f"{folder}/.{os.getpid()}-{os.urandom(4).hex()}"
    file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.fchmod(file, 0o600)
        while data:
            data = data[os.write(file, data) :]
        os.rename(temporary, path)  # noqa: PTH104  # as above
    except OSError:
        os.unlink(temporary)  # noqa: PTH108  # as above
        raise
    finally:
        os.close(file)


def _make(folder: str) -> None:
    """Create missing folders, but only within a folder of this user's: another's home is not ours to fill."""
    if os.path.isdir(folder):  # noqa: PTH112  # as above
        return
    parent = os.path.dirname(folder)  # noqa: PTH120  # as above
    if parent != folder:
        _make(parent)
    if os.stat(parent).st_uid != os.geteuid():  # noqa: PTH116  # as above
        raise PermissionError("folder of another user")
    try:
        os.mkdir(folder, 0o700)  # noqa: PTH102  # as above
    except FileExistsError:
        return
    os.chmod(folder, 0o700)  # noqa: PTH101  # as above


def _escaped(cell: str) -> str:
    return cell.replace("%", "%25").replace("\t", "%09").replace("\n", "%0A")


def _unescaped(cell: str) -> str:
    return cell.replace("%0A", "\n").replace("%09", "\t").replace("%25", "%")
