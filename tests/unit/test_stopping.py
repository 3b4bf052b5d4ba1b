"""How long an end may take: calls in flight and an SMTP server get the seconds that are configured, and no more."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
import structlog

from bouncehandler.cli.commands import work
from bouncehandler.cli.commands.work import LOOK, shutdown_gracefully
from bouncehandler.dispatcher import Dispatcher
from bouncehandler.notifications import NotificationWorker
from bouncehandler.runtime.notifier import NotificationService
from bouncehandler.settings.mail import NotifySettings
from bouncehandler.spool import SpoolError
from bouncehandler.spool.sqlite.store import SqliteSpool


class Lanes:
    """A crew whose calls end after so many seconds, by a clock that only waiting for it moves on."""

    def __init__(self, seconds: float, failure: Exception | None = None) -> None:
        self.failure = failure
        self.is_stopped = False
        self.waited = 0.0
        self._seconds = seconds

    def stop(self) -> None:
        """Note it."""
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
    lanes = Lanes(seconds)
    monkeypatch.setattr(work, "time", SimpleNamespace(monotonic=lambda: lanes.waited))
    shutdown_gracefully(cast("Dispatcher", lanes), grace)
    assert lanes.is_stopped
    assert expected <= lanes.waited <= expected + LOOK + 1e-6


def test_a_lane_that_failed_is_not_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """What ended a lane before its time comes out."""
    lanes = Lanes(0.0, SpoolError("the disk is full"))
    monkeypatch.setattr(work, "time", SimpleNamespace(monotonic=lambda: lanes.waited))
    with pytest.raises(SpoolError, match="the disk is full"):
        shutdown_gracefully(cast("Dispatcher", lanes), 1.0)


@pytest.mark.parametrize(("most", "expected"), [(None, 7.0), (3.0, 3.0), (30.0, 7.0)])
def test_the_smtp_server_gets_its_timeout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: float | None, expected: float
) -> None:
    """At the end sending gets `timeout`, or less where calls in flight get less."""
    given: list[float] = []
    monkeypatch.setattr(NotificationWorker, "stop", lambda _, within: given.append(within))
    settings = NotifySettings(smtp="127.0.0.1:25", to=["postmaster@example.com"], timeout="7s")
    spool = SqliteSpool.open(tmp_path / "spool.db")
    NotificationService(settings, spool, structlog.get_logger(), lambda: None, lambda _: None).stop(most)  # type: ignore[arg-type, return-value]  # no report is enclosed
    spool.close()
    assert given == [expected]
