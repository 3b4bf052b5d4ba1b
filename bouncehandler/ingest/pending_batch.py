"""Decisions that wait for the next commit to the spool."""

from dataclasses import dataclass, field

from bouncehandler.record import Delivery
from bouncehandler.spool import QueuedSuppression, SoftBounceEntry
from bouncehandler.spool.queue_batch import QueueBatch


@dataclass(slots=True)
class PendingBatch:
    """Suppressions, soft bounces and deliveries that are not on disk yet."""

    suppressions: QueueBatch[QueuedSuppression] = field(default_factory=lambda: QueueBatch(QueuedSuppression))
    soft_bounces: QueueBatch[SoftBounceEntry] = field(default_factory=lambda: QueueBatch(SoftBounceEntry))
    deliveries: dict[str, int] = field(default_factory=dict)
    """By recipient, the latest in seconds since the epoch."""
    input_bytes: int = 0
    """Of input since the last commit."""

    def __len__(self) -> int:
        return len(self.suppressions) + len(self.soft_bounces) + len(self.deliveries)

    def add_delivery(self, delivery: Delivery) -> None:
        """Keep the latest delivery to each recipient."""
        at = int(delivery.delivered_at.timestamp())
        self.deliveries[delivery.recipient] = max(at, self.deliveries.get(delivery.recipient, at))
