"""The schedule of reports by mail, and the scheduler that enqueues each when it is due."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from bouncehandler.spool import Spool

_BEFORE = 1.0
"""Seconds before a due time, to find the one that precedes it."""


class RenderedReport(NamedTuple):
    """A report in the forms that its mail needs."""

    subject: str
    text: str
    """The body of the mail."""
    page: str
    """HTML, the attachment."""
    filename: str


class ReportSchedule(NamedTuple):
    """The due times of reports: every day, or on Mondays, by this host's own clock and its time zone."""

    every: Literal["daily", "weekly"]
    hour: int
    minute: int

    def latest(self, now: float) -> float:
        """The most recent due time; seconds since the epoch, as `now` is."""
        here = datetime.fromtimestamp(now)  # noqa: DTZ006  # a time of day is that of the wall clock
        at = here.replace(hour=self.hour, minute=self.minute, second=0, microsecond=0)
        if at > here:
            at -= timedelta(days=1)
        if self.every == "weekly":
            at -= timedelta(days=at.weekday())
        return at.timestamp()

    def span(self, now: float) -> tuple[float, float]:
        """The period of the report that became due last: from the due time before it, until its own."""
        until = self.latest(now)
        return self.latest(until - _BEFORE), until


class ReportScheduler:
    """Enqueues each report when it is due; after a downtime the most recent one alone."""

    def __init__(self, spool: Spool, schedule: ReportSchedule, clock: Callable[[], float]) -> None:
        self._spool, self._schedule, self._clock = spool, schedule, clock
        self._enqueued_until = 0.0
        """End of the last period that is known to be enqueued."""

    def enqueue_due(self) -> None:
        """Enqueue the report that is due; costs nothing where none is.

        Raises:
            SpoolError: the disk failed.
        """
        since, until = self._schedule.span(self._clock())
        if until != self._enqueued_until:
            self._spool.queue_report(since, until)
            self._enqueued_until = until
