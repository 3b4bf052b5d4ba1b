"""The Interspire adapter against a fake Interspire over real loopback: the action is one thing, the reason another."""

import httpx
import pytest

from tests.contract.providers.interspire.examples import ANN, adapter, suppression
from tests.fakes.interspire import FakeInterspire

WRITES = ("UnsubscribeSubscriber", "BounceSubscriber", "AddBannedSubscriber")


@pytest.fixture
def fake(fake: FakeInterspire) -> FakeInterspire:
    """The fake with Ann on lists 1 and 2 of three."""
    fake.subscribe(ANN, "1", "2")
    return fake


@pytest.mark.parametrize(
    ("action", "reason", "done"),
    [
        ("unsubscribe", "bounce", {"UnsubscribeSubscriber": 2}),
        ("unsubscribe", "complaint", {"UnsubscribeSubscriber": 2}),
        ("unsubscribe", "unsubscribe", {"UnsubscribeSubscriber": 2}),
        ("bounce", "bounce", {"BounceSubscriber": 2}),
        ("bounce", "complaint", {"UnsubscribeSubscriber": 2}),
        ("bounce", "unsubscribe", {"UnsubscribeSubscriber": 2}),
        ("bounce", "list", {"BounceSubscriber": 2}),
        ("bounce", "a reason of tomorrow", {"UnsubscribeSubscriber": 2}),
        ("ban", "bounce", {"AddBannedSubscriber": 1}),
        ("ban", "complaint", {"AddBannedSubscriber": 1}),
        ("ban", "list", {"AddBannedSubscriber": 1}),
        ("ban", "unsubscribe", {"UnsubscribeSubscriber": 2}),
    ],
)
def test_what_an_action_comes_to(
    fake: FakeInterspire, client: httpx.Client, action: str, reason: str, done: dict[str, int]
) -> None:
    """A request never bans, a complaint bans but is no bounce, and a list fed by hand follows the action."""
    interspire = adapter(fake, client, action=action)
    outcome = interspire.unsubscribe(suppression(reason=reason))
    assert {method: fake.asked[method] for method in WRITES if fake.asked[method]} == done
    assert (outcome.kind, outcome.lists) == ("unsubscribed", ("g",) if "AddBannedSubscriber" in done else ("1", "2"))
    is_noted = action == "bounce" and reason in {"complaint", "a reason of tomorrow"}
    assert ("not recorded as a bounce, since it is none" in outcome.note) is is_noted


def test_notes_are_joined(fake: FakeInterspire, client: httpx.Client) -> None:
    """What happened on a list and why it was no bounce stand in one note."""
    interspire = adapter(fake, client, action="bounce")
    fake.on("UnsubscribeSubscriber", fake.failed(fake.not_subscribed.format(email=ANN)), listid="1")
    note = interspire.unsubscribe(suppression(reason="complaint")).note
    assert note == ("the address was gone from list 1 in the meantime; not recorded as a bounce, since it is none")
