"""Time budgets of a shutdown: calls in flight and an SMTP server get the configured seconds, and no more."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
import structlog

from bouncehandler.dispatcher.dispatcher import Dispatcher
from bouncehandler.notifications.worker import NotificationWorker
from bouncehandler.runtime import shutdown
from bouncehandler.runtime.notifier import NotificationService
from bouncehandler.runtime.shutdown import POLL_INTERVAL, shutdown_gracefully
from bouncehandler.settings.mail import NotifySettings
from bouncehandler.spool import SpoolError
from bouncehandler.spool.sqlite.store import SqliteSpool


class SlowDispatcher:
    """A dispatcher with calls that end after so many seconds, by a clock that only waiting for it moves on."""

    def __init__(self, seconds: float, failure: Exception | None = None) -> None:
        self.failure = failure
        self.is_stopped = False
        self.waited = 0.0
        self._seconds = seconds

    def stop(self) -> None:
        """Record the call."""
        self.is_stopped = True

    def wait(self, seconds: float) -> bool:
        """Let the time pass; returns whether the calls have ended."""
        self.waited += seconds
        return self.waited >= self._seconds


@pytest.mark.parametrize(
    ("seconds", "grace", "expected"), [(1e9, 2.0, 2.0), (1e9, 0.0, 0.0), (0.5, 2.0, 0.5), (0.0, 2.0, 0.0)]
)
def test_calls_in_flight_get_the_grace(
    monkeypatch: pytest.MonkeyPatch, seconds: float, grace: float, expected: float
) -> None:
    """Calls that end within the grace are waited for as long as they take, others for the grace and no longer."""
    dispatcher = SlowDispatcher(seconds)
    monkeypatch.setattr(shutdown, "time", SimpleNamespace(monotonic=lambda: dispatcher.waited))
    shutdown_gracefully(cast("Dispatcher", dispatcher), grace)
    assert dispatcher.is_stopped
    assert expected <= dispatcher.waited <= expected + POLL_INTERVAL + 1e-6


def test_a_worker_that_failed_is_not_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error that ended a worker before its time is raised."""
    dispatcher = SlowDispatcher(0.0, SpoolError("the disk is full"))
    monkeypatch.setattr(shutdown, "time", SimpleNamespace(monotonic=lambda: dispatcher.waited))
    with pytest.raises(SpoolError, match="the disk is full"):
        shutdown_gracefully(cast("Dispatcher", dispatcher), 1.0)


@pytest.mark.parametrize(("most", "expected"), [(None, 7.0), (3.0, 3.0), (30.0, 7.0)])
def test_the_smtp_server_gets_its_timeout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: float | None, expected: float
) -> None:
    """At the end sending gets `timeout`, or less where calls in flight get less."""
    given: list[float] = []
    monkeypatch.setattr(NotificationWorker, "stop", lambda _, within: given.append(within))
    settings = NotifySettings(smtp="127.0.0.1:25", to=["postmaster@example.com"], timeout="7s")
    spool = SqliteSpool.open(tmp_path / "spool.db")
    NotificationService(settings, spool, structlog.get_logger(), lambda: None, lambda _: None, lambda: most).stop()  # type: ignore[arg-type, return-value]  # no report is enclosed
    spool.close()
    assert given == [expected]
