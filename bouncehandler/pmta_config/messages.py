"""Lint messages: one sentence each, its location, and the lines to paste."""

from enum import Enum
from functools import partial
from typing import NamedTuple

from bouncehandler.pmta_config.tree import SourceLocation


class Severity(Enum):
    """The severity of a lint message or a check result; the values are the marks on the terminal."""

    FINE = "ok"
    WARNING = "warn"
    """Something is lost or unknown, though it works."""
    LATER = "wait"
    """A temporary failure."""
    WRONG = "FAIL"
    """Bounces, complaints or requests are not processed."""


class LintMessage(NamedTuple):
    """The result of one check."""

    severity: Severity
    location: SourceLocation | None
    """None where a block or directive is missing."""
    sentence: str
    paste: tuple[str, ...] = ()
    """Lines for PowerMTA's configuration, which may be empty."""


ok = partial(LintMessage, Severity.FINE)
warn = partial(LintMessage, Severity.WARNING)
fail = partial(LintMessage, Severity.WRONG)


def join_names(names: list[str]) -> str:
    """Join names for a sentence: `a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))
