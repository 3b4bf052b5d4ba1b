"""Enhanced status codes (RFC 3463)."""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

_STATUS = re.compile(r"\s*([245])\.(\d{1,3})\.(\d{1,3})(?!\d)", re.ASCII)
_MAX_STATUS = 32
"""Characters of a `dsnStatus` that are read and cached; the words behind the code may be of any length."""


class DsnStatus(NamedTuple):
    """An enhanced status code, class.subject.detail (RFC 3463 2)."""

    klass: int
    """2 success, 4 persistent transient failure, 5 permanent failure."""
    subject: int
    detail: int

    def __str__(self) -> str:
        return f"{self.klass}.{self.subject}.{self.detail}"


@lru_cache(maxsize=4096)
def status_text(status: DsnStatus | None) -> str:
    """`5.1.1`; empty for none. Cached, since few statuses make up most records."""
    return str(status) if status else ""


def parse_status(text: str) -> DsnStatus | None:
    """The status that `5.1.1 (bad destination mailbox address)` begins with; None where it begins with none."""
    return _status(text[:_MAX_STATUS])


def parse_statuses(texts: Iterable[str]) -> list[DsnStatus | None]:
    """`parse_status` of many."""
    return [_status(text[:_MAX_STATUS]) for text in texts]


@lru_cache(maxsize=4096)
def _status(text: str) -> DsnStatus | None:
    match = _STATUS.match(text)
    return DsnStatus(*map(int, match.groups())) if match else None
