"""Subjects are found id bucket by id bucket, and by their hashes, over any number of buckets."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bouncehandler.spool.admin import Selection
from bouncehandler.spool.sqlite.hashes import subject_hash
from bouncehandler.spool.sqlite.store import SqliteSpool
from tests.contract.spool.examples import (
    CLOCK,
    DAY,
    NOW,
    at_time,
    before,
    done,
    put,
    recipients,
    returned,
    suppression,
    take,
)

BUCKET = 8192
ANN = "ann@example.com"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A spool in which Ann stands at the ends of id buckets, with empty buckets between them."""
    path = tmp_path / "spool.db"
    SqliteSpool.open(path, clock=CLOCK).close()
    with closing(sqlite3.connect(path)) as raw, raw:
        for number in (BUCKET - 1, BUCKET, 2 * BUCKET - 1, 9 * BUCKET):
            raw.execute(
                "INSERT INTO suppression (id, record, recipient, reason, routed_to, recorded_at)"
                " VALUES (?, ?, ?, 'bounce', 'news', ?)",
                (number, f"{number:024x}", ANN, NOW - 9 * DAY),
            )
    return path


def test_everything_of_a_person_is_found(path: Path) -> None:
    """All suppressions of a subject are found, in the first bucket and the last; and nothing of others."""
    with closing(SqliteSpool.open(path, clock=CLOCK)) as spool:
        put(spool, suppression("bob@example.com"), suppression(ANN))
        assert [one.recipient for one in spool.suppressions(Selection(recipient=ANN))] == [ANN] * 5
        assert sum(happening.event == "bounced" for happening in spool.history(ANN)) == 5
        assert at_time(spool, NOW).forget(ANN, asked_by="root").waiting == 1
        (claimed,) = [one for one in take(spool) if one.suppression.recipient == ANN]
        at_time(spool, NOW).settle([done(claimed)])
        assert at_time(spool, NOW).forget_rest() == 1
        assert list(spool.suppressions(Selection(recipient=ANN))) == []


def test_pruned_buckets_are_not_gone_through(path: Path) -> None:
    """The first bucket is the one with the oldest suppression that is left."""
    with closing(SqliteSpool.open(path, clock=CLOCK)) as spool:
        at_time(spool, NOW).prune(before(NOW), after=0, limit=3 * BUCKET)
        assert [one.recipient for one in spool.suppressions(Selection(recipient=ANN))] == [ANN]
    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute("SELECT min(number), max(number) FROM id_bucket").fetchone() == (9, 9)


def test_two_subjects_with_one_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hash only finds subjects faster: two that share it stay two, at claims as at settling."""
    for module in ("claim", "settle"):
        monkeypatch.setattr(f"bouncehandler.spool.sqlite.{module}.subject_hash", lambda _: 7)
    bob, later = suppression("bob@example.com"), suppression(ANN, 2)
    with closing(SqliteSpool.open(tmp_path / "spool.db", clock=CLOCK)) as spool:
        put(spool, suppression(ANN), bob, later)
        ann, other = take(spool)
        assert at_time(spool, NOW).settle([done(ann), returned(other)]) == 1
        assert recipients(take(spool, now=NOW + 1)) == [bob.recipient]
        put(spool, suppression("cem@example.com"), now=NOW + 2)
        assert recipients(take(spool, now=NOW + 2)) == ["cem@example.com"]


def test_subject_hashes_never_change() -> None:
    """Subject hashes are the same in every version: with others, recipients would be called for again."""
    assert subject_hash(ANN) == 20425834008768575
    assert subject_hash("\udcff") == subject_hash("?")
