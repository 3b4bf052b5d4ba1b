"""What systemd is told of a service that runs: the protocol of sd_notify(3), in the few words that are needed."""

import os
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress


class SystemdNotifier:
    """Whoever started this process and asked to be told how it is; nobody, where `NOTIFY_SOCKET` is not set.

    A message that can't be delivered is lost: a service does not fail for want of a listener.

    Args:
        environ: where `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID` stand.
        monotonic: seconds of a clock that is never set.
    """

    def __init__(self, environ: Mapping[str, str], monotonic: Callable[[], float]) -> None:
        name = environ.get("NOTIFY_SOCKET", "")
        self._address = f"\0{name[1:]}" if name.startswith("@") else name  # an abstract socket: unix(7)
        self._monotonic = monotonic
        self._every = _half(environ) if name else None
        self._again_at = self._status_again_at = 0.0
        self._progress: object = None
        self._status = ""

    def ready(self) -> None:
        """Everything was opened, and work has begun."""
        self._tell("READY=1")

    def status(self, text: str) -> None:
        """Say in one line how it is, once a second at most; what was said last is not repeated."""
        now = self._monotonic()
        if self._address and text != self._status and now >= self._status_again_at:
            self._status, self._status_again_at = text, now + 1
            self._tell(f"STATUS={' '.join(text.split())}")

    def alive(self, progress: object) -> None:
        """Say that all goes on, at half of the time that the watchdog waits; call it as often as you like.

        Args:
            progress: counters that have all changed since the last time, or something hangs and nothing is said: by
                name, or one alone.
        """
        now = self._monotonic()
        if self._every is None or now < self._again_at or not _went_on(self._progress, progress):
            return
        self._again_at, self._progress = now + self._every, progress
        self._tell("WATCHDOG=1")

    def stopping(self) -> None:
        """The end has begun."""
        self._tell("STOPPING=1")

    def _tell(self, message: str) -> None:
        if self._address:
            with suppress(OSError, ValueError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.settimeout(0)
                sender.sendto(message.encode("utf-8", "replace"), self._address)


def _went_on(before: object, now: object) -> bool:
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        return all(before.get(name) != value for name, value in now.items())
    return before != now


def _half(environ: Mapping[str, str]) -> float | None:
    """Half of the watchdog's time in seconds, as sd_watchdog_enabled(3) advises; None where nobody watches us."""
    usec, pid = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", str(os.getpid()))
    if not usec.isdecimal() or pid != str(os.getpid()):
        return None
    return int(usec) / 2_000_000
