"""Complaints, unsubscribe requests and subscriber ids: what makes two of them the same."""

from datetime import UTC, datetime, timedelta

import pytest

from bouncehandler.record import Complaint, ListUnsubscribe, Subscriber, parse_address

AT = datetime(2026, 1, 5, 9, 0, 0, tzinfo=UTC)
ANN = "ann@example.net"
IDS = Subscriber("mailwizz", "ab123cd456ef7", "gh890ij123kl4")
COMPLAINT = Complaint(ANN, "abuse", AT, headers=(("Message-Id", "<1@example.com>"),))
REQUEST = ListUnsubscribe(
    "token@u.example.com", AT, subscriber=IDS, provider="news", headers=(("Message-Id", "<1@x>"),)
)


@pytest.mark.parametrize(
    "same",
    [
        COMPLAINT._replace(headers=()),
        COMPLAINT._replace(headers=(("Subject", "Sale"),), reporter="Yahoo", originator="x", job_id="june"),
        COMPLAINT._replace(subscriber=IDS, unsubscribe_to=("a@b.example",)),
        COMPLAINT._replace(logged_at=AT + timedelta(milliseconds=900)),
    ],
)
def test_columns_that_some_sets_lack_make_no_other_complaint(same: Complaint) -> None:
    """A complaint's id is made of subject, type and second, not of other columns."""
    assert same.id == COMPLAINT.id


@pytest.mark.parametrize(
    "other",
    [
        COMPLAINT._replace(recipient="bob@example.net"),
        COMPLAINT._replace(feedback_type="fraud"),
        COMPLAINT._replace(logged_at=AT + timedelta(seconds=1)),
        COMPLAINT._replace(recipient="", subscriber=IDS),
        COMPLAINT._replace(recipient="", subscriber=IDS._replace(subscriber_id="x")),
        COMPLAINT._replace(recipient="", unsubscribe_to=("a@b.example",)),
        COMPLAINT._replace(recipient="", unsubscribe_to=("a@b.example", "c@d.example")),
    ],
)
def test_other_complaints_are_others(other: Complaint) -> None:
    """Another person, type or time is another complaint."""
    assert other.id != COMPLAINT.id


def test_complaints_without_a_time() -> None:
    """Complaints without a time differ by their message."""
    one, two = (COMPLAINT._replace(logged_at=None, headers=(("Message-Id", text),)) for text in ("<1@x>", "<2@x>"))
    assert one.id != two.id


@pytest.mark.parametrize(
    "same",
    [
        REQUEST._replace(received_at=AT + timedelta(minutes=5)),
        REQUEST._replace(address="TOKEN@u.example.com", sender="ann@example.net"),
        REQUEST._replace(subscriber=IDS._replace(campaign_id="mn567op890qr1")),
    ],
)
def test_a_mail_tried_again_is_the_same_request(same: ListUnsubscribe) -> None:
    """PowerMTA tries a mail again that was not acknowledged: it is the same request by its Message-Id."""
    assert same.id == REQUEST.id


@pytest.mark.parametrize(
    "other",
    [
        REQUEST._replace(headers=(("Message-Id", "<2@x>"),)),
        REQUEST._replace(headers=()),
        REQUEST._replace(recipient=ANN, subscriber=Subscriber()),
        REQUEST._replace(subscriber=IDS._replace(list_id="x")),
        REQUEST._replace(headers=(), received_at=AT + timedelta(seconds=1)),
    ],
)
def test_other_requests_are_others(other: ListUnsubscribe) -> None:
    """Another mail, or another person, is another request."""
    assert other.id != REQUEST.id


def test_a_subscribers_name_is_no_address() -> None:
    """The name of a subscriber known by ids can't be taken for an address."""
    assert IDS.name == "mailwizz:ab123cd456ef7/gh890ij123kl4"
    assert parse_address(IDS.name) is None
    assert Subscriber().name == ""
