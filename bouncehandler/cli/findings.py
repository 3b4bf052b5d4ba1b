"""What `bouncehandler check` finds: one line each."""

from enum import Enum
from typing import NamedTuple


class Mark(Enum):
    """How a check ended."""

    FINE = "ok"
    WARNING = "warn"
    LATER = "wait"
    WRONG = "FAIL"


class Finding(NamedTuple):
    """One line of the command's output."""

    mark: Mark
    what: str
    sentence: str
