"""Where in rows stands what figures are made of, and how it is counted without a loop in Python."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from operator import itemgetter, methodcaller
from typing import Any, NamedTuple

from bouncehandler.accounting import Layout, parse_time
from bouncehandler.record import Bounce, epoch

_HOUR = 3600
_DOMAIN, _CUT = itemgetter(2), methodcaller("partition", "@")  # without an @ nothing is taken for a domain


class Columns(NamedTuple):
    """Indices; None: there is no such column."""

    when: int | None
    recipient: int | None
    originator: int | None
    host: int | None
    diagnostic: int | None
    named: tuple[tuple[str, int], ...]
    """Dimensions whose names are the cells themselves, with their indices."""
    queue: int | None = None
    """Of rows without a recipient: `example.com/vmta1`."""

    def names(self, rows: Sequence[Sequence[Any]]) -> Iterator[tuple[str, Mapping[str, int]]]:
        """For each of `named`, how many rows have which cell: counted together, since the combinations are few."""
        indices = [index for _, index in self.named]
        if len(indices) == 1:
            yield self.named[0][0], Counter(map(itemgetter(*indices), rows))
        elif indices:
            together = Counter(map(itemgetter(*indices), rows))
            for place, (dimension, _) in enumerate(self.named):
                apart: dict[str, int] = {}
                for cells, number in together.items():
                    apart[cells[place]] = apart.get(cells[place], 0) + number
                yield dimension, apart

    def originators(self, rows: Sequence[Sequence[Any]]) -> Mapping[str, int]:
        """How many rows have which sender's domain: each message may have a sender of its own (VERP)."""
        return Counter(_domains(self.originator, rows))

    def recipients(self, rows: Sequence[Sequence[Any]]) -> Iterator[tuple[str, str, int]]:
        """The recipients' domains, for each the mail exchanger that one of them has, and how many rows it has."""
        domains = self._receivers(rows)
        hosts = self._hosts(domains, rows)
        for domain, number in Counter(domains).items():
            yield domain, hosts.get(domain, ""), number

    def said(self, rows: Sequence[Sequence[Any]]) -> Iterator[tuple[str, str, Mapping[str, int]]]:
        """The recipients' domains, the mail exchangers, and how many rows of theirs have which diagnostic."""
        if self.diagnostic is None:
            return
        domains = self._receivers(rows)
        hosts = self._hosts(domains, rows)
        found: dict[str, dict[str, int]] = {}
        for (domain, text), number in Counter(
            zip(domains, map(itemgetter(self.diagnostic), rows), strict=False)
        ).items():
            found.setdefault(domain, {})[text] = number
        for domain, texts in found.items():
            yield domain, hosts.get(domain, ""), texts

    def _receivers(self, rows: Sequence[Sequence[Any]]) -> list[str]:
        if self.queue is not None:
            return [row[self.queue].partition("/")[0] for row in rows]
        return list(_domains(self.recipient, rows))

    def _hosts(self, domains: Sequence[str], rows: Sequence[Sequence[Any]]) -> Mapping[str, str]:
        return {} if self.host is None else dict(zip(domains, map(itemgetter(self.host), rows), strict=False))

    def diagnostics(self, rows: Sequence[Sequence[Any]]) -> Mapping[str, int]:
        """How many rows have which diagnostic."""
        return {} if self.diagnostic is None else Counter(map(itemgetter(self.diagnostic), rows))


def _domains(index: int | None, rows: Sequence[Sequence[Any]]) -> Iterable[str]:
    return () if index is None else map(_DOMAIN, map(_CUT, map(itemgetter(index), rows)))


def columns_of(layout: Layout, record_type: str) -> Columns:
    """The columns of a layout; a remote bounce has its job in a header alone."""

    def first(*names: str) -> int | None:
        return next((place for name in names for place in layout.places[name]), None)

    jobs = layout.places["jobId"]
    job = jobs[-1 if record_type == "rb" else 0] if jobs else None
    cells = {"category": first("bounceCat"), "vmta": first("vmta"), "source": first("dlvSourceIp"), "job": job}
    return Columns(
        first("timeLogged", "timeQueued"),
        first("rcpt"),
        first("orig"),
        first("dsnMta"),
        first("dsnDiag"),
        tuple((dimension, index) for dimension, index in cells.items() if index is not None),
        _queue(layout) if record_type == "tq" else None,
    )


def _queue(layout: Layout) -> int | None:
    return next((place for place, column in enumerate(layout.columns) if column.strip().lower() == "queue"), None)


_AT = {name: place for place, name in enumerate(Bounce._fields)}

OF_BOUNCES = Columns(
    None,
    _AT["recipient"],
    _AT["originator"],
    _AT["remote_mta"],
    _AT["diagnostic"],
    (("category", _AT["category"]), ("vmta", _AT["vmta"]), ("source", _AT["source_ip"]), ("job", _AT["job_id"])),
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
