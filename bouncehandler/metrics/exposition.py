"""Metrics of the spool in Prometheus's format; no label holds a value that came from outside."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import CollectorRegistry, write_to_textfile
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from bouncehandler import __version__
from bouncehandler.spool import Counts, MetricCounter, ProviderState, Status

_COUNTERS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "records": ("Rows read, by PowerMTA's type (list, unsubscribe: ours) and the verdict.", ("type", "verdict")),
    "unreadable": ("Rows that could not be read and were set aside, by reason.", ("reason",)),
    "dispatches": ("Dispatches settled, by outcome.", ("provider", "outcome")),
    "attempts": ("Calls for dispatches, by answer.", ("provider", "answer")),
}

_MODE = 0o644
"""Readable for node_exporter, which runs as another user; no address is in the file."""


@dataclass(frozen=True, eq=False)
class Snapshot(Collector):
    """The state of a spool at one time, and its counters, as a collector of the library."""

    status: Status
    counters: Sequence[MetricCounter]
    providers: Sequence[str]
    """Configured ones."""
    size: int
    """Bytes of the spool's file and its journal."""
    now: float
    """Seconds since the epoch."""

    @property
    def names(self) -> list[str]:
        """Providers, among them those that are no longer configured and still have a queue."""
        return list(dict.fromkeys([*self.providers, *self.status.providers, *self.status.states]))

    def collect(self) -> Iterator[Metric]:
        """Yield every metric."""
        for name, (text, labels) in _COUNTERS.items():
            yield _counter(name, text, labels, (counter for counter in self.counters if counter.name == name))
        yield _histogram(self.counters)
        yield from _provider_metrics(self)
        yield from _spool_metrics(self)


def write_metrics(path: Path, registry: CollectorRegistry) -> None:
    """Replace the file for node_exporter's textfile collector atomically; several processes may do so at a time.

    Raises:
        OSError: the folder is missing or can't be written, or the disk is full; the file is as it was.
    """
    write_to_textfile(str(path), registry)
    path.chmod(_MODE)  # the library leaves the mode to the umask


def _counter(name: str, text: str, labels: tuple[str, ...], counters: Iterable[MetricCounter]) -> Metric:
    family = CounterMetricFamily(f"bouncehandler_{name}", text, labels=labels)
    for counter in counters:
        values = dict(counter.labels)
        family.add_metric([values.get(label) or "none" for label in labels], counter.number)
    return family


def _histogram(counters: Sequence[MetricCounter]) -> Metric:
    family = HistogramMetricFamily("bouncehandler_call_seconds", "Duration of calls.", labels=["provider"])
    sums = [(dict(one.labels)["provider"], one.number) for one in counters if one.name == "call_seconds_sum"]
    counts = [(dict(one.labels), float(one.number)) for one in counters if one.name == "call_seconds"]
    for provider, seconds in dict(sums).items():
        buckets = [(str(labels["le"]), count) for labels, count in counts if labels["provider"] == provider]
        family.add_metric([provider], sorted(buckets, key=lambda bucket: float(bucket[0])), seconds)
    return family


def _provider_metrics(snapshot: Snapshot) -> Iterator[Metric]:
    status, now = snapshot.status, snapshot.now

    def gauge(name: str, text: str, values: Mapping[str, float]) -> Metric:
        family = GaugeMetricFamily(f"bouncehandler_{name}", text, labels=["provider"])
        for provider in snapshot.names:
            family.add_metric([provider], values.get(provider, 0.0))
        return family

    counts = {name: status.providers.get(name, Counts()) for name in snapshot.names}
    held = {name: float(status.states.get(name, ProviderState()).held) for name in snapshot.names}
    ages = {name: max(0.0, now - at) for name, at in status.oldest_at.items()}
    pending = {name: float(one.pending + one.claimed) for name, one in counts.items()}
    yield gauge("pending", "Dispatches that wait for a call.", pending)
    yield gauge("oldest_pending_seconds", "Age of the oldest dispatch that waits; 0: none.", ages)
    yield gauge("provider_held", "Whether the provider is held: 1.", held)
    yield gauge(
        "dead_letters", "Dispatches that were given up.", {name: float(one.dead) for name, one in counts.items()}
    )


def _spool_metrics(snapshot: Snapshot) -> Iterator[Metric]:
    status, now = snapshot.status, snapshot.now
    asked = 0.0 if status.oldest_asked_at is None else max(0.0, now - status.oldest_asked_at)
    text = "Age of the oldest complaint or request to unsubscribe that waits for a provider; 0: none."
    yield GaugeMetricFamily("bouncehandler_oldest_unsubscribe_seconds", text, asked)
    held = float(status.dispatches.held)
    yield GaugeMetricFamily("bouncehandler_held_dispatches", "Dispatches that are held as a spike of bounces.", held)
    yield GaugeMetricFamily("bouncehandler_spool_bytes", "The spool's file and its journal.", float(snapshot.size))
    last = next((one.number for one in snapshot.counters if one.name == "last_record"), None)
    if last is not None:
        text = "Time of the last record that was read, of any kind."
        yield GaugeMetricFamily("bouncehandler_last_record_timestamp_seconds", text, last)
    yield InfoMetricFamily("bouncehandler_build", "The program.", {"version": __version__})
