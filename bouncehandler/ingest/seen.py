"""What bounces tell for figures, a column each."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import chain
from typing import NamedTuple, Self

from bouncehandler.ingest.told import Told, domains, with_diagnostic, with_host
from bouncehandler.policy import Count, Suppress, Verdict
from bouncehandler.record.bounce_batch import BounceBatch, picker


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
    def of(cls, bounces: BounceBatch) -> Self:
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
        hosts = zip(with_host(self.recipients), with_host(self.hosts), strict=True)
        senders = domains(self.originators)
        said = with_diagnostic(self.diagnostics)
        return Told(len(self.record_types), dimensions, senders, self.recipients, hosts, said)


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
