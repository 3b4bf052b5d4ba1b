"""What a spool tells for reports: what was taken back; and that each report is queued once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bouncehandler.spool import ManualAction, Selection, Spool
from tests.contract.spool_examples import DAY, NOW, open_spool, people, put


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    """A spool."""
    spool = open_spool("sqlite", str(tmp_path / "spool.db"))
    yield spool
    spool.close()


def test_taken(spool: Spool) -> None:
    """Of a time: what was done, who wanted it, at which provider, and how many."""
    put(spool, *people(4))
    for recipient, at in (("user0@example.com", NOW), ("user1@example.com", NOW + 1), ("user2@example.com", NOW + DAY)):
        list(spool.undo(Selection(recipient=recipient), restoring=(), now=at, asked_by="ann"))
    assert set(spool.manual_actions(NOW, NOW + DAY)) == {
        ManualAction("undone", "ann", "", 2),
        ManualAction("withdrawn", "ann", "news", 2),
    }
    assert set(spool.manual_actions(NOW + DAY, NOW + 2 * DAY)) == {
        ManualAction("undone", "ann", "", 1),
        ManualAction("withdrawn", "ann", "news", 1),
    }
    assert not spool.manual_actions(0, NOW)


def test_a_report_is_queued_once(spool: Spool, tmp_path: Path) -> None:
    """However many processes ask at once, one report of a time is queued; the next one when its time has come."""
    others = [open_spool("sqlite", str(tmp_path / "spool.db")) for _ in range(4)]
    with ThreadPoolExecutor() as pool:
        queued = list(pool.map(lambda one: one.queue_report(NOW - DAY, NOW, NOW + 5), [spool, *others] * 3))
    for other in others:
        other.close()
    assert queued.count(True) == 1
    assert spool.status().notices == 1
    assert not spool.queue_report(NOW - DAY, NOW, NOW + 3600)
    assert spool.queue_report(NOW, NOW + DAY, NOW + DAY)
    post = spool.claim_notices(now=NOW + DAY, every=0, until=NOW + DAY + 60)
    assert post is not None
    kinds = [(notice.kind, float(notice.about["until"])) for notice in spool.notices(post, after=0, limit=9)]
    assert kinds == [("report", NOW), ("report", NOW + DAY)]


def test_a_clock_that_was_set_back(spool: Spool) -> None:
    """A report that was queued by a clock far ahead keeps none from being queued later."""
    assert spool.queue_report(NOW + 99 * DAY, NOW + 100 * DAY, NOW + 100 * DAY)
    assert spool.queue_report(NOW - DAY, NOW, NOW + 1)
    assert not spool.queue_report(NOW - DAY, NOW, NOW + 2)
