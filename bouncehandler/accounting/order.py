"""Rows without a header: whether their cells contradict the order of columns that they are taken to have."""

import re
from collections.abc import Callable, Mapping, Sequence

from bouncehandler.accounting.cells import parse_time
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


def contradicts(columns: Sequence[str], row: Sequence[str]) -> bool:
    """Whether a cell can't be what the order of these columns says that it is; empty cells say nothing."""
    cells = ((_FITS.get(name.strip().lower()), cell.strip()) for name, cell in zip(columns, row, strict=False))
    return any(fits is not None and cell and not fits(cell) for fits, cell in cells)
