"""Where in rows stands what figures are made of, and how it is counted without a loop in Python."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from operator import itemgetter, methodcaller
from typing import Any, NamedTuple, TypeVar

from bouncehandler.accounting import Layout, parse_time
from bouncehandler.record import Bounce, epoch

_HOUR = 3600
_DOMAIN, _CUT = itemgetter(2), methodcaller("partition", "@")  # without an @ nothing is taken for a domain

_DIAGNOSTICS, _HOSTS = 8, 32
"""Rows of those counted together whose diagnostic stands for all of them, and whose mail exchanger is remembered: of
fewer rows each is looked at. Many servers repeat the address, so that nearly every diagnostic is new."""

_Key = TypeVar("_Key")

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


class Cells:
    """How many rows have which cell, of rows that have hour, kind and verdict in common."""

    def __init__(self) -> None:
        self.number = 0
        self.named: dict[str, Counter[str]] = {}
        """By dimension."""
        self.originators: Counter[str] = Counter()
        """Domains: each message may have a sender of its own (VERP)."""
        self.recipients: Counter[str] = Counter()
        """Domains."""
        self.hosts: dict[str, str] = {}
        """For domains, the mail exchanger of one of their rows."""
        self.diagnostics: Counter[str] = Counter()
        self.deferrals: Counter[tuple[str, str]] = Counter()
        """Domains of recipients with diagnostics."""

    @property
    def size(self) -> int:
        """Texts in memory, of which hostile rows have one each."""
        counters = (*self.named.values(), self.originators, self.recipients, self.diagnostics)
        return sum(len(counter) for counter in counters) + len(self.hosts) + len(self.deferrals)

    def take(self, columns: Columns, rows: Rows) -> None:
        """Count rows, which come some hundred at a time."""
        self.number += len(rows)
        for dimension, get in columns.named:
            counter = self.named.get(dimension)
            if counter is None:
                counter = self.named[dimension] = Counter()
            counter.update(map(get, rows))
        if columns.originator:
            self.originators.update(_domains(columns.originator, rows))
        if columns.recipient:
            self.recipients.update(_domains(columns.recipient, rows))
        if columns.recipient and columns.host:
            some = _some(rows, _HOSTS)
            self.hosts.update(zip(_domains(columns.recipient, some), map(columns.host, some), strict=True))
        if columns.diagnostic:
            _share(self.diagnostics, list(map(columns.diagnostic, _some(rows, _DIAGNOSTICS))), len(rows))
        if columns.tells_who_defers and columns.recipient and columns.diagnostic:
            some = _some(rows, _HOSTS)
            pairs = zip(_domains(columns.recipient, some), map(columns.diagnostic, some), strict=True)
            _share(self.deferrals, list(pairs), len(rows))


def _share(counter: Counter[_Key], keys: Sequence[_Key], rows: int) -> None:
    """Count rows of which some stand for all."""
    share, rest = divmod(rows, len(keys))
    for place, key in enumerate(keys):
        counter[key] += share + (place < rest)


def _some(rows: Rows, most: int) -> Rows:
    return rows[:: -(-len(rows) // most)]


def _domains(get: Getter, rows: Rows) -> Iterable[str]:
    return map(_DOMAIN, map(_CUT, map(get, rows)))


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


_GET = {name: itemgetter(place) for place, name in enumerate(Bounce._fields)}

OF_BOUNCES = Columns(
    None,
    _GET["recipient"],
    _GET["originator"],
    _GET["remote_mta"],
    _GET["diagnostic"],
    (("category", _GET["category"]), ("vmta", _GET["vmta"]), ("source", _GET["source_ip"]), ("job", _GET["job_id"])),
)
"""Of `Bounce`."""


@lru_cache(maxsize=4096)
def hour_of(text: str) -> int | None:
    """Hours since the epoch, of a cell; None where it holds no time. Remembered, since many rows share theirs."""
    at = parse_time(text)
    return hour_at(at) if at else None


def hour_at(at: datetime) -> int:
    """Hours since the epoch, of an aware time."""
    return epoch(at) // _HOUR
