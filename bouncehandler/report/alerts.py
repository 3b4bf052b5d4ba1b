"""What in a report calls for somebody's attention, and what to do about it: one sentence each, the worst first."""

from collections.abc import Iterator, Sequence

from bouncehandler.report.aggregates import Aggregates, number
from bouncehandler.report.formatting import many, moment, seconds, share
from bouncehandler.report.model import Alert
from bouncehandler.spool import HeldSpike, Status

COMPLAINTS_DOUBTFUL, COMPLAINTS_BAD = 0.001, 0.003
"""What Gmail and Yahoo ask bulk senders to stay below, and never to reach (their sender guidelines, February 2024)."""

_DAY = 86_400
_DUE = 36 * 3600
"""Seconds after which an unsubscribe is late: Gmail and Yahoo want it within two days."""
_UNREADABLE = 0.01
_FEW = 1000
"""Deliveries below which a rate says little of one operator."""
_RANK = {"bad": 0, "doubtful": 1, "good": 2, "plain": 3}


def alerts(sums: Aggregates, status: Status, spikes: Sequence[HeldSpike], now: float) -> list[Alert]:
    """Everything that should be looked at."""
    found = [*_providers(status, now), *_spikes(spikes), *_complaints(sums), *_unreadable(sums)]
    return sorted(found, key=lambda remark: _RANK[remark.tone])


def _providers(status: Status, now: float) -> Iterator[Alert]:
    for name, state in status.states.items():
        since = f" since {moment(state.since)}" if state.since else ""
        yield Alert("bad", f"{name} is held{since}: `bouncehandler status` says why, and `check` whether it is back.")
    dead = status.dispatches.dead
    if dead:
        yield Alert(
            "doubtful", f"{many(dead, 'dead letter')}: `bouncehandler dead-letters list` says what was given up."
        )
    age = now - status.oldest_pending_at if status.oldest_pending_at else 0
    if age > _DAY:
        tone = "bad" if age > _DUE else "doubtful"
        yield Alert(tone, f"The oldest unsubscribe that waits is {seconds(age)} old.")  # type: ignore[arg-type]  # two tones


def _spikes(spikes: Sequence[HeldSpike]) -> Iterator[Alert]:
    held = sum(spike.held for spike in spikes if not spike.verdict)
    if held:
        mailbox_providers = ", ".join(
            sorted({spike.mailbox_provider for spike in spikes if spike.held and not spike.verdict})[:5]
        )
        yield Alert(
            "doubtful",
            f"{many(held, 'suppression')} of spikes at {mailbox_providers} {'is' if held == 1 else 'are'} held: "
            "`bouncehandler holds` shows and decides.",
        )


def _complaints(sums: Aggregates) -> Iterator[Alert]:
    rate = complaint_share(sums)
    if rate is not None and rate >= COMPLAINTS_DOUBTFUL:
        yield _line("Complaints are", rate)
    for mailbox_provider, cell in sums.values("mailbox_provider", "delivery").items():
        delivered = number(cell, "delivery")
        rate = number(cell, "complaint", "suppress") / delivered
        if delivered >= _FEW and rate >= COMPLAINTS_BAD:
            yield _line(f"At {mailbox_provider} complaints are", rate)


def _line(who: str, rate: float) -> Alert:
    is_bad = rate >= COMPLAINTS_BAD
    line = "over the 0.3 % at which Gmail and Yahoo refuse" if is_bad else "over the 0.1 % that Gmail and Yahoo ask for"
    return Alert("bad" if is_bad else "doubtful", f"{who} {share(rate)} of deliveries: {line}.")


def complaint_share(sums: Aggregates) -> float | None:
    """Complaints that suppressed, by deliveries; None where no deliveries are told."""
    delivered = sums.number("delivery")
    return sums.number("complaint", "suppress") / delivered if delivered else None


def _unreadable(sums: Aggregates) -> Iterator[Alert]:
    lost, rows = sums.number("unreadable"), sum(sums.whole.values())
    if rows and lost / rows > _UNREADABLE:
        yield Alert("doubtful", f"{share(lost / rows)} of all rows can't be read: they are kept beside the spool.")
