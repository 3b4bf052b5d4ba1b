"""Summary of a run and of the backlog, as a log event and as a sentence."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bouncehandler.spool import Counts, ProviderState, Spool

if TYPE_CHECKING:  # the dispatcher brings the HTTP library, which not every command needs
    from bouncehandler.dispatcher.outcome_log import WorkerCounters
    from bouncehandler.ingest.counters import IngestCounters


@dataclass(frozen=True, slots=True)
class ProviderBacklog:
    """Dispatches that wait for one provider."""

    count: int
    until: float | None
    """Due time of the next dispatch, in seconds since the epoch; None when nothing waits."""
    why: str
    """Reason; empty when it is unknown, since an earlier run left it."""
    is_held: bool
    on_hold: int = 0
    """Dispatches of spikes, which a person decides about; not in `count`."""

    def sentence(self, provider: str) -> str:
        """Describe how many wait, why, and until when."""
        what = "1 dispatch waits" if self.count == 1 else f"{self.count:,} dispatches wait"
        held = ", which is held," if self.is_held else ""
        until = f" until {moment(self.until)}" if self.until else ""
        why = f" ({self.why})" if self.why else ""
        return f"{what} for {provider}{held}{until}{why}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Differences between a dry run and the real spool."""

    differences: Mapping[str, int]
    """Number by group, such as `suppressed -> ignore`."""
    spool: str
    """Path of the real spool; empty where there is none."""
    is_whole: bool
    """False where a shutdown left no time to compare everything."""

    def event(self) -> dict[str, object]:
        """Values for the log event `finished`."""
        cut = {} if self.is_whole else {"compared": "not to the end: stopped"}
        return {"dry_run": True, "differences": dict(self.differences), "compared_with": self.spool or None, **cut}


@dataclass(frozen=True, slots=True)
class RunSummary:
    """Numbers of one run."""

    tally: "IngestCounters"
    waiting: Mapping[str, ProviderBacklog]
    workers: Mapping[str, "WorkerCounters"]
    """Empty when another process dispatches."""
    comparison: Comparison | None = None
    """Set by a dry run."""

    def event(self) -> dict[str, object]:
        """Values of the log event `finished`."""
        return {
            "records": dict(self.tally.records),
            "suppressed": self.tally.suppressed,
            "duplicates": self.tally.duplicates,
            "counted": dict(self.tally.counted),
            "ignored": dict(self.tally.ignored),
            "unreadable": dict(self.tally.unreadable),
            "unwanted": dict(self.tally.unwanted),
            "providers": provider_numbers(self.waiting, self.workers),
            **(self.comparison.event() if self.comparison else {}),
        }


def provider_numbers(
    waiting: Mapping[str, ProviderBacklog], workers: Mapping[str, "WorkerCounters"]
) -> dict[str, dict[str, object]]:
    """Numbers by provider: done and dead in this run, waiting now, and why."""
    return {
        name: {
            "done": workers[name].done if name in workers else 0,
            "waiting": state.count,
            "dead": workers[name].dead if name in workers else 0,
            **({"on_hold": state.on_hold} if state.on_hold else {}),
            **({"why": state.why} if state.count and state.why else {}),
        }
        for name, state in waiting.items()
    }


def load_backlog(
    spool: Spool, providers: Iterable[str], workers: Mapping[str, "WorkerCounters"]
) -> dict[str, ProviderBacklog]:
    """Load the backlog of each of these providers."""
    status = spool.status()
    return {
        name: _backlog(
            status.providers.get(name, Counts()),
            status.next_due_at.get(name),
            status.states.get(name, ProviderState()),
            workers[name].last_failure if name in workers else "",
        )
        for name in providers
    }


def describe_backlog(waiting: Mapping[str, ProviderBacklog]) -> str:
    """Sentence that explains exit status 75; empty when nothing waits."""
    text = "; ".join(state.sentence(name) for name, state in waiting.items() if state.count)
    return f"{text}; nothing is lost, `bouncehandler work` carries on" if text else ""


def _backlog(counts: Counts, next_due_at: float | None, state: ProviderState, last_failure: str) -> ProviderBacklog:
    count = counts.pending + counts.claimed
    if state.held:
        return ProviderBacklog(count, state.probe_at, state.reason, is_held=True, on_hold=counts.held)
    until = max(next_due_at, time.time()) if next_due_at else None
    return ProviderBacklog(count, until, last_failure, is_held=False, on_hold=counts.held)


def moment(at: float) -> str:
    """Format a time for logs: ISO 8601, UTC, to the second."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
