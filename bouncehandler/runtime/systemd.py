"""Notifies systemd of the state of the service: the part of sd_notify(3) that is needed."""

import os
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress


class SystemdNotifier:
    """Client of the notification socket; does nothing where `NOTIFY_SOCKET` is not set.

    A message that can't be delivered is lost: a service does not fail for want of a listener.

    Args:
        environ: holds `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID`.
        monotonic: seconds of the monotonic clock.
    """

    def __init__(self, environ: Mapping[str, str], monotonic: Callable[[], float]) -> None:
        name = environ.get("NOTIFY_SOCKET", "")
        self._address = f"\0{name[1:]}" if name.startswith("@") else name  # an abstract socket: unix(7)
        self._monotonic = monotonic
        self._interval = _reset_interval(environ) if name else None
        self._next_at = self._status_next_at = 0.0
        self._progress: object = None
        self._status = ""

    def ready(self) -> None:
        """Report that everything is open, and work has begun."""
        self._send("READY=1")

    def status(self, text: str) -> None:
        """Send a status line, once a second at most, and only when it changes."""
        now = self._monotonic()
        if self._address and text != self._status and now >= self._status_next_at:
            self._status, self._status_next_at = text, now + 1
            self._send(f"STATUS={' '.join(text.split())}")

    def alive(self, progress: object) -> None:
        """Reset the watchdog, at half of its interval; may be called at any rate.

        Args:
            progress: counters by name, or one alone; one that has not changed since the last reset means a hanging
                thread, and the watchdog is not reset.
        """
        now = self._monotonic()
        if self._interval is None or now < self._next_at or not _has_progressed(self._progress, progress):
            return
        self._next_at, self._progress = now + self._interval, progress
        self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """Report that the shutdown has begun."""
        self._send("STOPPING=1")

    def _send(self, message: str) -> None:
        if self._address:
            with suppress(OSError, ValueError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.settimeout(0)
                sender.sendto(message.encode("utf-8", "replace"), self._address)


def _has_progressed(before: object, now: object) -> bool:
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        return all(before.get(name) != value for name, value in now.items())
    return before != now


def _reset_interval(environ: Mapping[str, str]) -> float | None:
    """Half of the watchdog's interval in seconds, as sd_watchdog_enabled(3) advises; None without a watchdog."""
    usec, pid = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", str(os.getpid()))
    if not usec.isdecimal() or pid != str(os.getpid()):
        return None
    return int(usec) / 2_000_000
