"""A pipe that never ends, and a program that reads it as fast as it goes into a spool that others use, too."""

import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress
from itertools import count
from pathlib import Path
from typing import Self

from tests.benchmarks.corpus import blocks
from tests.benchmarks.program import COMMAND, SECRET, environment, write_configuration

_ELSEWHERE = "elsewhere"
"""A provider without a dispatcher: so what is fed costs the others nothing but the spool and the machine."""
_ENDLESS = 1_000_000_000
_PATIENCE = 30.0
_LOOK = 0.02
_LEAST = 100.0
"""Suppressions a second below which it is no load: the rows that are measured beside it come slower."""


class EndlessPipe:
    """Feeds the spool in `folder` for as long as a block lasts; may be used many times, each time with other rows."""

    def __init__(self, folder: Path) -> None:
        self._spool = folder / "spool.db"
        provider = {"type": "webhook", "url": "http://127.0.0.1:9/", "secret": SECRET}
        self._config = write_configuration(folder / "feed.toml", _ELSEWHERE, provider)
        self._log = folder / "feed.log"
        self._seeds = count(2)
        self.rates: list[float] = []
        """Suppressions a second that came in, for each use."""

    def __enter__(self) -> Self:
        source = [sys.executable, "-m", "tests.benchmarks.endless_pipe", str(next(self._seeds))]
        reader = [*COMMAND, "--no-dispatch", "--config", str(self._config), "--logfile", str(self._log)]
        before = self._count()
        self._source = subprocess.Popen(source, stdout=subprocess.PIPE)
        self._reader = subprocess.Popen(
            reader, stdin=self._source.stdout, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment()
        )
        if self._source.stdout:
            self._source.stdout.close()
        deadline = time.perf_counter() + _PATIENCE
        while (first := self._count()) == before:
            if time.perf_counter() > deadline or self._reader.poll() is not None:
                self._end()
                raise RuntimeError("the feed brought no rows")
            time.sleep(_LOOK)
        self._first, self._since = first, time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        was_alive = self._reader.poll() is None
        rate = (self._count() - self._first) / (time.perf_counter() - self._since)
        self._end()
        if not was_alive or rate < _LEAST:
            raise RuntimeError(f"the feed brought {rate:.0f} suppressions a second, or ended before its time")
        self.rates.append(rate)

    def _end(self) -> None:
        self._reader.terminate()
        self._reader.wait()
        self._source.wait()

    def _count(self) -> int:
        """Suppressions in the spool, the number of the newest: to count them would keep others waiting."""
        if not self._spool.exists():
            return 0
        with closing(sqlite3.connect(self._spool, timeout=_PATIENCE)) as raw:
            found: tuple[int | None] = raw.execute("SELECT max(id) FROM suppression").fetchone()
        return found[0] or 0


def _pour(seed: int) -> None:
    """Write rows to standard output until the reader is gone."""
    with suppress(BrokenPipeError):
        for block in blocks("mixed", _ENDLESS, seed):
            sys.stdout.buffer.write(block)
            sys.stdout.buffer.flush()
    sys.stdout = None  # or Python would state at its end that the reader is gone


if __name__ == "__main__":
    _pour(int(sys.argv[1]))
