"""Examples for the tests of every spool: short ways to make suppressions, to claim and to settle."""

from collections.abc import Sequence
from hashlib import blake2b

from bouncehandler.spool import (
    Completed,
    DeadLettered,
    QueuedSuppression,
    Released,
    RetentionCutoffs,
    RetryLater,
    Spool,
)
from bouncehandler.spool.sqlite.store import SqliteSpool
from bouncehandler.suppression import Attempt, Dispatch, Outcome, Suppression

NOW = 1_767_225_600.0
"""2026-01-01T00:00:00Z."""
DAY = 86_400.0


def open_spool(kind: str, place: str) -> Spool:
    """The spool of that kind at that place; what another process needs to open the same one."""
    return {"sqlite": SqliteSpool.open}[kind](place)


def suppression(recipient: str = "ann@example.com", number: int = 0, **fields: object) -> Suppression:
    """A suppression whose id comes from recipient and number."""
    digest = blake2b(f"{recipient} {number}".encode("utf-8", "replace"), digest_size=12).hexdigest()
    plain = Suppression(digest, recipient, "bounce", "policy.bounce.bad-mailbox")
    return plain._replace(**fields)  # type: ignore[arg-type]  # the fields are the test's business


def put(spool: Spool, *suppressions: Suppression, to: tuple[str, ...] = ("news",), now: float = NOW) -> None:
    """Record suppressions, owed to `to`."""
    spool.record([QueuedSuppression(one, to) for one in suppressions], now)


def before(time: float) -> RetentionCutoffs:
    """What was done before then, whatever its reason."""
    return RetentionCutoffs(time, time, time, time, time)


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
    return spool.claim(
        provider, limit, now=now, until=now + seconds, repeat_after=repeat_after, per_campaign=per_campaign
    )


def recipients(dispatches: Sequence[Dispatch]) -> list[str]:
    """Whom they concern, in order."""
    return [dispatch.suppression.recipient for dispatch in dispatches]


def attempt(result: str = "unsubscribed", answer: str = "200 OK") -> Attempt:
    """A call that took 20 ms."""
    return Attempt(started_at=NOW, seconds=0.02, result=result, answer=answer)


def done(dispatch: Dispatch, kind: str = "unsubscribed") -> Completed:
    """It was carried out."""
    return Completed(dispatch, attempt(kind), Outcome(kind, ("7",)))  # type: ignore[arg-type]  # one of three, by the test


def again(dispatch: Dispatch, due_at: float, step: int = 1) -> RetryLater:
    """It is to be tried again."""
    return RetryLater(dispatch, attempt("temporary", "503"), due_at, step)


def dead(dispatch: Dispatch, answer: str = "400 no such list") -> DeadLettered:
    """It is given up."""
    return DeadLettered(dispatch, attempt("permanent", answer))


def returned(dispatch: Dispatch, due_at: float = NOW) -> Released:
    """It is given back unused."""
    return Released(dispatch, due_at)


def claim_until_empty(kind: str, place: str, batch: int) -> list[int]:
    """What another process does: claim and settle until nothing is due; the numbers of what it claimed."""
    spool = open_spool(kind, place)
    mine: list[int] = []
    try:
        while claimed := take(spool, batch):
            mine += [dispatch.id for dispatch in claimed]
            spool.settle([done(dispatch) for dispatch in claimed], NOW)
    finally:
        spool.close()
    return mine


def record_batches(kind: str, place: str, name: str, batches: int) -> int:
    """What another process does: record batches of ten; how many suppressions were new."""
    spool = open_spool(kind, place)
    try:
        return sum(
            spool.record(
                [QueuedSuppression(suppression(f"{name}{batch}.{n}@example.com"), ("news",)) for n in range(10)], NOW
            ).new
            for batch in range(batches)
        )
    finally:
        spool.close()
