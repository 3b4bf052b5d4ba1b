"""The table of providers: dispatches by state, holds, failures and durations of calls."""

from collections.abc import Iterable, Mapping, Sequence
from math import isfinite

from bouncehandler.report.model import Table, TableColumn, Value
from bouncehandler.spool import Counts, MetricCounter, ProviderState, Status

_MEDIAN, _P95 = 0.5, 0.95

_COLUMNS = (
    TableColumn("provider", "Provider", "text"),
    TableColumn("state", "State", "text"),
    TableColumn("done", "Done"),
    TableColumn("waiting", "Waiting"),
    TableColumn("dead", "Dead letters"),
    TableColumn("on_hold", "In spikes", is_minor=True),
    TableColumn("calls", "Calls", is_minor=True),
    TableColumn("failed", "Failed", "share", is_minor=True),
    TableColumn("median_seconds", "Half within", "seconds", is_minor=True),
    TableColumn("p95_seconds", "95 % within", "seconds", is_minor=True),
    TableColumn("held_since", "Held since", "moment", is_minor=True),
)
_FAILURES = frozenset({"temporary", "permanent", "unavailable"})


def build_provider_table(status: Status, counters: Sequence[MetricCounter], configured: Iterable[str]) -> Table | None:
    """Build the table, with the configured providers first; None without any."""
    names = list(dict.fromkeys([*configured, *status.providers]))
    if not names:
        return None
    rows = [_row(name, status, counters) for name in names]
    note = "Current; calls since the creation of this spool."
    return Table("providers", "By provider", note, _COLUMNS, rows)


def _row(name: str, status: Status, counters: Sequence[MetricCounter]) -> tuple[Value, ...]:
    counts, state = status.providers.get(name, Counts()), status.states.get(name, ProviderState())
    calls = _counts_by_label(counters, "attempts", name, "answer")
    failed = sum(number for answer, number in calls.items() if answer in _FAILURES)
    total = sum(calls.values())
    times = _counts_by_label(counters, "call_seconds", name, "le")
    return (
        name,
        "held" if state.held else "in use",
        counts.done,
        counts.pending + counts.claimed,
        counts.dead,
        counts.held,
        total,
        failed / total if total else None,
        percentile(times, _MEDIAN),
        percentile(times, _P95),
        state.since if state.held else None,
    )


def _counts_by_label(counters: Sequence[MetricCounter], name: str, provider: str, label: str) -> Mapping[str, float]:
    """Return a provider's counters of a name, by another label."""
    found: dict[str, float] = {}
    for counter in counters:
        labels = dict(counter.labels)
        if counter.name == name and labels.get("provider") == provider and label in labels:
            found[labels[label]] = found.get(labels[label], 0) + counter.number
    return found


def percentile(buckets: Mapping[str, float], part: float) -> float | None:
    """Return the seconds within which this part of the calls ended; None without calls, or beyond the last bucket.

    Args:
        buckets: cumulative numbers of calls by upper bound in seconds.
    """
    ordered = sorted((float(bound), number) for bound, number in buckets.items())
    total = max((number for _, number in ordered), default=0.0)
    found = next((bound for bound, number in ordered if number >= part * total > 0), None)
    return found if found is not None and isfinite(found) else None
