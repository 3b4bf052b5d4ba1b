"""What rows tell for figures, and how it is counted without a loop in Python."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import chain
from operator import itemgetter, methodcaller
from typing import NamedTuple, Self, TypeVar

from bouncehandler.policy import Count, Suppress, Verdict
from bouncehandler.record.bounce_batch import BounceBatch, picker

_DOMAIN, _CUT = itemgetter(2), methodcaller("partition", "@")  # without an @ nothing is taken for a domain

_DIAGNOSTICS, _HOSTS = 8, 32
"""Rows of those counted together whose diagnostic stands for all of them, and whose mail exchanger is remembered: of
fewer rows each is looked at. Many servers repeat the address, so that nearly every diagnostic is new."""

_Key = TypeVar("_Key")
_Row = TypeVar("_Row")


class StatsBucket:
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

    def take(self, told: "RowStats") -> None:
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


class RowStats(NamedTuple):
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


def domains(addresses: Iterable[str]) -> Iterable[str]:
    """The domain of each; empty where there is none."""
    return map(_DOMAIN, map(_CUT, addresses))


def with_diagnostic(rows: Sequence[_Row]) -> Sequence[_Row]:
    """The rows whose diagnostic stands for all."""
    return _some(rows, _DIAGNOSTICS)


def with_host(rows: Sequence[_Row]) -> Sequence[_Row]:
    """The rows whose mail exchanger is remembered."""
    return _some(rows, _HOSTS)


def _share(counter: Counter[_Key], keys: Sequence[_Key], rows: int) -> None:
    """Count rows of which some stand for all; of none there is nothing to count."""
    if not keys:
        return
    share, rest = divmod(rows, len(keys))
    for place, key in enumerate(keys):
        counter[key] += share + (place < rest)


def _some(rows: Sequence[_Row], most: int) -> Sequence[_Row]:
    return rows[:: -(-len(rows) // most)]


class BounceStatsColumns(NamedTuple):
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
    def of(cls, bounces: BounceBatch) -> Self:
        """Of all of them."""
        named = bounces.categories, bounces.vmtas, bounces.source_ips, bounces.job_ids
        said = bounces.originators, bounces.remote_mtas, bounces.diagnostics
        return cls(bounces.record_types, bounces.occurred_at, bounces.domains, *said, *named)

    def those(self, places: Sequence[int]) -> "BounceStatsColumns":
        """Those at these places."""
        return BounceStatsColumns._make(map(picker(places), self))

    @classmethod
    def together(cls, several: Iterable["BounceStatsColumns"]) -> Self:
        """All of several."""
        return cls._make([*chain.from_iterable(columns)] for columns in zip(*several, strict=True))

    @property
    def told(self) -> RowStats:
        """What they tell."""
        dimensions = ("category", self.categories), ("vmta", self.vmtas), ("source", self.sources), ("job", self.jobs)
        hosts = zip(with_host(self.recipients), with_host(self.hosts), strict=True)
        senders = domains(self.originators)
        said = with_diagnostic(self.diagnostics)
        return RowStats(len(self.record_types), dimensions, senders, self.recipients, hosts, said)


def alike(verdicts: Sequence[Verdict]) -> dict[tuple[str, str], list[int]]:
    """The places of each verdict's word and rule, in order."""
    same: dict[int, list[int]] = {}
    for place, verdict in enumerate(verdicts):
        same.setdefault(id(verdict), []).append(place)  # their hashes are slow, and most are the same few
    found: dict[tuple[str, str], list[int]] = {}
    for places in same.values():
        verdict = verdicts[places[0]]
        found.setdefault((word_of(verdict), verdict.rule), []).extend(places)
    return {key: sorted(places) for key, places in found.items()}


def word_of(verdict: Verdict) -> str:
    """`suppress`, `count` or `ignore`."""
    if isinstance(verdict, Suppress):
        return "suppress"
    return "count" if isinstance(verdict, Count) else "ignore"
