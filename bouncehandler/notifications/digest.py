"""Digests: counts of the queued notices by kind, and the first few of each, in bounded memory."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import groupby

from bouncehandler.notifications.kinds import REPORT, NoticeEntry, NoticeKind, format_count, format_notice, kind_named
from bouncehandler.notifications.sanitize import TextSanitizer
from bouncehandler.spool import Notice

MAX_ENTRIES = 50
"""Notices of a kind that are shown."""
MAX_TEXT = 60_000
"""Characters of a kind that are shown: so a mail of every kind, its two forms encoded, stays below 10 MB."""

_MAX_TITLE = 100
"""Characters of a single notice's title in the subject."""


@dataclass(slots=True)
class NoticeGroup:
    """The notices of one kind: all of them counted, the first of them kept."""

    name: str
    count: int = 0
    entries: list[NoticeEntry] = field(default_factory=list)
    size: int = 0
    """Characters in the entries."""

    @property
    def kind(self) -> NoticeKind:
        """Wording and layout."""
        return kind_named(self.name)

    @property
    def heading(self) -> str:
        """`4,999 complaints`."""
        return format_count(self.name, self.count)

    @property
    def remainder(self) -> str:
        """A sentence about the notices that are not shown; empty when all are."""
        more = self.count - len(self.entries)
        return f"and {more:,} more; {self.kind.listing}" if more else ""

    def add(self, notice: Notice, sanitizer: TextSanitizer) -> None:
        """Count a notice, and keep it while there is room."""
        self.count += 1
        if self.count > len(self.entries) + 1 or len(self.entries) >= MAX_ENTRIES:
            return
        entry = format_notice(notice, sanitizer)
        if not self.entries or self.size + entry.size <= MAX_TEXT:
            self.entries.append(entry)
            self.size += entry.size


@dataclass(slots=True)
class Digest:
    """The content of one mail."""

    groups: dict[str, NoticeGroup]
    """Groups by kind, in the order of their first notices."""
    first: int
    """The number of the first notice."""
    last: int
    fingerprint: str
    """Distinguishes notices of the same numbers in different spools."""
    report: Notice | None = None
    """The notice of a queued report; None: a mail about notices."""

    @property
    def count(self) -> int:
        """Notices in all."""
        return sum(group.count for group in self.groups.values())

    @property
    def summary(self) -> str:
        """`4,999 complaints, 1 provider held`."""
        return ", ".join(group.heading for group in self.groups.values())

    @property
    def subject(self) -> str:
        """The summary; of a single notice with its title, shortened."""
        if self.count != 1:
            return f"bouncehandler: {self.summary}"
        (group,) = self.groups.values()
        title = group.entries[0].title
        return f"bouncehandler: {self.summary} ({title if len(title) <= _MAX_TITLE else title[:_MAX_TITLE] + '…'})"


def build_digest(pages: Iterable[Sequence[Notice]], sanitizer: TextSanitizer) -> Digest | None:
    """Build the digest of all notices on the pages; None where there are none."""
    digest: Digest | None = None
    for page in pages:
        for notice in page:
            if digest is None:
                report = notice if notice.kind == REPORT else None
                digest = Digest({}, notice.id, notice.id, _fingerprint(notice), report)
            digest.last = notice.id
            digest.groups.setdefault(notice.kind, NoticeGroup(notice.kind)).add(notice, sanitizer)
    return digest


def split_into_mails(pages: Iterable[Sequence[Notice]]) -> Iterator[Iterable[Sequence[Notice]]]:
    """Split the notices into mails: one for each report, and one for the notices between two reports."""
    notices = (notice for page in pages for notice in page)
    for _, run in groupby(notices, key=lambda notice: notice.id if notice.kind == REPORT else 0):
        yield ((notice,) for notice in run)


def _fingerprint(first: Notice) -> str:
    content = repr((first.kind, first.at, sorted(first.about.items())))
    return blake2b(content.encode("utf-8", "backslashreplace"), digest_size=8).hexdigest()
