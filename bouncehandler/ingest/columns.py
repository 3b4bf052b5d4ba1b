"""What figures are made of: where it stands in rows and in bounces, and how it is counted without a loop in Python."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import chain
from operator import itemgetter, methodcaller
from typing import Any, NamedTuple, Self, TypeVar

from bouncehandler.accounting import Layout, parse_time
from bouncehandler.record import epoch
from bouncehandler.record.several import Bounces, picker

_HOUR = 3600
_DOMAIN, _CUT = itemgetter(2), methodcaller("partition", "@")  # without an @ nothing is taken for a domain

_DIAGNOSTICS, _HOSTS = 8, 32
"""Rows of those counted together whose diagnostic stands for all of them, and whose mail exchanger is remembered: of
fewer rows each is looked at. Many servers repeat the address, so that nearly every diagnostic is new."""

_Key = TypeVar("_Key")
_Any = TypeVar("_Any")

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

    def take(self, told: "Told") -> None:
        """Count rows, which come some hundred at a time."""
        self.number += told.number
        for dimension, names in told.named:
            counter = self.named.get(dimension)
            if counter is None:
                counter = self.named[dimension] = Counter()
            counter.update(names)
        self.originators.update(told.originators)
        self.recipients.update(told.recipients)
        self.hosts.update(told.hosts)
        _share(self.diagnostics, told.diagnostics, told.number)
        _share(self.deferrals, told.deferrals, told.number)


class Told(NamedTuple):
    """What rows tell."""

    number: int
    named: Iterable[tuple[str, Iterable[str]]]
    """By dimension, a name for each row."""
    originators: Iterable[str] = ()
    """The domain of each row's."""
    recipients: Iterable[str] = ()
    """The domain of each row's."""
    hosts: Iterable[tuple[str, str]] = ()
    """Of some rows: the recipient's domain, and the mail exchanger."""
    diagnostics: Sequence[str] = ()
    """Of some rows."""
    deferrals: Sequence[tuple[str, str]] = ()
    """Of some rows: the recipient's domain, and the diagnostic."""


def told_by(columns: Columns, rows: Rows) -> Told:
    """What rows tell that have these columns."""
    some, few = _some(rows, _HOSTS), _some(rows, _DIAGNOSTICS)
    to = columns.recipient
    deferred = columns.diagnostic if columns.tells_who_defers else None
    return Told(
        len(rows),
        [(dimension, map(get, rows)) for dimension, get in columns.named],
        _domains(columns.originator, rows) if columns.originator else (),
        _domains(to, rows) if to else (),
        zip(_domains(to, some), map(columns.host, some), strict=True) if to and columns.host else (),
        [*map(columns.diagnostic, few)] if columns.diagnostic else (),
        [*zip(_domains(to, some), map(deferred, some), strict=True)] if to and deferred else (),
    )


class Seen(NamedTuple):
    """Of bounces, what figures are made of; a column each."""

    record_types: Sequence[str]
    occurred_at: Sequence[datetime | None]
    recipients: Sequence[str]
    """Domains."""
    originators: Sequence[str]
    hosts: Sequence[str]
    diagnostics: Sequence[str]
    categories: Sequence[str]
    vmtas: Sequence[str]
    sources: Sequence[str]
    jobs: Sequence[str]

    @classmethod
    def of(cls, bounces: Bounces) -> Self:
        """Of all of them."""
        named = bounces.categories, bounces.vmtas, bounces.source_ips, bounces.job_ids
        said = bounces.originators, bounces.remote_mtas, bounces.diagnostics
        return cls(bounces.record_types, bounces.occurred_at, bounces.domains, *said, *named)

    def those(self, places: Sequence[int]) -> "Seen":
        """Those at these places."""
        return Seen._make(map(picker(places), self))

    @classmethod
    def together(cls, several: Iterable["Seen"]) -> Self:
        """All of several."""
        return cls._make([*chain.from_iterable(columns)] for columns in zip(*several, strict=True))

    @property
    def told(self) -> Told:
        """What they tell."""
        dimensions = ("category", self.categories), ("vmta", self.vmtas), ("source", self.sources), ("job", self.jobs)
        hosts = zip(_some(self.recipients, _HOSTS), _some(self.hosts, _HOSTS), strict=True)
        senders = map(_DOMAIN, map(_CUT, self.originators))
        said = _some(self.diagnostics, _DIAGNOSTICS)
        return Told(len(self.record_types), dimensions, senders, self.recipients, hosts, said)


def _share(counter: Counter[_Key], keys: Sequence[_Key], rows: int) -> None:
    """Count rows of which some stand for all; of none there is nothing to count."""
    if not keys:
        return
    share, rest = divmod(rows, len(keys))
    for place, key in enumerate(keys):
        counter[key] += share + (place < rest)


def _some(rows: Sequence[_Any], most: int) -> Sequence[_Any]:
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


@lru_cache(maxsize=4096)
def hour_of(text: str) -> int | None:
    """Hours since the epoch, of a cell; None where it holds no time. Remembered, since many rows share theirs."""
    at = parse_time(text)
    return hour_at(at) if at else None


def hour_at(at: datetime) -> int:
    """Hours since the epoch, of an aware time."""
    return epoch(at) // _HOUR
