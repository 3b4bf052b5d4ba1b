"""Undo by the webhook: an event of its own."""

from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bouncehandler.provider import ProviderUnavailable, Reversible, TemporaryFailure
from bouncehandler.suppression import Outcome, Suppression
from providers.webhook import Webhook
from tests.contract.providers.webhook.examples import adapter
from tests.examples import many
from tests.fakes.server import Answer
from tests.fakes.webhook import SECRET, FakeReceiver

AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
JOHN = Suppression("1" * 24, "john@example.test", "bounce", category="bad-mailbox", occurred_at=AT)
SENT = Outcome("unsubscribed")


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    """A plain client."""
    with httpx.Client() as client:
        yield client


def test_the_keys_of_a_suppression_and_one_more(receiver: FakeReceiver, client: httpx.Client) -> None:
    """The restored suppression is identified by its id, and all its data is there."""
    webhook = adapter(receiver, client)
    assert isinstance(webhook, Reversible)
    assert webhook.restore(JOHN, webhook.unsubscribe(JOHN)) == Outcome("restored")
    suppressed, restored = (event["data"] for event in receiver.events)
    assert restored == suppressed | {"id": restored["id"], "restores": JOHN.id}
    assert len(restored["id"]) == 24
    assert receiver.suppressed == {JOHN.recipient: []}


def test_a_lost_answer(receiver: FakeReceiver, client: httpx.Client) -> None:
    """The retry has the same webhook-id, so that a receiver works on it once; also where a batch is configured."""
    for batch_size in (1, 10):
        webhook = adapter(receiver, client, batch_size=batch_size)
        receiver.lost_answers = 1
        with pytest.raises(httpx.TransportError):
            webhook.restore(JOHN, SENT)
        webhook.restore(JOHN, SENT)
    assert len(set(receiver.ids)) == 1
    assert len(receiver.ids) == 4
    assert len(receiver.events) == 1


def test_the_timestamp_is_of_the_call(receiver: FakeReceiver, client: httpx.Client) -> None:
    """The bounce's time stays in the data; the event's own time is that of the call."""
    made = Webhook.Settings.model_validate({"url": receiver.hook, "secret": SECRET, "batch_size": 1})
    now = datetime.now(UTC).timestamp()  # a receiver refuses what is old
    Webhook(made, client, lambda: now).restore(JOHN, SENT)
    event = receiver.events[0]
    assert datetime.fromisoformat(event["timestamp"]) == datetime.fromtimestamp(int(now), UTC)
    assert event["data"]["occurred_at"] == "2026-03-01T09:30:00Z"


@pytest.mark.parametrize(("status", "failure"), [(410, ProviderUnavailable), (500, TemporaryFailure)])
def test_failures(receiver: FakeReceiver, client: httpx.Client, status: int, failure: type[Exception]) -> None:
    """Failures have the same scopes as those of suppressions."""
    receiver.always = Answer(status)
    with pytest.raises(failure):
        adapter(receiver, client).restore(JOHN, SENT)


@settings(max_examples=many(20), deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.booleans(), st.booleans()), max_size=6),
    st.sampled_from([1, 3]),
)
def test_what_was_restored_is_as_before(events: list[tuple[str, bool, bool]], batch_size: int) -> None:
    """Any mixture of recipients, of which some are restored, some of these twice, ends consistent."""
    with FakeReceiver() as receiver, httpx.Client() as client:
        webhook = adapter(receiver, client, batch_size=batch_size)
        made = [
            (JOHN._replace(id=f"{number:024x}", recipient=f"{name}@example.test"), is_undone, is_repeated)
            for number, (name, is_undone, is_repeated) in enumerate(events)
        ]
        for at in range(0, len(made), batch_size):
            webhook.unsubscribe_batch([one for one, _, _ in made[at : at + batch_size]])
        for one, is_undone, is_repeated in made:
            for _ in range(is_undone + (is_undone and is_repeated)):
                webhook.restore(one, SENT)
        for name, remaining in receiver.suppressed.items():
            assert remaining == [one.id for one, is_undone, _ in made if one.recipient == name and not is_undone]
