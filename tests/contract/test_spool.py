"""What every spool keeps, whatever it is made of: recording, claiming, settling, holds."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bouncehandler.spool import Owed, ProviderState, Recorded, Selection, Spool, SpoolError
from tests.contract.spool_examples import (
    DAY,
    NOW,
    again,
    dead,
    done,
    open_spool,
    people,
    put,
    recipients,
    returned,
    suppression,
    take,
)

ANN = suppression("ann@example.com")
ANN_LATER = suppression("ann@example.com", 1)
BOB = suppression("bob@example.com")


@pytest.fixture(params=["sqlite"])
def spool(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Spool]:
    """An empty spool of each kind."""
    opened = open_spool(request.param, str(tmp_path / "spool.db"))
    yield opened
    opened.close()


class TestRecording:
    """`record`."""

    def test_counts_new_and_known(self, spool: Spool) -> None:
        """Recording the same batch again changes nothing."""
        batch = [Owed(one, ("news",)) for one in people(5)]
        assert spool.record(batch, NOW) == Recorded(new=5, duplicates=0)
        assert spool.record(batch, NOW + 1) == Recorded(new=0, duplicates=5)
        assert spool.status().dispatches.pending == 5

    def test_mixed_batch(self, spool: Spool) -> None:
        """A batch of known, new and repeated suppressions adds each new one once."""
        put(spool, ANN)
        assert spool.record([Owed(one, ("news",)) for one in (BOB, ANN, BOB)], NOW) == Recorded(new=1, duplicates=2)
        assert recipients(take(spool)) == ["ann@example.com", "bob@example.com"]

    def test_provider_added_later(self, spool: Spool) -> None:
        """A known suppression that a further provider wants is dispatched to that provider, and to no other again."""
        put(spool, ANN)
        put(spool, ANN, BOB, to=("news", "crm"), now=NOW + 5)
        assert recipients(take(spool, provider="crm", now=NOW + 5)) == ["bob@example.com", "ann@example.com"]
        assert len(take(spool, now=NOW + 5)) == 2

    def test_provider_from_a_repetition(self, spool: Spool) -> None:
        """A repetition inside one batch, wanted by another provider, is dispatched to both."""
        spool.record([Owed(ANN, ("news",)), Owed(ANN, ("crm",))], NOW)
        assert [len(take(spool, provider=name)) for name in ("news", "crm")] == [1, 1]

    def test_each_to_whom_it_is_owed(self, spool: Spool) -> None:
        """Suppressions of one batch go to the providers that want them; one that none wants is recorded."""
        cat = suppression("cat@example.com")
        spool.record([Owed(ANN, ("news", "crm")), Owed(BOB, ("crm",)), Owed(cat, ())], NOW)
        assert recipients(take(spool)) == ["ann@example.com"]
        assert recipients(take(spool, provider="crm")) == ["ann@example.com", "bob@example.com"]
        assert spool.status().suppressions == 3

    def test_provider_named_twice(self, spool: Spool) -> None:
        """A provider that is named twice for a suppression gets one dispatch."""
        put(spool, ANN, to=("news", "news"))
        assert len(take(spool)) == 1

    def test_nothing(self, spool: Spool) -> None:
        """An empty batch is nothing."""
        assert spool.record([], NOW) == Recorded(new=0, duplicates=0)

    def test_every_field_comes_back(self, spool: Spool) -> None:
        """A suppression comes back as it went in."""
        full = ANN._replace(
            record_type="rb", category="bad-mailbox", status="5.1.1", diagnostic="smtp;550 no such user — «äöü»",
            originator="news@example.com", job_id="june", occurred_at=datetime(2026, 6, 1, 12, 30, tzinfo=UTC),
        )  # fmt: skip
        put(spool, full, BOB)
        assert list(spool.suppressions(Selection())) == [full, BOB]
        assert [one.suppression for one in take(spool)] == [full, BOB]

    def test_hostile_text(self, spool: Spool) -> None:
        """Text that no database takes is replaced, and what is too long is cut; the record is not lost."""
        put(spool, ANN._replace(diagnostic="a\0b\ud800c", originator="\udfff", job_id="\0"), BOB)
        put(spool, suppression("cat@example.com", diagnostic="x" * 5000))
        ann, bob, cat = spool.suppressions(Selection())
        assert (ann.diagnostic, ann.originator, ann.job_id) == ("a\ufffdb\ufffdc", "\ufffd", "\ufffd")
        assert bob == BOB
        assert cat.diagnostic == "x" * 4096


class TestClaiming:
    """`claim` and `extend`."""

    def test_oldest_first(self, spool: Spool) -> None:
        """What is due longest is claimed first, up to the limit, and nothing twice."""
        put(spool, BOB, now=NOW + 1)
        put(spool, ANN, suppression("cat@example.com"), now=NOW)
        assert recipients(take(spool, 2, now=NOW + 2)) == ["ann@example.com", "cat@example.com"]
        assert recipients(take(spool, 2, now=NOW + 2)) == ["bob@example.com"]
        assert take(spool, 2, now=NOW + 2) == []

    @pytest.mark.parametrize("limit", [0, -1])
    def test_no_limit_no_claim(self, spool: Spool, limit: int) -> None:
        """Whoever asks for none gets none."""
        put(spool, ANN)
        assert take(spool, limit) == []

    def test_attempts_are_counted(self, spool: Spool) -> None:
        """The first claim says attempt 1, step 0, and the provider it is for."""
        put(spool, ANN, to=("news", "crm"))
        (claimed,) = take(spool, provider="crm")
        assert (claimed.attempts, claimed.step, claimed.provider, claimed.suppression) == (1, 0, "crm", ANN)
        assert len(take(spool)) == 1

    def test_claim_runs_out(self, spool: Spool) -> None:
        """A claim whose time has passed is claimed anew, as the next attempt, under another token."""
        put(spool, ANN)
        (first,) = take(spool)
        assert take(spool, now=NOW + 59) == []
        (second,) = take(spool, now=NOW + 60)
        assert (second.id, second.attempts) == (first.id, 2)
        assert second.claim != first.claim

    def test_not_yet_due(self, spool: Spool) -> None:
        """What is due later is not claimed now."""
        put(spool, ANN, now=NOW + 1)
        assert take(spool) == []

    def test_claim_into_the_past(self, spool: Spool) -> None:
        """A claim that would be over at once is a mistake of the caller."""
        with pytest.raises(ValueError, match="after now"):
            take(spool, seconds=0)

    def test_one_at_a_time_in_one_call(self, spool: Spool) -> None:
        """Of several dispatches of a recipient one claim gets the oldest, however they are mixed with others."""
        put(spool, ANN, BOB, ANN_LATER, suppression("ann@example.com", 2))
        assert recipients(take(spool)) == ["ann@example.com", "bob@example.com"]
        assert take(spool) == []

    def test_one_at_a_time_between_calls(self, spool: Spool) -> None:
        """A later dispatch of a recipient waits while an earlier one is claimed, or waits for its next attempt."""
        put(spool, ANN)
        (first,) = take(spool)
        put(spool, ANN_LATER)
        assert take(spool) == []
        spool.settle([again(first, NOW + 3600)], NOW + 1)
        assert take(spool, now=NOW + 120) == []
        assert [one.id for one in take(spool, now=NOW + 3700)] == [first.id]

    def test_the_later_one_is_due_first(self, spool: Spool) -> None:
        """The oldest dispatch of a recipient goes first even when a later one was due before it."""
        put(spool, ANN)
        (first,) = take(spool)
        spool.settle([again(first, NOW + 10)], NOW)
        put(spool, ANN_LATER, now=NOW + 1)
        assert [one.id for one in take(spool, now=NOW + 20)] == [first.id]

    def test_revived_letter_waits_for_a_call_under_way(self, spool: Spool) -> None:
        """An old dispatch that comes back waits for the claim of a later one: never two calls for one recipient."""
        put(spool, ANN)
        spool.settle([dead(one) for one in take(spool)], NOW)
        put(spool, ANN_LATER)
        (later,) = take(spool)
        (letter,) = spool.dead_letters(Selection())
        spool.retry_dead_letters([letter.dispatch], NOW)
        assert take(spool) == []
        spool.settle([done(later)], NOW)
        assert spool.status().dispatches.done == 2

    def test_campaigns_are_apart(self, spool: Spool) -> None:
        """Where campaigns count, only dispatches of the same campaign wait for one another."""
        june, july = ANN._replace(job_id="june"), ANN_LATER._replace(job_id="july")
        june_again = suppression("ann@example.com", 2, job_id="june")
        put(spool, june, july, june_again)
        assert [one.suppression for one in take(spool, per_campaign=True)] == [june, july]
        assert take(spool, per_campaign=True) == []

    def test_done_lately(self, spool: Spool) -> None:
        """A recipient who was dealt with lately is settled without a call and without an attempt."""
        put(spool, ANN)
        spool.settle([done(one, "already") for one in take(spool)], NOW)
        put(spool, ANN_LATER, now=NOW + 100)
        assert take(spool, now=NOW + 100) == []
        assert spool.status().dispatches.done == 2
        assert spool.next_due_at("news") is None

    def test_done_long_ago(self, spool: Spool) -> None:
        """A recipient who was dealt with longer ago than `repeat_after` is called again."""
        put(spool, ANN)
        spool.settle([done(one) for one in take(spool)], NOW)
        put(spool, ANN_LATER, now=NOW + DAY)
        assert len(take(spool, now=NOW + DAY)) == 1

    def test_done_for_another_campaign(self, spool: Spool) -> None:
        """Where campaigns count, what was done for one is not done for the next."""
        put(spool, ANN._replace(job_id="june"))
        spool.settle([done(one) for one in take(spool, per_campaign=True)], NOW, per_campaign=True)
        put(spool, ANN_LATER._replace(job_id="july"), suppression("ann@example.com", 2, job_id="june"))
        assert [one.suppression.job_id for one in take(spool, per_campaign=True)] == ["july"]

    @pytest.mark.parametrize("end", ["unknown", "dead", "dropped", "elsewhere"])
    def test_not_carried_out(self, spool: Spool, end: str) -> None:
        """Neither an unknown recipient nor a dead or dropped letter nor another provider's work counts as done."""
        put(spool, ANN, to=("crm" if end == "elsewhere" else "news",))
        for one in take(spool, provider="crm" if end == "elsewhere" else "news"):
            spool.settle([dead(one) if end in {"dead", "dropped"} else done(one, "unknown")], NOW)
        if end == "dropped":
            spool.drop_dead_letters([letter.dispatch for letter in spool.dead_letters(Selection())], NOW)
        put(spool, ANN_LATER)
        assert len(take(spool)) == 1

    def test_flood_of_repeats(self, spool: Spool) -> None:
        """However many repeats are due before it, work that is due is found in one call."""
        put(spool, ANN)
        spool.settle([done(one) for one in take(spool)], NOW)
        put(spool, *(suppression("ann@example.com", number) for number in range(1, 500)), BOB)
        assert recipients(take(spool, 1)) == ["bob@example.com"]
        assert spool.status().dispatches.done == 500

    def test_flood_of_waiting(self, spool: Spool) -> None:
        """However many wait behind one recipient's call, work that is due behind them is found in one call."""
        put(spool, *(suppression("ann@example.com", number) for number in range(500)), BOB)
        assert recipients(take(spool, 2)) == ["ann@example.com", "bob@example.com"]

    def test_extended(self, spool: Spool) -> None:
        """A claim that is kept up is not given to anybody else until its new end."""
        put(spool, ANN)
        (claimed,) = take(spool)
        spool.extend([claimed], NOW + 300)
        assert take(spool, now=NOW + 299) == []
        assert len(take(spool, now=NOW + 300)) == 1

    def test_extended_too_late(self, spool: Spool) -> None:
        """A claim that somebody else has by now can't be kept up."""
        put(spool, ANN)
        (lost,) = take(spool)
        take(spool, now=NOW + 60)
        spool.extend([lost], NOW + 9999)
        assert spool.next_due_at("news") == NOW + 120
        spool.extend([], NOW)


class TestSettling:
    """`settle`."""

    def test_done_takes_those_behind_along(self, spool: Spool) -> None:
        """With a dispatch that was carried out those waiting behind it are settled; others are left alone."""
        put(spool, ANN, ANN_LATER, BOB, to=("news", "crm"))
        claimed = take(spool, 1)
        spool.settle([done(claimed[0])], NOW)
        counts = spool.status().providers
        assert (counts["news"].done, counts["news"].pending, counts["crm"].pending) == (2, 1, 3)

    def test_done_in_one_campaign(self, spool: Spool) -> None:
        """Where campaigns count, only the same campaign is settled along."""
        put(spool, ANN._replace(job_id="june"), ANN_LATER._replace(job_id="july"))
        (june,) = take(spool, 1, per_campaign=True)
        spool.settle([done(june)], NOW, per_campaign=True)
        assert len(take(spool, per_campaign=True)) == 1

    @pytest.mark.parametrize("ended", [lambda one: done(one, "unknown"), dead])
    def test_next_in_line(self, spool: Spool, ended: type) -> None:
        """When nothing came of the first, the next in line is due at once."""
        put(spool, ANN, ANN_LATER)
        (first,) = take(spool)
        assert take(spool) == []
        spool.settle([ended(first)], NOW + 1)
        assert [one.suppression for one in take(spool, now=NOW + 1)] == [ANN_LATER]

    def test_again(self, spool: Spool) -> None:
        """A failed call is due when it is said to be, with its place in the schedule."""
        put(spool, ANN)
        (first,) = take(spool)
        spool.settle([again(first, NOW + 300, step=3)], NOW + 1)
        assert spool.next_due_at("news") == NOW + 300
        assert take(spool, now=NOW + 299) == []
        (second,) = take(spool, now=NOW + 300)
        assert (second.attempts, second.step) == (2, 3)

    def test_returned(self, spool: Spool) -> None:
        """A claim given back unused costs no attempt and no step."""
        put(spool, ANN)
        (first,) = take(spool)
        spool.settle([returned(first, NOW + 5)], NOW)
        (second,) = take(spool, now=NOW + 5)
        assert (second.id, second.attempts, second.step) == (first.id, 1, 0)

    @pytest.mark.parametrize("ended", [done, dead, returned, lambda one: again(one, NOW)])
    def test_lost_claim(self, spool: Spool, ended: type) -> None:
        """Whoever lost a claim settles nothing, neither this dispatch nor those behind it."""
        put(spool, ANN, ANN_LATER)
        (lost,) = take(spool)
        (theirs,) = take(spool, now=NOW + 60)
        spool.settle([ended(lost)], NOW + 61)
        counts = spool.status().dispatches
        assert (counts.claimed, counts.pending, counts.done, counts.dead) == (1, 1, 0, 0)
        spool.settle([done(theirs)], NOW + 61)
        assert spool.status().dispatches.done == 2

    def test_settled_twice(self, spool: Spool) -> None:
        """The first way in which a claim ended counts, in one call as in two."""
        put(spool, ANN)
        (claimed,) = take(spool)
        spool.settle([done(claimed), dead(claimed)], NOW)
        spool.settle([again(claimed, NOW)], NOW)
        assert spool.status().dispatches.done == 1

    def test_many_ways_at_once(self, spool: Spool) -> None:
        """One call settles many claims, each in its own way."""
        put(spool, *people(5))
        a, b, c, d, e = take(spool)
        spool.settle([done(a), again(b, NOW + 9), dead(c), returned(d, NOW + 9), done(e, "unknown")], NOW)
        spool.settle([], NOW)
        counts = spool.status().dispatches
        assert (counts.done, counts.pending, counts.dead, counts.waiting) == (2, 2, 1, 2)

    def test_hostile_answer(self, spool: Spool) -> None:
        """An answer that no database takes, or that is too long, is kept all the same."""
        put(spool, ANN)
        (claimed,) = take(spool)
        spool.settle([dead(claimed, "\0\ud800" + "x" * 1000)], NOW)
        (letter,) = spool.dead_letters(Selection())
        assert letter.answer == "\ufffd\ufffd" + "x" * 510


class TestHolding:
    """`hold`, `release`, `claim_probe` and `state`."""

    def test_held_is_not_claimed(self, spool: Spool) -> None:
        """A held provider's dispatches wait; other providers' do not; released, they are due as before."""
        put(spool, ANN, to=("news", "crm"))
        spool.hold("news", "401", now=NOW, probe_at=NOW + 60)
        assert take(spool) == []
        assert len(take(spool, provider="crm")) == 1
        spool.release("news")
        assert len(take(spool)) == 1

    def test_probing(self, spool: Spool) -> None:
        """Whoever probes may claim from a held provider."""
        put(spool, ANN, BOB)
        spool.hold("news", "401", now=NOW, probe_at=NOW)
        probe = spool.claim(
            "news", 1, now=NOW, until=NOW + 60, repeat_after=DAY, per_campaign=False, probing=True
        )  # fmt: skip
        assert recipients(probe) == ["ann@example.com"]

    def test_state(self, spool: Spool) -> None:
        """A hold says why, since when (the first time) and when to look again; a release ends all of it."""
        assert spool.state("news") == ProviderState()
        spool.hold("news", "401", now=NOW, probe_at=NOW + 60)
        spool.hold("news", "410 \0", now=NOW + 30, probe_at=NOW + 90)
        assert spool.state("news") == ProviderState(held=True, reason="410 \ufffd", since=NOW, probe_at=NOW + 90)
        assert set(spool.status().states) == {"news"}
        spool.release("news")
        assert spool.state("news") == ProviderState()
        assert spool.status().states == {}

    def test_held_anew(self, spool: Spool) -> None:
        """A hold after a release begins anew."""
        spool.hold("news", "401", now=NOW, probe_at=NOW)
        spool.release("news")
        spool.hold("news", "401", now=NOW + 500, probe_at=NOW + 600)
        assert spool.state("news").since == NOW + 500

    def test_one_probe(self, spool: Spool) -> None:
        """One asker probes, when it is time; the next one later; nobody where nothing is held."""
        assert not spool.claim_probe("news", now=NOW, next_probe_at=NOW + 60)
        spool.hold("news", "401", now=NOW, probe_at=NOW + 60)
        assert not spool.claim_probe("news", now=NOW + 59, next_probe_at=NOW + 120)
        assert spool.claim_probe("news", now=NOW + 60, next_probe_at=NOW + 120)
        assert not spool.claim_probe("news", now=NOW + 61, next_probe_at=NOW + 120)
        assert spool.claim_probe("news", now=NOW + 120, next_probe_at=NOW + 180)


class TestReading:
    """`next_due_at`, `status`, `suppressions`, `dead_letters` and what is done with those."""

    def test_empty(self, spool: Spool) -> None:
        """A new spool holds nothing and says so."""
        status = spool.status()
        assert (status.suppressions, status.dispatches.waiting, status.dispatches.done, status.dispatches.dead) == (
            0,
        ) * 4
        assert (status.oldest_pending_at, status.last_recorded_at) == (None, None)
        assert (status.providers, status.states, status.next_due_at) == ({}, {}, {})
        assert list(spool.suppressions(Selection())) == []
        assert list(spool.dead_letters(Selection())) == []
        assert spool.next_due_at("news") is None

    def test_status(self, spool: Spool) -> None:
        """The status counts by provider and state, and knows the oldest that waits and the next that is due."""
        put(spool, ANN, now=NOW)
        put(spool, BOB, now=NOW + 1)
        put(spool, suppression("cat@example.com"), to=("news", "crm"), now=NOW + 2)
        ann, bob = take(spool, 2, now=NOW + 2)
        spool.settle([done(ann), dead(bob)], NOW + 3)
        status = spool.status()
        assert {name: (c.pending, c.claimed, c.done, c.dead) for name, c in status.providers.items()} == {
            "news": (1, 0, 1, 1),
            "crm": (1, 0, 0, 0),
        }
        assert (status.suppressions, status.dispatches.pending, status.dispatches.waiting) == (3, 2, 2)
        assert (status.oldest_pending_at, status.last_recorded_at) == (NOW + 2, NOW + 2)
        take(spool, now=NOW + 5)
        assert spool.status().next_due_at == {"news": NOW + 65, "crm": NOW + 2}
        assert spool.next_due_at("news") == NOW + 65

    def test_oldest_for_a_provider_added_later(self, spool: Spool) -> None:
        """What a new provider is owed waits since it was owed, however old the suppression is."""
        put(spool, ANN, to=())
        put(spool, ANN, now=NOW + DAY)
        assert spool.status().oldest_pending_at == NOW + DAY

    @pytest.mark.parametrize(
        ("selection", "expected"),
        [
            (Selection(), ["ann@example.com", "bob@example.com", "cat@example.org", "ann@example.com"]),
            (Selection(recipient="ann@example.com"), ["ann@example.com", "ann@example.com"]),
            (Selection(recipient="nobody@example.com"), []),
            (Selection(domain="EXAMPLE.org"), ["cat@example.org"]),
            (Selection(domain="xample.org"), []),
            (Selection(reason="list"), ["bob@example.com"]),
            (Selection(since=NOW), ["bob@example.com", "ann@example.com"]),
            (Selection(until=NOW), ["ann@example.com", "cat@example.org"]),
            (Selection(recipient="ann@example.com", since=NOW), ["ann@example.com"]),
            (Selection(limit=2), ["ann@example.com", "bob@example.com"]),
            (Selection(limit=0), []),
            (Selection(recipient="ann@example.com", limit=1), ["ann@example.com"]),
        ],
    )
    def test_selected(self, spool: Spool, selection: Selection, expected: list[str]) -> None:
        """A selection goes by recipient, domain, reason and time, oldest first."""
        early = datetime(2025, 12, 1, tzinfo=UTC)
        put(spool, ANN._replace(occurred_at=early), BOB._replace(reason="list"), now=NOW)
        put(spool, suppression("cat@example.org", occurred_at=early), ANN_LATER, now=NOW + 10)
        assert [one.recipient for one in spool.suppressions(selection)] == expected

    def test_more_than_a_page(self, spool: Spool) -> None:
        """Everything is read once and in order, however much there is."""
        many = [*people(2345), *(suppression("ann@example.com", number) for number in range(1234))]
        put(spool, *many)
        assert list(spool.suppressions(Selection())) == many
        assert list(spool.suppressions(Selection(limit=2000))) == many[:2000]
        assert list(spool.suppressions(Selection(recipient="ann@example.com"))) == many[2345:]
        claimed = take(spool, 3000)
        spool.settle([dead(one) for one in claimed], NOW)
        assert [letter.dispatch for letter in spool.dead_letters(Selection())] == sorted(one.id for one in claimed)
        assert len(list(spool.dead_letters(Selection(limit=1500)))) == 1500

    def test_dead_letter(self, spool: Spool) -> None:
        """A dead letter says what, for whom, how often, when, and what the last answer was."""
        put(spool, ANN)
        (first,) = take(spool)
        spool.settle([again(first, NOW + 5)], NOW)
        (second,) = take(spool, now=NOW + 5)
        spool.settle([dead(second, "400 nope")], NOW + 6)
        (letter,) = spool.dead_letters(Selection())
        assert (letter.dispatch, letter.provider, letter.suppression) == (first.id, "news", ANN)
        assert (letter.attempts, letter.died_at, letter.answer) == (2, NOW + 6, "400 nope")

    @pytest.mark.parametrize(
        ("selection", "expected"),
        [
            (Selection(provider="crm"), ["crm ann@example.com"]),
            (Selection(recipient="bob@example.com"), ["news bob@example.com"]),
            (Selection(domain="example.com", limit=1), ["news ann@example.com"]),
            (Selection(reason="list"), []),
            (Selection(since=NOW + 1), ["news bob@example.com"]),
            (Selection(until=NOW + 1), ["news ann@example.com", "crm ann@example.com"]),
        ],
    )
    def test_selected_dead_letters(self, spool: Spool, selection: Selection, expected: list[str]) -> None:
        """Dead letters are selected as suppressions are, and by provider."""
        put(spool, ANN, to=("news", "crm"))
        put(spool, BOB, now=NOW + 1)
        for provider in ("news", "crm"):
            spool.settle([dead(one) for one in take(spool, provider=provider, now=NOW + 1)], NOW)
        found = [f"{letter.provider} {letter.suppression.recipient}" for letter in spool.dead_letters(selection)]
        assert found == expected

    def test_retried(self, spool: Spool) -> None:
        """A dead letter that is retried is due at once with a new schedule; its attempts are remembered."""
        put(spool, ANN, BOB)
        ann, bob = take(spool)
        spool.settle([dead(replace(ann, step=4)), done(bob)], NOW)
        assert spool.retry_dead_letters([ann.id, ann.id, bob.id, 10**30, -1], NOW + 9) == 1
        (claimed,) = take(spool, now=NOW + 9)
        assert (claimed.id, claimed.step, claimed.attempts) == (ann.id, 0, 2)
        assert list(spool.dead_letters(Selection())) == []

    def test_dropped(self, spool: Spool) -> None:
        """A dead letter that is dropped is done, and never called again."""
        put(spool, ANN)
        (claimed,) = take(spool)
        spool.settle([dead(claimed)], NOW)
        assert spool.drop_dead_letters([claimed.id, 999], NOW) == 1
        assert spool.drop_dead_letters([], NOW) == 0
        counts = spool.status().dispatches
        assert (counts.done, counts.dead) == (1, 0)

    def test_closed(self, spool: Spool) -> None:
        """A closed spool says so; closing it again does nothing."""
        spool.close()
        spool.close()
        with pytest.raises(SpoolError, match="is closed"):
            spool.status()
