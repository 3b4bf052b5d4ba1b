"""Checks of the providers: settings, credentials, and the difference of the clocks."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from bouncehandler.cli.checks.finding import CheckResult, fail, ok, wait, warn
from bouncehandler.cli.session import Session
from bouncehandler.durations import format_duration
from bouncehandler.settings import ConfigurationError

if TYPE_CHECKING:
    import httpx

    from bouncehandler.settings.model import ProviderSection

_ASTRAY = 300.0
"""Seconds: a signed webhook is refused when it is more than 5 minutes old (Standard Webhooks), and soft bounces are
counted by days."""


def provider_findings(session: Session) -> Iterator[CheckResult]:
    """Check each provider, and this machine's clock against theirs."""
    if not session.settings.providers:
        yield warn("providers", "none is configured: suppressions are recorded, nothing is dispatched")
    for name, section in session.settings.providers.items():
        yield from _provider(name, section)


def _provider(name: str, section: "ProviderSection") -> Iterator[CheckResult]:
    from bouncehandler import plugins  # noqa: PLC0415  # imports are lazy at the edges

    what, clock = f"provider {name}", _Clock(time.time)
    try:
        client = plugins.client_for(name, section)
        client.event_hooks = {"response": [clock.note]}
        adapter, hide = plugins.build_with_redactor(name, section, client)
    except ConfigurationError as error:
        yield fail(what, str(error))
        return
    except Exception as error:  # noqa: BLE001  # a stranger's adapter may raise anything
        yield fail(what, f"the adapter of type {section.type} fails with {type(error).__name__}")
        return
    yield _answer(what, section.type, adapter, hide)
    yield from clock.finding(name)
    client.close()


def _answer(what: str, kind: str, adapter: object, hide: Callable[[str], str]) -> CheckResult:
    """Result of the adapter's own check, without secrets that a server may repeat."""
    from bouncehandler.dispatcher.call_executor import one_line  # noqa: PLC0415  # imports are lazy at the edges
    from bouncehandler.provider import Checkable, ProviderUnavailable  # noqa: PLC0415  # as above

    if not isinstance(adapter, Checkable):
        return ok(what, f"{kind}, configured; can't be proved without changing something")
    try:
        return ok(what, one_line(adapter.check(), hide))
    except ProviderUnavailable as error:
        return fail(what, one_line(error, hide))
    except Exception as error:  # noqa: BLE001  # an adapter may raise anything: here it is what was asked for
        return wait(what, f"can't be reached now: {one_line(error, hide)}")


class _Clock:
    """Compares our clock with the Date (RFC 9110 6.6.1) of a provider's answers."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._ahead: float | None = None

    def note(self, response: "httpx.Response") -> None:
        try:
            date = parsedate_to_datetime(response.headers.get("Date", ""))
        except (TypeError, ValueError):
            return
        aware = date if date.tzinfo else date.replace(tzinfo=UTC)
        self._ahead = self._clock() - aware.timestamp()

    def finding(self, name: str) -> Iterator[CheckResult]:
        """A warning where the two differ by more than 5 minutes."""
        if self._ahead is None or abs(self._ahead) <= _ASTRAY:
            return
        direction = "ahead of" if self._ahead > 0 else "behind"
        now = datetime.fromtimestamp(self._clock(), UTC).isoformat(timespec="seconds")
        yield warn(
            "clock",
            f"this machine's clock ({now}) is {format_duration(round(abs(self._ahead)))} {direction} that of {name}: "
            "see which of the two is right, and have chrony or systemd-timesyncd set this one",
        )
