"""Contract of every spool: undo, with what is restored, withdrawn, and left as it is."""

import pytest

from bouncehandler.spool import Completed, QueuedSuppression, Selection, Spool, Undone
from bouncehandler.suppression import Outcome
from tests.contract.spool.examples import (
    DAY,
    NOW,
    again,
    at_time,
    attempt,
    before,
    dead,
    done,
    people,
    put,
    recipients,
    suppression,
    take,
)

ANN = suppression("ann@example.com", diagnostic="550 5.1.1 Does Not Exist")
ANN_AGAIN = suppression("ann@example.com", 1, diagnostic="550 mailbox unavailable")
COMPLAINT = suppression("ann@example.com", 2)._replace(reason="complaint")
BOB = suppression("bob@example.net")


def undo(  # noqa: PLR0913  # each has a default, which most tests want
    spool: Spool,
    selection: Selection | None = None,
    *,
    restoring: tuple[str, ...] = ("news",),
    forced: bool = False,
    is_dry: bool = False,
    now: float = NOW + 10,
) -> list[Undone]:
    """Undo what is selected: everything by default."""
    return list(
        at_time(spool, now).undo(
            selection or Selection(), restoring=restoring, asked_by="eve", forced=forced, is_dry=is_dry
        )
    )


def results(undone: list[Undone]) -> list[tuple[str, str]]:
    """Recipients and their results."""
    return [(one.subject, one.what) for one in undone]


def carry_out(spool: Spool, kind: str = "unsubscribed") -> None:
    """Carry out everything that is due."""
    at_time(spool, NOW).settle([done(one, kind) for one in take(spool)])


def restored(spool: Spool, now: float = NOW + 20) -> list[tuple[str, Outcome | None]]:
    """Claim what is due, and settle restorations as restored; returns recipients and what is to be undone."""
    claimed = take(spool, now=now)
    endings = [Completed(one, attempt("restored"), Outcome("restored", ("7",))) for one in claimed if one.restores]
    at_time(spool, now).settle(endings)
    return [(one.suppression.recipient, one.restores) for one in claimed]


def test_what_was_carried_out_is_restored(spool: Spool) -> None:
    """The lists that the call changed are handed to the call that restores them, once."""
    put(spool, ANN, BOB)
    carry_out(spool)
    assert results(undo(spool)) == [("ann@example.com", "restoring"), ("bob@example.net", "restoring")]
    assert spool.status().dispatches.pending == 2
    assert restored(spool) == [
        ("ann@example.com", Outcome("unsubscribed", ("7",))),
        ("bob@example.net", Outcome("unsubscribed", ("7",))),
    ]
    status = spool.status().dispatches
    assert (status.done, status.waiting) == (2, 0)
    assert undo(spool) == []
    assert take(spool, now=NOW + DAY * 9) == []


def test_what_is_undone_is_no_suppression(spool: Spool) -> None:
    """An undone suppression is listed as such, and enqueued for no provider that is added later."""
    put(spool, ANN, BOB)
    undo(spool, Selection(recipient="ann@example.com"))
    assert [one.recipient for one in spool.suppressions(Selection())] == ["bob@example.net"]
    assert [one.recipient for one in spool.suppressions(Selection(is_undone=True))] == ["ann@example.com"]
    assert len(list(spool.suppressions(Selection(is_undone=None)))) == 2
    at_time(spool, NOW).record([QueuedSuppression(ANN, ("news", "crm"))])
    assert take(spool, provider="crm") == []


def test_what_was_not_carried_out_is_withdrawn(spool: Spool) -> None:
    """Dispatches that wait, are to be retried, or were given up, are withdrawn without a call."""
    put(spool, *people(3))
    waiting, failed, given_up = people(3)
    claims = {one.suppression.recipient: one for one in take(spool)}
    at_time(spool, NOW).settle([again(claims[failed.recipient], NOW + 60), dead(claims[given_up.recipient])])
    assert [what for _, what in results(undo(spool, Selection(recipient=failed.recipient)))] == ["withdrawn"]
    assert [what for _, what in results(undo(spool, Selection(recipient=given_up.recipient)))] == ["withdrawn"]
    at_time(spool, NOW).settle([again(claims[waiting.recipient], NOW)])
    assert undo(spool, Selection(recipient=waiting.recipient))[0].detail == "after calls that failed: 1"
    assert take(spool, now=NOW + DAY) == []
    assert spool.status().dispatches.done == 3


@pytest.mark.parametrize(("kind", "calls"), [("unsubscribed", 1), ("already", 0), ("unknown", 0), ("again", 0)])
def test_while_a_call_is_under_way(spool: Spool, kind: str, calls: int) -> None:
    """Lists that a call under way changes are restored when it returns; without any there is no further call."""
    put(spool, ANN)
    claimed = take(spool)[0]
    assert results(undo(spool)) == [("ann@example.com", "restoring")]
    assert undo(spool) == []
    at_time(spool, NOW + 11).settle([again(claimed, NOW + 60) if kind == "again" else done(claimed, kind)])
    assert len(restored(spool, NOW + DAY)) == calls
    assert spool.status().dispatches.waiting == 0


@pytest.mark.parametrize("other", [ANN_AGAIN, COMPLAINT], ids=["bounce", "complaint"])
def test_another_suppression_keeps_the_recipient_off(spool: Spool, other: object) -> None:
    """Nothing is restored while another suppression of the recipient stands, until that is undone, too."""
    put(spool, ANN, other)  # type: ignore[arg-type]  # both are suppressions
    carry_out(spool)
    chosen = Selection(match="does not exist")
    assert results(undo(spool, chosen, is_dry=True)) == [("ann@example.com", "kept")]
    assert results(undo(spool, chosen)) == [("ann@example.com", "kept")]
    assert restored(spool) == []
    rest = undo(spool, Selection(recipient="ann@example.com"), forced=True)
    assert results(rest)[0] == ("ann@example.com", "restoring")
    assert restored(spool) == [("ann@example.com", Outcome("unsubscribed", ("7",)))]


def test_complaints_are_kept(spool: Spool) -> None:
    """Complaints and requests are undone with `forced` alone."""
    put(spool, COMPLAINT, suppression("bob@example.net")._replace(reason="unsubscribe"))
    carry_out(spool)
    assert [what for _, what in results(undo(spool))] == ["kept", "kept"]
    assert restored(spool) == []
    assert results(undo(spool, Selection(recipient="ann@example.com"), forced=True)) == [
        ("ann@example.com", "restoring")
    ]


def test_a_bounce_elsewhere_does_not_matter(spool: Spool) -> None:
    """A bounce counts at the providers that it was enqueued for; a complaint everywhere."""
    put(spool, ANN, to=("news",))
    put(spool, ANN_AGAIN, to=("crm",))
    carry_out(spool)
    assert results(undo(spool, Selection(match="does not exist"))) == [("ann@example.com", "restoring")]
    put(spool, COMPLAINT, to=())
    assert restored(spool, NOW + 20)


def test_a_new_bounce_comes_after(spool: Spool) -> None:
    """A record that comes after the undo suppresses again, behind the restoration, however lately it was done."""
    put(spool, ANN, ANN_AGAIN)
    carry_out(spool)
    carry_out(spool)
    undo(spool)
    put(spool, suppression("ann@example.com", 9), now=NOW + 15)
    assert restored(spool) == [("ann@example.com", Outcome("unsubscribed", ("7",)))]
    assert [(one.suppression.id, one.restores) for one in take(spool, now=NOW + 21)] == [
        (suppression("ann@example.com", 9).id, None)
    ]


def test_a_new_bounce_while_the_undone_call_is_under_way(spool: Spool) -> None:
    """Lists changed by the undone call are restored first; the new bounce is no repeat of it."""
    put(spool, ANN)
    claimed = take(spool)
    undo(spool)
    put(spool, ANN_AGAIN, now=NOW + 12)
    at_time(spool, NOW + 13).settle([done(claimed[0])])
    assert [restores is not None for _, restores in restored(spool)] == [True]
    assert recipients(take(spool, now=NOW + 21)) == ["ann@example.com"]


def test_a_provider_that_cannot(spool: Spool) -> None:
    """A provider that can't restore is listed with the reason; once it can, the undo is possible."""
    put(spool, ANN)
    carry_out(spool)
    assert results(undo(spool, restoring=())) == [("ann@example.com", "impossible")]
    assert restored(spool) == []
    assert results(undo(spool)) == [("ann@example.com", "restoring")]


def test_one_provider_alone(spool: Spool) -> None:
    """Undone at one provider it stays a suppression at the others."""
    put(spool, ANN, to=("crm", "news"))
    carry_out(spool)
    at_time(spool, NOW).settle([done(one) for one in take(spool, provider="crm")])
    asked = undo(spool, Selection(provider="news"), restoring=("crm", "news"))
    assert [(one.provider, one.what) for one in asked] == [("news", "restoring")]
    assert take(spool, provider="crm") == []
    assert len(list(spool.suppressions(Selection()))) == 1
    assert restored(spool)
    assert undo(spool, Selection(provider="news")) == []


def test_dry(spool: Spool) -> None:
    """A dry run reports the same, and changes nothing."""
    put(spool, ANN, BOB)
    carry_out(spool)
    assert undo(spool, is_dry=True) == undo(spool, is_dry=True)
    assert restored(spool) == []
    assert undo(spool, is_dry=True) == undo(spool)


def test_selection(spool: Spool) -> None:
    """A selection goes by domain, category, text, time and number of recipients."""
    put(spool, ANN._replace(category="bad-mailbox"), BOB, now=NOW - DAY)
    put(spool, suppression("eve@example.org"), now=NOW)
    for selection, names in (
        (Selection(domain="example.net"), ["bob@example.net"]),
        (Selection(category="bad-mailbox"), ["ann@example.com"]),
        (Selection(match="DOES NOT"), ["ann@example.com"]),
        (Selection(since=NOW), ["eve@example.org"]),
        (Selection(until=NOW), ["ann@example.com", "bob@example.net"]),
        (Selection(limit=1), ["ann@example.com"]),
        (Selection(reason="list"), []),
    ):
        assert [one.subject for one in undo(spool, selection, is_dry=True)] == names


def test_many(spool: Spool) -> None:
    """More recipients than one window holds are undone, each once, also with many suppressions each."""
    put(spool, *people(1100), *(suppression("user1@example.com", n) for n in range(1, 1000)))
    undone = undo(spool)
    assert len({one.subject for one in undone}) == 1100
    assert spool.status().dispatches.waiting == 0


def test_a_limit_counts_subjects(spool: Spool) -> None:
    """A subject of several suppressions takes one place of the limit."""
    put(spool, ANN, ANN_AGAIN, BOB)
    undone = undo(spool, Selection(limit=2), is_dry=True)
    assert {one.subject for one in undone} == {"ann@example.com", "bob@example.net"}


def test_the_history_shows(spool: Spool) -> None:
    """The history has who asked, what was to be restored, and the result."""
    put(spool, ANN)
    carry_out(spool)
    undo(spool)
    restored(spool)
    events = [(one.event, one.detail) for one in spool.history("ann@example.com")]
    assert ("undone", "asked by eve") in events
    assert ("to be restored", "lists 7; asked by eve") in events
    assert ("done: restored", "lists 7") in events


def test_pruned(spool: Spool) -> None:
    """Undone suppressions are pruned like everything else that is done."""
    put(spool, ANN, BOB)
    undo(spool)
    assert at_time(spool, NOW + 100 * DAY).prune(before(NOW + DAY), after=0, limit=10).removed == 1
    assert spool.history("ann@example.com") == []
