"""Reading: from a file to a synced spool, against a bare `csv.reader` and against bare inserts into SQLite."""

import csv
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from bouncehandler.accounting import open_reader
from bouncehandler.ingest.counters import IngestCounters
from bouncehandler.ingest.fingerprints import BounceFingerprinter
from bouncehandler.ingest.pipeline import IngestOptions, IngestPipeline
from bouncehandler.ingest.ports import IngestContext
from bouncehandler.ingest.read_loop import read_loop
from bouncehandler.ingest.rejected_file import RejectedFile
from bouncehandler.ingest.stats.collector import StatsCollector
from bouncehandler.ingest.suppression_builder import SuppressionBuilder
from bouncehandler.logs import get_logger
from bouncehandler.policy import Policy
from bouncehandler.policy.classification import Rules
from bouncehandler.routing import Routes
from bouncehandler.settings.classification_rules import read_rules
from bouncehandler.spikes.detector import SpikeSettings
from bouncehandler.spikes.mailbox_providers import MailboxProviders
from bouncehandler.spool.sqlite.connection import journal_mode
from bouncehandler.spool.sqlite.store import SqliteSpool
from tests.benchmarks.corpus import ORIGINATORS, Kind, write
from tests.benchmarks.measurement import Bar, Effort, Measurement, alternate, per_second, ratios
from tests.benchmarks.program import PROVIDER


class _Size(NamedTuple):
    rows: int
    rounds: int


_SIZES = {Effort.QUICK: _Size(3_000, 1), Effort.USUAL: _Size(200_000, 5), Effort.FULL: _Size(1_000_000, 5)}
_BARS: dict[Kind, Bar | None] = {
    "ignored": Bar(0.5, is_floor=True),
    "suppressed": Bar(0.125, is_floor=True),
    "counted": None,
    "mixed": None,
}
_BATCH = 1000
"""Rows that the program commits together, by default."""


def measure(effort: Effort, folder: Path) -> Iterator[Measurement]:
    """Ignored rows, suppressed rows, and what the same bytes cost SQLite alone."""
    size = _SIZES[effort]
    for kind, bar in _BARS.items():
        yield from _compare(kind, write(folder / "corpus.csv", kind, size.rows), size, bar)


def _compare(kind: Kind, file: Path, size: _Size, bar: Bar | None) -> Iterator[Measurement]:
    sides = [lambda: _parse(file, size.rows), lambda: _take_in(kind, file, size.rows)]
    if kind == "suppressed":
        sides.append(lambda: _insert(file))
    bare, ours, *rest = alternate(size.rounds, *sides)
    speeds = f"{per_second(size.rows, ours)}; csv.reader {per_second(size.rows, bare)}"
    yield Measurement(f"rows that are {kind}", ratios(bare, ours), "of a bare csv.reader", bar, speeds)
    for insert in rest:
        speeds = f"{per_second(size.rows, ours)}; inserts {per_second(size.rows, insert)}"
        yield Measurement(f"rows that are {kind}", ratios(insert, ours), "of bare inserts into SQLite", None, speeds)


def _parse(file: Path, rows: int) -> float:
    """Seconds for the yardstick: the loop that any reader of CSV can't do without."""
    started = time.perf_counter()
    with file.open(encoding="utf-8", newline="") as stream:
        count = sum(1 for _ in csv.reader(stream))
    seconds = time.perf_counter() - started
    if count != rows + 1:
        raise RuntimeError(f"csv.reader found {count} rows, the corpus has {rows} and a header")
    return seconds


def _take_in(kind: Kind, file: Path, rows: int) -> float:
    """Seconds for the program's left half, into a new spool."""
    with TemporaryDirectory(dir=file.parent) as name, closing(open_spool(Path(name) / "spool.db")) as spool:
        seconds, tally = take_in(file, spool)
        _verify(tally, kind, rows, spool.status().dispatches.pending)
    return seconds


def open_spool(path: Path) -> SqliteSpool:
    """As the program opens it, with an eye on spikes."""
    return SqliteSpool.open(path, spikes=SpikeSettings())


def take_in(file: Path, spool: SqliteSpool) -> tuple[float, IngestCounters]:
    """Seconds that the program's left half takes for a file, and what it made of it."""
    policy = shipped_policy()
    pipeline = IngestPipeline(
        open_reader(takes_deliveries=True),
        IngestContext(
            policy=policy,
            builder=SuppressionBuilder(
                Routes({PROVIDER: ORIGINATORS}), fingerprinter=BounceFingerprinter(MailboxProviders())
            ),
            spool=spool,
            log=get_logger(),
            clock=time.time,
            stats=StatsCollector(spool, policy, MailboxProviders(), time.time),
        ),
        RejectedFile(file.with_name("rejected.csv")),
        IngestOptions(batch_rows=_BATCH * 4),  # as `batch_size_for` has it for a file
    )
    return _run(pipeline, file), pipeline.tally()


def shipped_policy() -> Policy:
    """The program's own, with the rules that come with it."""
    rules = read_rules().rules
    return Policy(rules=lambda matters: Rules(rules, matters))


def _run(pipeline: IngestPipeline, file: Path) -> float:
    source = os.open(file, os.O_RDONLY)
    never, anonymous = os.pipe()
    try:
        started = time.perf_counter()
        read_loop(pipeline, source, never, monotonic=time.monotonic)
        return time.perf_counter() - started
    finally:
        for descriptor in (source, never, anonymous):
            os.close(descriptor)


def _verify(tally: IngestCounters, kind: Kind, rows: int, dispatches: int) -> None:
    """A reading counts only if the work was done."""
    bounds = {"ignored": (0, 0), "suppressed": (rows, rows), "counted": (0, rows // 3), "mixed": (1, rows - 1)}
    least, most = bounds[kind]
    is_right = tally.rows == rows and least <= tally.suppressed <= most and dispatches == tally.suppressed
    if not is_right or tally.unreadable or tally.duplicates:
        raise RuntimeError(f"ingest of {rows} {kind} rows ended with {tally} and {dispatches} dispatches")


def _insert(file: Path) -> float:
    """Seconds to put the lines of the file into one table with an integer key, as durably and in groups as large."""
    lines = [(line,) for line in file.read_bytes().splitlines(keepends=True)]
    with TemporaryDirectory(dir=file.parent) as name:
        raw = sqlite3.connect(Path(name) / "bare.db", isolation_level=None)
        raw.execute("PRAGMA page_size = 8192")
        raw.execute("PRAGMA synchronous = FULL")
        raw.execute(f"PRAGMA journal_mode = {journal_mode(sqlite3.sqlite_version_info)}")
        raw.execute("CREATE TABLE line (id INTEGER PRIMARY KEY, text BLOB NOT NULL)")
        started = time.perf_counter()
        for at in range(0, len(lines), _BATCH):
            raw.execute("BEGIN IMMEDIATE")
            raw.executemany("INSERT INTO line (text) VALUES (?)", lines[at : at + _BATCH])
            raw.execute("COMMIT")
        seconds = time.perf_counter() - started
        raw.close()
    return seconds
