"""Contract of every spool: recording, holds, queries."""

from datetime import UTC, datetime

import pytest

from bouncehandler.spool import ProviderState, QueuedSuppression, Recorded, Selection, Spool, SpoolError
from tests.contract.spool.examples import (
    ANN,
    ANN_LATER,
    BOB,
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
    suppression,
    take,
)


class TestRecord:
    """`record`."""

    def test_counts_new_and_known(self, spool: Spool) -> None:
        """Recording the same batch again changes nothing."""
        batch = [QueuedSuppression(one, ("news",)) for one in people(5)]
        assert at_time(spool, NOW).record(batch) == Recorded(new=5, duplicates=0)
        assert at_time(spool, NOW + 1).record(batch) == Recorded(new=0, duplicates=5)
        assert spool.status().dispatches.pending == 5

    def test_known_and_done(self, spool: Spool) -> None:
        """Recording again what is done, or under way, makes no second call."""
        put(spool, ANN, BOB)
        ann, _ = take(spool)
        at_time(spool, NOW).settle([done(ann)])
        put(spool, ANN, BOB)
        counts = spool.status().dispatches
        assert (counts.done, counts.claimed, counts.pending) == (1, 1, 0)

    def test_mixed_batch(self, spool: Spool) -> None:
        """A batch of known, new and repeated suppressions adds each new one once."""
        put(spool, ANN)
        assert at_time(spool, NOW).record([QueuedSuppression(one, ("news",)) for one in (BOB, ANN, BOB)]) == Recorded(
            new=1, duplicates=2
        )
        assert recipients(take(spool)) == ["ann@example.com", "bob@example.com"]

    def test_provider_added_later(self, spool: Spool) -> None:
        """A known suppression that is routed to a further provider is dispatched to that one, and to no other again."""
        put(spool, ANN)
        put(spool, ANN, BOB, to=("news", "crm"), now=NOW + 5)
        assert recipients(take(spool, provider="crm", now=NOW + 5)) == ["bob@example.com", "ann@example.com"]
        assert len(take(spool, now=NOW + 5)) == 2

    def test_provider_from_a_repetition(self, spool: Spool) -> None:
        """A repetition inside one batch, routed to another provider, is dispatched to both."""
        at_time(spool, NOW).record([QueuedSuppression(ANN, ("news",)), QueuedSuppression(ANN, ("crm",))])
        assert [len(take(spool, provider=name)) for name in ("news", "crm")] == [1, 1]

    def test_each_is_enqueued_for_its_own_providers(self, spool: Spool) -> None:
        """Suppressions of one batch are enqueued for their own providers; one without a provider is recorded."""
        cat = suppression("cat@example.com")
        at_time(spool, NOW).record(
            [QueuedSuppression(ANN, ("news", "crm")), QueuedSuppression(BOB, ("crm",)), QueuedSuppression(cat, ())]
        )
        assert recipients(take(spool)) == ["ann@example.com"]
        assert recipients(take(spool, provider="crm")) == ["ann@example.com", "bob@example.com"]
        assert spool.status().suppressions == 3

    def test_provider_named_twice(self, spool: Spool) -> None:
        """A provider that is named twice for a suppression gets one dispatch."""
        put(spool, ANN, to=("news", "news"))
        assert len(take(spool)) == 1

    def test_nothing(self, spool: Spool) -> None:
        """An empty batch records nothing."""
        assert at_time(spool, NOW).record([]) == Recorded(new=0, duplicates=0)

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
        """Text that no database can store is replaced, and what is too long is cut; the record is not lost."""
        put(spool, ANN._replace(diagnostic="a\0b\ud800c", originator="\udfff", job_id="\0"), BOB)
        put(spool, suppression("cat@example.com", diagnostic="x" * 5000))
        ann, bob, cat = spool.suppressions(Selection())
        assert (ann.diagnostic, ann.originator, ann.job_id) == ("a\ufffdb\ufffdc", "\ufffd", "\ufffd")
        assert bob == BOB
        assert cat.diagnostic == "x" * 4096


class TestHoldProvider:
    """`hold`, `release`, `claim_probe` and `state`."""

    def test_held_is_not_claimed(self, spool: Spool) -> None:
        """A held provider's dispatches wait; other providers' do not; released, they are due as before."""
        put(spool, ANN, to=("news", "crm"))
        at_time(spool, NOW).hold("news", "401", probe_in=60)
        assert take(spool) == []
        assert len(take(spool, provider="crm")) == 1
        at_time(spool, NOW).release("news")
        assert len(take(spool)) == 1

    def test_probing(self, spool: Spool) -> None:
        """A probing process may claim from a held provider."""
        put(spool, ANN, BOB)
        at_time(spool, NOW).hold("news", "401", probe_in=0)
        probe = at_time(spool, NOW).claim("news", 1, repeat_after=DAY, per_campaign=False, probing=True, lease_for=60)
        assert recipients(probe) == ["ann@example.com"]

    def test_state(self, spool: Spool) -> None:
        """A hold gives the reason, since when (the first time) and when to look again; a release ends all of it."""
        assert spool.state("news") == ProviderState()
        at_time(spool, NOW).hold("news", "401", probe_in=60)
        at_time(spool, NOW + 30).hold("news", "410 \0", probe_in=60)
        assert spool.state("news") == ProviderState(held=True, reason="410 \ufffd", since=NOW, probe_at=NOW + 90)
        assert set(spool.status().states) == {"news"}
        at_time(spool, NOW).release("news")
        assert spool.state("news") == ProviderState()
        assert spool.status().states == {}

    def test_held_anew(self, spool: Spool) -> None:
        """A hold after a release begins anew."""
        at_time(spool, NOW).hold("news", "401", probe_in=0)
        at_time(spool, NOW).release("news")
        at_time(spool, NOW + 500).hold("news", "401", probe_in=100)
        assert spool.state("news").since == NOW + 500

    def test_one_probe(self, spool: Spool) -> None:
        """One asker probes, when it is time; the next one later; none where nothing is held."""
        assert not at_time(spool, NOW).claim_probe("news", next_probe_in=60)
        at_time(spool, NOW).hold("news", "401", probe_in=60)
        assert not at_time(spool, NOW + 59).claim_probe("news", next_probe_in=61)
        assert at_time(spool, NOW + 60).claim_probe("news", next_probe_in=60)
        assert not at_time(spool, NOW + 61).claim_probe("news", next_probe_in=59)
        assert at_time(spool, NOW + 120).claim_probe("news", next_probe_in=60)


class TestQueries:
    """`next_due_at`, `status`, `suppressions`, `dead_letters` and what is done with those."""

    def test_empty(self, spool: Spool) -> None:
        """A new spool holds nothing and reports it."""
        status = spool.status()
        assert (status.suppressions, status.dispatches.waiting, status.dispatches.done, status.dispatches.dead) == (
            0,
        ) * 4
        assert (status.oldest_pending_at, status.last_recorded_at) == (None, None)
        assert (status.providers, status.states, status.next_due_at) == ({}, {}, {})
        assert list(spool.suppressions(Selection())) == []
        assert list(spool.dead_letters(Selection())) == []
        assert due_at(spool, "news") is None

    def test_status(self, spool: Spool) -> None:
        """The status counts by provider and state, and knows the oldest that waits and the next that is due."""
        put(spool, ANN, now=NOW)
        put(spool, BOB, now=NOW + 1)
        put(spool, suppression("cat@example.com"), to=("news", "crm"), now=NOW + 2)
        ann, bob = take(spool, 2, now=NOW + 2)
        at_time(spool, NOW + 3).settle([done(ann), dead(bob)])
        status = spool.status()
        assert {name: (c.pending, c.claimed, c.done, c.dead) for name, c in status.providers.items()} == {
            "news": (1, 0, 1, 1),
            "crm": (1, 0, 0, 0),
        }
        assert (status.suppressions, status.dispatches.pending, status.dispatches.waiting) == (3, 2, 2)
        assert (status.oldest_pending_at, status.last_recorded_at) == (NOW + 2, NOW + 2)
        take(spool, now=NOW + 5)
        assert spool.status().next_due_at == {"news": NOW + 65, "crm": NOW + 2}
        assert due_at(spool, "news") == NOW + 65

    def test_oldest_for_a_provider_added_later(self, spool: Spool) -> None:
        """The entry of a new provider waits since it was enqueued, however old the suppression is."""
        put(spool, ANN, to=())
        put(spool, ANN, now=NOW + DAY)
        assert spool.status().oldest_pending_at == NOW + DAY

    @pytest.mark.parametrize(
        ("selection", "expected"),
        [
            (Selection(), ["ann@example.com", "bob@example.com", "cat@example.org", "ann@example.com"]),
            (Selection(recipient="ann@example.com"), ["ann@example.com", "ann@example.com"]),
            (Selection(recipient="unknown@example.com"), []),
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
        at_time(spool, NOW).settle([dead(one) for one in claimed])
        assert [lost.dispatch for lost in spool.dead_letters(Selection())] == sorted(one.id for one in claimed)
        assert len(list(spool.dead_letters(Selection(limit=1500)))) == 1500

    def test_dead_letter(self, spool: Spool) -> None:
        """A dead letter has its suppression, provider, attempts, time and last answer."""
        put(spool, ANN)
        (first,) = take(spool)
        at_time(spool, NOW).settle([again(first, NOW + 5)])
        (second,) = take(spool, now=NOW + 5)
        at_time(spool, NOW + 6).settle([dead(second, "400 nope")])
        (lost,) = spool.dead_letters(Selection())
        assert (lost.dispatch, lost.provider, lost.suppression) == (first.id, "news", ANN)
        assert (lost.attempts, lost.died_at, lost.answer) == (2, NOW + 6, "400 nope")

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
            at_time(spool, NOW).settle([dead(one) for one in take(spool, provider=provider, now=NOW + 1)])
        found = [f"{lost.provider} {lost.suppression.recipient}" for lost in spool.dead_letters(selection)]
        assert found == expected

    def test_retried(self, spool: Spool) -> None:
        """A dead letter that is retried is due at once with a new schedule; its attempts are remembered."""
        put(spool, ANN, BOB)
        ann, bob = take(spool)
        at_time(spool, NOW).settle([again(ann, NOW, retry_index=4), done(bob)])
        (ann,) = take(spool)
        at_time(spool, NOW).settle([dead(ann)])
        assert at_time(spool, NOW + 9).retry_dead_letters([ann.id, ann.id, bob.id, 10**30, -1]) == 1
        (claimed,) = take(spool, now=NOW + 9)
        assert (claimed.id, claimed.retry_index, claimed.attempts) == (ann.id, 0, 3)
        assert list(spool.dead_letters(Selection())) == []

    def test_dropped(self, spool: Spool) -> None:
        """A dead letter that is dropped is done, and never called again."""
        put(spool, ANN)
        (claimed,) = take(spool)
        at_time(spool, NOW).settle([dead(claimed)])
        assert at_time(spool, NOW).drop_dead_letters([claimed.id, 999]) == 1
        assert at_time(spool, NOW).drop_dead_letters([]) == 0
        counts = spool.status().dispatches
        assert (counts.done, counts.dead) == (1, 0)

    def test_dropped_among_dead(self, spool: Spool) -> None:
        """A list has either the dropped ones or the others, also where they lie side by side."""
        put(spool, *people(4))
        at_time(spool, NOW).settle([dead(one) for one in take(spool)])
        ids = [one.dispatch for one in spool.dead_letters(Selection())]
        spool.drop_dead_letters([ids[0], ids[2]])
        assert [one.dispatch for one in spool.dropped(Selection())] == [ids[0], ids[2]]
        assert [one.dispatch for one in spool.dead_letters(Selection())] == [ids[1], ids[3]]

    def test_closed(self, spool: Spool) -> None:
        """A closed spool reports it; closing it again does nothing."""
        spool.close()
        spool.close()
        with pytest.raises(SpoolError, match="is closed"):
            spool.status()
