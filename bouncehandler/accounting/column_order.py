"""Column order of rows without a header: the cells of a row are checked against it."""

import re
from collections.abc import Callable, Mapping, Sequence

from bouncehandler.accounting.fields import parse_time
from bouncehandler.record import parse_status

_WORDS = re.compile(r"[A-Za-z][\w -]*")
_IP_ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*")


def _is_time(cell: str) -> bool:
    return parse_time(cell) is not None


def _is_status(cell: str) -> bool:
    return parse_status(cell) is not None


def _is_word(cell: str) -> bool:
    return _WORDS.fullmatch(cell) is not None


def _is_ip_address(cell: str) -> bool:
    return _IP_ADDRESS.fullmatch(cell) is not None


def _is_originator(cell: str) -> bool:
    return "@" in cell or cell == "<>"


def _is_no_address(cell: str) -> bool:
    return "@" not in cell


_CHECKS: Mapping[str, Callable[[str], bool]] = {
    "timelogged": _is_time,
    "timequeued": _is_time,
    "bouncecat": _is_word,
    "feedbacktype": _is_word,
    "vmta": _is_no_address,
    "orig": _is_originator,
    "dlvsourceip": _is_ip_address,
    "repsourceip": _is_ip_address,
    "dsnstatus": _is_status,
}
"""Checks of a cell by the column's name in lower case. The recipient is checked whenever it is read."""


class ColumnOrder:
    """Checks of the cells of rows that are assumed to have these columns in this order."""

    def __init__(self, columns: Sequence[str]) -> None:
        names = [name.strip().lower() for name in columns]
        self._checks = [(at, _CHECKS[name]) for at, name in enumerate(names) if name in _CHECKS]

    def contradicts(self, row: Sequence[str]) -> bool:
        """Whether a cell can't be of its column; empty and missing cells can."""
        width = len(row)
        return any(at < width and (cell := row[at].strip()) and not fits(cell) for at, fits in self._checks)
