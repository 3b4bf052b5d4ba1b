"""Contract of every spool: claiming and settling."""

import pytest

from bouncehandler.spool import Selection, Spool
from tests.contract.spool.examples import (
    ANN,
    ANN_LATER,
    BOB,
    CLOCK,
    DAY,
    NOW,
    again,
    at_time,
    dead,
    done,
    due_at,
    people,
    put,
    recipients,
    returned,
    suppression,
    take,
)


class TestClaim:
    """`claim` and `extend`."""

    def test_oldest_first(self, spool: Spool) -> None:
        """The longest due is claimed first, up to the limit, and nothing twice."""
        put(spool, BOB, now=NOW + 1)
        put(spool, ANN, suppression("cat@example.com"), now=NOW)
        assert recipients(take(spool, 2, now=NOW + 2)) == ["ann@example.com", "cat@example.com"]
        assert recipients(take(spool, 2, now=NOW + 2)) == ["bob@example.com"]
        assert take(spool, 2, now=NOW + 2) == []

    @pytest.mark.parametrize("limit", [0, -1])
    def test_no_limit_no_claim(self, spool: Spool, limit: int) -> None:
        """A claim for none gets none."""
        put(spool, ANN)
        assert take(spool, limit) == []

    def test_attempts_are_counted(self, spool: Spool) -> None:
        """The first claim has attempt 1, retry index 0, and the provider it is for."""
        put(spool, ANN, to=("news", "crm"))
        (claimed,) = take(spool, provider="crm")
        assert (claimed.attempts, claimed.retry_index, claimed.provider, claimed.suppression) == (1, 0, "crm", ANN)
        assert len(take(spool)) == 1

    def test_claim_runs_out(self, spool: Spool) -> None:
        """An expired claim is claimed anew, as the next attempt, under another token."""
        put(spool, ANN)
        (first,) = take(spool)
        assert take(spool, now=NOW + 59) == []
        (second,) = take(spool, now=NOW + 60)
        assert (second.id, second.attempts) == (first.id, 2)
        assert second.claim != first.claim

    def test_not_yet_due(self, spool: Spool) -> None:
        """A dispatch that is due later is not claimed now."""
        put(spool, ANN, now=NOW + 1)
        assert take(spool) == []

    def test_claim_into_the_past(self, spool: Spool) -> None:
        """A claim that would be over at once is a mistake of the caller."""
        with pytest.raises(ValueError, match="after now"):
            take(spool, seconds=0)

    def test_one_at_a_time_in_one_call(self, spool: Spool) -> None:
        """Of several dispatches of a recipient one claim gets the oldest, and sets the others behind its end."""
        put(spool, ANN, ANN_LATER, suppression("ann@example.com", 2), BOB)
        assert recipients(take(spool, 2)) == ["ann@example.com", "bob@example.com"]
        assert due_at(spool, "news") == NOW + 60
        assert take(spool) == []

    def test_one_at_a_time_between_calls(self, spool: Spool) -> None:
        """A later dispatch of a recipient waits while an earlier one is claimed, or waits for its next attempt."""
        put(spool, ANN)
        (first,) = take(spool)
        put(spool, ANN_LATER)
        assert take(spool) == []
        at_time(spool, NOW + 1).settle([again(first, NOW + 3600)])
        assert take(spool, now=NOW + 120) == []
        assert [one.id for one in take(spool, now=NOW + 3700)] == [first.id]

    def test_the_later_one_is_due_first(self, spool: Spool) -> None:
        """The oldest dispatch of a recipient goes first even when a later one was due before it."""
        put(spool, ANN)
        (first,) = take(spool)
        at_time(spool, NOW).settle([again(first, NOW + 10)])
        put(spool, ANN_LATER, now=NOW + 1)
        assert [one.id for one in take(spool, now=NOW + 20)] == [first.id]

    def test_revived_dead_letter_waits_for_a_call_under_way(self, spool: Spool) -> None:
        """An old dispatch that comes back waits for the claim of a later one: never two calls for one recipient."""
        put(spool, ANN)
        at_time(spool, NOW).settle([dead(one) for one in take(spool)])
        put(spool, ANN_LATER)
        (later,) = take(spool)
        (dropped,) = spool.dead_letters(Selection())
        at_time(spool, NOW).retry_dead_letters([dropped.dispatch])
        assert take(spool) == []
        at_time(spool, NOW).settle([done(later)])
        assert spool.status().dispatches.done == 2

    def test_campaigns_are_apart(self, spool: Spool) -> None:
        """Dispatches of the same campaign alone wait for one another where campaigns count."""
        june, july = ANN._replace(job_id="june"), ANN_LATER._replace(job_id="july")
        june_again = suppression("ann@example.com", 2, job_id="june")
        put(spool, june, july, june_again)
        assert [one.suppression for one in take(spool, per_campaign=True)] == [june, july]
        assert take(spool, per_campaign=True) == []

    def test_done_lately(self, spool: Spool) -> None:
        """A recipient who was dealt with lately is settled without a call and without an attempt."""
        put(spool, ANN)
        at_time(spool, NOW).settle([done(one, "already") for one in take(spool)])
        put(spool, ANN_LATER, now=NOW + 100)
        assert take(spool, now=NOW + 100) == []
        assert spool.status().dispatches.done == 2
        assert due_at(spool, "news") is None

    def test_done_long_ago(self, spool: Spool) -> None:
        """A recipient who was dealt with longer ago than `repeat_after` is called again."""
        put(spool, ANN)
        at_time(spool, NOW).settle([done(one) for one in take(spool)])
        put(spool, ANN_LATER, now=NOW + DAY)
        assert len(take(spool, now=NOW + DAY)) == 1

    def test_done_for_another_campaign(self, spool: Spool) -> None:
        """A campaign that is done settles no other one where campaigns count."""
        put(spool, ANN._replace(job_id="june"))
        at_time(spool, NOW).settle([done(one) for one in take(spool, per_campaign=True)], per_campaign=True)
        put(spool, ANN_LATER._replace(job_id="july"), suppression("ann@example.com", 2, job_id="june"))
        assert [one.suppression.job_id for one in take(spool, per_campaign=True)] == ["july"]

    @pytest.mark.parametrize("end", ["unknown", "dead", "dropped", "elsewhere"])
    def test_not_carried_out(self, spool: Spool, end: str) -> None:
        """Neither an unknown recipient nor a dead letter, even dropped, nor another provider's work is done."""
        put(spool, ANN, to=("crm" if end == "elsewhere" else "news",))
        for one in take(spool, provider="crm" if end == "elsewhere" else "news"):
            at_time(spool, NOW).settle([dead(one) if end in {"dead", "dropped"} else done(one, "unknown")])
        if end == "dropped":
            at_time(spool, NOW).drop_dead_letters([dropped.dispatch for dropped in spool.dead_letters(Selection())])
        put(spool, ANN_LATER)
        assert len(take(spool)) == 1

    def test_flood_of_repeats(self, spool: Spool) -> None:
        """Work that is due is found in one call, however many repeats are due before it."""
        put(spool, ANN)
        at_time(spool, NOW).settle([done(one) for one in take(spool)])
        put(spool, *(suppression("ann@example.com", number) for number in range(1, 500)), BOB)
        assert recipients(take(spool, 1)) == ["bob@example.com"]
        assert spool.status().dispatches.done == 500

    def test_flood_of_waiting(self, spool: Spool) -> None:
        """Work that is due is found in one call, however many wait before it for one recipient's call."""
        put(spool, *(suppression("ann@example.com", number) for number in range(500)), BOB)
        assert recipients(take(spool, 2)) == ["ann@example.com", "bob@example.com"]

    def test_extended(self, spool: Spool) -> None:
        """A renewed claim is given to no other process until its new end."""
        put(spool, ANN)
        (claimed,) = take(spool)
        spool.extend([claimed], NOW + 300 - CLOCK())
        assert take(spool, now=NOW + 299) == []
        assert len(take(spool, now=NOW + 300)) == 1

    def test_extended_too_late(self, spool: Spool) -> None:
        """A claim that another process has taken over can't be renewed."""
        put(spool, ANN)
        (lost,) = take(spool)
        take(spool, now=NOW + 60)
        spool.extend([lost], NOW + 9999 - CLOCK())
        assert due_at(spool, "news") == NOW + 120
        spool.extend([], NOW - CLOCK())


class TestSettle:
    """`settle`."""

    def test_done_takes_those_behind_along(self, spool: Spool) -> None:
        """A dispatch that was carried out settles those waiting behind it; others are left alone."""
        put(spool, ANN, ANN_LATER, BOB, to=("news", "crm"))
        claimed = take(spool, 2)
        assert at_time(spool, NOW).settle([done(claimed[0]), returned(claimed[1])]) == 1
        counts = spool.status().providers
        assert (counts["news"].done, counts["news"].pending, counts["crm"].pending) == (2, 1, 3)

    @pytest.mark.parametrize("repeat_after", [0.0, DAY])
    def test_done_before_those_behind_were_looked_at(self, spool: Spool, repeat_after: float) -> None:
        """What was recorded before it was carried out is settled by the claim that comes across it, however late."""
        put(spool, ANN, ANN_LATER, BOB)
        claimed = take(spool, 1)
        assert at_time(spool, NOW + 1).settle([done(claimed[0])]) == 0
        much_later = NOW + 9 * DAY
        assert recipients(take(spool, now=much_later, repeat_after=repeat_after)) == ["bob@example.com"]
        assert spool.status().providers["news"].done == 2

    def test_done_before_another_was_recorded(self, spool: Spool) -> None:
        """What is recorded after it was carried out is called for again, once `repeat_after` has passed."""
        put(spool, ANN, ANN_LATER)
        (first,) = take(spool, 1)
        at_time(spool, NOW + 1).settle([done(first)])
        put(spool, suppression("ann@example.com", 3), now=NOW + 2)
        assert [one.suppression.id for one in take(spool, now=NOW + 3, repeat_after=0)] == [
            suppression("ann@example.com", 3).id
        ]
        assert spool.status().providers["news"].done == 2

    def test_done_in_one_campaign(self, spool: Spool) -> None:
        """The same campaign alone is settled along where campaigns count."""
        put(spool, ANN._replace(job_id="june"), ANN_LATER._replace(job_id="july"))
        (june,) = take(spool, 1, per_campaign=True)
        at_time(spool, NOW).settle([done(june)], per_campaign=True)
        assert len(take(spool, per_campaign=True)) == 1

    @pytest.mark.parametrize("ended", [lambda one: done(one, "unknown"), dead])
    def test_next_in_line(self, spool: Spool, ended: type) -> None:
        """The next dispatch of a recipient is due at once after one that came to nothing."""
        put(spool, ANN, ANN_LATER)
        (first,) = take(spool)
        assert take(spool) == []
        at_time(spool, NOW + 1).settle([ended(first)])
        assert [one.suppression for one in take(spool, now=NOW + 1)] == [ANN_LATER]

    def test_again(self, spool: Spool) -> None:
        """A failed call is due at its retry time, with its place in the schedule."""
        put(spool, ANN)
        (first,) = take(spool)
        at_time(spool, NOW + 1).settle([again(first, NOW + 300, retry_index=3)])
        assert due_at(spool, "news") == NOW + 300
        assert take(spool, now=NOW + 299) == []
        (second,) = take(spool, now=NOW + 300)
        assert (second.attempts, second.retry_index) == (2, 3)

    def test_returned(self, spool: Spool) -> None:
        """A claim given back unused costs no attempt and no retry."""
        put(spool, ANN)
        (first,) = take(spool)
        at_time(spool, NOW).settle([returned(first, NOW + 5)])
        (second,) = take(spool, now=NOW + 5)
        assert (second.id, second.attempts, second.retry_index) == (first.id, 1, 0)

    def test_returned_keeps_its_turn(self, spool: Spool) -> None:
        """A later record waits behind a call that was given back for a while, as behind one that failed."""
        put(spool, ANN)
        (first,) = take(spool)
        at_time(spool, NOW).settle([returned(first, NOW + 5)])
        put(spool, ANN_LATER)
        assert take(spool, now=NOW + 1) == []
        assert [one.id for one in take(spool, now=NOW + 5)] == [first.id]

    @pytest.mark.parametrize("ended", [done, dead, returned, lambda one: again(one, NOW)])
    def test_lost_claim(self, spool: Spool, ended: type) -> None:
        """A process that lost a claim settles nothing, neither this dispatch nor those behind it."""
        put(spool, ANN, ANN_LATER)
        (lost,) = take(spool)
        (theirs,) = take(spool, now=NOW + 60)
        at_time(spool, NOW + 61).settle([ended(lost)])
        counts = spool.status().dispatches
        assert (counts.claimed, counts.pending, counts.done, counts.dead) == (1, 1, 0, 0)
        at_time(spool, NOW + 61).settle([done(theirs)])
        assert spool.status().dispatches.done == 2

    def test_settled_twice(self, spool: Spool) -> None:
        """The first way in which a claim ended counts, in one call as in two."""
        put(spool, ANN)
        (claimed,) = take(spool)
        at_time(spool, NOW).settle([done(claimed), dead(claimed)])
        at_time(spool, NOW).settle([again(claimed, NOW)])
        assert spool.status().dispatches.done == 1

    def test_many_ways_at_once(self, spool: Spool) -> None:
        """One call settles many claims, each in its own way."""
        put(spool, *people(5))
        a, b, c, d, e = take(spool)
        at_time(spool, NOW).settle([done(a), again(b, NOW + 9), dead(c), returned(d, NOW + 9), done(e, "unknown")])
        at_time(spool, NOW).settle([])
        counts = spool.status().dispatches
        assert (counts.done, counts.pending, counts.dead, counts.waiting) == (2, 2, 1, 2)

    def test_hostile_answer(self, spool: Spool) -> None:
        """An answer that no database can store, or that is too long, is kept all the same."""
        put(spool, ANN)
        (claimed,) = take(spool)
        at_time(spool, NOW).settle([dead(claimed, "\0\ud800" + "x" * 1000)])
        (dropped,) = spool.dead_letters(Selection())
        assert dropped.answer == "\ufffd\ufffd" + "x" * 510
