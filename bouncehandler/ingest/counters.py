"""Counters of one input, bounded in memory however long the stream."""

from collections import Counter
from dataclasses import dataclass, field

_MAX_ORIGINATORS = 100
"""Originators that are counted by name; the set is open, memory is not."""


@dataclass(slots=True)
class IngestCounters:
    """Counters of one input."""

    records: Counter[str] = field(default_factory=Counter)
    """Readable rows by record type; `list` for listed addresses."""
    suppressed: int = 0
    """Records that suppress, duplicates among them, and soft bounces that reached a threshold."""
    duplicates: int = 0
    """Suppressions that the spool had already."""
    counted: Counter[str] = field(default_factory=Counter)
    """Soft bounces by the rule that counts them."""
    ignored: Counter[str] = field(default_factory=Counter)
    """Records by the rule that ignored them."""
    unwanted: Counter[str] = field(default_factory=Counter)
    """Suppressions that are routed to no provider, by originator."""
    unreadable: Counter[str] = field(default_factory=Counter)
    """Rows by the reason why they could not be read."""

    @property
    def rows(self) -> int:
        """All rows, headers and empty lines aside."""
        return self.records.total() + self.unreadable.total()

    def add(self, other: "IngestCounters") -> None:
        """Add the counters of another input."""
        self.suppressed += other.suppressed
        self.duplicates += other.duplicates
        for mine, theirs in (
            (self.records, other.records),
            (self.counted, other.counted),
            (self.ignored, other.ignored),
            (self.unreadable, other.unreadable),
        ):
            mine.update(theirs)
        for originator, count in other.unwanted.items():
            self.count_unrouted(originator, count)

    def count_unrouted(self, originator: str, count: int = 1) -> None:
        """Count suppressions that match no provider's originator patterns."""
        has_room = originator in self.unwanted or len(self.unwanted) < _MAX_ORIGINATORS
        self.unwanted[originator if has_room else "(others)"] += count
