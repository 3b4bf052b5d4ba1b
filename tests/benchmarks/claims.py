"""Claims: whether a spool that has done a great deal claims as quickly as an empty one."""

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple

from bouncehandler.spool import Completed, QueuedSuppression
from bouncehandler.spool.sqlite.store import SqliteSpool
from bouncehandler.suppression import Attempt, Outcome, Suppression
from tests.benchmarks.filled_spool import fill, spread
from tests.benchmarks.measurement import Bar, Effort, Measurement, alternate, ratios
from tests.benchmarks.program import PROVIDER

_BAR = Bar(1.5, is_floor=False)
_CLAIMED = 32
"""Dispatches that one claim takes."""
_CLAIMS = 10
"""Claims that one reading is made of."""
_DAY = 86400.0


class _Size(NamedTuple):
    done: tuple[int, ...]
    rounds: int


_SIZES = {
    Effort.QUICK: _Size((2_000,), 1),
    Effort.USUAL: _Size((10_000, 1_000_000), 9),
    Effort.FULL: _Size((10_000, 1_000_000, 10_000_000), 9),
}


def measure(effort: Effort, folder: Path) -> Iterator[Measurement]:
    """A spool with nothing done against one with a great many done."""
    size = _SIZES[effort]
    for done in size.done:
        with TemporaryDirectory(dir=folder) as name:
            yield from _compare(Path(name), done, size.rounds)


def _compare(folder: Path, done: int, rounds: int) -> Iterator[Measurement]:
    with closing(_spool(folder / "empty.db", 0)) as empty, closing(_spool(folder / "full.db", done)) as full:
        pending = rounds * _CLAIMS * _CLAIMED
        for spool in (empty, full):
            spool.record([QueuedSuppression(_fresh(number, done), (PROVIDER,)) for number in range(pending)])
        read = alternate(rounds, lambda: _claim(empty), lambda: _claim(full))
    for place, what, bar in ((0, "claim", _BAR), (1, "settle", None)):
        short, long = ([both[place] for both in side] for side in read)
        speeds = f"{median(long) * 1000:.2f} ms for {_CLAIMED}; empty {median(short) * 1000:.2f} ms"
        yield Measurement(f"{what}, {done:,} done rows", ratios(long, short), "times an empty spool", bar, speeds)


def _spool(path: Path, done: int) -> SqliteSpool:
    return SqliteSpool.open(fill(path, done))


def _fresh(number: int, done: int) -> Suppression:
    """One more: every second for a recipient who was carried out long ago, spread over all of them."""
    is_known = number % 2 and done
    place = spread(number, done) if is_known else 99_000_000 + number
    recipient = f"jane.roe{place:08}@mail.example"
    return Suppression(f"{number:024x}", recipient, "bounce", category="bad-mailbox", status="5.1.1")


def _claim(spool: SqliteSpool) -> tuple[float, float]:
    """Seconds that one claim takes, and settling what it took, on average over a few."""
    claiming = settling = 0.0
    for _ in range(_CLAIMS):
        now, started = time.time(), time.perf_counter()
        claimed = spool.claim(PROVIDER, _CLAIMED, repeat_after=_DAY, per_campaign=False, lease_for=3600)
        claiming += time.perf_counter() - started
        if len(claimed) != _CLAIMED:
            raise RuntimeError(f"{len(claimed)} dispatches were claimed, not {_CLAIMED}")
        done = [
            Completed(one, Attempt(now, 0.02, "unsubscribed", "HTTP 200: ok"), Outcome("unsubscribed"))
            for one in claimed
        ]
        started = time.perf_counter()
        spool.settle(done)
        settling += time.perf_counter() - started
    return claiming / _CLAIMS, settling / _CLAIMS
