"""Pacing: whether a provider's `rate` is kept exactly, and evenly."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from typing import NamedTuple

from tests.benchmarks.measurement import Bar, Effort, Measurement
from tests.benchmarks.program import configure, dispatch, suppressions


class _Size(NamedTuple):
    seconds: float
    """For which the rate is kept."""
    rates: tuple[int, ...]
    """Calls a second."""


_SIZES = {
    Effort.QUICK: _Size(0.2, (50,)),
    Effort.USUAL: _Size(60.0, (50,)),
    Effort.FULL: _Size(60.0, (1, 10, 50, 200)),
}
_BAR = Bar(0.02, is_floor=False)
_IN_FLIGHT = 8


def measure(effort: Effort, folder: Path) -> Iterator[Measurement]:
    """The calls of a minute, by the times at which they began."""
    size = _SIZES[effort]
    for rate in size.rates:
        with TemporaryDirectory(dir=folder) as name:
            yield from _paced(Path(name), rate, size.seconds)


def _paced(folder: Path, rate: int, seconds: float) -> Iterator[Measurement]:
    config = configure(folder, type="file", path=str(folder / "trail.jsonl"), concurrency=_IN_FLIGHT, rate=f"{rate}/s")
    work = suppressions(int(rate * seconds) + 1)
    dispatch(config, work)
    with closing(sqlite3.connect(folder / "spool.db")) as raw:
        moments = [at for (at,) in raw.execute("SELECT started_at FROM attempt ORDER BY started_at")]
    gaps = [(later - sooner) * rate for sooner, later in pairwise(moments)]
    kept = (len(moments) - 1) / (moments[-1] - moments[0]) / rate
    what = f"{rate}/s for {seconds:g} s"
    notices = f"{len(moments):,} calls, {kept:.4f} of the rate"
    yield Measurement(f"{what}: off by", [max(abs(kept - 1), 1e-6)], "of the rate", _BAR, notices)
    yield Measurement(f"{what}: longest of 100 gaps", [quantiles(gaps, n=100)[-1]], "times even", None)
