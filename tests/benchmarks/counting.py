"""Counting: whether soft bounces are counted as quickly beside millions of counted recipients as beside none."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple

from bouncehandler.spool import Counted
from bouncehandler.spool.sqlite import SqliteSpool
from bouncehandler.suppression import Suppression
from tests.benchmarks.figures import Effort, Figure, alternate, ratios
from tests.benchmarks.program import PROVIDER

_BATCH = 1000
"""Soft bounces that are counted together."""
_BATCHES = 10
_DAY = 86_400
_WITHIN = 21.0 * _DAY
_ENOUGH = 1_000_000
"""Soft bounces that suppress: nobody gets there, so that counting alone is measured."""

_FILL = """
WITH RECURSIVE counted (number) AS (VALUES (1) UNION ALL SELECT number + 1 FROM counted WHERE number < :rows)
INSERT INTO soft_bounce (recipient, day, at, record, suppress_after, within, rule, record_type, category, status,
    diagnostic, originator, job_id, wanted_by, seen_at)
SELECT printf('jane.roe%08d@mail.example', number), :at / 86400, :at, printf('%024x', number), :enough, :within,
    'policy.bounce.quota-issues', 'b', 'quota-issues', '4.2.2', 'smtp;452 4.2.2 the mailbox is full',
    'b@bounce.example.com', '', :provider, :at
FROM counted;
"""


class _Size(NamedTuple):
    counted: tuple[int, ...]
    rounds: int


_SIZES = {
    Effort.QUICK: _Size((2_000,), 1),
    Effort.USUAL: _Size((1_000_000,), 7),
    Effort.FULL: _Size((1_000_000, 10_000_000), 7),
}


def measure(effort: Effort, folder: Path) -> Iterator[Figure]:
    """A spool that has counted nobody against one that has counted very many."""
    size = _SIZES[effort]
    for counted in size.counted:
        with TemporaryDirectory(dir=folder) as name:
            yield _compare(Path(name), counted, size.rounds)


def _compare(folder: Path, counted: int, rounds: int) -> Figure:
    with closing(_spool(folder / "empty.db", 0)) as empty, closing(_spool(folder / "full.db", counted)) as full:
        ours, theirs = count(), count()
        short, long = alternate(rounds, lambda: _count(empty, ours, 0), lambda: _count(full, theirs, counted))
    speeds = f"{median(long) * 1e6:.1f} us a row; empty {median(short) * 1e6:.1f} us"
    return Figure(f"{counted:,} recipients counted", ratios(long, short), "times an empty spool", None, speeds)


def _spool(path: Path, counted: int) -> SqliteSpool:
    """A spool with a soft bounce of each of so many recipients, two days ago."""
    SqliteSpool.open(path).close()
    if counted:
        values = {"rows": counted, "at": int(time.time()) - 2 * _DAY, "enough": _ENOUGH, "within": int(_WITHIN)}
        with closing(sqlite3.connect(path)) as raw, raw:
            raw.execute(_FILL, {**values, "provider": PROVIDER})
    return SqliteSpool.open(path)


def _count(spool: SqliteSpool, numbers: Iterator[int], counted: int) -> float:
    """Seconds a row, on average over a few batches."""
    batches = [[_fresh(next(numbers), counted) for _ in range(_BATCH)] for _ in range(_BATCHES)]
    started = time.perf_counter()
    for batch in batches:
        spool.count(batch, time.time())
    return (time.perf_counter() - started) / (_BATCH * _BATCHES)


def _fresh(number: int, counted: int) -> Counted:
    """One more: every second of a recipient who was counted before, spread over all of them."""
    is_known = number % 2 and counted
    place = number * 2654435761 % counted + 1 if is_known else 50_000_000 + number  # Knuth's multiplier spreads them
    recipient = f"jane.roe{place:08}@mail.example"
    one = Suppression(f"{number:024x}", recipient, "bounce", "policy.bounce.quota-issues", "b", "quota-issues", "4.2.2")
    return Counted(one, (PROVIDER,), _ENOUGH, _WITHIN)
