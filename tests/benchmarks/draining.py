"""Draining: whether a large backlog is as quick, for each dispatch, as a small one."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from tests.benchmarks.measurement import Effort, Measurement, alternate, per_second, ratios
from tests.benchmarks.program import SECRET, carry_out, configure, enqueue, suppression
from tests.benchmarks.responder import Responder


class _Size(NamedTuple):
    few: int
    """Due dispatches of the yardstick."""
    many: int
    rounds: int


_SIZES = {
    Effort.QUICK: _Size(200, 400, 1),
    Effort.USUAL: _Size(10_000, 100_000, 3),
    Effort.FULL: _Size(10_000, 1_000_000, 3),
}
_BATCH = 100
"""Dispatches that one call carries out, so that the spool is measured more than the calls."""
_IN_FLIGHT = 8


def measure(effort: Effort, folder: Path) -> Iterator[Measurement]:
    """All provider workers, with a webhook that answers at once."""
    size = _SIZES[effort]
    with Responder() as responder:
        sides = [partial(_each, folder, responder, count) for count in (size.few, size.many)]
        short, long = alternate(size.rounds, *sides)
    speeds = f"{per_second(1, long)}; {size.few:,} due {per_second(1, short)}"
    # Seconds for each dispatch: the rate's ratio is the other way round.
    yield Measurement(f"{size.many:,} due dispatches", ratios(short, long), f"of {size.few:,} due", None, speeds)


def _each(folder: Path, responder: Responder, count: int) -> float:
    """Seconds for each of so many dispatches."""
    before = responder.count()
    with TemporaryDirectory(dir=folder) as name:
        provider = {"type": "webhook", "url": responder.url(0), "secret": SECRET, "batch_size": _BATCH}
        config = configure(Path(name), **provider, concurrency=_IN_FLIGHT)
        enqueue(config, map(suppression, range(count)))
        seconds = carry_out(config, count)
    calls = responder.count() - before
    if calls < count / _BATCH:
        raise RuntimeError(f"{calls} calls can't have carried out {count} dispatches, {_BATCH} at most in each")
    return seconds / count
