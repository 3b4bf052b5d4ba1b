"""Many notices as a few: counts, a few entries, and memory that stays flat."""

import tracemalloc
from collections.abc import Iterator

import pytest

from bouncehandler.notifications.digest import MAX_ENTRIES, MAX_TEXT, build_digest
from bouncehandler.notifications.sanitize import TextSanitizer
from bouncehandler.redaction import mask_addresses
from bouncehandler.spool import Notice
from tests.unit.notifications.examples import NOW, complaints, digest_of, notices


def test_nothing() -> None:
    """Without notices there is no digest."""
    assert build_digest([], TextSanitizer(str)) is None
    assert build_digest([[]], TextSanitizer(str)) is None


def test_counts_in_the_subject() -> None:
    """The subject counts by kind, in the order in which the kinds came, with the right number of the noun."""
    batch = [*complaints(4999), *notices(("held", {"provider": "news"}))]
    assert digest_of(batch).subject == "bouncehandler: 4,999 complaints, 1 provider held"


@pytest.mark.parametrize(
    ("kind", "about", "subject"),
    [
        ("complaint", {"person": "john@example.com"}, "1 complaint (j***@example.com)"),
        ("complaint", {"person": "mailwizz:l1/s1"}, "1 complaint (mailwizz:l1/s1)"),
        ("complaint", {}, "1 complaint (unknown person)"),
        ("unsubscribe", {"person": "john@example.com"}, "1 unsubscribe request (j***@example.com)"),
        ("held", {"provider": "news", "reason": "HTTP 401"}, "1 provider held (news is held)"),
        ("back", {"provider": "news"}, "1 provider back (news is back)"),
        ("dead", {"provider": "news", "person": "john@example.com"}, "1 dead letter (j***@example.com at news)"),
        ("unreadable", {"rows": "123", "of": "4,567"}, "1 unreadable input (123 of 4,567 rows can't be read)"),
        ("flood", {}, "1 flood notice (unknown person)"),
    ],
)
def test_subject_of_one(kind: str, about: dict[str, str], subject: str) -> None:
    """A single notice is named in the subject, its address masked; an unknown kind has a generic name."""
    assert digest_of(notices((kind, about))).subject == f"bouncehandler: {subject}"


def test_long_subject() -> None:
    """A title without end does not make a subject without end."""
    (batch,) = notices(("held", {"provider": "x" * 1_000_000}))
    assert len(digest_of([batch]).subject) < 160


def test_few_entries() -> None:
    """At most 50 of a kind are shown, the first ones, and none is left out between two that are."""
    (group,) = digest_of(complaints(500)).groups.values()
    assert group.count == 500
    assert [entry.title for entry in group.entries] == ["u***@example.com"] * MAX_ENTRIES


def test_little_text() -> None:
    """Hostile notices show fewer entries, so that the mail stays a size that servers take; one is always shown."""
    about = {f"X-{number}": "\U0001f4a9 " * 500 for number in range(100)}
    (group,) = digest_of(notices(*[("complaint", about)] * 60)).groups.values()
    assert group.count == 60
    assert 1 <= len(group.entries) < MAX_ENTRIES
    assert group.size <= MAX_TEXT


def test_flat_memory() -> None:
    """100,000 notices with a kilobyte each use the memory of a few hundred."""

    def pages() -> Iterator[list[Notice]]:
        for start in range(0, 100_000, 500):
            about = {"person": "john@example.com", "diagnostic": f"{start} " + "x" * 1000}
            yield [Notice(start + n, "complaint", NOW, dict(about)) for n in range(500)]

    tracemalloc.start()
    digest = build_digest(pages(), TextSanitizer(mask_addresses))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert digest is not None
    assert digest.count == 100_000
    assert digest.last == 99_999
    assert peak < 2_000_000
