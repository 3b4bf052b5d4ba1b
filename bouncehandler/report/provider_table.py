"""How the list managers do: what was done, waits or is dead, who is held and why, and how long calls take."""

from collections.abc import Iterable, Mapping, Sequence
from math import isfinite

from bouncehandler.report.model import Column, Table, Value
from bouncehandler.spool import Counts, MetricCounter, ProviderState, Status

_MIDDLE, _SLOW = 0.5, 0.95

_COLUMNS = (
    Column("provider", "Provider", "text"),
    Column("state", "State", "text"),
    Column("done", "Done"),
    Column("waiting", "Waiting"),
    Column("dead", "Dead letters"),
    Column("on_hold", "In spikes", is_minor=True),
    Column("calls", "Calls", is_minor=True),
    Column("failed", "Failed", "share", is_minor=True),
    Column("middle_seconds", "Half within", "seconds", is_minor=True),
    Column("slow_seconds", "95 % within", "seconds", is_minor=True),
    Column("held_since", "Held since", "moment", is_minor=True),
)
_FAILURES = frozenset({"temporary", "permanent", "unavailable"})


def providers(status: Status, counters: Sequence[MetricCounter], configured: Iterable[str]) -> Table | None:
    """The list managers, those that are configured first; None where there are none."""
    names = list(dict.fromkeys([*configured, *status.providers]))
    if not names:
        return None
    rows = [_row(name, status, counters) for name in names]
    note = "As of now; calls since this spool began."
    return Table("providers", "By provider", note, _COLUMNS, rows)


def _row(name: str, status: Status, counters: Sequence[MetricCounter]) -> tuple[Value, ...]:
    counts, state = status.providers.get(name, Counts()), status.states.get(name, ProviderState())
    calls = _by(counters, "attempts", name, "answer")
    failed = sum(number for answer, number in calls.items() if answer in _FAILURES)
    whole = sum(calls.values())
    times = _by(counters, "call_seconds", name, "le")
    return (
        name,
        "held" if state.held else "in use",
        counts.done,
        counts.pending + counts.claimed,
        counts.dead,
        counts.held,
        whole,
        failed / whole if whole else None,
        within(times, _MIDDLE),
        within(times, _SLOW),
        state.since if state.held else None,
    )


def _by(counters: Sequence[MetricCounter], name: str, provider: str, label: str) -> Mapping[str, float]:
    """A provider's counters of a name, by another label."""
    found: dict[str, float] = {}
    for total in counters:
        labels = dict(total.labels)
        if total.name == name and labels.get("provider") == provider and label in labels:
            found[labels[label]] = found.get(labels[label], 0) + total.number
    return found


def within(buckets: Mapping[str, float], part: float) -> float | None:
    """Seconds within which this part of all calls ended, as the buckets tell it; None where there were none, or longer.

    Args:
        buckets: how many calls took at most so many seconds, those of the smaller bounds among them.
    """
    ordered = sorted((float(bound), number) for bound, number in buckets.items())
    whole = max((number for _, number in ordered), default=0.0)
    found = next((bound for bound, number in ordered if number >= part * whole > 0), None)
    return found if found is not None and isfinite(found) else None
