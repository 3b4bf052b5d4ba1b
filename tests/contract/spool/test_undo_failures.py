"""Contract of every spool: undo of lists that failed calls had changed, all of them and none twice."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from bouncehandler.spool import Completed, DeadLettered, Released, RetryLater, Selection, Settlement, Spool, Undone
from bouncehandler.suppression import Dispatch, Outcome
from tests.contract.conftest import OpenSpool
from tests.contract.spool.examples import (
    ANN,
    ANN_LATER,
    DAY,
    NOW,
    again,
    at_time,
    attempt,
    dead,
    put,
    returned,
    suppression,
    take,
)

FAILED: dict[str, Callable[[Dispatch], RetryLater | DeadLettered | Released]] = {
    "again": lambda one: again(one, NOW),
    "dead": dead,
    "returned": returned,
}


@pytest.fixture
def spool(open_spool: OpenSpool) -> Spool:
    """A spool with one suppression that is due."""
    opened = open_spool()
    put(opened, ANN)
    return opened


def claimed(spool: Spool, now: float = NOW) -> Dispatch:
    """The dispatch that is due."""
    (one,) = take(spool, now=now)
    return one


def failed(one: Dispatch, *changed: str, how: str = "again") -> Settlement:
    """A failed call that had changed these lists before."""
    return replace(FAILED[how](one), changed=changed)


def done(one: Dispatch, kind: str = "unsubscribed", *lists: str) -> Completed:
    """A call that succeeded."""
    return Completed(one, attempt(kind), Outcome(kind, lists))  # type: ignore[arg-type]  # one of four, by the test


def undo(spool: Spool, restoring: tuple[str, ...] = ("news",), *, is_dry: bool = False) -> list[Undone]:
    """Undo everything."""
    return list(at_time(spool, NOW + 10).undo(Selection(), restoring=restoring, asked_by="eve", is_dry=is_dry))


def restore_results(spool: Spool, restoring: tuple[str, ...] = ("news",)) -> list[tuple[str, str]]:
    """Undo everything; returns the results."""
    return [(one.what, one.detail) for one in undo(spool, restoring)]


def restored(spool: Spool, now: float = NOW + 20) -> list[tuple[str, ...]]:
    """Carry out what is due, all of which restores; returns the lists of each call."""
    due = take(spool, now=now)
    assert all(one.restores and one.restores.kind == "unsubscribed" for one in due)
    at_time(spool, now).settle([done(one, "restored", *one.restores.lists) for one in due if one.restores])
    return [one.restores.lists for one in due if one.restores]


def is_over(spool: Spool) -> bool:
    """Whether nothing is left to do, by itself or by undoing again."""
    return take(spool, now=NOW + 9 * DAY) == [] and undo(spool) == [] and not spool.status().dispatches.waiting


@pytest.mark.parametrize("how", FAILED)
def test_what_failed_after_it_had_changed_lists(spool: Spool, how: str) -> None:
    """Lists changed before a failure are restored, once, whether the dispatch waits for a retry or was given up."""
    at_time(spool, NOW).settle([failed(claimed(spool), "7", "3", how=how)])
    assert undo(spool, is_dry=True) == undo(spool)
    assert restored(spool) == [("7", "3")]
    last = spool.history(ANN.recipient)[-1]
    assert (last.event, last.detail) == ("done: restored", "lists 7, 3")
    assert is_over(spool)


@pytest.mark.parametrize(
    ("kind", "lists", "all_of_them"),
    [
        ("unsubscribed", ("5", "3"), ("7", "3", "9", "5")),
        ("already", (), ("7", "3", "9")),
        ("already", ("1",), ("7", "3", "9")),
        ("unknown", (), ("7", "3", "9")),
    ],
)
def test_what_succeeds_in_the_end(
    spool: Spool, kind: str, lists: tuple[str, ...], all_of_them: tuple[str, ...]
) -> None:
    """The lists of all calls are restored, each once and in their order, whatever the last one found."""
    for changed in (("7", "3"), (), ("3", "9")):
        at_time(spool, NOW).settle([failed(claimed(spool), *changed)])
    at_time(spool, NOW).settle([done(claimed(spool), kind, *lists)])
    assert [one.event for one in spool.history(ANN.recipient)][-1] == "done: unsubscribed"
    assert restore_results(spool) == [("restoring", f"lists {', '.join(all_of_them)}")]
    assert restored(spool) == [all_of_them]
    assert is_over(spool)


@pytest.mark.parametrize("kind", ["already", "unknown"])
def test_what_fails_without_a_change(spool: Spool, kind: str) -> None:
    """A failure that changed nothing leaves the state of its last call, and nothing to restore."""
    at_time(spool, NOW).settle([failed(claimed(spool))])
    at_time(spool, NOW).settle([done(claimed(spool), kind)])
    assert restore_results(spool) == [("nothing", f"the call had changed nothing: {kind}")]
    assert is_over(spool)


@pytest.mark.parametrize("how", FAILED)
@pytest.mark.parametrize("before", [(), ("7",)])
@pytest.mark.parametrize("now", [(), ("3",)])
def test_undone_while_a_call_is_under_way_that_fails(
    spool: Spool, how: str, before: tuple[str, ...], now: tuple[str, ...]
) -> None:
    """Lists that it and the calls before it had changed are restored after it; without any no call is made."""
    at_time(spool, NOW).settle([failed(claimed(spool), *before)])
    under_way = claimed(spool)
    assert [what for what, _ in restore_results(spool)] == ["restoring"]
    at_time(spool, NOW + 11).settle([failed(under_way, *now, how=how)])
    assert restored(spool) == ([before + now] if before + now else [])
    assert is_over(spool)


@pytest.mark.parametrize("kind", ["unsubscribed", "already", "unknown"])
def test_undone_while_a_call_is_under_way_that_succeeds(spool: Spool, kind: str) -> None:
    """The lists of the calls before it are restored with its own."""
    at_time(spool, NOW).settle([failed(claimed(spool), "7")])
    under_way = claimed(spool)
    undo(spool)
    at_time(spool, NOW + 11).settle([done(under_way, kind, *(["3"] if kind == "unsubscribed" else []))])
    assert restored(spool) == [("7", "3") if kind == "unsubscribed" else ("7",)]
    assert is_over(spool)


@pytest.mark.parametrize("how", FAILED)
def test_a_restoration_that_fails(spool: Spool, how: str) -> None:
    """A failed restoration is retried with the same lists, whatever it reports as changed."""
    at_time(spool, NOW).settle([failed(claimed(spool), "7")])
    undo(spool)
    at_time(spool, NOW + 10).settle([failed(claimed(spool, NOW + 10), "9", how=how)])
    at_time(spool, NOW + 10).retry_dead_letters([1])
    assert restored(spool) == [("7",)]
    assert is_over(spool)


def test_a_dead_letter_that_was_dropped(spool: Spool) -> None:
    """A dropped dead letter keeps the lists it had changed; once it is being restored it is no dropped one any more."""
    at_time(spool, NOW).settle([failed(claimed(spool), "7", how="dead")])
    at_time(spool, NOW).drop_dead_letters([1])
    assert restore_results(spool) == [("restoring", "lists 7")]
    assert list(spool.dropped(Selection())) == []
    assert restored(spool) == [("7",)]
    assert is_over(spool)


def test_a_dead_letter_that_is_tried_again_in_vain(spool: Spool) -> None:
    """A dead letter that another process carried out meanwhile is restored with both."""
    put(spool, ANN_LATER)
    at_time(spool, NOW).settle([failed(claimed(spool), "7", how="dead")])
    at_time(spool, NOW).settle([done(claimed(spool), "unsubscribed", "3")])
    at_time(spool, NOW).retry_dead_letters([1])
    assert take(spool) == []
    undo(spool)
    assert sorted(restored(spool) + restored(spool)) == [("3",), ("7",)]
    assert is_over(spool)


@pytest.mark.parametrize("how", FAILED)
def test_a_provider_that_cannot(spool: Spool, how: str) -> None:
    """A provider that can't restore gets no further call but for new records; once it can, it is restored."""
    at_time(spool, NOW).settle([failed(claimed(spool), "7", how=how)])
    for _ in range(2):
        assert [what for what, _ in restore_results(spool, restoring=())] == ["impossible"]
    assert take(spool, now=NOW + DAY) == []
    assert restore_results(spool) == [("restoring", "lists 7")]
    assert restored(spool) == [("7",)]
    assert is_over(spool)


def test_a_new_record_after_a_provider_that_could_not(spool: Spool) -> None:
    """A new record is no repeat of a dispatch that was begun and not carried out."""
    at_time(spool, NOW).settle([failed(claimed(spool), "7")])
    undo(spool, restoring=())
    put(spool, ANN_LATER, now=NOW + 11)
    assert claimed(spool, NOW + 11).suppression.id == ANN_LATER.id


def test_many_at_once(spool: Spool) -> None:
    """Many dispatches that are settled as one group keep their own lists."""
    many = [suppression(f"user{n}@example.com") for n in range(9)]
    put(spool, *many)
    for step in range(2):
        due = {one.suppression.recipient: one for one in take(spool)}
        at_time(spool, NOW).settle([failed(one, f"{who}.{step}") for who, one in due.items() if "7" not in who])
        at_time(spool, NOW).settle([failed(one) for who, one in due.items() if "7" in who])
    at_time(spool, NOW).settle([done(one, "already") for one in take(spool)])
    notices = {one.subject: one.detail for one in undo(spool)}
    recipients = [ANN.recipient, *(one.recipient for one in many)]
    assert notices == {
        who: "the call had changed nothing: already" if "7" in who else f"lists {who}.0, {who}.1" for who in recipients
    }


def test_another_processes_claim(spool: Spool) -> None:
    """A call that lost its claim to another process leaves no state."""
    late = claimed(spool)
    again_claimed = claimed(spool, NOW + 61)
    at_time(spool, NOW + 62).settle([failed(late, "9")])
    at_time(spool, NOW + 62).settle([failed(again_claimed, "7")])
    assert restore_results(spool) == [("restoring", "lists 7")]
