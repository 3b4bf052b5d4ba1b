"""The Interspire adapter against a fake Interspire over real loopback: what is refused, on one list of several."""

import pytest

from bouncehandler.provider import ProviderUnavailable, TemporaryFailure
from providers.interspire import Interspire
from tests.contract.providers.interspire.examples import ANN, LOOK_UP, UNSUBSCRIBE, suppression
from tests.fakes.interspire import FakeInterspire
from tests.fakes.server import Answer, Request


class TestRefusals:
    """Refusals of Interspire, on one list of several."""

    @pytest.mark.parametrize("status", ["FAILED", "ERROR"])
    def test_not_subscribed_is_gone(self, fake: FakeInterspire, interspire: Interspire, status: str) -> None:
        """A list that the address has left since the look-up counts as done, but not as changed."""
        fake.failure_status = status
        fake.subscribe(ANN, "1", "2")
        fake.on(UNSUBSCRIBE, fake.failed(fake.not_subscribed.format(email=ANN)), listid="1")
        outcome = interspire.unsubscribe(suppression())
        assert (outcome.kind, outcome.lists) == ("unsubscribed", ("2",))
        assert "list 1" in outcome.note
        assert fake.asked[LOOK_UP] == 1

    def test_gone_everywhere_is_already(self, fake: FakeInterspire, interspire: Interspire) -> None:
        """An address that was found, and then had left by itself, is `already`."""
        fake.subscribe(ANN, "1", "2")
        fake.on(UNSUBSCRIBE, fake.failed(fake.not_subscribed.format(email=ANN)))
        outcome = interspire.unsubscribe(suppression())
        assert (outcome.kind, outcome.lists) == ("already", ())

    @pytest.mark.parametrize("message", ["La dirección no está en esta lista", ""])
    def test_unknown_words_are_settled_by_looking_again(
        self, fake: FakeInterspire, interspire: Interspire, message: str
    ) -> None:
        """A refusal in another language, or without words, is done if the address turns out to have left the list."""
        fake.subscribe(ANN, "1", "2")
        refusal = fake.failed(message)

        def leave_meanwhile(request: Request) -> Answer | None:
            parsed = fake.parse(request)
            if parsed and parsed.method == UNSUBSCRIBE and parsed.detail("listid") == "1":
                fake.forget(ANN, "1")
                return refusal
            return None

        fake.fail_when = leave_meanwhile
        outcome = interspire.unsubscribe(suppression())
        assert (outcome.kind, outcome.lists) == ("unsubscribed", ("2",))
        assert fake.asked[LOOK_UP] == 2

    @pytest.mark.parametrize("message", ["Fehler & mehr", ""])
    def test_a_refusal_while_still_active_is_tried_again(
        self, fake: FakeInterspire, interspire: Interspire, message: str
    ) -> None:
        """A refusal is not done as long as the address is on the list; the other lists are done all the same."""
        fake.subscribe(ANN, "1", "2", "3")
        fake.on(UNSUBSCRIBE, fake.failed(message), listid="2")
        with pytest.raises(
            TemporaryFailure, match=r"not done on list 2: .*; done in this attempt on lists 1, 3$"
        ) as caught:
            interspire.unsubscribe(suppression())
        assert caught.value.changed == ("1", "3")
        assert fake.status_of(ANN) == {"1": "unsubscribed", "2": "active", "3": "unsubscribed"}

    @pytest.mark.parametrize("body", [b"", b"<html>500</html>", b"<?xml version='1.0'?><response><status>SUCC"])
    def test_a_crash_on_one_list_leaves_the_others_done(
        self, fake: FakeInterspire, interspire: Interspire, body: bytes
    ) -> None:
        """An unreadable answer for one list fails the call, after the other lists; the next call does the rest."""
        fake.subscribe(ANN, "1", "2", "3")
        fake.on(UNSUBSCRIBE, Answer(200, body), listid="1", times=1)
        with pytest.raises(TemporaryFailure, match=r"list 1: .* on lists 2, 3$"):
            interspire.unsubscribe(suppression())
        assert interspire.unsubscribe(suppression()).lists == ("1",)
        assert fake.unsubscribe_counts == {"1": 1, "2": 1, "3": 1}

    def test_a_lost_connection_stops_at_once_and_names_what_was_done(
        self, fake: FakeInterspire, interspire: Interspire
    ) -> None:
        """A server that goes away is not asked for the remaining lists, and the failure names the lists changed."""
        fake.subscribe(ANN, "1", "2", "3")
        fake.on(UNSUBSCRIBE, Answer(reset=True), listid="2", times=1)
        with pytest.raises(TemporaryFailure, match=r"done in this attempt on list 1$") as caught:
            interspire.unsubscribe(suppression())
        assert caught.value.changed == ("1",)
        assert fake.asked[UNSUBSCRIBE] == 1
        assert interspire.unsubscribe(suppression()).lists == ("2", "3")

    def test_retry_after_is_obeyed_at_once(self, fake: FakeInterspire, interspire: Interspire) -> None:
        """A proxy that asks to wait gets no call for the remaining lists, and the wait is passed on."""
        fake.subscribe(ANN, "1", "2", "3")
        fake.on(UNSUBSCRIBE, Answer(429, b"slow down", {"Retry-After": "17"}), listid="2", times=1)
        with pytest.raises(TemporaryFailure, match="HTTP 429: slow down; done in this attempt on list 1") as caught:
            interspire.unsubscribe(suppression())
        assert (caught.value.retry_after, caught.value.changed) == (17.0, ("1",))
        assert fake.asked[UNSUBSCRIBE] == 1

    def test_credentials_that_expire_in_between(self, fake: FakeInterspire, interspire: Interspire) -> None:
        """Credentials refused in the middle hold the provider, and the failure names the lists changed."""
        fake.subscribe(ANN, "1", "2")
        fake.on(UNSUBSCRIBE, fake.failed("Invalid details"), listid="2")
        with pytest.raises(ProviderUnavailable, match="done in this attempt on list 1") as caught:
            interspire.unsubscribe(suppression())
        assert caught.value.changed == ("1",)

    def test_a_failure_at_the_first_list_names_none(self, fake: FakeInterspire, interspire: Interspire) -> None:
        """A failure at the first list names no list, so that nothing is to be restored."""
        fake.subscribe(ANN, "1")
        fake.on(UNSUBSCRIBE, Answer(500), listid="1")
        with pytest.raises(TemporaryFailure) as caught:
            interspire.unsubscribe(suppression())
        assert caught.value.changed == ()
