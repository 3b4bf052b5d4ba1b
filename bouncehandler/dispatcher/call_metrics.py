"""Metrics of a provider's calls: results and durations, as counters for the spool."""

from bisect import bisect_left
from collections import Counter
from itertools import accumulate

from bouncehandler.dispatcher.call_executor import CallFinished, Result, Unavailable
from bouncehandler.spool import Completed, DeadLettered, MetricCounter, Released

BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Seconds: the upper bounds of the histogram."""

_Labels = tuple[tuple[str, str], ...]


class CallMetrics:
    """Counters of one provider; used by the coordinator thread alone."""

    def __init__(self, provider: str) -> None:
        self._provider = ("provider", provider)
        self._counts: Counter[tuple[str, _Labels]] = Counter()
        self._slots = [0] * (len(BUCKETS) + 1)
        self._seconds = 0.0

    def record_result(self, result: Result) -> None:
        """Count the result of a call; each dispatch of a batch has its own attempt."""
        if isinstance(result, Unavailable):
            self._count("attempts", "answer", "unavailable", len(result.dispatches))
        if not isinstance(result, CallFinished):
            return
        for settlement in result.settlements:
            if isinstance(settlement, Released):
                continue
            if isinstance(settlement, Completed):
                self._count("dispatches", "outcome", settlement.outcome.kind)
            elif isinstance(settlement, DeadLettered):
                self._count("dispatches", "outcome", "dead")
            self._count("attempts", "answer", settlement.attempt.result)
            self._slots[bisect_left(BUCKETS, settlement.attempt.seconds)] += 1
            self._seconds += settlement.attempt.seconds

    def count_duplicates(self, number: int) -> None:
        """Count dispatches that were settled without a call."""
        self._count("dispatches", "outcome", "repeat", number)

    def take(self) -> list[MetricCounter]:
        """Return the counts since the last call of this method; empty for none."""
        counters = [MetricCounter(name, labels, number) for (name, labels), number in self._counts.items()]
        if any(self._slots):
            bounds = [*map(str, BUCKETS), "+Inf"]
            for bound, number in zip(bounds, accumulate(self._slots), strict=True):
                counters.append(MetricCounter("call_seconds", (self._provider, ("le", bound)), number))
            counters.append(MetricCounter("call_seconds_sum", (self._provider,), self._seconds))
        self._counts, self._slots, self._seconds = Counter(), [0] * len(self._slots), 0.0
        return counters

    def _count(self, name: str, label: str, value: str, number: int = 1) -> None:
        self._counts[name, (self._provider, (label, value))] += number
