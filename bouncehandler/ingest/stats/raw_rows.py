"""Statistics of accounting rows that are only counted and never become records."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple

from bouncehandler.accounting import Layout, parse_time
from bouncehandler.ingest.stats.batch import RowStats, domains, sample_diagnostics, sample_hosts
from bouncehandler.record import epoch
from bouncehandler.record.dimensions import DIMENSIONS

_SECONDS_PER_HOUR = 3600
Getter = Callable[[Any], Any]
Rows = Sequence[Sequence[Any]]


class RawRowColumns(NamedTuple):
    """Access to the cells of a raw row; None where the layout lacks the column."""

    time: int | None
    recipient: Getter | None
    originator: Getter | None
    host: Getter | None
    diagnostic: Getter | None
    dimensions: Sequence[tuple[str, Getter]]
    """By the name of a dimension."""
    is_deferral: bool = False
    """Whether the rows are deferrals, which are also counted by recipient domain and diagnostic together."""


def raw_row_stats(columns: RawRowColumns, rows: Rows) -> RowStats:
    """Statistics of rows with these columns."""
    with_host, with_diagnostic = sample_hosts(rows), sample_diagnostics(rows)
    to = columns.recipient
    deferred = columns.diagnostic if columns.is_deferral else None
    return RowStats(
        len(rows),
        [(dimension, map(get, rows)) for dimension, get in columns.dimensions],
        domains(map(columns.originator, rows)) if columns.originator else (),
        domains(map(to, rows)) if to else (),
        zip(domains(map(to, with_host)), map(columns.host, with_host), strict=True) if to and columns.host else (),
        [*map(columns.diagnostic, with_diagnostic)] if columns.diagnostic else (),
        [*zip(domains(map(to, with_host)), map(deferred, with_host), strict=True)] if to and deferred else (),
    )


def raw_row_columns(layout: Layout, record_type: str) -> RawRowColumns:
    """Find the columns in a layout; a remote bounce has its job in a header alone."""

    def first(*names: str) -> int | None:
        return next((index for name in names for index in layout.indices[name]), None)

    def getter(*names: str) -> Getter | None:
        return None if (index := first(*names)) is None else itemgetter(index)

    cells = {dimension.name: getter(dimension.column) for dimension in DIMENSIONS}
    if record_type == "rb" and (jobs := layout.indices["jobId"]):
        cells["job"] = itemgetter(jobs[-1])
    return RawRowColumns(
        first("timeLogged", "timeQueued"),
        _queue_domain(layout) if record_type == "tq" else getter("rcpt"),
        getter("orig"),
        getter("dsnMta"),
        getter("dsnDiag"),
        tuple((dimension, get) for dimension, get in cells.items() if get is not None),
        is_deferral=record_type in {"t", "tq"},
    )


def _queue_domain(layout: Layout) -> Getter | None:
    """`@` and the domain of a row's queue (`example.com/vmta1`), in place of the recipient that such a row lacks."""
    names = [name.strip().lower() for name in layout.columns]
    if "queue" not in names:
        return None
    queue = itemgetter(names.index("queue"))
    return lambda row: f"@{queue(row).partition('/')[0]}"


@lru_cache(maxsize=4096)
def parse_hour(text: str) -> int | None:
    """Hours since the epoch, of a cell; None where it holds no time. Cached, since many rows share theirs."""
    at = parse_time(text)
    return hour_of(at) if at else None


def hour_of(at: datetime) -> int:
    """Hours since the epoch, of an aware time."""
    return epoch(at) // _SECONDS_PER_HOUR
