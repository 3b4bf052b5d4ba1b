"""The options that select suppressions and dead letters."""

import functools
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, get_args

import click

from bouncehandler.durations import parse_duration
from bouncehandler.record import parse_address
from bouncehandler.spool import Selection
from bouncehandler.suppression import Reason


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
            return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            self.fail(
                f"{text!r} is no time: write 2026-01-31, 2026-01-31T10:00+01:00, or 7d for seven days ago", param, ctx
            )


class _Recipient(click.ParamType[str]):
    """An address, in any of the forms that the input may have it in."""

    name = "address"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The address as it is recorded."""
        return parse_address(str(value)) or self.fail(f"{str(value)!r} is not an address", param, ctx)


class _Domain(click.ParamType[str]):
    """A domain."""

    name = "domain"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The domain as it is recorded."""
        address = parse_address(f"postmaster@{str(value).strip().removeprefix('@')}")
        return address.partition("@")[2] if address else self.fail(f"{str(value)!r} is not a domain", param, ctx)


def selecting(*, by_provider: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command the options that select; it receives a `Selection` as `selection`."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @click.option("--recipient", type=_Recipient(), help="Only this recipient.")
        @click.option("--domain", type=_Domain(), help="Only recipients of this domain.")
        @click.option("--reason", type=click.Choice(get_args(Reason)), help="Only this reason.")
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
                recipient=recipient,
                domain=domain,
                reason=reason,
                provider=provider,
                since=since,
                until=until,
                limit=limit,
            )
            return command(*args, selection=selection, **values)

        return click.option("--provider", help="Only this provider's.")(wrapped) if by_provider else wrapped

    return decorate
