"""Contract of every spool: retention of suppressions by reason, and of attempts, which are deleted before."""

import pytest

from bouncehandler.spool import QueuedSuppression, RetentionPeriods, Selection, Spool
from bouncehandler.spool.sweep import sweep
from tests.contract.spool.examples import (
    DAY,
    NOW,
    again,
    at_time,
    before,
    dead,
    done,
    people,
    put,
    suppression,
    take,
)

LATER = NOW + 100 * DAY
SOON = NOW + DAY
NEWEST = suppression("newest@example.com")
REASONS = ("bounce", "complaint", "unsubscribe", "list", "something new")


def prune(spool: Spool, times: RetentionPeriods) -> int:
    """Prune the whole spool in small steps."""
    return sweep(
        lambda after, _: at_time(spool, LATER).prune(times, after=after, limit=2), lambda: 0.0, lambda _: False
    )


def prune_attempts(spool: Spool, until: float = SOON) -> int:
    """Prune the attempts of the whole spool in small steps."""
    return sweep(
        lambda after, _: at_time(spool, LATER).prune_attempts(LATER - until, after=after, limit=2),
        lambda: 0.0,
        lambda _: False,
    )


def carry_out(spool: Spool, *providers: str, now: float = NOW) -> None:
    """Carry out everything that is due."""
    for provider in providers or ("news",):
        at_time(spool, now).settle([done(one) for one in take(spool, 100, provider=provider, now=now)])


def reasons(spool: Spool) -> list[str]:
    """Reasons of the suppressions that are left, oldest first."""
    return [one.reason for one in spool.suppressions(Selection())]


def history_details(spool: Spool, subject: str) -> list[str]:
    """Calls and their outcomes as `explain` lists them."""
    happened = [(one.event, one.detail) for one in spool.history(subject)]
    return [event if event.startswith("call") else f"{event} {detail}" for event, detail in happened if ": " in event]


@pytest.mark.parametrize("at", range(len(REASONS)), ids=REASONS)
def test_each_reason_has_its_time(spool: Spool, at: int) -> None:
    """Suppressions older than the period of their reason go; other reasons stay, and None keeps for ever."""
    put(spool, *(suppression(f"u{n}@example.com", reason=reason) for n, reason in enumerate(REASONS)))
    carry_out(spool)
    put(spool, NEWEST, now=LATER)
    assert prune(spool, RetentionPeriods(*(LATER - SOON if n == at else None for n in range(len(REASONS))))) == 1
    assert reasons(spool) == [reason for n, reason in enumerate(REASONS) if n != at] + ["bounce"]
    assert prune(spool, RetentionPeriods()) == 0
    assert (
        prune(spool, RetentionPeriods(*(LATER - SOON if n == at else LATER - NOW + DAY for n in range(len(REASONS)))))
        == 0
    )


def test_the_one_behind_many_that_stay(spool: Spool) -> None:
    """Whole steps of what is kept longer do not end the sweep."""
    put(spool, *people(9), suppression("ann@example.com", reason="complaint"))
    carry_out(spool)
    put(spool, NEWEST, now=LATER)
    assert prune(spool, RetentionPeriods(complaint=LATER - SOON)) == 1
    assert reasons(spool) == ["bounce"] * 10


@pytest.mark.parametrize("reason", ["complaint", "unsubscribe"])
def test_a_complaint_outlives_the_bounces_that_could_be_undone(spool: Spool, reason: str) -> None:
    """A complaint stays as long as an older bounce, since undoing that would restore the recipient."""
    put(spool, suppression(), suppression(number=1, reason=reason), suppression("bob@example.com", reason=reason))
    carry_out(spool)
    put(spool, NEWEST, now=LATER)
    assert prune(spool, before(SOON)._replace(bounce=None)) == 1
    assert reasons(spool) == ["bounce", reason, "bounce"]
    selection = Selection(recipient="ann@example.com", reason="bounce")
    undone = at_time(spool, LATER).undo(selection, restoring=("news",), forced=False, asked_by="eve", is_dry=True)
    assert [one.what for one in undone] == ["kept"]
    assert prune(spool, before(SOON)) == 2


def test_a_bounce_goes_before_a_complaint(spool: Spool) -> None:
    """A complaint keeps no older bounce."""
    put(spool, suppression(), suppression(number=1, reason="complaint"))
    carry_out(spool)
    put(spool, NEWEST, now=LATER)
    assert prune(spool, RetentionPeriods(bounce=LATER - SOON)) == 1
    assert reasons(spool) == ["complaint", "bounce"]


def test_attempts_go_before_their_suppressions(spool: Spool) -> None:
    """Attempts go first; outcomes, lists, counts and the record's id stay."""
    put(spool, *people(5))
    carry_out(spool)
    status = spool.status()
    assert history_details(spool, "user4@example.com") == ["call: unsubscribed", "done: unsubscribed lists 7"]
    assert prune_attempts(spool) == 5
    assert history_details(spool, "user4@example.com") == ["done: unsubscribed lists 7"]
    assert spool.status() == status
    assert at_time(spool, LATER).record([QueuedSuppression(people(1)[0], ("news",))]).new == 0
    assert prune_attempts(spool) == 0


def test_attempts_of_what_is_not_done_stay(spool: Spool) -> None:
    """Attempts stay while any dispatch of the suppression is pending, claimed, dead or held."""
    put(spool, *people(4), to=("news", "crm"))
    carry_out(spool, "crm")
    _, failed, lost, _ = take(spool)
    at_time(spool, NOW).settle([again(failed, LATER), dead(lost)])
    assert prune_attempts(spool) == 0
    assert [dead_letter.answer for dead_letter in spool.dead_letters(Selection())] == ["400 no such list"]
    assert history_details(spool, "user0@example.com") == ["call: unsubscribed", "done: unsubscribed lists 7"]


def test_attempts_of_what_was_done_lately_stay(spool: Spool) -> None:
    """The last settlement of a suppression counts, at any provider."""
    put(spool, *people(3), to=("news", "crm"))
    carry_out(spool, "news")
    carry_out(spool, "crm", now=LATER)
    assert prune_attempts(spool) == 0
    assert prune_attempts(spool, LATER + 1) == 6


def test_what_is_undone_without_its_attempts(spool: Spool) -> None:
    """Undo finds the lists without the attempts; its own attempts stay while it waits, and are numbered on."""
    put(spool, suppression(), NEWEST)
    carry_out(spool)
    assert prune_attempts(spool) == 2
    selection = Selection(recipient="ann@example.com")
    undone = list(at_time(spool, NOW).undo(selection, restoring=("news",), forced=False, asked_by="eve", is_dry=False))
    assert [(one.what, one.detail) for one in undone] == [("restoring", "lists 7")]
    (restoring,) = take(spool)
    assert restoring.attempts == 2
    at_time(spool, NOW).settle([again(restoring, LATER)])
    assert prune_attempts(spool) == 0
    assert history_details(spool, "ann@example.com")[0] == "call: temporary"
