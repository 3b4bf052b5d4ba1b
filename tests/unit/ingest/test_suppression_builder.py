"""Entries for the queue, and their providers: by originator, by hand, by complaint, and by request."""

from datetime import UTC, datetime

import pytest

from bouncehandler.ingest.suppression_builder import SuppressionBuilder, TokenHolder
from bouncehandler.policy import Suppress
from bouncehandler.record import Complaint, ListUnsubscribe, Subscriber
from bouncehandler.routing import Routes

TYPES = {"news": "mailwizz", "old": "mailwizz", "shop": "interspire"}
ROUTES = Routes({"news": ["news@example.com"], "old": [], "shop": []}, TYPES)
EVERYONE = ("news", "old", "shop")
VERDICT = Suppress("the rule")
AT = datetime(2026, 1, 5, 9, 0, 0, tzinfo=UTC)
IDS = Subscriber("mailwizz", "ab123cd456ef7", "gh890ij123kl4", "mn567op890qr1")


def request(**fields: object) -> ListUnsubscribe:
    """A request with these fields."""
    plain = ListUnsubscribe("token@u.example.com", AT, sender="ann@example.net", headers=(("Subject", "unsubscribe"),))
    return plain._replace(**fields)  # type: ignore[arg-type]  # the fields are the test's business


def test_request_by_ids() -> None:
    """A request by ids goes to the provider that the configuration names first, and is routed to all."""
    entry = SuppressionBuilder(ROUTES).request(request(subscriber=IDS, provider="news"), VERDICT)
    assert (entry.providers, entry.id_providers) == (EVERYONE, ("news",))
    suppression = entry.suppression
    assert (suppression.reason, suppression.rule, suppression.record_type) == ("unsubscribe", "the rule", "")
    assert (suppression.recipient, suppression.subject) == ("", IDS.name)
    assert (suppression.campaign_id, suppression.occurred_at) == ("mn567op890qr1", AT)
    assert suppression.diagnostic == "mail from ann@example.net"
    assert entry.evidence == (("Subject", "unsubscribe"),)


def test_request_by_signed_address() -> None:
    """A request by a signed address is enqueued for every provider at once."""
    entry = SuppressionBuilder(ROUTES).request(request(recipient="ann@example.net"), VERDICT)
    assert (entry.suppression.recipient, entry.providers, entry.id_providers) == (
        "ann@example.net",
        ("news", "old", "shop"),
        (),
    )


@pytest.mark.parametrize(
    ("list_manager", "id_providers"), [("mailwizz", ("news", "old")), ("interspire", ("shop",)), ("webhook", ())]
)
def test_complaint_by_ids(list_manager: str, id_providers: tuple[str, ...]) -> None:
    """Every provider of the ids' type is asked, since a header does not state which of them."""
    entry = SuppressionBuilder(ROUTES).complaint(Complaint(subscriber=IDS._replace(list_manager=list_manager)), VERDICT)
    assert entry
    assert (entry.providers, entry.id_providers) == (EVERYONE, id_providers)


def test_headers_go_before_tokens() -> None:
    """The headers' ids hold where the List-Unsubscribe address has others."""
    builder = SuppressionBuilder(ROUTES, lambda _: TokenHolder(subscriber=Subscriber("interspire", "1", "2")))
    entry = builder.complaint(Complaint(subscriber=IDS, unsubscribe_to=("x@y.example",)), VERDICT)
    assert entry
    assert entry.suppression.list_manager == "mailwizz"


def test_unknown_person() -> None:
    """A complaint without address and ids, or with unknown List-Unsubscribe addresses, makes no entry."""
    assert SuppressionBuilder(ROUTES).complaint(Complaint(unsubscribe_to=("x@y.example",)), VERDICT) is None
    assert SuppressionBuilder(ROUTES).complaint(Complaint(), VERDICT) is None


class TestNumbers:
    """Ids that are small numbers, which every installation of Interspire has."""

    ROUTES = Routes(
        {"shop": ["shop@example.com"], "store": ["store@example.com"]}, dict.fromkeys(("shop", "store"), "interspire")
    )
    IDS = Subscriber("interspire", "1", "501")

    @pytest.mark.parametrize(
        ("originator", "id_providers"), [("shop@example.com", ("shop",)), ("store@example.com", ("store",)), ("", ())]
    )
    def test_of_several(self, originator: str, id_providers: tuple[str, ...]) -> None:
        """Small numbers are used only at the installation that sent the message: the id 501 exists at each."""
        entry = SuppressionBuilder(self.ROUTES).complaint(
            Complaint(subscriber=self.IDS, originator=originator), VERDICT
        )
        assert entry
        assert entry.id_providers == id_providers

    def test_beside_an_address(self) -> None:
        """Ids that belong to no provider don't go along with the address either."""
        entry = SuppressionBuilder(self.ROUTES).complaint(Complaint("ann@example.net", subscriber=self.IDS), VERDICT)
        assert entry
        assert (entry.suppression.recipient, entry.suppression.list_manager) == ("ann@example.net", "")

    def test_no_provider_has_the_type(self) -> None:
        """Ids that no provider knows don't keep a token from being asked."""
        routes = Routes({"news": []}, {"news": "mailwizz"})
        builder = SuppressionBuilder(routes, lambda _: TokenHolder(subscriber=IDS, provider="news"))
        entry = builder.complaint(Complaint(subscriber=self.IDS, unsubscribe_to=("x@y.example",)), VERDICT)
        assert entry
        assert (entry.suppression.list_manager, entry.id_providers) == ("mailwizz", ("news",))


def test_the_messages_own_to_comes_last() -> None:
    """The message's own To is used where no List-Unsubscribe address holds a token."""
    complaint = Complaint(written_to="ann@example.net", unsubscribe_to=("leave@lists.example",))
    entry = SuppressionBuilder(ROUTES).complaint(complaint, VERDICT)
    assert entry
    assert entry.suppression.recipient == "ann@example.net"
    known = SuppressionBuilder(ROUTES, lambda _: TokenHolder(subscriber=IDS, provider="news")).complaint(
        complaint, VERDICT
    )
    assert known
    assert known.suppression.recipient == ""
