"""The MailWizz adapter unsubscribes and blacklists: what changes at a MailWizz on loopback, and with how many calls."""

import pytest

from bouncehandler.provider import TemporaryFailure
from bouncehandler.suppression import Outcome
from tests.contract.providers.mailwizz.examples import CLUB, EVERYWHERE, JANE, NEWS, SHOP
from tests.fakes.mailwizz import FakeMailWizz
from tests.fakes.mailwizz_wire import BOUNCE, KEYS, Connect
from tests.fakes.server import Answer


def _fill(server: FakeMailWizz, count: int, status: str = "confirmed", *, first: int = 0) -> list[str]:
    uids = [f"list{n:09}" for n in range(first, first + count)]
    for uid in uids:
        server.subscribe(JANE, uid, status)
    return uids


# Unsubscribe


@pytest.mark.parametrize("lists", [1, 2, 60, 99])
def test_two_calls_whatever_the_number_of_lists(server: FakeMailWizz, connect: Connect, lists: int) -> None:
    """Look up, unsubscribe everywhere; the outcome names every list."""
    uids = _fill(server, lists)
    assert connect().unsubscribe(BOUNCE) == Outcome("unsubscribed", tuple(uids))
    assert set(server.status_of(JANE).values()) == {"unsubscribed"}
    assert [r.method for r in server.requests] == ["GET", "PUT"]


def test_one_call_for_a_stranger(server: FakeMailWizz, connect: Connect) -> None:
    """An address that MailWizz does not know costs a look-up, and is not reported as unsubscribed."""
    server.subscribe("other@else.example", NEWS)
    assert connect().unsubscribe(BOUNCE) == Outcome("unknown")
    assert len(server.requests) == 1


def test_one_call_the_second_time(server: FakeMailWizz, connect: Connect) -> None:
    """Calling again changes nothing."""
    server.subscribe(JANE, NEWS)
    mailwizz = connect()
    mailwizz.unsubscribe(BOUNCE)
    assert mailwizz.unsubscribe(BOUNCE) == Outcome("already")
    assert len(server.requests) == 3


def test_only_active_lists_are_reported(server: FakeMailWizz, connect: Connect) -> None:
    """Rows that were not mailed are not among the lists that undo would restore."""
    server.subscribe(JANE, NEWS, "unsubscribed")
    server.subscribe(JANE, SHOP)
    server.subscribe(JANE, CLUB, "unconfirmed")
    assert connect().unsubscribe(BOUNCE) == Outcome("unsubscribed", (SHOP,))


def test_blacklisted_rows_stay_blacklisted(server: FakeMailWizz, connect: Connect) -> None:
    """Where a row is blacklisted the others are unsubscribed one by one."""
    server.subscribe(JANE, NEWS, "blacklisted")
    server.subscribe(JANE, SHOP)
    server.subscribe(JANE, CLUB)
    assert connect().unsubscribe(BOUNCE) == Outcome("unsubscribed", (SHOP, CLUB))
    assert server.status_of(JANE) == {NEWS: "blacklisted", SHOP: "unsubscribed", CLUB: "unsubscribed"}
    assert not server.calls("PUT", EVERYWHERE)


def test_a_row_that_vanished_is_not_reported(server: FakeMailWizz, connect: Connect) -> None:
    """404 for one row means that it was deleted since the look-up."""
    server.subscribe(JANE, NEWS, "blacklisted")
    gone = server.subscribe(JANE, SHOP)
    server.subscribe(JANE, CLUB)
    error = Answer(404, b'{"status":"error","error":"no such subscriber"}')
    server.fail_when = lambda request: error if gone in request.path else None
    assert connect().unsubscribe(BOUNCE) == Outcome("unsubscribed", (CLUB,))


def test_case_does_not_matter(server: FakeMailWizz, connect: Connect) -> None:
    """MailWizz compares without case, and shows the address as it was entered."""
    server.subscribe("Jane@Example.COM", NEWS)
    assert connect().unsubscribe(BOUNCE).lists == (NEWS,)


@pytest.mark.parametrize("version", ["1.x", "2.x"])
@pytest.mark.parametrize(
    "email",
    [
        "a&b@example.com",
        "o'brien+x@example.com",
        "x=y%26EMAIL=z@example.com",
        "tilde~#?/..@example.com",
        '"a b"@example.com',
        "jörg@exämple.com",
        "用户@例子.公司",
    ],
)
def test_odd_addresses_arrive_whole(server: FakeMailWizz, connect: Connect, version: str, email: str) -> None:
    """Exactly the address that was meant is unsubscribed, signed or not, and no other."""
    server.version = "1.x" if version == "1.x" else "2.x"
    server.subscribe(email, NEWS)
    server.subscribe("a@example.com", NEWS)
    mailwizz = connect(**KEYS) if version == "1.x" else connect()
    assert mailwizz.unsubscribe(BOUNCE._replace(recipient=email)) == Outcome("unsubscribed", (NEWS,))
    assert server.status_of(email) == {NEWS: "unsubscribed"}
    assert server.status_of("a@example.com") == {NEWS: "confirmed"}


# More rows than a look-up shows


def test_hidden_rows_are_unsubscribed(server: FakeMailWizz, connect: Connect) -> None:
    """A subscriber of 150 lists, of which 100 are shown, is on none afterwards; the note reports the hidden ones."""
    _fill(server, 150)
    outcome = connect().unsubscribe(BOUNCE)
    assert set(server.status_of(JANE).values()) == {"unsubscribed"}
    assert (outcome.kind, len(outcome.lists)) == ("unsubscribed", 100)
    assert "does not show every list" in outcome.note
    assert len(server.requests) == 3


def test_hidden_rows_behind_silent_ones_are_unsubscribed(server: FakeMailWizz, connect: Connect) -> None:
    """A hundred rows that are not active prove nothing about the next."""
    _fill(server, 100, "unsubscribed")
    server.subscribe(JANE, NEWS)
    connect().unsubscribe(BOUNCE)
    assert server.status_of(JANE)[NEWS] == "unsubscribed"


def test_a_call_that_reaches_only_some_rows_is_repeated(server: FakeMailWizz, connect: Connect) -> None:
    """The look-up is repeated until no row is active; each list is reported once."""
    uids = _fill(server, 100)
    server.everywhere_reach = 40
    assert connect().unsubscribe(BOUNCE).lists == tuple(uids)
    assert set(server.status_of(JANE).values()) == {"unsubscribed"}
    assert len(server.calls("PUT", EVERYWHERE)) == 3


def test_a_call_that_changes_nothing_is_a_failure(server: FakeMailWizz, connect: Connect) -> None:
    """When rows stay active whatever the call, the adapter gives up for now, and does not report success."""
    _fill(server, 100)
    server.everywhere_reach = 0
    with pytest.raises(TemporaryFailure, match="still shows the address as subscribed"):
        connect().unsubscribe(BOUNCE)
    assert len(server.requests) <= 12


def test_known_blacklisted_rows_are_put_back(server: FakeMailWizz, connect: Connect) -> None:
    """Hidden rows need the call that overwrites blacklisted ones; those that were shown are blacklisted again."""
    server.subscribe(JANE, NEWS, "blacklisted")
    uids = _fill(server, 120)
    connect().unsubscribe(BOUNCE)
    assert server.status_of(JANE) == {NEWS: "blacklisted", **dict.fromkeys(uids, "unsubscribed")}


# Blacklist


def test_every_row_is_blacklisted(server: FakeMailWizz, connect: Connect) -> None:
    """Rows that are not blacklisted yet are; those that were active are reported; a second time changes nothing."""
    server.subscribe(JANE, NEWS)
    server.subscribe(JANE, SHOP, "unsubscribed")
    server.subscribe(JANE, CLUB, "blacklisted")
    mailwizz = connect(action="blacklist")
    assert mailwizz.unsubscribe(BOUNCE) == Outcome("unsubscribed", (NEWS,))
    assert set(server.status_of(JANE).values()) == {"blacklisted"}
    assert len(server.requests) == 3
    assert mailwizz.unsubscribe(BOUNCE) == Outcome("already")
    assert len(server.requests) == 4


def test_a_list_that_refuses_to_blacklist(server: FakeMailWizz, connect: Connect) -> None:
    """A row that lacks a required field is unsubscribed instead, with a note; the others are blacklisted."""
    server.subscribe(JANE, NEWS)
    server.subscribe(JANE, SHOP)
    server.subscribe(JANE, CLUB, "unsubscribed")
    server.with_required_fields = {NEWS, CLUB}
    outcome = connect(action="blacklist").unsubscribe(BOUNCE)
    assert (outcome.kind, outcome.lists) == ("unsubscribed", (NEWS, SHOP))
    assert "requires a field" in outcome.note
    assert server.status_of(JANE) == {NEWS: "unsubscribed", SHOP: "blacklisted", CLUB: "unsubscribed"}
    assert len(server.calls("PUT", "/unsubscribe")) == 1


@pytest.mark.parametrize("status", [404, 409])
def test_a_row_blacklisted_meanwhile(server: FakeMailWizz, connect: Connect, status: int) -> None:
    """404 and 409 state that there is nothing left to do at this row."""
    server.subscribe(JANE, NEWS)
    server.subscribe(JANE, SHOP)
    error = Answer(status, b'{"status":"error","error":"not found or blacklisted"}')
    server.fail_when = lambda request: error if request.method == "PUT" and NEWS in request.path else None
    assert connect(action="blacklist").unsubscribe(BOUNCE) == Outcome("unsubscribed", (SHOP,))


def test_hidden_rows_are_at_least_unsubscribed(server: FakeMailWizz, connect: Connect) -> None:
    """Rows beyond the hundred can't be blacklisted; none stays subscribed, and the shown ones are blacklisted."""
    uids = _fill(server, 110)
    outcome = connect(action="blacklist").unsubscribe(BOUNCE)
    assert outcome.lists == tuple(uids[:100])
    assert "does not show every list" in outcome.note
    wanted = {**dict.fromkeys(uids[:100], "blacklisted"), **dict.fromkeys(uids[100:], "unsubscribed")}
    assert server.status_of(JANE) == wanted
