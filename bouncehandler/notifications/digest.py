"""Many notices as a few: how many there are of each kind, and the first of them, in memory that stays flat."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import groupby

from bouncehandler.notifications.kinds import Entry, counted, entry_of
from bouncehandler.notifications.report_schedule import REPORT
from bouncehandler.notifications.sanitize import TextSanitizer
from bouncehandler.spool import Notice

MAX_ENTRIES = 50
"""Notices of a kind that are shown."""
MAX_TEXT = 60_000
"""Characters of a kind that are shown: so a mail of every kind, its two forms encoded, stays below 10 MB."""

_IN_SUBJECT = 100
"""Characters of the only notice's title in the subject."""


@dataclass(slots=True)
class Group:
    """The notices of one kind."""

    kind: str
    count: int = 0
    entries: list[Entry] = field(default_factory=list)
    """The first of them."""
    size: int = 0
    """Characters in the entries."""

    def add(self, notice: Notice, sanitizer: TextSanitizer) -> None:
        """Count a notice, and keep it while there is room."""
        self.count += 1
        if self.count > len(self.entries) + 1 or len(self.entries) >= MAX_ENTRIES:
            return
        entry = entry_of(notice, sanitizer)
        if not self.entries or self.size + entry.size <= MAX_TEXT:
            self.entries.append(entry)
            self.size += entry.size


@dataclass(slots=True)
class Digest:
    """What one mail tells."""

    groups: dict[str, Group]
    """By kind, in the order in which they first came."""
    first: int
    """The number of the first notice."""
    last: int
    fingerprint: str
    """Another one wherever another spool has notices of the same numbers."""
    report: Notice | None = None
    """The report that it stands for, which is a mail by itself; None: it tells of notices."""

    @property
    def count(self) -> int:
        """How many notices it tells of."""
        return sum(group.count for group in self.groups.values())

    @property
    def summary(self) -> str:
        """`4,999 complaints, 1 provider held`."""
        return ", ".join(counted(group.kind, group.count) for group in self.groups.values())

    @property
    def subject(self) -> str:
        """The summary; of a single notice with its title, shortened."""
        if self.count != 1:
            return f"bouncehandler: {self.summary}"
        (group,) = self.groups.values()
        title = group.entries[0].title
        return f"bouncehandler: {self.summary} ({title if len(title) <= _IN_SUBJECT else title[:_IN_SUBJECT] + '…'})"


def gather(pages: Iterable[Sequence[Notice]], sanitizer: TextSanitizer) -> Digest | None:
    """The digest of all notices on the pages; None where there are none."""
    digest: Digest | None = None
    for page in pages:
        for notice in page:
            if digest is None:
                report = notice if notice.kind == REPORT else None
                digest = Digest({}, notice.id, notice.id, _fingerprint(notice), report)
            digest.last = notice.id
            digest.groups.setdefault(notice.kind, Group(notice.kind)).add(notice, sanitizer)
    return digest


def apart(pages: Iterable[Sequence[Notice]]) -> Iterator[Iterable[Sequence[Notice]]]:
    """The pages of each mail: one with what came between two reports, and one for each report."""
    notices = (notice for page in pages for notice in page)
    for _, run in groupby(notices, key=lambda notice: notice.id if notice.kind == REPORT else 0):
        yield ((notice,) for notice in run)


def _fingerprint(first: Notice) -> str:
    told = repr((first.kind, first.at, sorted(first.about.items())))
    return blake2b(told.encode("utf-8", "backslashreplace"), digest_size=8).hexdigest()
