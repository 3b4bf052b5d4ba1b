"""Where in rows that are only tallied stands what figures are made of."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple

from bouncehandler.accounting import Layout, parse_time
from bouncehandler.ingest.stats.batch import RowStats, domains, with_diagnostic, with_host
from bouncehandler.record import epoch

_HOUR = 3600
Getter = Callable[[Any], Any]
Rows = Sequence[Sequence[Any]]


class Columns(NamedTuple):
    """How to get at cells; None: there is no such column."""

    when: int | None
    recipient: Getter | None
    originator: Getter | None
    host: Getter | None
    diagnostic: Getter | None
    named: Sequence[tuple[str, Getter]]
    """Dimensions whose names are the cells themselves."""
    tells_who_defers: bool = False
    """Whether the recipients' domains and the diagnostics are told together as well."""


def row_stats(columns: Columns, rows: Rows) -> RowStats:
    """What rows tell that have these columns."""
    some, few = with_host(rows), with_diagnostic(rows)
    to = columns.recipient
    deferred = columns.diagnostic if columns.tells_who_defers else None
    return RowStats(
        len(rows),
        [(dimension, map(get, rows)) for dimension, get in columns.named],
        domains(map(columns.originator, rows)) if columns.originator else (),
        domains(map(to, rows)) if to else (),
        zip(domains(map(to, some)), map(columns.host, some), strict=True) if to and columns.host else (),
        [*map(columns.diagnostic, few)] if columns.diagnostic else (),
        [*zip(domains(map(to, some)), map(deferred, some), strict=True)] if to and deferred else (),
    )


def columns_of(layout: Layout, record_type: str) -> Columns:
    """The columns of a layout; a remote bounce has its job in a header alone."""

    def first(*names: str) -> int | None:
        return next((place for name in names for place in layout.places[name]), None)

    def getter(*names: str) -> Getter | None:
        return None if (place := first(*names)) is None else itemgetter(place)

    jobs = layout.places["jobId"]
    job = itemgetter(jobs[-1 if record_type == "rb" else 0]) if jobs else None
    cells = {"category": getter("bounceCat"), "vmta": getter("vmta"), "source": getter("dlvSourceIp"), "job": job}
    return Columns(
        first("timeLogged", "timeQueued"),
        _of_queue(layout) if record_type == "tq" else getter("rcpt"),
        getter("orig"),
        getter("dsnMta"),
        getter("dsnDiag"),
        tuple((dimension, get) for dimension, get in cells.items() if get is not None),
        tells_who_defers=record_type in {"t", "tq"},
    )


def _of_queue(layout: Layout) -> Getter | None:
    """Of a row without a recipient, `@` and the domain of its queue, which is called `example.com/vmta1`."""
    names = [name.strip().lower() for name in layout.columns]
    if "queue" not in names:
        return None
    queue = itemgetter(names.index("queue"))
    return lambda row: f"@{queue(row).partition('/')[0]}"


@lru_cache(maxsize=4096)
def hour_of(text: str) -> int | None:
    """Hours since the epoch, of a cell; None where it holds no time. Remembered, since many rows share theirs."""
    at = parse_time(text)
    return hour_at(at) if at else None


def hour_at(at: datetime) -> int:
    """Hours since the epoch, of an aware time."""
    return epoch(at) // _HOUR
