"""What the examination of a configuration says: one sentence, its place, and the lines to paste."""

from enum import Enum
from typing import NamedTuple

from bouncehandler.pmta_config.tree import SourceLocation


class Severity(Enum):
    """How bad it is."""

    FINE = "fine"
    WARNING = "warning"
    """It works, and something is lost or not known that need not be."""
    WRONG = "wrong"
    """Bounces, complaints or requests don't arrive, or nothing can be made of them."""


class LintMessage(NamedTuple):
    """One finding."""

    severity: Severity
    location: SourceLocation | None
    """None where something is missing altogether."""
    sentence: str
    paste: tuple[str, ...] = ()
    """Lines for PowerMTA's configuration; empty where the sentence says it all."""


def listed(names: list[str]) -> str:
    """The names as a sentence has them: `a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))
