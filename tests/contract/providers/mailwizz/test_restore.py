"""Undo by the MailWizz adapter: the lists that it changed, and nothing that was changed since."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bouncehandler.provider import PermanentFailure, ProviderUnavailable, Reversible, TemporaryFailure
from bouncehandler.suppression import Outcome
from tests.contract.providers.mailwizz.examples import CLUB, JANE, NEWS, SHOP
from tests.examples import many
from tests.fakes.mailwizz import FakeMailWizz
from tests.fakes.mailwizz_wire import BOUNCE, CAMPAIGN, COMPLAINT, LIST, Connect, connecting
from tests.fakes.server import Answer, Request

STATUSES = ["confirmed", "unsubscribed", "unconfirmed", "blacklisted", "disabled"]


def _refusing(list_uid: str, status: int) -> Callable[[Request], Answer | None]:
    """Answers every change of a row on a list with a status, in MailWizz's words."""
    answer = Answer(status, b'{"status": "error", "error": "no"}', content_type="application/json")
    return lambda request: answer if request.method == "PUT" and f"lists/{list_uid}/" in request.target else None


def test_only_the_lists_that_were_changed(server: FakeMailWizz, connect: Connect) -> None:
    """A list that the person had left before stays as it was; a second call changes nothing."""
    server.subscribe(JANE, NEWS)
    server.subscribe(JANE, SHOP)
    server.subscribe(JANE, CLUB, "unsubscribed")
    mailwizz = connect()
    assert isinstance(mailwizz, Reversible)
    outcome = mailwizz.unsubscribe(BOUNCE)
    assert mailwizz.restore(BOUNCE, outcome) == Outcome("restored", (NEWS, SHOP))
    assert server.status_of(JANE) == {NEWS: "confirmed", SHOP: "confirmed", CLUB: "unsubscribed"}
    assert mailwizz.restore(BOUNCE, outcome) == Outcome("already")


def test_deleted_subscriber(server: FakeMailWizz, connect: Connect) -> None:
    """An address that was deleted is unknown."""
    assert connect().restore(BOUNCE, Outcome("unsubscribed", (NEWS,))) == Outcome("unknown")
    assert len(server.requests) == 1


def test_blacklisted_since(server: FakeMailWizz, connect: Connect) -> None:
    """Rows that were blacklisted since stay so; the others are restored, and the note names the others."""
    server.subscribe(JANE, NEWS)
    server.subscribe(JANE, SHOP)
    mailwizz = connect()
    outcome = mailwizz.unsubscribe(BOUNCE)
    server.subscribers[1].status = "blacklisted"
    restored = mailwizz.restore(BOUNCE, outcome)
    assert (restored.kind, restored.lists) == ("restored", (NEWS,))
    assert restored.note == f"list {SHOP}: it is blacklisted there, which is lifted in MailWizz itself"
    assert server.status_of(JANE) == {NEWS: "confirmed", SHOP: "blacklisted"}


def test_a_second_call_beside_a_blacklisted_row(server: FakeMailWizz, connect: Connect) -> None:
    """Rows that the first call restored are no failure of the second, in case only its answer arrives."""
    server.subscribe(JANE, NEWS)
    server.subscribe(JANE, SHOP)
    mailwizz = connect()
    outcome = mailwizz.unsubscribe(BOUNCE)
    server.change(JANE, SHOP, "blacklisted")
    first, second = mailwizz.restore(BOUNCE, outcome), mailwizz.restore(BOUNCE, outcome)
    assert second == Outcome("already", note=first.note)


def test_a_row_that_is_gone(server: FakeMailWizz, connect: Connect) -> None:
    """A subscriber who was deleted from all these lists is unknown, though on others; from one, the note names it."""
    for list_uid, status in ((NEWS, "confirmed"), (SHOP, "confirmed"), (CLUB, "unsubscribed")):
        server.subscribe(JANE, list_uid, status)
    mailwizz = connect()
    outcome = mailwizz.unsubscribe(BOUNCE)
    server.change(JANE, NEWS, "")
    assert mailwizz.restore(BOUNCE, outcome) == Outcome("restored", (SHOP,), f"not there any more: list {NEWS}")
    server.change(JANE, SHOP, "")
    gone = f"not there any more: lists {NEWS}, {SHOP}"
    assert mailwizz.restore(BOUNCE, outcome) == Outcome("unknown", note=gone)


def test_a_list_that_the_look_up_hides(server: FakeMailWizz, connect: Connect) -> None:
    """MailWizz shows 100 rows: a list that is not among them is not reported as left."""
    for number in range(100):
        server.subscribe(JANE, f"list{number:09}")
    server.subscribe(JANE, NEWS, "unsubscribed")
    with pytest.raises(PermanentFailure, match=f"not among the lists that MailWizz shows of this address: list {NEWS}"):
        connect().restore(BOUNCE, Outcome("unsubscribed", (NEWS,)))


def test_a_status_of_the_sites_own(server: FakeMailWizz, connect: Connect) -> None:
    """A row elsewhere with an unknown status is no reason to fail, once or twice."""
    server.subscribe(JANE, NEWS)
    mailwizz = connect()
    outcome = mailwizz.unsubscribe(BOUNCE)
    server.subscribe(JANE, SHOP, "gold-member")
    assert mailwizz.restore(BOUNCE, outcome) == Outcome("restored", (NEWS,))
    assert mailwizz.restore(BOUNCE, outcome) == Outcome("already")


@pytest.mark.parametrize(
    ("answered", "message"),
    [
        (404, "it is gone meanwhile"),
        (409, "it is gone, or blacklisted meanwhile"),
        (422, "it requires a field that is missing: put the address back in MailWizz itself"),
    ],
)
def test_one_refused_list(server: FakeMailWizz, connect: Connect, answered: int, message: str) -> None:
    """Whatever keeps MailWizz from restoring one list is a note, and the other list is restored."""
    server.subscribe(JANE, NEWS)
    server.subscribe(JANE, SHOP)
    mailwizz = connect()
    outcome = mailwizz.unsubscribe(BOUNCE)

    server.fail_when = _refusing(NEWS, answered)
    assert mailwizz.restore(BOUNCE, outcome) == Outcome("restored", (SHOP,), f"list {NEWS}: {message}")


def test_a_list_with_a_required_field(server: FakeMailWizz, connect: Connect) -> None:
    """MailWizz refuses with 422: nothing can be done from here, and the reason is reported."""
    server.subscribe(JANE, NEWS)
    mailwizz = connect()
    outcome = mailwizz.unsubscribe(BOUNCE)
    server.with_required_fields = {NEWS}
    with pytest.raises(PermanentFailure, match=f"list {NEWS}: it requires a field"):
        mailwizz.restore(BOUNCE, outcome)


@pytest.mark.parametrize("action", ["blacklist", "bounce"])
def test_what_was_blacklisted_stays_so(server: FakeMailWizz, connect: Connect, action: str) -> None:
    """MailWizz answers 409 for blacklisted rows: the sysadmin is informed, once."""
    server.subscribe(JANE, NEWS)
    server.campaign(str(BOUNCE.job_id).removeprefix("mailwizz-"), NEWS)
    mailwizz = connect(action=action)
    outcome = mailwizz.unsubscribe(BOUNCE)
    assert server.status_of(JANE) == {NEWS: "blacklisted"}
    with pytest.raises(PermanentFailure, match="blacklisted there"):
        mailwizz.restore(BOUNCE, outcome)


def test_by_ids(server: FakeMailWizz, connect: Connect) -> None:
    """Ids find the subscriber again where only they were known."""
    uid = server.subscribe(JANE, LIST)
    by_ids = COMPLAINT._replace(recipient="", subscriber_id=uid, campaign_id="")
    mailwizz = connect()
    outcome = mailwizz.unsubscribe(by_ids)
    assert mailwizz.restore(by_ids, outcome) == Outcome("restored", (LIST,))


def test_credentials(server: FakeMailWizz, connect: Connect) -> None:
    """Failures have the same scopes as those of unsubscribing."""
    server.refuses_with = "key"
    with pytest.raises(ProviderUnavailable):
        connect().restore(BOUNCE, Outcome("unsubscribed", (NEWS,)))


def test_one_list_that_fails(server: FakeMailWizz, connect: Connect) -> None:
    """The others are restored before the failure is raised, which names them; the next attempt does the rest."""
    server.subscribe(JANE, NEWS)
    server.subscribe(JANE, SHOP)
    mailwizz = connect()
    outcome = mailwizz.unsubscribe(BOUNCE)
    server.fail_when = _refusing(NEWS, 500)
    with pytest.raises(
        TemporaryFailure, match=f"^not restored on list {NEWS}: .*; done in this attempt on list {SHOP}$"
    ) as failure:
        mailwizz.restore(BOUNCE, outcome)
    assert failure.value.changed == ()
    server.fail_when = lambda _: None
    assert mailwizz.restore(BOUNCE, outcome) == Outcome("restored", (NEWS,))
    assert set(server.status_of(JANE).values()) == {"confirmed"}


def test_asked_to_wait(server: FakeMailWizz, connect: Connect) -> None:
    """Retry-After ends the attempt: no list after that one is tried."""
    server.subscribe(JANE, NEWS)
    server.subscribe(JANE, SHOP)
    mailwizz = connect()
    outcome = mailwizz.unsubscribe(BOUNCE)
    server.fail_when = lambda request: Answer(429, headers={"Retry-After": "7"}) if request.method == "PUT" else None
    with pytest.raises(TemporaryFailure) as failure:
        mailwizz.restore(BOUNCE, outcome)
    assert failure.value.retry_after == 7
    assert len(server.calls("PUT", f"lists/{NEWS}/")) == 1
    assert not server.calls("PUT", f"lists/{SHOP}/")
    assert "confirmed" not in server.status_of(JANE).values()


@pytest.mark.parametrize("fails", ["unsubscribe-by-email", "/unsubscribe"])
def test_what_a_failed_attempt_had_changed(server: FakeMailWizz, connect: Connect, fails: str) -> None:
    """Lists changed by a failed attempt are named by its failure: the outcome of the next one can't name them."""
    uid = server.subscribe(JANE, LIST)
    server.subscribe(JANE, SHOP, "blacklisted" if fails == "/unsubscribe" else "confirmed")
    server.campaign(CAMPAIGN, LIST)
    server.fail_when = lambda request: Answer(500) if fails in request.path else None
    by_ids = COMPLAINT._replace(subscriber_id=uid)
    with pytest.raises(TemporaryFailure, match=f"; done in this attempt on list {LIST}$") as failure:
        connect().unsubscribe(by_ids)
    assert failure.value.changed == (LIST,)


def test_a_campaign_that_was_not_named_changed_nothing(server: FakeMailWizz, connect: Connect) -> None:
    """A failure at a campaign that was not there names no list."""
    uid = server.subscribe(JANE, LIST)
    server.fail_when = lambda request: Answer(500) if "unsubscribe-by-email" in request.path else None
    with pytest.raises(TemporaryFailure, match=r"^(?!.*done in this attempt)") as failure:
        connect().unsubscribe(COMPLAINT._replace(subscriber_id=uid))
    assert failure.value.changed == ()
    assert len(server.calls("POST", "track-unsubscribe")) == 1


def test_a_lost_answer_names_what_was_done_before_it(server: FakeMailWizz, connect: Connect) -> None:
    """A broken connection becomes a failure that names the lists."""
    for list_uid, status in ((NEWS, "confirmed"), (SHOP, "confirmed"), (CLUB, "blacklisted")):
        server.subscribe(JANE, list_uid, status)
    server.fail_when = lambda request: Answer(reset=True) if f"{SHOP}/subscribers" in request.path else None
    with pytest.raises(TemporaryFailure, match=f"Error: .*; done in this attempt on list {NEWS}$") as failure:
        connect().unsubscribe(BOUNCE)
    assert failure.value.changed == (NEWS,)


@settings(max_examples=many(15), deadline=None)
@given(st.lists(st.sampled_from(STATUSES), max_size=5))
def test_unsubscribe_then_restore_is_as_before(statuses: list[str]) -> None:
    """Any mixture of lists and statuses is restored, but for what the call for the whole address takes with it.

    Those are rows that no campaign went to; MailWizz has no call that sets them to `unconfirmed` or `disabled` again.
    """
    with FakeMailWizz() as server, connecting(server) as connect:
        for number, status in enumerate(statuses):
            server.subscribe(JANE, f"list{number:09}", status)
        before = server.status_of(JANE)
        mailwizz = connect()
        outcome = mailwizz.unsubscribe(BOUNCE)
        assert "confirmed" not in server.status_of(JANE).values()
        if outcome.kind == "unsubscribed":
            assert mailwizz.restore(BOUNCE, outcome) == Outcome("restored", outcome.lists)
            assert mailwizz.restore(BOUNCE, outcome) == Outcome("already")
        is_one_call = "confirmed" in statuses and "blacklisted" not in statuses
        taken_along = {"unconfirmed", "disabled"} if is_one_call else set()
        assert server.status_of(JANE) == {
            list_uid: "unsubscribed" if status in taken_along else status for list_uid, status in before.items()
        }


@settings(max_examples=many(20), deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(STATUSES), st.sampled_from(["as it is", "", *STATUSES])), max_size=5),
    st.sampled_from(["unsubscribe", "blacklist"]),
)
def test_later_changes_stay(rows: list[tuple[str, str]], action: str) -> None:
    """Of the lists that were changed, those that are still unsubscribed come back, at once and for good."""
    with FakeMailWizz() as server, connecting(server) as connect:
        for number, (status, _) in enumerate(rows):
            server.subscribe(JANE, f"list{number:09}", status)
        mailwizz = connect(action=action)
        outcome = mailwizz.unsubscribe(BOUNCE)
        for number, (_, since) in enumerate(rows):
            if since != "as it is":
                server.change(JANE, f"list{number:09}", since)
        between = server.status_of(JANE)
        coming_back = tuple(uid for uid in outcome.lists if between.get(uid) == "unsubscribed")
        for expected in (coming_back, ()):
            try:
                restored = mailwizz.restore(BOUNCE, outcome)
            except PermanentFailure:
                assert not any(between.get(uid) in {"confirmed", "unsubscribed"} for uid in outcome.lists)
            else:
                assert restored.lists == expected
            assert server.status_of(JANE) == between | dict.fromkeys(coming_back, "confirmed")
