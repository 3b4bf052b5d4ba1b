"""The Interspire adapter against a fake Interspire over real loopback: a subscriber's ids, where the address is hidden.

No fake can prove that real installations take `subscriberid` without an address: this one does what is assumed of them.
"""

import httpx
import pytest

from bouncehandler.provider import BySubscriber, PermanentFailure
from bouncehandler.suppression import Outcome
from providers.interspire import Interspire
from tests.contract.providers.interspire.examples import ANN, BOB, UNSUBSCRIBE, adapter, asked_lists, complaint
from tests.fakes.interspire import FakeInterspire, ParsedRequest

pytestmark = pytest.mark.usefixtures("subscribed")


class TestIdsAlone:
    """Nothing but X-Mailer-LID and X-Mailer-RecptId is known."""

    def test_the_adapter_states_that_it_takes_them(self, interspire: Interspire) -> None:
        """The adapter declares that it takes suppressions without an address."""
        assert isinstance(interspire, BySubscriber)
        assert interspire.takes_subscriber_ids is True

    def test_one_list_is_one_call(self, fake: FakeInterspire, interspire: Interspire) -> None:
        """The subscriber leaves the list by one call, which names no address, and no other is touched."""
        number = fake.subscriber_id(ANN, "2")
        outcome = interspire.unsubscribe(complaint("2", number))
        assert (outcome.kind, outcome.lists, outcome.recipient) == ("unsubscribed", ("2",), "")
        assert "by the subscriber's id" in outcome.note
        details = {"listid": ["2"], "subscriberid": [number]}
        assert fake.parsed_requests() == [ParsedRequest("subscribers", UNSUBSCRIBE, details)]
        assert fake.status_of(ANN) == {"1": "active", "2": "unsubscribed"}
        assert set(fake.status_of(BOB).values()) == {"active"}

    @pytest.mark.parametrize("lists", ["2,1,3", "3,1,2"])
    def test_wrong_lists_first(self, fake: FakeInterspire, interspire: Interspire, lists: str) -> None:
        """Of several lists each is tried in turn, until one has the subscriber; those behind it get no call."""
        outcome = interspire.unsubscribe(complaint(lists, fake.subscriber_id(ANN, "1")))
        assert (outcome.kind, outcome.lists) == ("unsubscribed", ("1",))
        assert asked_lists(fake) == lists.split(",")[:2]
        assert fake.status_of(ANN) == {"1": "unsubscribed", "2": "active"}
        assert fake.unsubscribe_counts == {"1": 1}

    @pytest.mark.parametrize("status", ["FAILED", "ERROR"])
    def test_all_wrong_is_unknown(self, fake: FakeInterspire, interspire: Interspire, status: str) -> None:
        """A subscriber that no list knows is `unknown`, and nothing is changed."""
        fake.failure_status = status
        outcome = interspire.unsubscribe(complaint("1,2,3,77", "999"))
        assert (outcome.kind, outcome.lists) == ("unknown", ())
        assert "lists 1, 2, 3, 77" in outcome.note
        assert not fake.unsubscribe_counts

    def test_the_id_of_another_list_is_unknown(self, fake: FakeInterspire, interspire: Interspire) -> None:
        """An id counts only together with its own list: another subscriber may have the number elsewhere."""
        assert interspire.unsubscribe(complaint("2,3", fake.subscriber_id(ANN, "1"))).kind == "unknown"
        assert fake.status_of(ANN) == {"1": "active", "2": "active"}

    def test_a_version_that_ignores_the_id(self, fake: FakeInterspire, interspire: Interspire) -> None:
        """A version that goes by the address alone is no success, and the note has a possible cause."""
        fake.ignores_subscriber_ids = True
        outcome = interspire.unsubscribe(complaint("1", fake.subscriber_id(ANN, "1")))
        assert (outcome.kind, outcome.lists) == ("unknown", ())
        assert "takes addresses only" in outcome.note

    def test_a_second_call_counts_once_more(self, fake: FakeInterspire, interspire: Interspire) -> None:
        """A repeated call looks like the first, without a look-up by id; it moves that list's counter alone."""
        for _ in range(2):
            assert interspire.unsubscribe(complaint("3,2", fake.subscriber_id(ANN, "2"))).lists == ("2",)
        assert fake.unsubscribe_counts == {"2": 2}
        assert fake.status_of(ANN) == {"1": "active", "2": "unsubscribed"}

    def test_a_list_that_is_named_twice(self, fake: FakeInterspire, interspire: Interspire) -> None:
        """A list that the header repeats is tried once."""
        interspire.unsubscribe(complaint("3,3,3", "999"))
        assert asked_lists(fake) == ["3"]

    @pytest.mark.parametrize(
        ("action", "reason", "why"),
        [
            ("bounce", "bounce", "not recorded as a bounce: that takes the subscriber's address"),
            ("bounce", "complaint", "not recorded as a bounce, since it is none"),
            ("ban", "complaint", "not banned: that takes the subscriber's address"),
            ("ban", "unsubscribe", ""),
        ],
    )
    def test_other_actions_unsubscribe(
        self, fake: FakeInterspire, client: httpx.Client, action: str, reason: str, why: str
    ) -> None:
        """`bounce` and `ban` take an address: ids are unsubscribed, and the note gives the reason, but to a request."""
        suppression = complaint("1", fake.subscriber_id(ANN, "1"), reason=reason)
        outcome = adapter(fake, client, action=action).unsubscribe(suppression)
        assert (outcome.kind, outcome.lists) == ("unsubscribed", ("1",))
        assert outcome.note.partition("until now")[2].removeprefix("; ").removeprefix("unsubscribed, ") == why
        assert fake.asked == {UNSUBSCRIBE: 1}


class TestHostileIds:
    """Ids come from the headers of mail, which may be forged."""

    @pytest.mark.parametrize(
        "number",
        ["", "0", "-1", "01", "1.0", " 1", "1\n", "1 OR 1=1", "1</listid><listid>2", "g", "\u0661", "1e3", "9" * 11],
    )
    @pytest.mark.parametrize("place", ["list", "one of the lists", "subscriber"])
    def test_only_numbers_are_sent(self, fake: FakeInterspire, interspire: Interspire, place: str, number: str) -> None:
        """Ids that are no numbers fail for good, before any call, with one line on where they came from."""
        ids = {"list": (number, "501"), "one of the lists": (f"1,{number}", "501"), "subscriber": ("1", number)}[place]
        with pytest.raises(PermanentFailure, match=r"no ids of Interspire's.*X-Mailer-LID and X-Mailer-RecptId$"):
            interspire.unsubscribe(complaint(*ids))
        assert fake.requests == []

    def test_the_largest_number_is_sent(self, fake: FakeInterspire, interspire: Interspire) -> None:
        """Numbers of ten digits are ids."""
        assert interspire.unsubscribe(complaint("9" * 10, "9" * 10)).kind == "unknown"
        assert asked_lists(fake) == ["9" * 10]

    def test_twenty_lists_are_tried(self, fake: FakeInterspire, interspire: Interspire) -> None:
        """A newsletter that went to twenty lists costs twenty calls at most."""
        assert interspire.unsubscribe(complaint(",".join(map(str, range(101, 121))), "999")).kind == "unknown"
        assert asked_lists(fake) == [str(number) for number in range(101, 121)]

    @pytest.mark.parametrize("count", [21, 100_000])
    def test_more_lists_are_for_a_person(self, fake: FakeInterspire, interspire: Interspire, count: int) -> None:
        """A header that names more costs no call, and is not settled as done or unknown."""
        with pytest.raises(PermanentFailure, match=f"names {count} lists, .* on 20 at most: unsubscribe it by hand"):
            interspire.unsubscribe(complaint(",".join(map(str, range(1, count + 1))), "501"))
        assert fake.requests == []

    def test_the_sentence_is_short_and_clean(self, interspire: Interspire) -> None:
        """Ids of any length and with any character give one short line of printable ASCII."""
        with pytest.raises(PermanentFailure) as caught:
            interspire.unsubscribe(complaint("1\r\n\x1b[31m\u202e" * 10_000, "\ud800\x00" * 10_000))
        text = str(caught.value)
        assert text.isascii()
        assert text.isprintable()
        assert len(text) < 1000

    @pytest.mark.parametrize("manager", ["mailwizz", "", "Interspire", "x\n" * 1000])
    def test_ids_of_others_are_not_taken(self, fake: FakeInterspire, interspire: Interspire, manager: str) -> None:
        """Without an address, ids of another type fail for good, even where they are numbers."""
        suppression = complaint("1", fake.subscriber_id(ANN, "1"))._replace(list_manager=manager)
        with pytest.raises(PermanentFailure, match="can't know who is meant") as caught:
            interspire.unsubscribe(suppression)
        assert str(caught.value).isprintable()
        assert fake.requests == []


class TestBesideAnAddress:
    """Both the address and the ids are known."""

    def test_the_address_goes_first(self, fake: FakeInterspire, interspire: Interspire) -> None:
        """An address that is found is taken off all its lists, as without ids, which are not used."""
        outcome = interspire.unsubscribe(complaint("3", fake.subscriber_id(BOB, "3"), recipient=ANN))
        assert outcome == Outcome("unsubscribed", ("1", "2"))
        assert set(fake.status_of(BOB).values()) == {"active"}

    def test_ids_are_for_an_address_that_is_not_found(self, fake: FakeInterspire, interspire: Interspire) -> None:
        """Where the reporter's address is unknown, the ids name the complainant; the note names both."""
        suppression = complaint("3,1", fake.subscriber_id(ANN, "1"), recipient="forwarded@elsewhere.example")
        outcome = interspire.unsubscribe(suppression)
        assert (outcome.kind, outcome.lists, outcome.recipient) == ("unsubscribed", ("1",), "")
        assert "by the subscriber's id" in outcome.note
        assert "the address is active on no list" in outcome.note

    def test_neither_is_known(self, fake: FakeInterspire, interspire: Interspire) -> None:
        """With neither the address nor the ids known there, it is `unknown`."""
        outcome = interspire.unsubscribe(complaint("1", "999", recipient="nobody@example.com"))
        assert (outcome.kind, outcome.lists) == ("unknown", ())
        assert fake.asked[UNSUBSCRIBE] == 1

    @pytest.mark.parametrize("ids", [("x", "501"), ("1", ""), (",".join(map(str, range(1, 100))), "501")])
    def test_bad_ids_do_not_spoil_the_address(
        self, fake: FakeInterspire, interspire: Interspire, ids: tuple[str, str]
    ) -> None:
        """The address is carried out all the same; where it is unknown, so is the outcome, with a note on the ids."""
        assert interspire.unsubscribe(complaint(*ids, recipient="nobody@example.com")).kind == "unknown"
        assert "X-Mailer-LID" in interspire.unsubscribe(complaint(*ids, recipient="nobody@example.com")).note
        assert interspire.unsubscribe(complaint(*ids, recipient=ANN)).lists == ("1", "2")
        assert UNSUBSCRIBE in fake.asked
        assert "subscriberid" not in {name for parsed in fake.parsed_requests() for name in parsed.details}

    def test_ids_of_others_are_left_alone(self, fake: FakeInterspire, interspire: Interspire) -> None:
        """Numbers that are MailWizz's ids are not tried here."""
        suppression = complaint("1", fake.subscriber_id(ANN, "1"), recipient="nobody@example.com")
        assert interspire.unsubscribe(suppression._replace(list_manager="mailwizz")).kind == "unknown"
        assert UNSUBSCRIBE not in fake.asked

    def test_ban_by_ids_unsubscribes(self, fake: FakeInterspire, client: httpx.Client) -> None:
        """An address that is active nowhere is not banned for its ids' sake; the subscriber is unsubscribed."""
        suppression = complaint("1", fake.subscriber_id(ANN, "1"), recipient="forwarded@elsewhere.example")
        outcome = adapter(fake, client, action="ban").unsubscribe(suppression)
        assert (outcome.kind, outcome.lists) == ("unsubscribed", ("1",))
        assert "not banned" in outcome.note
        assert fake.banned == {}


class TestFake:
    """The traps of the fake, without which the tests above would prove little."""

    def test_every_list_has_ids_of_its_own(self, fake: FakeInterspire) -> None:
        """No two subscriptions share an id, and subscribing again keeps it."""
        ids = [fake.subscriber_id(email, listid) for email in (ANN, BOB) for listid in ("1", "2")]
        assert len(set(ids)) == 4
        fake.subscribe(ANN.upper(), "1")
        assert fake.subscriber_id(ANN, "1") == ids[0]

    def test_it_is_strict(self, fake: FakeInterspire, client: httpx.Client) -> None:
        """A wrong pair, a list that has gone, or another method than unsubscribing finds no subscriber by an id."""
        number = fake.subscriber_id(ANN, "1")
        head = (
            "<xmlrequest><username>admin</username><usertoken>t0ken&amp;secret</usertoken>"
            "<requesttype>subscribers</requesttype>"
        )

        def answer(method: str, listid: str) -> str:
            details = f"<subscriberid>{number}</subscriberid><listid>{listid}</listid>"
            body = f"{head}<requestmethod>{method}</requestmethod><details>{details}</details></xmlrequest>"
            return client.post(fake.endpoint, content=body).text

        gone = "The email address &#x27;&#x27; is not subscribed to this list"
        assert gone in answer(UNSUBSCRIBE, "2")
        assert gone in answer("BounceSubscriber", "1")
        assert "SUCCESS" in answer(UNSUBSCRIBE, "1")
        del fake.lists["1"]
        assert "is not subscribed to this list" in answer(UNSUBSCRIBE, "1")
