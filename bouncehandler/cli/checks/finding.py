"""The results of `bouncehandler check`: one line each, perhaps with lines to paste."""

from functools import partial
from typing import NamedTuple

from bouncehandler.pmta_config.messages import Severity as CheckSeverity

__all__ = ["CheckResult", "CheckSeverity", "fail", "ok", "wait", "warn"]


class CheckResult(NamedTuple):
    """One line of the command's output: the subject of the check, its severity, and a sentence with the remedy."""

    mark: CheckSeverity
    what: str
    sentence: str
    file: str = ""
    """The file to correct; empty where the sentence names it."""
    line: int = 0
    """Line in that file, from 1; 0 for no particular line."""
    paste: tuple[str, ...] = ()
    """Lines to add to the file."""


ok = partial(CheckResult, CheckSeverity.FINE)
warn = partial(CheckResult, CheckSeverity.WARNING)
wait = partial(CheckResult, CheckSeverity.LATER)
fail = partial(CheckResult, CheckSeverity.WRONG)
