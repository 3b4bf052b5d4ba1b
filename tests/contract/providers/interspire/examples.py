"""Examples for the contract tests of Interspire: adapters for the fake, and what they are called with."""

from collections.abc import Callable

import httpx

from bouncehandler.suppression import Suppression
from providers.interspire import Interspire
from tests.fakes.interspire import FakeInterspire

ANN, BOB = "ann@example.com", "bob@example.com"
LOOK_UP = "GetAllListsForEmailAddress"
UNSUBSCRIBE = "UnsubscribeSubscriber"


def adapter(
    fake: FakeInterspire, client: httpx.Client, clock: Callable[[], float] | None = None, **settings: str
) -> Interspire:
    """The adapter, configured for the fake but for what is given."""
    values = {"url": fake.endpoint, "username": fake.username, "token": fake.token} | settings
    validated = Interspire.Settings.model_validate(values)
    return Interspire(validated, client, clock) if clock else Interspire(validated, client)


def suppression(recipient: str = ANN, reason: str = "bounce") -> Suppression:
    """A suppression of this recipient, without a subscriber's ids."""
    return Suppression(id="0" * 24, recipient=recipient, reason=reason)


def complaint(lists: str, subscriber: str, *, recipient: str = "", reason: str = "complaint") -> Suppression:
    """A complaint with these ids in the headers of the reported mail."""
    return suppression(recipient, reason)._replace(list_manager="interspire", list_id=lists, subscriber_id=subscriber)


def warm(interspire: Interspire, fake: FakeInterspire) -> None:
    """Fill the list cache, and count calls from here."""
    interspire.unsubscribe(suppression("nobody@example.com"))
    fake.asked.clear()
    fake.requests.clear()


def asked_lists(fake: FakeInterspire) -> list[str]:
    """The lists that a subscriber was to be unsubscribed from, in order."""
    return [parsed.detail("listid") for parsed in fake.parsed_requests() if parsed.method == UNSUBSCRIBE]
