"""Examples for the tests of every spool: short ways to make suppressions, to claim and to settle."""

import time
from collections.abc import Callable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

from bouncehandler.spool import (
    Completed,
    DeadLettered,
    QueuedSuppression,
    Released,
    RetentionPeriods,
    RetryLater,
    Spool,
)
from bouncehandler.spool.sqlite.store import SqliteSpool
from bouncehandler.suppression import Attempt, Dispatch, Outcome, Suppression

NOW = 1_767_225_600.0
"""2026-01-01T00:00:00Z."""
DAY = 86_400.0


class TestClock:
    """The clock of the spools under test: the real one, until a test has set another."""

    __test__ = False

    def __init__(self) -> None:
        self.source: Callable[[], float] = time.time

    def __call__(self) -> float:
        """Seconds since the epoch."""
        return self.source()


CLOCK = TestClock()


def at_time(spool: Spool, now: float) -> Spool:
    """The spool, after the tests' clock was set to that time, where it stays."""
    CLOCK.source = lambda: now
    return spool


def due_at(spool: Spool, provider: str) -> float | None:
    """When the earliest unsettled dispatch is due, by the spool's clock."""
    due_in = spool.due_in(provider)
    return None if due_in is None else CLOCK() + due_in


def open_spool(kind: str, place: str | Path, **options: Any) -> Spool:  # noqa: ANN401  # those of the store's own `open`
    """The spool of that kind at that place; what another process needs to open the same one."""
    return {"sqlite": SqliteSpool.open}[kind](place, clock=CLOCK, **options)


def suppression(recipient: str = "ann@example.com", number: int = 0, **fields: object) -> Suppression:
    """A suppression with an id made of recipient and number."""
    digest = blake2b(f"{recipient} {number}".encode("utf-8", "replace"), digest_size=12).hexdigest()
    plain = Suppression(digest, recipient, "bounce", "policy.bounce.bad-mailbox")
    return plain._replace(**fields)  # type: ignore[arg-type]  # the fields are the test's business


ANN, ANN_LATER = suppression("ann@example.com"), suppression("ann@example.com", 1)
BOB = suppression("bob@example.com")


def put(spool: Spool, *suppressions: Suppression, to: tuple[str, ...] = ("news",), now: float = NOW) -> None:
    """Record suppressions, enqueued for `to`."""
    at_time(spool, now).record([QueuedSuppression(one, to) for one in suppressions])


def before(moment: float) -> RetentionPeriods:
    """Retention periods, the same for every reason, that end at this moment."""
    return RetentionPeriods(*[CLOCK() - moment] * 5)


def people(count: int) -> list[Suppression]:
    """Suppressions of that many recipients."""
    return [suppression(f"user{number}@example.com") for number in range(count)]


def take(  # noqa: PLR0913  # each has a default, which most tests want
    spool: Spool,
    limit: int = 10,
    *,
    provider: str = "news",
    now: float = NOW,
    seconds: float = 60.0,
    repeat_after: float = DAY,
    per_campaign: bool = False,
) -> list[Dispatch]:
    """Claim for a minute."""
    return at_time(spool, now).claim(
        provider, limit, repeat_after=repeat_after, per_campaign=per_campaign, lease_for=seconds
    )


def recipients(dispatches: Sequence[Dispatch]) -> list[str]:
    """Recipients of the dispatches, in order."""
    return [dispatch.suppression.recipient for dispatch in dispatches]


def attempt(result: str = "unsubscribed", answer: str = "200 OK") -> Attempt:
    """An attempt that took 20 ms."""
    return Attempt(started_at=NOW, seconds=0.02, result=result, answer=answer)


def done(dispatch: Dispatch, kind: str = "unsubscribed") -> Completed:
    """Settlement: carried out."""
    return Completed(dispatch, attempt(kind), Outcome(kind, ("7",)))  # type: ignore[arg-type]  # one of three, by the test


def again(dispatch: Dispatch, due_at: float, retry_index: int = 1) -> RetryLater:
    """Settlement: to be retried at `due_at`."""
    return RetryLater(dispatch, attempt("temporary", "503"), due_at - CLOCK(), retry_index)


def dead(dispatch: Dispatch, answer: str = "400 no such list") -> DeadLettered:
    """Settlement: a dead letter."""
    return DeadLettered(dispatch, attempt("permanent", answer))


def returned(dispatch: Dispatch, due_at: float = NOW) -> Released:
    """Settlement: released without an attempt."""
    return Released(dispatch, due_at - CLOCK())


def claim_until_empty(kind: str, place: str | Path, batch: int) -> list[int]:
    """Claim and settle until nothing is due, as another process; returns the numbers that it claimed."""
    spool = open_spool(kind, place)
    mine: list[int] = []
    try:
        while claimed := take(spool, batch):
            mine += [dispatch.id for dispatch in claimed]
            at_time(spool, NOW).settle([done(dispatch) for dispatch in claimed])
    finally:
        spool.close()
    return mine


def record_batches(kind: str, place: str | Path, name: str, batches: int) -> int:
    """Record batches of ten, as another process; returns how many suppressions were new."""
    spool = open_spool(kind, place)
    try:
        return sum(
            at_time(spool, NOW)
            .record([QueuedSuppression(suppression(f"{name}{batch}.{n}@example.com"), ("news",)) for n in range(10)])
            .new
            for batch in range(batches)
        )
    finally:
        spool.close()
