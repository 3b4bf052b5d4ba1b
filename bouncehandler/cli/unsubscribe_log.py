"""Log line of one List-Unsubscribe mail, without structlog, which takes ten times as long as a bare start."""

import os
import time

SPARE_LOG = "bouncehandler.log"
"""File in the spool's folder for lines that can't be written to the log file."""
MEND = "let this user write there, make room, or name another file with --logfile"

_LEVELS = ("debug", "info", "warning", "error")
_MODE = 0o640  # as `logs.sinks`
_DOMAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_")
_PLAIN = frozenset(map(chr, range(32, 127))) - frozenset('"\\')


def masked(address: str) -> str:
    """Mask an address as `j***@example.com`; other texts become `***`."""
    local, sign, domain = address.rpartition("@")
    if not address or not sign or not domain or not _DOMAIN.issuperset(domain):
        return "***" if address else ""
    return f"{local[:1]}***@{domain}"


def line(level: str, event: str, values: dict[str, str | int], *, now_ns: int) -> str:
    """Format an event as a JSON line, like the other log lines.

    Args:
        now_ns: nanoseconds since the epoch.
    """
    seconds, rest = divmod(now_ns, 1_000_000_000)
    at = f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{rest // 1000:06}Z"
    event_values = {"timestamp": at, "level": level, "event": event, **values}
    return "{" + ", ".join(f"{_quoted(key)}: {_value(value)}" for key, value in event_values.items()) + "}\n"


def is_enabled(level: str, least: str) -> bool:
    """Whether lines of a level are logged where `least` is the lowest level."""
    return _LEVELS.index(level) >= _LEVELS.index(least)


def append(path: str, text: str, *, as_folder: bool = False) -> str:
    """Append lines with one write, so that processes can share the file; returns the reason of a failure, else "".

    Args:
        as_folder: a file that root creates is given to the owner of the folder.
    """
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK  # so that no fifo keeps us waiting
    try:
        file = os.open(path, flags, _MODE)
        try:
            if as_folder:
                _give_to_folders_owner(file, path)
            os.write(file, text.encode("ascii"))
        finally:
            os.close(file)
    except (OSError, ValueError) as error:  # ValueError: a name with NUL
        return getattr(error, "strerror", None) or str(error)
    return ""


def _give_to_folders_owner(file: int, path: str) -> None:
    owner = os.stat(os.path.dirname(path))  # noqa: PTH116, PTH120  # pathlib costs as much as a bare start
    if os.geteuid() == 0 and owner.st_uid != 0:
        os.fchown(file, owner.st_uid, owner.st_gid)


def _value(value: str | int) -> str:
    return _quoted(value) if isinstance(value, str) else str(value)


def _quoted(text: str) -> str:
    return f'"{text if _PLAIN.issuperset(text) else "".join(map(_escaped, text))}"'


def _escaped(char: str) -> str:
    """Escape for JSON (RFC 8259 7) in ASCII, so that no line separator or direction mark gets through."""
    if char in _PLAIN:
        return char
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
