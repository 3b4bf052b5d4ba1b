"""Results of `bouncehandler check`."""

from enum import Enum
from typing import NamedTuple


class CheckSeverity(Enum):
    """Severity of a check result."""

    FINE = "ok"
    WARNING = "warn"
    LATER = "wait"
    WRONG = "FAIL"


class CheckResult(NamedTuple):
    """Result of one check: its subject, its severity, and a sentence that says how to mend it."""

    mark: CheckSeverity
    what: str
    sentence: str
    file: str = ""
    """File that it is about; empty without one."""
    line: int = 0
    """Line of that file, from 1; 0 without one."""
    paste: tuple[str, ...] = ()
    """Lines to paste into a configuration."""
