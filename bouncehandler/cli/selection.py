"""The options that select suppressions and dead letters."""

import functools
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import click

from bouncehandler.durations import parse_duration
from bouncehandler.spool import Selection


class _Moment(click.ParamType[float]):
    """A time: ISO 8601, or a duration ago."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds since the epoch."""
        text = str(value)
        try:
            return time.time() - parse_duration(text)
        except ValueError:
            pass
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            self.fail(
                f"{text!r} is no time: write 2026-01-31, 2026-01-31T10:00+01:00, or 7d for seven days ago", param, ctx
            )
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def selecting(*, by_provider: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command the options that select; it receives a `Selection` as `selection`."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @click.option("--recipient", metavar="ADDRESS", help="Only this recipient.")
        @click.option("--domain", help="Only recipients of this domain.")
        @click.option("--reason", help="Only this reason: bounce, list.")
        @click.option("--since", type=_Moment(), help="Occurred then or later: ISO 8601 (UTC), or 7d for 7 days ago.")
        @click.option("--until", type=_Moment(), help="Occurred before then.")
        @click.option("--limit", type=click.IntRange(min=1), help="At most so many.")
        @functools.wraps(command)
        def wrapped(  # noqa: PLR0913  # one parameter an option
            *args: object,
            recipient: str | None,
            domain: str | None,
            reason: str | None,
            since: float | None,
            until: float | None,
            limit: int | None,
            provider: str | None = None,
            **values: object,
        ) -> object:
            selection = Selection(
                recipient=recipient.lower() if recipient else None,
                domain=domain.lower() if domain else None,
                reason=reason,
                provider=provider,
                since=since,
                until=until,
                limit=limit,
            )
            return command(*args, selection=selection, **values)

        return click.option("--provider", help="Only this provider's.")(wrapped) if by_provider else wrapped

    return decorate
