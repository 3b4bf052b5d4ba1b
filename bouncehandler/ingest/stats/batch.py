"""Column values of a block of rows, and the counters that take them without a loop in Python."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import itemgetter, methodcaller
from typing import NamedTuple, TypeVar

from bouncehandler.policy import Verdict
from bouncehandler.record.bounce_batch import BounceBatch
from bouncehandler.record.column_batch import Column, ColumnBatch
from bouncehandler.record.dimensions import DIMENSIONS

_DOMAIN, _SPLIT = itemgetter(2), methodcaller("partition", "@")  # a text without an @ has no domain

_DIAGNOSTICS, _HOSTS = 8, 32
"""Sample sizes per block: rows whose diagnostic stands for all rows, and rows whose mail exchanger is stored. Many
servers repeat the address, so that nearly every diagnostic is new."""

_Key = TypeVar("_Key")
_Row = TypeVar("_Row")


class RowStats(NamedTuple):
    """Column values of a block of rows, as the statistics collector needs them."""

    rows: int
    dimensions: Iterable[tuple[str, Iterable[str]]]
    """By the name of a dimension, the cell of each row."""
    originators: Iterable[str] = ()
    """Domains, one per row."""
    recipients: Iterable[str] = ()
    """Domains, one per row."""
    hosts: Iterable[tuple[str, str]] = ()
    """Recipient's domain and mail exchanger, of a sample of the rows."""
    diagnostics: Sequence[str] = ()
    """Of a sample of the rows."""
    deferrals: Sequence[tuple[str, str]] = ()
    """Recipient's domain and diagnostic, of a sample of the rows."""


class StatsBucket:
    """Counters for rows of one hour, kind, verdict and rule, by cell."""

    def __init__(self) -> None:
        self.rows = 0
        self.dimensions: dict[str, Counter[str]] = {}
        """By the name of a dimension."""
        self.originators: Counter[str] = Counter()
        """Domains: each message may have a sender of its own (VERP)."""
        self.recipients: Counter[str] = Counter()
        """Domains."""
        self.hosts: dict[str, str] = {}
        """By recipient's domain, the mail exchanger of one row."""
        self.diagnostics: Counter[str] = Counter()
        self.deferrals: Counter[tuple[str, str]] = Counter()
        """By recipient's domain and diagnostic."""

    @property
    def size(self) -> int:
        """Number of texts in memory; hostile rows have a new one each."""
        counters = (*self.dimensions.values(), self.originators, self.recipients, self.diagnostics)
        return sum(len(counter) for counter in counters) + len(self.hosts) + len(self.deferrals)

    def add(self, stats: RowStats) -> None:
        """Count rows, which come some hundred at a time."""
        self.rows += stats.rows
        for dimension, cells in stats.dimensions:
            counter = self.dimensions.get(dimension)
            if counter is None:
                counter = self.dimensions[dimension] = Counter()
            counter.update(cells)
        self.originators.update(stats.originators)
        self.recipients.update(stats.recipients)
        self.hosts.update(stats.hosts)
        _distribute(self.diagnostics, stats.diagnostics, stats.rows)
        _distribute(self.deferrals, stats.deferrals, stats.rows)


class CountedBounce(NamedTuple):
    """What the statistics need of a bounce."""

    record_type: str
    occurred_at: datetime | None
    originator: str
    domain: str
    """Of the recipient."""
    remote_mta: str
    diagnostic: str
    category: str
    job_id: str
    vmta: str
    source_ip: str


class CountedBounces(ColumnBatch[CountedBounce]):
    """Bounces that are grouped by verdict and hour, which would take longer with all columns of `BounceBatch`."""

    record_types = Column[str]("record_type")
    occurred_at = Column[datetime | None]("occurred_at")
    originators = Column[str]("originator")
    domains = Column[str]("domain")
    remote_mtas = Column[str]("remote_mta")
    diagnostics = Column[str]("diagnostic")

    def __init__(self, bounces: BounceBatch) -> None:
        columns = {**bounces.columns, "occurred_at": bounces.occurred_at}
        columns["domain"] = bounces.domains  # once, before they are grouped
        super().__init__(CountedBounce, columns)


def bounce_stats(bounces: CountedBounces) -> RowStats:
    """Statistics of bounces."""
    return RowStats(
        len(bounces),
        [(dimension.name, bounces.columns[dimension.field]) for dimension in DIMENSIONS],
        domains(bounces.originators),
        bounces.domains,
        zip(sample_hosts(bounces.domains), sample_hosts(bounces.remote_mtas), strict=True),
        sample_diagnostics(bounces.diagnostics),
    )


def domains(addresses: Iterable[str]) -> Iterable[str]:
    """The domain of each address; empty where it has none."""
    return map(_DOMAIN, map(_SPLIT, addresses))


def sample_diagnostics(rows: Sequence[_Row]) -> Sequence[_Row]:
    """The rows whose diagnostic stands for all."""
    return _sample(rows, _DIAGNOSTICS)


def sample_hosts(rows: Sequence[_Row]) -> Sequence[_Row]:
    """The rows whose mail exchanger is stored."""
    return _sample(rows, _HOSTS)


def group_by_verdict(verdicts: Sequence[Verdict]) -> dict[tuple[str, str], list[int]]:
    """Ascending indices by the verdict's word and rule."""
    by_identity: dict[int, list[int]] = {}
    for index, verdict in enumerate(verdicts):
        by_identity.setdefault(id(verdict), []).append(index)  # their hashes are slow, and most are the same few
    groups: dict[tuple[str, str], list[int]] = {}
    for indices in by_identity.values():
        verdict = verdicts[indices[0]]
        groups.setdefault((verdict.word, verdict.rule), []).extend(indices)
    return {key: sorted(indices) for key, indices in groups.items()}


def _distribute(counter: Counter[_Key], keys: Sequence[_Key], rows: int) -> None:
    """Count rows by the keys of a sample of them; an empty sample counts nothing."""
    if not keys:
        return
    share, rest = divmod(rows, len(keys))
    for index, key in enumerate(keys):
        counter[key] += share + (index < rest)


def _sample(rows: Sequence[_Row], size: int) -> Sequence[_Row]:
    return rows[:: -(-len(rows) // size)]
