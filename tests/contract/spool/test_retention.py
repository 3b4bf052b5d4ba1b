"""Contract of every spool: what pruning deletes, and what it keeps."""

import pytest

from bouncehandler.spool import Pruned, QueuedSuppression, RetentionPeriods, Selection, Spool
from bouncehandler.spool.sweep import sweep
from tests.contract.spool.examples import (
    ANN,
    BOB,
    DAY,
    NOW,
    again,
    at_time,
    before,
    dead,
    done,
    people,
    put,
    recipients,
    suppression,
    take,
)

LATER = NOW + 100 * DAY
BEFORE = NOW + DAY
CAT = suppression("cat@example.com")
NEWEST = suppression("newest@example.com")


def prune(spool: Spool, until: float | RetentionPeriods = BEFORE, now: float = LATER) -> int:
    """Prune the whole spool in small steps."""
    times = until if isinstance(until, RetentionPeriods) else before(until)
    return sweep(lambda after, _: at_time(spool, now).prune(times, after=after, limit=2), lambda: 0.0, lambda _: False)


def left(spool: Spool) -> list[str]:
    """Names of the recipients that are still there, oldest first."""
    return [one.recipient.partition("@")[0] for one in spool.suppressions(Selection())]


def carry_out(spool: Spool, *providers: str, now: float = NOW) -> None:
    """Carry out everything that is due."""
    for provider in providers:
        at_time(spool, now).settle([done(one) for one in take(spool, 100, provider=provider, now=now)])


def test_what_was_done_long_ago_goes(spool: Spool) -> None:
    """Suppressions that were done at every provider before then are deleted and counted; newer ones stay."""
    put(spool, *people(5), to=("news", "crm"))
    carry_out(spool, "news", "crm")
    put(spool, NEWEST, now=LATER)
    assert prune(spool) == 5
    assert left(spool) == ["newest"]
    status = spool.status()
    assert (status.suppressions, status.dispatches.done, status.dispatches.pending) == (1, 0, 1)
    assert recipients(take(spool, now=LATER)) == ["newest@example.com"]
    assert prune(spool) == 0


def test_what_was_routed_to_no_provider_goes(spool: Spool) -> None:
    """A suppression that was enqueued for no provider goes by the time at which it was recorded."""
    at_time(spool, NOW).record([QueuedSuppression(ANN, ())])
    at_time(spool, LATER).record([QueuedSuppression(BOB, ())])
    put(spool, NEWEST, now=LATER)
    assert prune(spool) == 1
    assert left(spool) == ["bob", "newest"]


def test_what_is_not_done_stays(spool: Spool) -> None:
    """Pending, claimed, tried again and dead: each stays however old, with its suppression's other entries."""
    put(spool, *people(4), to=("news", "crm"))
    carry_out(spool, "crm")
    waiting, failed, lost, _ = take(spool)
    at_time(spool, NOW).settle([again(failed, LATER), dead(lost)])
    put(spool, NEWEST, now=LATER)
    assert prune(spool) == 0
    counts = spool.status().providers
    assert (counts["news"].dead, counts["news"].waiting, counts["crm"].done) == (1, 4, 4)
    at_time(spool, LATER).settle([done(waiting)])
    assert [row.dispatch for row in spool.dead_letters(Selection())] == [lost.id]


def test_held_stays(spool: Spool) -> None:
    """Dispatches of a held provider stay."""
    put(spool, ANN, NEWEST)
    at_time(spool, NOW).hold("news", "401", probe_in=0)
    assert prune(spool) == 0


def test_done_lately_stays(spool: Spool) -> None:
    """The last settlement counts, not the time of recording."""
    put(spool, ANN, BOB, to=("news", "crm"))
    carry_out(spool, "news")
    carry_out(spool, "crm", now=LATER)
    put(spool, NEWEST, now=LATER)
    assert prune(spool) == 0
    assert prune(spool, LATER + 1, now=LATER + 2) == 2


def test_the_newest_stays(spool: Spool) -> None:
    """The newest suppression stays, so that no number is given twice; counts go on from there."""
    put(spool, *people(3))
    carry_out(spool, "news")
    assert prune(spool) == 2
    assert spool.status().suppressions == 1
    put(spool, ANN, now=LATER)
    assert spool.status().suppressions == 2
    assert left(spool) == ["user2", "ann"]
    assert recipients(take(spool, now=LATER)) == ["ann@example.com"]


def test_fed_again(spool: Spool) -> None:
    """A record that comes again after it was pruned counts anew; before that it is known."""
    put(spool, ANN, NEWEST)
    carry_out(spool, "news")
    assert at_time(spool, LATER).record([QueuedSuppression(ANN, ("news",))]).new == 0
    assert prune(spool) == 1
    assert at_time(spool, LATER).record([QueuedSuppression(ANN, ("news",))]).new == 1
    assert recipients(take(spool, now=LATER)) == ["ann@example.com"]


def test_dropped_is_done(spool: Spool) -> None:
    """A dead letter that was dropped is kept with its reason for as long as what is done, and no longer."""
    put(spool, ANN, BOB, NEWEST)
    at_time(spool, NOW).settle([dead(one, "404 Ünknown list") for one in take(spool)])
    first, second, _ = spool.dead_letters(Selection())
    assert at_time(spool, NOW).drop_dead_letters([first.dispatch], "list is gone \0") == 1
    (row,) = spool.dropped(Selection())
    assert (row.dispatch, row.note, row.answer) == (
        first.dispatch,
        "list is gone \ufffd",
        "404 Ünknown list",
    )
    assert prune(spool) == 1
    assert list(spool.dropped(Selection())) == []
    assert second.dispatch in {one.dispatch for one in spool.dead_letters(Selection())}


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(error="ünknown LIST"), ["ann"]),
        (Selection(error="5"), ["bob"]),
        (Selection(error="%"), []),
        (Selection(died_since=NOW + 10), ["bob"]),
        (Selection(died_until=NOW + 10), ["ann"]),
        (Selection(error="o", limit=1), ["ann"]),
    ],
)
def test_dead_letters_by_answer_and_time(spool: Spool, selection: Selection, expected: list[str]) -> None:
    """Dead letters are selected by what the last answer holds, in any case, and by when they were given up."""
    put(spool, ANN, BOB)
    ann, bob = take(spool)
    at_time(spool, NOW).settle([dead(ann, "404 Ünknown list")])
    at_time(spool, NOW + 10).settle([dead(bob, "500 oops")])
    assert [one.suppression.recipient[:3] for one in spool.dead_letters(selection)] == expected


def test_a_clock_that_was_ahead(spool: Spool) -> None:
    """A suppression recorded while the clock was ahead keeps nothing behind it from being pruned."""
    put(spool, *people(5), now=LATER + 400 * DAY)
    put(spool, ANN, BOB, CAT)
    at_time(spool, NOW).settle([done(one) for one in take(spool)])
    put(spool, NEWEST, now=LATER)
    assert prune(spool) == 3


def test_steps_follow_the_disk() -> None:
    """Steps get shorter on a slow disk and longer on a quick one; each is followed by a rest that is longer than it."""
    asked: list[int] = []
    rests: list[float] = []
    took = iter([0.0, 0.001] * 5 + [0.0, 0.1] * 5)
    clock = {"now": 0.0}

    def step(after: int, most: int) -> Pruned:
        asked.append(most)
        return Pruned(1, after + most if len(asked) < 10 else None)

    def monotonic() -> float:
        clock["now"] += next(took)
        return clock["now"]

    def rest(seconds: float) -> bool:
        rests.append(seconds)
        return False

    assert sweep(step, monotonic, rest) == 10
    assert asked == [100, 200, 400, 500, 500, 500, 250, 125, 100, 100]
    assert min(rests[:4]) > 0.02
    assert rests[6] == pytest.approx(0.4)


def test_a_sweep_that_is_stopped() -> None:
    """A rest that is cut short ends the sweep."""
    assert sweep(lambda after, most: Pruned(1, after + most), lambda: 0.0, lambda _: True) == 1
