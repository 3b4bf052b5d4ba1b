"""Common base of the tables, and the smaller tables: retention, metrics, holds."""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from bouncehandler.durations import Duration, read_duration
from bouncehandler.settings.sources import split_list

Positive = Annotated[Duration, Field(gt=0)]
"""Seconds, more than 0."""


class Section(BaseModel):
    """Table of the configuration, which refuses unknown keys; built as a part of `Settings`, which is faster."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, defer_build=True)


def _whole(value: object) -> object:
    """Refuse `true`, which Python takes for 1."""
    if isinstance(value, bool):
        raise ValueError("must be a whole number")  # noqa: TRY004  # pydantic turns only this one into a sentence
    return value


Whole = Annotated[int, BeforeValidator(_whole)]


def _time_or(word: str, example: str) -> BeforeValidator:
    """Build a validator of a time, for which a word is None; 0 is refused, since it may be meant as the opposite."""

    def seconds(value: object) -> float | None:
        if value == word:
            return None
        try:
            found = read_duration(value)
        except ValueError:
            raise ValueError(f'must be a time such as "{example}", or "{word}"') from None
        if not found:
            raise ValueError(f'must be more than 0: write a time such as "{example}", or "{word}"')
        return found

    return BeforeValidator(seconds)


Keep = Annotated[float | None, _time_or("forever", "90d")]
"""Seconds; None: for ever."""
OrNever = Annotated[float | None, _time_or("never", "3d")]
"""Seconds; None: never."""


FIGURES = 400 * 86_400.0
"""Seconds: a year and a month, so that a month can be compared with the same one a year ago."""


class KeepSettings(Section):
    """`[spool.keep]`: retention by kind; `keep_done` holds for a kind that is not named, except for figures."""

    bounce: Keep = None
    """Suppressions for bounces, with soft bounces and deliveries."""
    complaint: Keep = None
    unsubscribe: Keep = None
    list: Keep = None
    attempts: Keep = None
    """Calls and answers, where they are removed before their suppression."""
    figures: Keep = FIGURES
    """Hourly counts, which hold no addresses; `keep_done` does not apply to them."""


KINDS = tuple(KeepSettings.model_fields)
"""Reasons of suppressions, `attempts` and `figures`."""


_LOOPBACK = "127.0.0.1"
_HIGHEST_PORT = 65_535


def address(text: str) -> tuple[str, int]:
    """Split `listen` into host and port; the default host is the loopback.

    Raises:
        ValueError: it is not of the form HOST:PORT.
    """
    host, _, port = text.rpartition(":")
    if not (port.isascii() and port.isdigit() and int(port) <= _HIGHEST_PORT) or any(map(str.isspace, host)):
        raise ValueError("must be of the form 127.0.0.1:9479")
    return host.removeprefix("[").removesuffix("]") or _LOOPBACK, int(port)


def _prom(path: Path) -> Path:
    if not path.is_absolute() or path.suffix != ".prom":
        raise ValueError("must be an absolute path that ends in .prom: node_exporter reads no other files")
    return path


class MetricsSettings(Section):
    """`[metrics]`: export to Prometheus."""

    textfile: Annotated[Path, AfterValidator(_prom)] | None = None
    """File written by each process that reads records or dispatches; None: no file."""
    listen: Annotated[str, Field(max_length=300), AfterValidator(lambda text: address(text) and text)] | None = None
    """Address on which `work` answers requests; None: none."""


def _mailbox_provider(name: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,59}", name):
        raise ValueError("is not a name for a mailbox provider; use a to z, 0 to 9, . _ and -")
    return name


def host_pattern(pattern: str) -> str:
    """Validate a pattern of host names, `*` for any text."""
    if not re.fullmatch(r"[^\s@/()]+", pattern) or not pattern.strip("*."):
        raise ValueError("must be a domain or a host such as example.com, or a pattern such as *.example.com")
    return pattern.lower()


class HoldSettings(Section):
    """`[hold]`: holding of hard-bounce spikes that the history of a mailbox provider does not explain."""

    enabled: bool = True
    grace: Duration = 0.0
    """Seconds that each hard bounce waits before it is dispatched, so that the beginning of a spike is held, too."""
    minimum: Annotated[Whole, Field(ge=5)] = 30
    """Hard bounces at one mailbox provider below which nothing is a spike."""
    factor: Annotated[float, Field(ge=1.5, le=1000)] = 2.5
    """Multiple of the expected number that is a spike."""
    lists: bool = False
    """Whether addresses fed by hand take part."""
    decide_after: OrNever = Field(default_factory=lambda: None)
    """Seconds after which `decision` is applied automatically; None: a person decides."""
    decision: Literal["release", "discard"] = "release"
    remind: OrNever = 86_400.0
    """Seconds between two notices of a spike that is held; None: only one."""
    operators: dict[
        Annotated[str, AfterValidator(_mailbox_provider)],
        Annotated[list[Annotated[str, AfterValidator(host_pattern)]], BeforeValidator(split_list), Field(min_length=1)],
    ] = {}
    """Further mailbox providers by name: their domains, and the hosts of their mail exchangers."""
