"""What was read and decided, in numbers that stay small however long the stream."""

from collections import Counter
from dataclasses import dataclass, field

_NAMED = 100
"""So many different originators are named; an open set must not fill the memory."""


@dataclass(slots=True)
class IngestCounters:
    """The numbers of one input."""

    records: Counter[str] = field(default_factory=Counter)
    """Readable rows by record type; `list` for listed addresses."""
    suppressed: int = 0
    """Records that suppress, those seen before among them, and soft bounces that were the last of enough."""
    duplicates: int = 0
    """Suppressions that the spool had already."""
    counted: Counter[str] = field(default_factory=Counter)
    """Soft bounces by the rule that counts them."""
    ignored: Counter[str] = field(default_factory=Counter)
    """Bounces by the rule that ignored them."""
    unwanted: Counter[str] = field(default_factory=Counter)
    """Suppressions that no provider wants, by originator."""
    unreadable: Counter[str] = field(default_factory=Counter)
    """Rows by the reason why they could not be read."""

    @property
    def rows(self) -> int:
        """Everything that was read, headers and empty lines aside."""
        return self.records.total() + self.unreadable.total()

    def add(self, other: "IngestCounters") -> None:
        """Count what another input had as well."""
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
            self.unrouted(originator, count)

    def unrouted(self, originator: str, count: int = 1) -> None:
        """Count suppressions that match no provider's originator patterns."""
        is_named = originator in self.unwanted or len(self.unwanted) < _NAMED
        self.unwanted[originator if is_named else "(others)"] += count
