"""Contract of every spool: suppressions that have only a subscriber's ids, and addresses that providers return."""

from dataclasses import replace

import pytest

from bouncehandler.spool import Completed, QueuedSuppression, Recorded, Selection, Spool
from bouncehandler.suppression import Dispatch, Outcome, Suppression
from tests.contract.spool.examples import DAY, NOW, at_time, attempt, dead, done, put, recipients, suppression, take

ALL_PROVIDERS = ("news", "old_news", "crm")
IDS = {"list_manager": "mailwizz", "list_id": "ab123cd456ef7", "subscriber_id": "gh890ij123kl4"}
HIDDEN = suppression("", 1, reason="complaint", campaign_id="mn567op890qr1", **IDS)
LATER = HIDDEN._replace(id="later")
OTHER = HIDDEN._replace(id="other", subscriber_id="zz890ij123kl4")


def put_with_ids(spool: Spool, *suppressions: Suppression, to: tuple[str, ...] = ("news", "old_news")) -> Recorded:
    """Record suppressions that are routed to all providers, and that `to` can act on."""
    return at_time(spool, NOW).record([QueuedSuppression(one, ALL_PROVIDERS, to) for one in suppressions])


def with_address(dispatch: Dispatch, address: str = "ann@example.com", kind: str = "unsubscribed") -> Completed:
    """The settlement of a call that returned the address."""
    one = done(dispatch, kind)
    return replace(one, outcome=replace(one.outcome, recipient=address))


class TestIds:
    """A suppression without an address."""

    def test_kept_whole(self, spool: Spool) -> None:
        """Ids come back as they were put in, and an address beside ids stays one."""
        both = suppression("ann@example.com", 2, **IDS)
        put_with_ids(spool, HIDDEN, both)
        assert list(spool.suppressions(Selection())) == [HIDDEN, both]
        assert list(spool.suppressions(Selection(recipient="ann@example.com"))) == [both]
        assert list(spool.suppressions(Selection(recipient=HIDDEN.subject))) == [HIDDEN]

    def test_enqueued_for_providers_that_take_ids(self, spool: Spool) -> None:
        """Only providers that can act on the ids are called at first."""
        assert put_with_ids(spool, HIDDEN) == Recorded(new=1, duplicates=0)
        assert [one.suppression for one in take(spool)] == [HIDDEN]
        assert [one.suppression for one in take(spool, provider="old_news")] == [HIDDEN]
        assert take(spool, provider="crm") == []

    def test_no_provider_can(self, spool: Spool) -> None:
        """A suppression by ids is recorded also where no provider can act on them."""
        put_with_ids(spool, HIDDEN, to=())
        assert spool.status().dispatches.waiting == 0
        assert spool.status().suppressions == 1

    def test_in_a_batch_with_addresses(self, spool: Spool) -> None:
        """One batch may hold both: each is enqueued as it should be, and a repeat changes nothing."""
        batch = [
            QueuedSuppression(HIDDEN, ALL_PROVIDERS, ("news",)),
            QueuedSuppression(suppression(), ALL_PROVIDERS),
            QueuedSuppression(HIDDEN, ALL_PROVIDERS, ("news",)),
        ]
        assert at_time(spool, NOW).record(batch) == Recorded(new=2, duplicates=1)
        assert at_time(spool, NOW).record(batch) == Recorded(new=0, duplicates=3)
        assert recipients(take(spool, provider="crm")) == ["ann@example.com"]
        assert len(take(spool)) == 2

    def test_each_subscriber_is_a_person(self, spool: Spool) -> None:
        """Two subscribers are two pieces of work; two complaints of one are one, the second settled with the first."""
        put_with_ids(spool, HIDDEN, OTHER, LATER, to=("news",))
        claimed = take(spool)
        assert [one.suppression for one in claimed] == [HIDDEN, OTHER]
        assert at_time(spool, NOW).settle([done(one) for one in claimed]) == 1

    def test_known_lately(self, spool: Spool) -> None:
        """A subscriber that was unsubscribed lately is not unsubscribed again."""
        put_with_ids(spool, HIDDEN, to=("news",))
        at_time(spool, NOW).settle([done(one) for one in take(spool)])
        put_with_ids(spool, LATER, to=("news",))
        assert (
            at_time(spool, NOW + 1).claim("news", 10, repeat_after=DAY, per_campaign=False, lease_for=59).repeats == 1
        )

    def test_a_domain_selects_none(self, spool: Spool) -> None:
        """A selection by domain or recipient includes no suppression without an address."""
        put_with_ids(spool, HIDDEN)
        assert list(spool.suppressions(Selection(domain="example.com"))) == []

    def test_dead_letters(self, spool: Spool) -> None:
        """A suppression by ids may become a dead letter like any other."""
        put_with_ids(spool, HIDDEN, to=("news",))
        at_time(spool, NOW).settle([dead(one) for one in take(spool)])
        assert [dead_letter.suppression for dead_letter in spool.dead_letters(Selection())] == [HIDDEN]


class TestLearnedAddress:
    """The address that a provider returns."""

    def test_goes_to_the_others(self, spool: Spool) -> None:
        """A returned address becomes a suppression with the same evidence, enqueued for all but its source."""
        put_with_ids(spool, HIDDEN)
        (mine,) = take(spool)
        at_time(spool, NOW + 1).settle([with_address(mine)])
        learned = HIDDEN._replace(recipient="ann@example.com")
        assert list(spool.suppressions(Selection())) == [HIDDEN, learned]
        assert [one.suppression for one in take(spool, provider="crm", now=NOW + 1)] == [learned]
        assert [one.suppression for one in take(spool, provider="old_news", now=NOW + 1)] == [HIDDEN, learned]
        assert take(spool, now=NOW + 1) == []

    @pytest.mark.parametrize("kind", ["unsubscribed", "already"])
    def test_whatever_was_left_to_do(self, spool: Spool, kind: str) -> None:
        """The address is recorded, too, where its provider had nothing to do any more."""
        put_with_ids(spool, HIDDEN)
        at_time(spool, NOW).settle([with_address(one, kind=kind) for one in take(spool)])
        assert recipients(take(spool, provider="crm")) == ["ann@example.com"]

    def test_only_once(self, spool: Spool) -> None:
        """Two providers that return the same address, a file that is fed again, a second call: all is enqueued once."""
        put_with_ids(spool, HIDDEN)
        first, second = take(spool), take(spool, provider="old_news")
        at_time(spool, NOW).settle([with_address(one) for one in first])
        at_time(spool, NOW).settle([with_address(one) for one in second])
        put_with_ids(spool, HIDDEN)
        assert [one.recipient for one in spool.suppressions(Selection())].count("ann@example.com") == 1
        assert len(take(spool, provider="crm")) == 1
        assert len(take(spool)) == 1, "old_news returned it as well, so news gets the address"

    def test_lost_claim(self, spool: Spool) -> None:
        """A lost claim brings no address."""
        put_with_ids(spool, HIDDEN, to=("news",))
        (lost,) = take(spool, seconds=1)
        take(spool, now=NOW + 2)
        at_time(spool, NOW + 3).settle([with_address(lost)])
        assert len(list(spool.suppressions(Selection()))) == 1

    def test_address_was_known(self, spool: Spool) -> None:
        """An address that the suppression had anyway is nothing new."""
        put(spool, suppression("ann@example.com"), to=ALL_PROVIDERS)
        (mine,) = take(spool)
        at_time(spool, NOW).settle([with_address(mine, "other@example.com")])
        assert len(list(spool.suppressions(Selection()))) == 1

    def test_no_other_provider_wants_it(self, spool: Spool) -> None:
        """The address is recorded and enqueued for no provider where only its source is configured."""
        at_time(spool, NOW).record([QueuedSuppression(HIDDEN, ("news",), ("news",))])
        at_time(spool, NOW).settle([with_address(one) for one in take(spool)])
        assert spool.status().dispatches.waiting == 0
        assert len(list(spool.suppressions(Selection(recipient="ann@example.com")))) == 1

    def test_unknown(self, spool: Spool) -> None:
        """An outcome without an address records none."""
        put_with_ids(spool, HIDDEN, to=("news",))
        (mine,) = take(spool)
        at_time(spool, NOW).settle([Completed(mine, attempt("unknown"), Outcome("unknown"))])
        assert len(list(spool.suppressions(Selection()))) == 1
