"""Spool data for reports: manual actions; and that each report is queued once."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bouncehandler.spool import ManualAction, Selection, Spool
from tests.contract.spool.examples import DAY, NOW, at_time, open_spool, people, put


def test_manual_actions(spool: Spool) -> None:
    """Manual actions of a period: which, by whom, at which provider, and how many."""
    put(spool, *people(4))
    for recipient, at in (("user0@example.com", NOW), ("user1@example.com", NOW + 1), ("user2@example.com", NOW + DAY)):
        list(at_time(spool, at).undo(Selection(recipient=recipient), restoring=(), asked_by="ann"))
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
    """One report of a period is queued, however many processes ask at once; the next one when it is due."""
    others = [open_spool("sqlite", str(tmp_path / "spool.db")) for _ in range(4)]
    with ThreadPoolExecutor() as pool:
        queued = list(pool.map(lambda one: at_time(one, NOW + 5).queue_report(NOW - DAY, NOW), [spool, *others] * 3))
    for other in others:
        other.close()
    assert queued.count(True) == 1
    assert spool.status().notices == 1
    assert not at_time(spool, NOW + 3600).queue_report(NOW - DAY, NOW)
    assert at_time(spool, NOW + DAY).queue_report(NOW, NOW + DAY)
    post = at_time(spool, NOW + DAY).claim_notices(every=0, lease_for=60)
    assert post is not None
    kinds = [(notice.kind, float(notice.about["until"])) for notice in spool.notices(post, after=0, limit=9)]
    assert kinds == [("report", NOW), ("report", NOW + DAY)]


def test_a_clock_that_was_set_back(spool: Spool) -> None:
    """A report that was queued by a clock far ahead keeps none from being queued later."""
    assert at_time(spool, NOW + 100 * DAY).queue_report(NOW + 99 * DAY, NOW + 100 * DAY)
    assert at_time(spool, NOW + 1).queue_report(NOW - DAY, NOW)
    assert not at_time(spool, NOW + 2).queue_report(NOW - DAY, NOW)
