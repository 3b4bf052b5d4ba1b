"""Growth: whether rows are read as quickly into a spool that holds millions of suppressions as into an empty one."""

import re
from collections.abc import Iterator
from contextlib import closing
from itertools import count, islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple

from bouncehandler.spool.sqlite.store import SqliteSpool
from tests.benchmarks.corpus import lines
from tests.benchmarks.filled_spool import fill, spread
from tests.benchmarks.measurement import Effort, Measurement, alternate, ratios
from tests.benchmarks.reading import open_spool, take_in


class _Size(NamedTuple):
    held: tuple[int, ...]
    """Suppressions that are in the spool already."""
    rows: int
    """Read in one reading."""
    rounds: int


_SIZES = {
    Effort.QUICK: _Size((2_000,), 500, 1),
    Effort.USUAL: _Size((10_000, 1_000_000), 50_000, 5),
    Effort.FULL: _Size((10_000, 1_000_000, 10_000_000), 50_000, 5),
}
_RECIPIENT = re.compile(r"""[^,<>"\s]+@\w+\.example(?=[,>])""")
"""In the cell and in the diagnostic; the originators' domains end otherwise."""


def measure(effort: Effort, folder: Path) -> Iterator[Measurement]:
    """A spool that holds nothing against one that holds very many."""
    size = _SIZES[effort]
    for held in size.held:
        with TemporaryDirectory(dir=folder) as name:
            yield _compare(Path(name), held, size)


def _compare(folder: Path, held: int, size: _Size) -> Measurement:
    header, rows = _corpus(held, size.rows * size.rounds)
    files = [folder / f"{number}.csv" for number in range(size.rounds)]
    for file in files:
        file.write_text(header + "".join(islice(rows, size.rows)), encoding="utf-8")
    with closing(open_spool(fill(folder / "full.db", held))) as full:
        turns, theirs = count(), iter(files)
        short, long = alternate(
            size.rounds,
            lambda: _into_empty(folder / f"{next(turns)}.csv", size.rows),
            lambda: _take_in(next(theirs), full, size.rows),
        )
    speeds = f"{median(long) * 1e6:.1f} us a row; empty {median(short) * 1e6:.1f} us"
    return Measurement(f"{held:,} suppressions held", ratios(long, short), "times an empty spool", None, speeds)


def _corpus(held: int, rows: int) -> tuple[str, Iterator[str]]:
    """The header, and rows of new recipients, with addresses between the known ones, spread over all of them.

    So each row touches a page of the index of its own, as people do; the corpus's own addresses follow one another.
    """
    text = lines("suppressed", rows)
    header = next(text)
    people = (f"jane.roe{spread(number, held):08}.{number:x}@mail.example" for number in count())
    return header, (_RECIPIENT.sub(subject, row) for subject, row in zip(people, text, strict=False))


def _into_empty(file: Path, rows: int) -> float:
    with TemporaryDirectory(dir=file.parent) as name, closing(open_spool(Path(name) / "spool.db")) as spool:
        return _take_in(file, spool, rows)


def _take_in(file: Path, spool: SqliteSpool, rows: int) -> float:
    """Seconds a row."""
    seconds, tally = take_in(file, spool)
    if tally.suppressed != rows or tally.duplicates or tally.unreadable:
        raise RuntimeError(f"ingest of {rows} rows ended with {tally}")
    return seconds / rows
