"""What single cells hold: texts, times, and addresses in all the forms that reporters write them."""

import csv
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache

from bouncehandler.record import Address, parse_address

_LONGEST_TIME = 64
"""Characters; times are remembered, longer texts are none."""

_LONGEST_LIST = 16_384
"""Characters of a cell in which several addresses are looked for."""

_REDACTED = re.compile(r"x+|redacted|(?:[0-9a-f]{8}){4,}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""Local parts that stand for a hidden one: X, or a hash, MD5 or longer (PowerMTA's `privacy-policy`), or a UUID."""


def parse_time(text: str) -> datetime | None:
    """An aware time from `2016-08-01 14:06:01-0400` or UNIX seconds (v4, `iso-times no`); None from anything else."""
    return _time(text) if len(text) <= _LONGEST_TIME else None


@lru_cache(maxsize=4096)
def _time(text: str) -> datetime | None:
    text = text.strip()
    try:
        if text.isascii() and text.isdigit():
            return datetime.fromtimestamp(int(text), UTC)
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None


def clean(text: str) -> str:
    r"""The text with NUL, and bytes that were not UTF-8, written as `\xe9`: so it can be stored and sent."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace").replace("\0", "\\x00")


def parse_addresses(text: str) -> list[Address]:
    """Every address in a reporter's cell, once each: `rfc822;<a@b.example>`, or a list, which may be CSV again.

    A redacted one is none.
    """
    found = (parse_address(part) for part in _parts(text[:_LONGEST_LIST]))
    return list(dict.fromkeys(address for address in found if address and not is_redacted(address)))


def is_redacted(address: Address) -> bool:
    """Whether the local part stands for one that was hidden."""
    return _REDACTED.fullmatch(address.rpartition("@")[0]) is not None


def _parts(text: str) -> Iterator[str]:
    """The parts between commas, semicolons and line ends that no quotes protect."""
    if "," not in text and ";" not in text and "\n" not in text:
        yield text
        return
    try:
        lines = list(csv.reader(text.splitlines(), skipinitialspace=True))
    except csv.Error:
        lines = [text.split(",")]
    for cell in (cell for line in lines for cell in line):
        yield from cell.split(";")
