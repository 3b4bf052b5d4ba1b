"""Ports of the ingest pipeline: the sinks of suppressions and rejected rows, the log, and all of them together."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from bouncehandler.ingest.stats.collector import StatsCollector
from bouncehandler.ingest.suppression_builder import SuppressionBuilder
from bouncehandler.policy import Policy
from bouncehandler.spool import QueuedSuppression, Recorded, SoftBounceEntry


class SuppressionSink(Protocol):
    """Destination of suppressions: the spool, or a dry run's substitute."""

    def record(self, batch: Sequence[QueuedSuppression], /) -> Recorded:
        """See `Spool.record`."""

    def count(self, batch: Sequence[SoftBounceEntry], /) -> Recorded:
        """See `Spool.count`."""

    def record_deliveries(self, deliveries: Mapping[str, int], /) -> None:
        """See `Spool.record_deliveries`."""

    def enqueue_notice(self, kind: str, about: Mapping[str, str], /) -> None:
        """See `Spool.enqueue_notice`."""


class RejectSink(Protocol):
    """Destination of rows that can't be read."""

    def keep(self, rows: Iterable[bytes], /) -> None:
        """See `RejectedFile.keep`."""


class IngestLog(Protocol):
    """Log of the ingest pipeline; a structlog logger is one."""

    def info(self, event: str, **values: object) -> object:
        """Log an event that the sysadmin may look for afterwards."""

    def warning(self, event: str, **values: object) -> object:
        """Log an event that deserves a look."""

    def debug(self, event: str, **values: object) -> object:
        """Log a single record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestContext:
    """Collaborators of whatever decides on records and enqueues suppressions."""

    policy: Policy
    builder: SuppressionBuilder
    spool: SuppressionSink
    log: IngestLog
    clock: Callable[[], float]
    """Seconds since the epoch."""
    on_commit: Callable[[], None] = lambda: None
    """Called after every commit that added something to the spool."""
    stats: StatsCollector | None = None
    """None: nothing is counted for reports and metrics."""
