"""Examples for the tests of every spool's notices: short ways to queue them, to claim and to settle."""

from typing import get_args

from bouncehandler.settings.mail import NoticeName
from bouncehandler.spool import Notice, NoticeBatch, Spool
from tests.contract.spool.examples import NOW, at_time, open_spool

EVERY = 900.0
LEASE = 300.0


def open_with_notices(kind: str, place: str) -> Spool:
    """The spool of that kind, which queues notices of every kind."""
    return open_spool(kind, place, notices=frozenset(get_args(NoticeName)))


def claim(spool: Spool, now: float = NOW, *, every: float = EVERY, lease: float = LEASE) -> NoticeBatch | None:
    """Claim what is due."""
    return at_time(spool, now).claim_notices(every=every, lease_for=lease)


def claimed(spool: Spool, now: float = NOW, *, every: float = EVERY) -> NoticeBatch:
    """Claim what is due, which must be something."""
    batch = claim(spool, now, every=every)
    assert batch is not None
    return batch


def read_notices(spool: Spool, batch: NoticeBatch | None = None) -> list[Notice]:
    """All notices of a batch; without one, of a batch that is claimed in the far future."""
    return spool.notices(batch or claimed(spool, NOW + 10 * EVERY), after=0, limit=100_000)


def enqueue_notice(spool: Spool, count: int = 1, now: float = NOW) -> None:
    """Queue notices."""
    for number in range(count):
        at_time(spool, now).enqueue_notice("held", {"provider": f"p{number}"})


def settle(spool: Spool, batch: NoticeBatch, now: float = NOW) -> None:
    """Settle the whole batch as sent."""
    at_time(spool, now).settle_notices(batch, through=batch.through)
