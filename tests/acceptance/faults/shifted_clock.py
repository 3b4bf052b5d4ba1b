"""A clock for subprocesses that can be set: it shifts the time that they read, and lets it run on."""

import mmap
import os
import struct
import time
from datetime import datetime
from pathlib import Path

_SHIFTED = """
import mmap, os, struct, time
if "FAULT_CLOCK" in os.environ:
    with open(os.environ["FAULT_CLOCK"], "rb") as file:
        page = mmap.mmap(file.fileno(), 8, access=mmap.ACCESS_READ)
    def shifted(real=time.time):
        return real() + struct.unpack("d", page[:8])[0]
    time.time = shifted
    time.time_ns = lambda: int(shifted() * 1e9)
"""
"""Python imports a module of the name sitecustomize before anything else. `time.monotonic`, and all that waits, stays
as it is, as when an operator or NTP sets a machine's clock."""


class ShiftedClock:
    """The time that the processes which are started with `environ` see.

    Args:
        folder: for a file, and for what is preloaded.
        zone: the local time zone, as TZ has it; empty: the machine's.
    """

    def __init__(self, folder: Path, zone: str = "") -> None:
        site, file = folder / "preloaded", folder / "shift"
        site.mkdir()
        (site / "sitecustomize.py").write_text(_SHIFTED, "ascii")
        file.write_bytes(struct.pack("d", 0.0))
        with file.open("r+b") as opened:
            self._page = mmap.mmap(opened.fileno(), 8)
        path = os.pathsep.join(filter(None, (str(site), os.environ.get("PYTHONPATH"))))
        self.environ = {"PYTHONPATH": path, "FAULT_CLOCK": str(file), **({"TZ": zone} if zone else {})}

    @property
    def now(self) -> float:
        """Seconds since the epoch, as the processes see it."""
        return time.time() + self._shift

    def step(self, seconds: float) -> None:
        """Set the clock forth, or back where negative."""
        self._page[:8] = struct.pack("d", self._shift + seconds)

    def set(self, at: datetime) -> None:
        """Set the clock to a time."""
        self.step(at.timestamp() - self.now)

    @property
    def _shift(self) -> float:
        (seconds,) = struct.unpack("d", self._page[:8])
        return float(seconds)
