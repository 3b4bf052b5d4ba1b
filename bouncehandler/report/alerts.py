"""Alerts of a report: one sentence each on a problem and its remedy, the worst first."""

from collections.abc import Iterator, Sequence

from bouncehandler.report.aggregates import Aggregates, count_records
from bouncehandler.report.formatting import format_seconds, format_share, format_time, pluralize
from bouncehandler.report.model import Alert
from bouncehandler.spool import HeldSpike, Status

COMPLAINTS_DOUBTFUL, COMPLAINTS_BAD = 0.001, 0.003
"""Limits of Gmail and Yahoo for bulk senders: to stay below, and never to reach (sender guidelines, February 2024)."""

_DAY = 86_400
_DUE = 36 * 3600
"""Seconds after which an unsubscribe is late: Gmail and Yahoo require two days."""
_UNREADABLE = 0.01
_MIN_DELIVERIES = 1000
"""Deliveries below which the rate of a mailbox provider is not significant."""
_RANK = {"bad": 0, "doubtful": 1, "good": 2, "plain": 3}


def build_alerts(aggregates: Aggregates, status: Status, spikes: Sequence[HeldSpike], now: float) -> list[Alert]:
    """Build all alerts."""
    alerts = [*_providers(status, now), *_spikes(spikes), *_complaints(aggregates), *_unreadable(aggregates)]
    return sorted(alerts, key=lambda alert: _RANK[alert.tone])


def _providers(status: Status, now: float) -> Iterator[Alert]:
    for name, state in status.states.items():
        since = f" since {format_time(state.since)}" if state.since else ""
        yield Alert("bad", f"{name} is held{since}: `bouncehandler status` has the reason, `check` tests it.")
    dead = status.dispatches.dead
    if dead:
        yield Alert("doubtful", f"{pluralize(dead, 'dead letter')}: `bouncehandler dead-letters list` shows them.")
    age = now - status.oldest_pending_at if status.oldest_pending_at else 0
    if age > _DAY:
        tone = "bad" if age > _DUE else "doubtful"
        yield Alert(tone, f"The oldest unsubscribe that waits is {format_seconds(age)} old.")  # type: ignore[arg-type]  # two tones


def _spikes(spikes: Sequence[HeldSpike]) -> Iterator[Alert]:
    held = [spike for spike in spikes if spike.held and not spike.verdict]
    if held:
        count = sum(spike.held for spike in held)
        names = ", ".join(sorted({spike.mailbox_provider for spike in held})[:5])
        are = "is" if count == 1 else "are"
        yield Alert(
            "doubtful", f"{pluralize(count, 'suppression')} of spikes at {names} {are} held: see `bouncehandler holds`."
        )


def _complaints(aggregates: Aggregates) -> Iterator[Alert]:
    rate = complaint_share(aggregates)
    if rate is not None and rate >= COMPLAINTS_DOUBTFUL:
        yield _complaint_alert("Complaints are", rate)
    for mailbox_provider, counts in aggregates.counts_by("mailbox_provider", "delivery").items():
        delivered = count_records(counts, "delivery")
        rate = count_records(counts, "complaint", "suppress") / delivered
        if delivered >= _MIN_DELIVERIES and rate >= COMPLAINTS_BAD:
            yield _complaint_alert(f"At {mailbox_provider} complaints are", rate)


def _complaint_alert(subject: str, rate: float) -> Alert:
    is_bad = rate >= COMPLAINTS_BAD
    limit = "0.3 % at which Gmail and Yahoo refuse" if is_bad else "0.1 % that Gmail and Yahoo ask for"
    return Alert("bad" if is_bad else "doubtful", f"{subject} {format_share(rate)} of deliveries: over the {limit}.")


def complaint_share(aggregates: Aggregates) -> float | None:
    """Divide suppressing complaints by deliveries; None without delivery records."""
    delivered = aggregates.count("delivery")
    return aggregates.count("complaint", "suppress") / delivered if delivered else None


def _unreadable(aggregates: Aggregates) -> Iterator[Alert]:
    lost, rows = aggregates.count("unreadable"), sum(aggregates.total.values())
    if rows and lost / rows > _UNREADABLE:
        share = format_share(lost / rows)
        yield Alert("doubtful", f"{share} of all rows can't be read: they are in the reject file beside the spool.")
