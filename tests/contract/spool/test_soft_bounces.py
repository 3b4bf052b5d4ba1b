"""What every spool makes of soft bounces: counted by recipient and day, whatever the order in which they come."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bouncehandler.spool import Recorded, Selection, SoftBounceEntry, Spool
from bouncehandler.suppression import Suppression
from tests.contract.spool.examples import DAY, NOW, at_time, open_spool, recipients, suppression, take

ANN = "ann@example.com"
WEEKS = 21 * DAY


def soft(
    day: float, recipient: str = ANN, *, after: int = 3, within: float = WEEKS, providers: tuple[str, ...] = ("news",)
) -> SoftBounceEntry:
    """A soft bounce so many days after the beginning of 2026."""
    at = datetime.fromtimestamp(NOW + day * DAY, UTC)
    one = suppression(recipient, int(day * 1000), category="quota-issues", status="5.2.2", occurred_at=at)
    return SoftBounceEntry(one._replace(rule="the rule", diagnostic="full"), providers, after, within)


def bounces(
    spool: Spool, *days: float, recipient: str = ANN, after: int = 3, providers: tuple[str, ...] = ("news",)
) -> int:
    """Count a bounce of each day, each in a commit of its own; returns how many suppressions came of it."""
    return sum(at_time(spool, NOW).count([soft(day, recipient, after=after, providers=providers)]).new for day in days)


def suppressed(spool: Spool) -> list[Suppression]:
    """Every suppression so far."""
    return list(spool.suppressions(Selection()))


class TestThreshold:
    """The number of soft bounces on different days within the window that suppresses."""

    @pytest.mark.parametrize("days", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (0, 10, 20.9)])
    def test_enough(self, spool: Spool, days: tuple[float, ...]) -> None:
        """The one that completes the number makes a suppression, also where they come out of order."""
        assert [bounces(spool, day) for day in days] == [0, 0, 1]
        (found,) = suppressed(spool)
        assert (found.recipient, found.reason, found.rule) == (ANN, "bounce", "the rule")
        assert (found.category, found.status) == ("quota-issues", "5.2.2")
        assert recipients(take(spool)) == [ANN]

    def test_rules_that_were_changed(self, spool: Spool) -> None:
        """The latest bounce's rule sets how far back is looked, and a longer window than any before is a window."""
        short, long = soft(0, after=2, within=2 * DAY), soft(30, after=2, within=40 * DAY)
        assert [at_time(spool, NOW).count([one]).new for one in (short, long)] == [0, 1]

    def test_rules_that_were_changed_and_bounces_that_come_late(self, spool: Spool) -> None:
        """A bounce that completes the number of one that lies further ahead than its own rule reaches."""
        late, long = soft(0, after=2, within=2 * DAY), soft(30, after=2, within=40 * DAY)
        assert at_time(spool, NOW).count([soft(0, "bob@example.com", within=2 * DAY)]).new == 0
        assert [at_time(spool, NOW).count([one]).new for one in (long, late)] == [0, 1]

    def test_evidence(self, spool: Spool) -> None:
        """The suppression lists the bounces that were counted, and is dated by the last."""
        bounces(spool, 0, 1, 2)
        (found,) = suppressed(spool)
        assert found.diagnostic == (
            "3 soft bounces: 2026-01-01 quota-issues 5.2.2 full | 2026-01-02 quota-issues 5.2.2 full | "
            "2026-01-03 quota-issues 5.2.2 full"
        )
        assert found.occurred_at == datetime(2026, 1, 3, tzinfo=UTC)

    @pytest.mark.parametrize("days", [(0, 0.1, 0.2, 0.9), (0, 1, 1.5), (0, 10, 21), (0, 0, 0)])
    def test_not_enough(self, spool: Spool, days: tuple[float, ...]) -> None:
        """Several on one day are one; one that is older than the window is none; one that comes again is the same."""
        assert bounces(spool, *days) == 0
        assert suppressed(spool) == []

    def test_in_one_batch(self, spool: Spool) -> None:
        """A threshold may be reached within one commit, among other recipients."""
        batch = [soft(day, name) for day in range(3) for name in (ANN, "bob@example.com", "cat@example.com")][:-1]
        assert at_time(spool, NOW).count(batch) == Recorded(new=2, duplicates=0)
        assert {one.recipient for one in suppressed(spool)} == {ANN, "bob@example.com"}

    def test_twice_in_one_batch(self, spool: Spool) -> None:
        """A batch may hold enough for several suppressions of one recipient."""
        assert at_time(spool, NOW).count([soft(day) for day in range(7)]) == Recorded(new=2, duplicates=0)

    def test_the_last_ones_rule_decides(self, spool: Spool) -> None:
        """Bounces of several rules count together; how many are enough, the last of them sets."""
        assert bounces(spool, 0, 1, 2, after=4) == 0
        assert bounces(spool, 3, after=4) == 1
        assert bounces(spool, 0, 1, recipient="bob@example.com", after=4) == 0
        assert bounces(spool, 2, recipient="bob@example.com", after=3) == 1

    def test_all_that_want_one_of_them(self, spool: Spool) -> None:
        """A suppression is enqueued for each provider that one of its bounces was routed to."""
        bounces(spool, 0, providers=("crm",))
        bounces(spool, 1, 2, providers=("news",))
        assert recipients(take(spool)) == recipients(take(spool, provider="crm")) == [ANN]


class TestCountedOnce:
    """A bounce counts in one suppression only."""

    def test_counts_no_more(self, spool: Spool) -> None:
        """After a suppression it takes as many new ones for another."""
        assert [bounces(spool, day) for day in range(7)] == [0, 0, 1, 0, 0, 1, 0]
        assert len({one.id for one in suppressed(spool)}) == 2

    def test_the_same_file_again(self, spool: Spool) -> None:
        """Feeding everything again changes nothing, in any order."""
        bounces(spool, 0, 1, 2, 3)
        assert bounces(spool, 3, 2, 1, 0, 0.0) == 0
        assert len(suppressed(spool)) == 1

    def test_by_several_processes(self, spool: Spool, tmp_path: Path) -> None:
        """Another process on the same file counts on."""
        other = open_spool("sqlite", str(tmp_path / "spool.db"))
        assert [bounces(one, day) for one, day in ((spool, 0), (other, 1), (spool, 1), (other, 2))] == [0, 0, 0, 1]
        assert bounces(spool, 0, 1, 2) == 0
        other.close()


class TestDeliveries:
    """Deliveries, which end what bounced before them."""

    def test_begins_anew(self, spool: Spool) -> None:
        """A delivery resets the count."""
        bounces(spool, 0, 1)
        at_time(spool, NOW).record_deliveries({ANN: int(NOW + 1.5 * DAY)})
        assert bounces(spool, 2, 3) == 0
        assert bounces(spool, 4) == 1

    def test_it_is_the_records_time_that_counts(self, spool: Spool) -> None:
        """A delivery that comes in first, or late, ends what bounced before it, and nothing else."""
        at_time(spool, NOW).record_deliveries({ANN: int(NOW + 1.5 * DAY)})
        assert bounces(spool, 0, 1, 2, 3) == 0
        at_time(spool, NOW).record_deliveries({ANN: int(NOW + 0.5 * DAY)})
        assert bounces(spool, 4) == 1

    def test_on_the_same_day(self, spool: Spool) -> None:
        """A bounce after a delivery of the same day counts for that day; one before it doesn't."""
        bounces(spool, 0, 1, 2.2)
        at_time(spool, NOW).record_deliveries({"bob@example.com": int(NOW)})
        assert len(suppressed(spool)) == 1
        bounces(spool, 5.1, recipient="bob@example.com")
        at_time(spool, NOW).record_deliveries({"bob@example.com": int(NOW + 5.2 * DAY)})
        assert bounces(spool, 5.3, 6, recipient="bob@example.com") == 0
        assert bounces(spool, 7, recipient="bob@example.com") == 1

    def test_other_recipients(self, spool: Spool) -> None:
        """A delivery concerns its own recipient alone."""
        bounces(spool, 0, 1)
        at_time(spool, NOW).record_deliveries({"bob@example.com": int(NOW + 1.5 * DAY)})
        assert bounces(spool, 2) == 1


def test_pruned(spool: Spool) -> None:
    """Old soft bounces are pruned, in small steps; newer ones stay."""
    at_time(spool, NOW).count([soft(day, f"user{n}@example.com") for n in range(700) for day in range(2)])
    at_time(spool, NOW).record_deliveries({f"user{n}@example.com": int(NOW) - 1 for n in range(700)})
    at_time(spool, NOW + DAY).count([soft(0), soft(1)])
    assert at_time(spool, NOW + 1).prune_counts(0) == 700 * 2 + 700
    assert at_time(spool, NOW + 1).prune_counts(0) == 0
    assert bounces(spool, 2) == 1
    assert bounces(spool, 2, recipient="user1@example.com") == 0


def test_without_a_time(spool: Spool) -> None:
    """A record without a time counts for the day on which it was read."""
    timeless = soft(0)._replace(suppression=soft(0).suppression._replace(occurred_at=None))
    for day in range(3):
        recorded = at_time(spool, NOW + day * DAY).count([timeless])
    assert recorded.new == 1


def test_hostile_text(spool: Spool) -> None:
    """Text that can't be stored is replaced, and long text is cut."""
    for day in range(3):
        one = soft(day)
        hostile = one.suppression._replace(diagnostic="\0\ud800" + "x" * 10_000, category="\0")
        at_time(spool, NOW).count([one._replace(suppression=hostile)])
    (found,) = suppressed(spool)
    assert len(found.diagnostic) < 1500
    assert "\0" not in found.diagnostic
