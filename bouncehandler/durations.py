"""Durations and rates as PowerMTA writes them: `4d12h`, `10m`, `50/s`."""

import re
from typing import Annotated

from pydantic import BeforeValidator

_MILLISECONDS = {"w": 604_800_000, "d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
_PARTS = re.compile("".join(f"(?:([0-9]{{1,12}}){unit}(?![a-z]))?" for unit in _MILLISECONDS))
_RATE = re.compile(r"([0-9]{1,9})/([smh])")
_MAX_DAYS = 36_500  # a century: more is a slip of the pen, and no date can hold much more


def parse_duration(text: str) -> float:
    """Seconds in a text such as `4d12h`, `10m`, `90s` or `500ms`; units from large to small, each at most once.

    Raises:
        ValueError: the text is no duration, or longer than a century.
    """
    match = _PARTS.fullmatch(text.strip())
    if match is None or not any(match.groups()):
        raise ValueError(f"{_quoted(text)} is not a duration; write it with units, such as 4d12h, 10m or 90s")
    total = sum(int(count or 0) * size for count, size in zip(match.groups(), _MILLISECONDS.values(), strict=True))
    if total > _MAX_DAYS * _MILLISECONDS["d"]:
        raise ValueError(f"{_quoted(text)} is longer than {_MAX_DAYS}d, a hundred years")
    return total / 1000


def format_duration(seconds: float) -> str:
    """The shortest text, from days down to milliseconds, that `parse_duration` reads as `seconds`; `0s` for nothing.

    Raises:
        ValueError: `seconds` is negative, too large or not a number.
    """
    if not 0 <= seconds <= _MAX_DAYS * 86_400:
        raise ValueError(f"{seconds} seconds can't be written as a duration")
    rest, text = round(seconds * 1000), ""
    for unit, size in _MILLISECONDS.items():
        if unit != "w" and rest >= size:  # PowerMTA's own texts have 21d, not 3w
            count, rest = divmod(rest, size)
            text += f"{count}{unit}"
    return text or "0s"


def parse_rate(text: str) -> float:
    """Rate per second in a text such as `50/s`, `3000/m` or `10000/h`; more than 0.

    Raises:
        ValueError: the text is no rate, or allows nothing.
    """
    match = _RATE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{_quoted(text)} is not a rate; write it as 50/s, 3000/m or 10000/h")
    if not int(match[1]):
        raise ValueError(f"{_quoted(text)} is not a rate above 0")
    return int(match[1]) * 1000 / _MILLISECONDS[match[2]]


def _quoted(text: str) -> str:
    """The beginning of the text, on one line."""
    return ascii(text if len(text) <= 40 else f"{text[:37]}...")  # noqa: PLR2004  # fits into a sentence


def read_duration(value: object) -> float:
    """Read a setting, which is text: a number alone would have no unit. Raises as `parse_duration`."""
    if isinstance(value, str):
        return parse_duration(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MAX_DAYS:
        raise ValueError(f'must be text with a unit, such as "{value}s"')
    raise ValueError('must be text with a unit, such as "10m" or "4d12h"')


def _rate(value: object) -> float:
    """Read a setting."""
    if isinstance(value, str):
        return parse_rate(value)
    raise ValueError('must be text such as "50/s", "3000/m" or "10000/h"')


Duration = Annotated[float, BeforeValidator(read_duration)]
"""A setting, written as a duration; its value is seconds."""

Rate = Annotated[float, BeforeValidator(_rate)]
"""A setting, written as a rate; its value is per second."""
