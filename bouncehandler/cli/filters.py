"""Filter options of the commands that list or change suppressions and dead letters."""

import functools
from collections.abc import Callable, Collection
from dataclasses import fields
from typing import Any, get_args

import click

from bouncehandler.cli.options import Decorator, combined
from bouncehandler.cli.param_types import DOMAIN, MOMENT, RECIPIENT
from bouncehandler.spool import Selection
from bouncehandler.suppression import Reason

_SUPPRESSIONS = (
    click.option("--recipient", "--address", "recipient", type=RECIPIENT, help="Only this recipient."),
    click.option("--domain", type=DOMAIN, help="Only recipients of this domain."),
    click.option("--since", type=MOMENT, help="Occurred then or later: ISO 8601 (UTC), or 7d for 7 days ago."),
    click.option("--until", type=MOMENT, help="Occurred before then."),
    click.option("--limit", type=click.IntRange(min=1), help="At most so many."),
)
_DEAD_LETTERS = (
    click.option("--provider", help="Only this provider's."),
    click.option("--error", metavar="TEXT", help="Only where the last answer holds this, in any case."),
    click.option("--died-since", type=MOMENT, help="Given up then or later."),
    click.option("--died-until", type=MOMENT, help="Given up before then."),
)
_EVIDENCE = (
    click.option("--category", metavar="TEXT", help="Only this bounce category, or feedback type."),
    click.option("--match", metavar="TEXT", help="Only where the diagnostic holds this, in any case."),
)
_BY_FIELD = ("recipient", "domain", "since", "until", "limit", "category", "match")
"""Fields of `Selection` that the options of `_SUPPRESSIONS` and `_EVIDENCE` set, in their order."""
_FIELDS = frozenset(field.name for field in fields(Selection))


def _options_for(fields: Collection[str]) -> tuple[Decorator, ...]:
    named = zip(_BY_FIELD, (*_SUPPRESSIONS, *_EVIDENCE), strict=True)
    return tuple(option for field, option in named if field in fields)


def filter_options(
    *,
    by_provider: bool = False,
    reason: str = "--reason",
    by_evidence: bool = False,
    only: Collection[str] | None = None,
) -> Decorator:
    """Add filter options to a command; it receives a `Selection` as `selection`.

    Args:
        by_provider: adds the options of dead letters.
        reason: name of the option that filters by the reason of the suppression.
        by_evidence: adds the options that filter by the record.
        only: restricts the options to these fields.
    """
    which = click.option(reason, "reason", type=click.Choice(get_args(Reason)), help="Only suppressed for this reason.")
    more = (*(_EVIDENCE if by_evidence else ()), *(_DEAD_LETTERS if by_provider else ()))
    options = (*_SUPPRESSIONS, which, *more) if only is None else _options_for(only)

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(command)
        def wrapped(*args: object, **values: Any) -> object:  # noqa: ANN401  # the command's own
            chosen = {name: values.pop(name) for name in _FIELDS & values.keys()}
            return command(*args, selection=Selection(**chosen), **values)

        return combined(*options)(wrapped)

    return decorate
