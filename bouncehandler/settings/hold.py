"""The settings of holds: when a spike of hard bounces is held, and what becomes of it."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, TypeAdapter, ValidationError

from bouncehandler.durations import Duration
from bouncehandler.settings.section import Positive, Section, Whole
from bouncehandler.settings.sources import split_list


def _or_never(value: object) -> object:
    """`"never"` is None."""
    if value == "never":
        return None
    try:
        seconds: float = TypeAdapter(Positive).validate_python(value)
    except ValidationError:
        raise ValueError('must be a time such as "3d", or "never"') from None
    return seconds


def _mailbox_provider(name: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,59}", name):
        raise ValueError("is not a name for an operator; use a to z, 0 to 9, . _ and -")
    return name


def _host(pattern: str) -> str:
    if not re.fullmatch(r"[^\s@/()]+", pattern) or not pattern.strip("*."):
        raise ValueError("must be a domain such as example.com, or a pattern of hosts such as *.mx.example.com")
    return pattern.lower()


OrNever = Annotated[float | None, BeforeValidator(_or_never)]


class HoldSettings(Section):
    """`[hold]`: spikes of hard bounces that an operator's history does not explain are held, not obeyed."""

    enabled: bool = True
    grace: Duration = 0.0
    """Seconds that each hard bounce waits before it is dispatched, so that the beginning of a spike is caught, too."""
    minimum: Annotated[Whole, Field(ge=5)] = 30
    """Hard bounces at one operator below which nothing is a spike."""
    factor: Annotated[float, Field(ge=1.5, le=1000)] = 2.5
    """So many times what was to be expected is a spike."""
    lists: bool = False
    """Whether addresses fed by hand take part."""
    decide_after: OrNever = Field(default_factory=lambda: None)
    """Seconds after which `decision` is taken by itself; None: a person decides."""
    decision: Literal["release", "discard"] = "release"
    remind: OrNever = 86_400.0
    """Seconds between two notices of a spike that is held; None: one is enough."""
    operators: dict[
        Annotated[str, AfterValidator(_mailbox_provider)],
        Annotated[list[Annotated[str, AfterValidator(_host)]], BeforeValidator(split_list), Field(min_length=1)],
    ] = Field(default_factory=dict)
    """Further receiving operators by name: their domains, and the hosts of their mail exchangers."""
