"""Counting: whether soft bounces are counted as quickly beside millions of counted recipients as beside few."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple

from bouncehandler.spool import SoftBounceEntry
from bouncehandler.spool.queue_batch import QueueBatch
from bouncehandler.spool.sqlite.store import SqliteSpool
from bouncehandler.suppression import Suppression
from tests.benchmarks.measurement import Effort, Measurement, alternate, ratios
from tests.benchmarks.program import PROVIDER

_BATCH = 1000
"""Soft bounces that are counted together."""
_BATCHES = 10
_DAY = 86_400
_WITHIN = 21.0 * _DAY
_DAYS = 18
"""So many of the days that count together have bounces already."""
_ENOUGH = 1_000_000
"""Soft bounces that suppress: no person gets there, so that counting alone is measured."""

_FILL = """
WITH RECURSIVE counted (number) AS (VALUES (1) UNION ALL SELECT number + 1 FROM counted WHERE number < :rows)
INSERT INTO soft_bounce (recipient, day, occurred_at, record, suppress_after, within, rule, record_type, category,
    status, diagnostic, originator, job_id, routed_to, recorded_at)
SELECT printf('jane.roe%08d@mail.example', number), :at / 86400 - (:rows - number) * :days / :rows,
    :at - (:rows - number) * :days / :rows * 86400, printf('%024x', number), :enough, :within,
    'policy.bounce.quota-issues', 'b', 'quota-issues', '4.2.2', 'smtp;452 4.2.2 the mailbox is full',
    'b@bounce.example.com', '', :provider, :at
FROM counted;
"""


class _Size(NamedTuple):
    few: int
    many: tuple[int, ...]
    rounds: int


_SIZES = {
    Effort.QUICK: _Size(1_000, (2_000,), 1),
    Effort.USUAL: _Size(10_000, (1_000_000,), 7),
    Effort.FULL: _Size(10_000, (1_000_000, 10_000_000), 7),
}


def measure(effort: Effort, folder: Path) -> Iterator[Measurement]:
    """A spool that has counted few against one that has counted very many."""
    size = _SIZES[effort]
    for many in size.many:
        with TemporaryDirectory(dir=folder) as name:
            yield _compare(Path(name), size.few, many, size.rounds)


def _compare(folder: Path, few: int, many: int, rounds: int) -> Measurement:
    with closing(_spool(folder / "few.db", few)) as small, closing(_spool(folder / "many.db", many)) as large:
        ours, theirs = count(), count()
        short, long = alternate(rounds, lambda: _count(small, ours, few), lambda: _count(large, theirs, many))
    speeds = f"{median(long) * 1e6:.1f} us a row; beside {few:,} {median(short) * 1e6:.1f} us"
    return Measurement(f"{many:,} recipients counted", ratios(long, short), f"times {few:,}", None, speeds)


def _spool(path: Path, counted: int) -> SqliteSpool:
    """A spool with a soft bounce of each of so many recipients, in the last weeks before yesterday."""
    SqliteSpool.open(path).close()
    values = {"rows": counted, "at": int(time.time()) - 2 * _DAY, "enough": _ENOUGH, "within": int(_WITHIN)}
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute(_FILL, {**values, "days": _DAYS, "provider": PROVIDER})
    return SqliteSpool.open(path)


def _count(spool: SqliteSpool, numbers: Iterator[int], counted: int) -> float:
    """Seconds a row, on average over a few batches."""
    several = [[_fresh(next(numbers), counted) for _ in range(_BATCH)] for _ in range(_BATCHES)]
    batches = [QueueBatch.of(SoftBounceEntry, some) for some in several]  # as ingest has them
    started = time.perf_counter()
    for batch in batches:
        spool.count(batch)
    return (time.perf_counter() - started) / (_BATCH * _BATCHES)


def _fresh(number: int, counted: int) -> SoftBounceEntry:
    """One more: every second of a recipient who was counted before, spread over all of them."""
    is_known = number % 2
    place = number * 2654435761 % counted + 1 if is_known else 50_000_000 + number  # Knuth's multiplier spreads them
    recipient = f"jane.roe{place:08}@mail.example"
    one = Suppression(f"{number:024x}", recipient, "bounce", "policy.bounce.quota-issues", "b", "quota-issues", "4.2.2")
    return SoftBounceEntry(one, (PROVIDER,), _ENOUGH, _WITHIN)
