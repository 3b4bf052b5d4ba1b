"""What `bouncehandler check` finds: one line each, and lines to paste where there are any."""

from enum import Enum
from typing import NamedTuple


class CheckSeverity(Enum):
    """How a check ended."""

    FINE = "ok"
    WARNING = "warn"
    LATER = "wait"
    WRONG = "FAIL"


class CheckResult(NamedTuple):
    """One line of the command's output: what was looked at, how it is, and how to mend it."""

    mark: CheckSeverity
    what: str
    sentence: str
    file: str = ""
    """Where it stands; empty where the sentence says enough."""
    line: int = 0
    """Of that file, from 1; 0 where it is about no line."""
    paste: tuple[str, ...] = ()
    """Lines that mend it."""
