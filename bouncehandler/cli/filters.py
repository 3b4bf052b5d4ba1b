"""The options that select suppressions and dead letters."""

import functools
import time
from collections.abc import Callable, Collection
from dataclasses import fields
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


MOMENT = _Moment()
"""The type of an option that says when."""


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


Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

_SUPPRESSIONS = (
    click.option("--recipient", "--address", "recipient", type=_Recipient(), help="Only this recipient."),
    click.option("--domain", type=_Domain(), help="Only recipients of this domain."),
    click.option("--since", type=_Moment(), help="Occurred then or later: ISO 8601 (UTC), or 7d for 7 days ago."),
    click.option("--until", type=_Moment(), help="Occurred before then."),
    click.option("--limit", type=click.IntRange(min=1), help="At most so many."),
)
_DEAD_LETTERS = (
    click.option("--provider", help="Only this provider's."),
    click.option("--error", metavar="TEXT", help="Only where the last answer holds this, in any case."),
    click.option("--died-since", type=_Moment(), help="Given up then or later."),
    click.option("--died-until", type=_Moment(), help="Given up before then."),
)
_EVIDENCE = (
    click.option("--category", metavar="TEXT", help="Only this bounce category, or feedback type."),
    click.option("--match", metavar="TEXT", help="Only where the diagnostic holds this, in any case."),
)
_BY_FIELD = ("recipient", "domain", "since", "until", "limit", "category", "match")
"""What the options of `_SUPPRESSIONS` and `_EVIDENCE` select by."""
_FIELDS = frozenset(field.name for field in fields(Selection))


def _those(fields: Collection[str]) -> tuple[Decorator, ...]:
    named = zip(_BY_FIELD, (*_SUPPRESSIONS, *_EVIDENCE), strict=True)
    return tuple(option for field, option in named if field in fields)


def filter_options(
    *,
    by_provider: bool = False,
    reason: str = "--reason",
    by_evidence: bool = False,
    only: Collection[str] | None = None,
) -> Decorator:
    """Give a command the options that select; it receives a `Selection` as `selection`.

    Args:
        by_provider: with the options that only dead letters have.
        reason: what the option is called that selects by why the recipient is suppressed.
        by_evidence: with the options that look at the record.
        only: of all options, those that select by these fields.
    """
    which = click.option(reason, "reason", type=click.Choice(get_args(Reason)), help="Only suppressed for this reason.")
    more = (*(_EVIDENCE if by_evidence else ()), *(_DEAD_LETTERS if by_provider else ()))
    options = (*_SUPPRESSIONS, which, *more) if only is None else _those(only)

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(command)
        def wrapped(*args: object, **values: Any) -> object:  # noqa: ANN401  # the command's own
            chosen = {name: values.pop(name) for name in _FIELDS & values.keys()}
            return command(*args, selection=Selection(**chosen), **values)

        return functools.reduce(lambda decorated, option: option(decorated), reversed(options), wrapped)

    return decorate
