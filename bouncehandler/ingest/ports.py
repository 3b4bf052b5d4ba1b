"""What the left half is connected to: where suppressions go, where unreadable rows go, and the log."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from bouncehandler.spool import QueuedSuppression, Recorded, SoftBounceEntry


class SuppressionSink(Protocol):
    """Where suppressions go: the spool, or what a dry run has in its place."""

    def record(self, batch: Sequence[QueuedSuppression]) -> Recorded:
        """See `Spool.record`."""
        ...

    def count(self, batch: Sequence[SoftBounceEntry]) -> Recorded:
        """See `Spool.count`."""
        ...

    def record_deliveries(self, deliveries: Mapping[str, int]) -> None:
        """See `Spool.record_deliveries`."""
        ...

    def enqueue_notice(self, kind: str, about: Mapping[str, str]) -> None:
        """See `Spool.enqueue_notice`."""
        ...


class RejectSink(Protocol):
    """Where rows go that can't be read."""

    def keep(self, rows: Iterable[bytes]) -> None:
        """See `RejectedFile.keep`."""
        ...


class IngestLog(Protocol):
    """What the engine says aloud; a structlog logger is one."""

    def info(self, event: str, **values: object) -> object:
        """Something that an operator looks for afterwards."""
        ...

    def warning(self, event: str, **values: object) -> object:
        """Something that deserves a look."""
        ...

    def debug(self, event: str, **values: object) -> object:
        """Something for who asked for everything."""
        ...
