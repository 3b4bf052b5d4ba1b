"""What every spool keeps of the notices to the postmaster: what is queued, claimed, sent and put off."""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from bouncehandler.spool import QueuedSuppression, Spool
from tests.contract.spool.examples import (
    CLOCK,
    NOW,
    again,
    at_time,
    dead,
    open_spool,
    people,
    put,
    returned,
    suppression,
    take,
)
from tests.contract.spool.notice_examples import (
    EVERY,
    LEASE,
    claim,
    claimed,
    enqueue_notice,
    open_with_notices,
    read_notices,
    settle,
)


@pytest.fixture
def spool(store: str, tmp_path: Path) -> Iterator[Spool]:
    """An empty spool with notices of every kind."""
    opened = open_with_notices(store, str(tmp_path / "spool.db"))
    yield opened
    opened.close()


class TestEnqueueNotice:
    """`enqueue_notice`, and the notices that the spool enqueues itself."""

    def test_notices_in_order(self, spool: Spool) -> None:
        """Notices come out as they went in, oldest first, each with its time."""
        at_time(spool, NOW).enqueue_notice("unreadable", {"rows": "123", "of": "4,567"})
        at_time(spool, NOW + 1).enqueue_notice("unreadable", {"rows": "1"})
        first, second = read_notices(spool)
        assert first[1:] == ("unreadable", NOW, {"rows": "123", "of": "4,567"})
        assert second[1:] == ("unreadable", NOW + 1, {"rows": "1"})
        assert second.id > first.id

    def test_hostile(self, spool: Spool) -> None:
        """Text that no database can store, or that is too long, is kept as far as it can be shown."""
        at_time(spool, NOW).enqueue_notice("held", {"reason": "x" * 1_000_000, "a\0b\ud800": "c\0d\udfff"})
        (notice,) = read_notices(spool)
        assert notice.about == {"reason": "x" * 1000, "a\ufffdb\ufffd": "c\ufffdd\ufffd"}

    @pytest.mark.parametrize("reason", ["complaint", "unsubscribe"])
    def test_new_people(self, spool: Spool, reason: str) -> None:
        """A new complaint, or request, makes a notice with its evidence, once, however often it is recorded."""
        one = suppression(reason=reason, rule="policy.complaint.abuse", category="abuse", job_id="job7")
        for _ in range(2):
            at_time(spool, NOW).record([QueuedSuppression(one, ("news",), (), (("Subject", "Sale"),))] * 2)
        (notice,) = read_notices(spool)
        assert notice.kind == reason
        assert notice.about == {
            "person": "ann@example.com",
            "rule": "policy.complaint.abuse",
            "category": "abuse",
            "job_id": "job7",
            "Subject": "Sale",
        }

    def test_bounces_are_not_reported(self, spool: Spool) -> None:
        """A bounce makes no notice."""
        put(spool, *people(10))
        assert claim(spool) is None

    def test_holds(self, spool: Spool) -> None:
        """A provider makes a notice when it is held, and when it is back; not each time that it is tried."""
        for at in range(3):
            at_time(spool, NOW + at).hold("news", "HTTP 401", probe_in=300 - at)
        for at in range(3):
            at_time(spool, NOW + at).release("news")
        assert [(n.kind, n.about) for n in read_notices(spool)] == [
            ("held", {"provider": "news", "reason": "HTTP 401"}),
            ("back", {"provider": "news"}),
        ]

    def test_dead_letters(self, spool: Spool) -> None:
        """A dead letter makes a notice; another try, and a claim that was taken over, does not."""
        put(spool, *people(3))
        first, second, third = take(spool)
        at_time(spool, NOW).settle([dead(first, "400 no"), again(second, NOW + 60), returned(third)])
        at_time(spool, NOW).settle([dead(first, "400 no")])
        (notice,) = read_notices(spool)
        assert (notice.kind, notice.about) == (
            "dead",
            {"provider": "news", "person": first.suppression.recipient, "answer": "400 no"},
        )

    def test_kinds_that_were_not_asked_for(self, store: str, tmp_path: Path) -> None:
        """Without notices nothing is queued, whatever happens."""
        spool = open_spool(store, str(tmp_path / "silent.db"))
        at_time(spool, NOW).enqueue_notice("unreadable", {})
        at_time(spool, NOW).hold("news", "HTTP 401", probe_in=0)
        at_time(spool, NOW).release("news")
        put(spool, suppression(reason="complaint"))
        at_time(spool, NOW).settle([dead(one) for one in take(spool)])
        assert claim(spool) is None
        assert spool.status().notices == 0
        spool.close()


class TestClaimNotices:
    """`claim_notices`."""

    def test_nothing(self, spool: Spool) -> None:
        """An empty queue is not claimed."""
        assert claim(spool) is None

    def test_one_at_a_time(self, spool: Spool) -> None:
        """Claimed notices are given to no other process, nor what was queued since."""
        enqueue_notice(spool)
        batch = claimed(spool)
        enqueue_notice(spool)
        assert claim(spool) is None
        assert len(read_notices(spool, batch)) == 1

    def test_a_claim_that_ran_out(self, spool: Spool) -> None:
        """An expired claim can be claimed again, with what came since; the first holder settles nothing."""
        enqueue_notice(spool)
        old = claimed(spool)
        enqueue_notice(spool)
        assert claim(spool, NOW + LEASE - 1) is None
        new = claimed(spool, NOW + LEASE)
        settle(spool, old, NOW + LEASE)
        spool.postpone_notices(old, NOW - CLOCK())
        assert claim(spool, NOW + LEASE) is None
        assert len(read_notices(spool, new)) == 2

    def test_every(self, spool: Spool) -> None:
        """Nothing is due for `every` seconds after a mail; then all that came meanwhile is."""
        enqueue_notice(spool)
        settle(spool, claimed(spool))
        enqueue_notice(spool, 3)
        assert claim(spool, NOW + EVERY - 1) is None
        assert len(read_notices(spool, claimed(spool, NOW + EVERY))) == 3

    def test_at_once(self, spool: Spool) -> None:
        """A new notice is due at once where `every` is 0."""
        for _ in range(3):
            enqueue_notice(spool)
            settle(spool, claimed(spool, every=0))

    def test_clock_set_back_after_a_sending(self, spool: Spool) -> None:
        """A last sending in the future was before the clock was set back: nothing waits for it."""
        enqueue_notice(spool)
        settle(spool, claimed(spool, NOW + 30 * EVERY), NOW + 30 * EVERY)
        enqueue_notice(spool)
        assert claim(spool) is not None

    def test_clock_set_back_during_a_claim(self, spool: Spool) -> None:
        """A claim that ends further ahead than any claim may is void; one that may be alive is respected."""
        enqueue_notice(spool)
        claimed(spool, NOW)
        assert claim(spool, NOW - 60) is None
        assert claim(spool, NOW - 86_400) is not None

    @pytest.mark.parametrize("lease", [0.0, -1.0, 3601.0])
    def test_wrong_lease(self, spool: Spool, lease: float) -> None:
        """A claim that ends before it begins, or outlasts what is believed after a set-back, is a mistake."""
        with pytest.raises(ValueError, match="a claim lasts"):
            claim(spool, lease=lease)


class TestReadNotices:
    """`notices`."""

    def test_pages(self, spool: Spool) -> None:
        """The claimed notices are read page by page, each once, and none that came later."""
        enqueue_notice(spool, 25)
        batch = claimed(spool)
        enqueue_notice(spool)
        seen: list[str] = []
        after = 0
        while page := spool.notices(batch, after=after, limit=10):
            assert len(page) <= 10
            seen += [notice.about["provider"] for notice in page]
            after = page[-1].id
        assert seen == [f"p{number}" for number in range(25)]


class TestSettleNotices:
    """`settle_notices`."""

    @pytest.mark.parametrize("count", [1, 999, 1000, 2001])
    def test_forgets(self, spool: Spool, count: int) -> None:
        """Sent notices are deleted, however many they are; what came meanwhile stays."""
        enqueue_notice(spool, count)
        batch = claimed(spool)
        enqueue_notice(spool, 2)
        settle(spool, batch)
        assert spool.status().notices == 2
        assert len(read_notices(spool)) == 2

    def test_bit_by_bit(self, spool: Spool) -> None:
        """Part of a claim can be settled: the rest stays claimed, and is all that is left."""
        enqueue_notice(spool, 5)
        batch = claimed(spool)
        third = read_notices(spool, batch)[2]
        at_time(spool, NOW).settle_notices(batch, through=third.id)
        assert claim(spool) is None
        assert spool.status().notices == 2
        assert [n.about["provider"] for n in read_notices(spool, batch)] == ["p3", "p4"]
        spool.postpone_notices(batch, NOW - CLOCK())
        assert len(read_notices(spool, claimed(spool))) == 2

    def test_no_further_than_claimed(self, spool: Spool) -> None:
        """A number beyond the claim deletes nothing that was not in it."""
        enqueue_notice(spool, 2)
        batch = claimed(spool)
        enqueue_notice(spool)
        at_time(spool, NOW).settle_notices(batch, through=batch.through + 1000)
        assert spool.status().notices == 1

    def test_numbers_are_never_given_twice(self, spool: Spool) -> None:
        """A notice after an emptied queue has a new number, so no two mails have one Message-ID."""
        enqueue_notice(spool)
        first = claimed(spool, every=0)
        settle(spool, first)
        enqueue_notice(spool)
        assert claimed(spool, every=0).through > first.through


class TestPostponeNotices:
    """`postpone_notices`."""

    def test_until(self, spool: Spool) -> None:
        """Postponed notices are not claimed before their time; then all are there."""
        enqueue_notice(spool)
        spool.postpone_notices(claimed(spool), NOW + 60 - CLOCK())
        enqueue_notice(spool)
        assert claim(spool, NOW + 59) is None
        assert len(read_notices(spool, claimed(spool, NOW + 60))) == 2

    def test_is_no_sending(self, spool: Spool) -> None:
        """A postponement is no mail: `every` does not count from then."""
        enqueue_notice(spool)
        settle(spool, claimed(spool))
        enqueue_notice(spool)
        later = NOW + EVERY
        spool.postpone_notices(claimed(spool, later), later - CLOCK())
        assert claim(spool, later) is not None

    def test_clock_set_back(self, spool: Spool) -> None:
        """A wait that was written before the clock was set back delays nothing for years."""
        enqueue_notice(spool)
        spool.postpone_notices(claimed(spool), NOW + 900 - CLOCK())
        assert claim(spool, NOW - 365 * 86_400) is not None


class TestConcurrentProcesses:
    """Several processes on one queue."""

    def test_survives(self, store: str, spool: Spool, tmp_path: Path) -> None:
        """Another process finds the queue, the claim and the wait as they were left."""
        enqueue_notice(spool, 3)
        spool.postpone_notices(claimed(spool), NOW + 60 - CLOCK())
        other = open_spool(store, str(tmp_path / "spool.db"))
        assert other.status().notices == 3
        assert claim(other, NOW + 59) is None
        assert len(read_notices(other, claimed(other, NOW + 60))) == 3
        other.close()

    def test_two_processes(self, store: str, spool: Spool, tmp_path: Path) -> None:
        """Processes that claim and settle at the same time get each notice once."""
        enqueue_notice(spool, 60)
        with ProcessPoolExecutor(3, mp_context=get_context("spawn")) as pool:
            locations = [str(tmp_path / "spool.db")] * 3
            had = [number for mine in pool.map(claim_until_empty, [store] * 3, locations) for number in mine]
        assert len(had) == len(set(had)) == 60
        assert spool.status().notices == 0


def claim_until_empty(store: str, place: Path) -> list[int]:
    """Claim all, settle ten, release the rest, as another process; returns the numbers that it settled."""
    spool = open_spool(store, place)
    mine: list[int] = []
    while spool.status().notices:
        batch = claim(spool, every=0)
        if batch is None:  # another one has it
            continue
        page = spool.notices(batch, after=0, limit=10)
        mine += [notice.id for notice in page]
        at_time(spool, NOW).settle_notices(batch, through=page[-1].id)
        if page[-1].id < batch.through:
            spool.postpone_notices(batch, NOW - CLOCK())
    spool.close()
    return mine
