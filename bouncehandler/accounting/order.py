"""Rows without a header: whether their cells contradict the order of columns that they are taken to have."""

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


_FITS: Mapping[str, Callable[[str], bool]] = {
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
"""What cells look like, by the column's name in lower case. The recipient's is looked at whenever it is read."""


class Order:
    """What the cells of rows have to look like that have these columns in this order."""

    def __init__(self, columns: Sequence[str]) -> None:
        names = [name.strip().lower() for name in columns]
        self._fits = [(at, _FITS[name]) for at, name in enumerate(names) if name in _FITS]

    def contradicts(self, row: Sequence[str]) -> bool:
        """Whether a cell can't be what its column says that it is; empty ones, and those not there, say nothing."""
        width = len(row)
        return any(at < width and (cell := row[at].strip()) and not fits(cell) for at, fits in self._fits)
