"""The settings of retention: how long what was done is kept, by kind."""

from typing import Annotated

from pydantic import BeforeValidator, TypeAdapter, ValidationError

from bouncehandler.durations import Duration
from bouncehandler.settings.section import Section


def _keep(value: object) -> object:
    """`"forever"` is None; what reads like never keeping anything is refused, as it may be meant as the opposite."""
    if value == "forever":
        return None
    try:
        seconds: float = TypeAdapter(Duration).validate_python(value)
    except ValidationError:
        raise ValueError('must be a time such as "90d", or "forever"') from None
    if not seconds:
        raise ValueError('must be more than 0: write "forever" to keep everything, or a time such as "90d"')
    return seconds


Keep = Annotated[float | None, BeforeValidator(_keep)]
"""Seconds; None: for ever."""


FIGURES = 400 * 86_400.0
"""Seconds: a year and a month, so that a month can be compared with the same one a year ago."""


class KeepSettings(Section):
    """`[spool.keep]`: what is kept for another time than `keep_done`; what is not named, but for figures, for that."""

    bounce: Keep = None
    """Suppressions for bounces; soft bounces and deliveries, too."""
    complaint: Keep = None
    unsubscribe: Keep = None
    list: Keep = None
    attempts: Keep = None
    """Calls and what was answered, where they are to go before their suppression does."""
    figures: Keep = FIGURES
    """What was read in each hour, in figures: it names nobody, and is not kept for `keep_done` but for this."""


KINDS = tuple(KeepSettings.model_fields)
"""The reasons of suppressions, `attempts` and `figures`."""
