"""Reports by mail: when one is due, who queues it, and what a mail carries."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal, NamedTuple, Protocol

REPORT = "report"
"""The kind of notice that a report waits as."""

_LATER = 1.0
"""Seconds by which what lies before a moment is looked for."""


class RenderedReport(NamedTuple):
    """A report that is ready to be sent."""

    subject: str
    text: str
    """The mail itself."""
    page: str
    """HTML, the attachment."""
    filename: str


class ReportSchedule(NamedTuple):
    """When reports are due: every day, or on Mondays, by this host's own clock and its time zone."""

    every: Literal["daily", "weekly"]
    hour: int
    minute: int

    def latest(self, now: float) -> float:
        """The moment when the last report became due; seconds since the epoch, as `now` is."""
        here = datetime.fromtimestamp(now)  # noqa: DTZ006  # a time of day is that of the wall clock
        at = here.replace(hour=self.hour, minute=self.minute, second=0, microsecond=0)
        if at > here:
            at -= timedelta(days=1)
        if self.every == "weekly":
            at -= timedelta(days=at.weekday())
        return at.timestamp()

    def span(self, now: float) -> tuple[float, float]:
        """What the last report that became due tells of: from the moment before it, until then."""
        until = self.latest(now)
        return self.latest(until - _LATER), until


class Queue(Protocol):
    """Where reports are queued."""

    def queue_report(self, since: float, until: float) -> bool:
        """See `Spool.queue_report`."""
        ...


class ReportScheduler:
    """Queues each report when it is due, or, where nothing ran then, afterwards; the last one alone."""

    def __init__(self, queue: Queue, report_schedule: ReportSchedule, clock: Callable[[], float]) -> None:
        self._queue, self._timetable, self._clock = queue, report_schedule, clock
        self._done = 0.0
        """Until when the last report tells that is known to be queued."""

    def look(self) -> None:
        """Queue what is due; costs nothing where nothing is.

        Raises:
            SpoolError: the disk failed.
        """
        since, until = self._timetable.span(self._clock())
        if until != self._done:
            self._queue.queue_report(since, until)
            self._done = until
