"""Types of options: a parser makes a value out of the text, or raises ValueError with the sentence to show."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

import click

from bouncehandler.durations import parse_duration
from bouncehandler.record import parse_address

T = TypeVar("T")

_SHORTEST, _LONGEST = 0.1, 86_400.0
"""Seconds of an interval."""


class Parsed(click.ParamType[T]):
    """Option type with a parser; `name` is its metavar in the help."""

    def __init__(self, name: str, parse: Callable[[str], T]) -> None:
        self.name, self._parse = name, parse

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> T:
        """Parse the text; wrong usage where that fails."""
        try:
            return self._parse(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


def _parse_moment(text: str) -> float:
    """Seconds since the epoch."""
    try:
        return time.time() - parse_duration(text)
    except ValueError:
        pass
    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise ValueError(
            f"{text!r} is no time: write 2026-01-31, 2026-01-31T10:00+01:00, or 7d for seven days ago"
        ) from None


def _parse_interval(text: str) -> float:
    try:
        seconds = float(text) if text.replace(".", "", 1).isdigit() else parse_duration(text)
    except ValueError:
        raise ValueError("must be seconds such as 5, or a duration such as 1m") from None
    if not _SHORTEST <= seconds <= _LONGEST:
        raise ValueError("must be from 100ms to 1d")
    return seconds


def _parse_recipient(text: str) -> str:
    address = parse_address(text)
    if address is None:
        raise ValueError(f"{text!r} is not an address")
    return address


def _parse_domain(text: str) -> str:
    address = parse_address(f"postmaster@{text.strip().removeprefix('@')}")
    if address is None:
        raise ValueError(f"{text!r} is not a domain")
    return address.partition("@")[2]


MOMENT = Parsed("time", _parse_moment)
"""Time as ISO 8601, or as a duration ago."""
DURATION = Parsed("duration", parse_duration)
"""Seconds, written as a duration."""
INTERVAL = Parsed("seconds", _parse_interval)
"""Seconds from 0.1 to a day: a number, or a duration."""
RECIPIENT = Parsed("address", _parse_recipient)
"""Address, normalised as the input's are."""
DOMAIN = Parsed("domain", _parse_domain)
"""Domain of addresses, normalised likewise."""
