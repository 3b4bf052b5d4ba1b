"""Output of `check`: one line for each result, or one JSON object."""

import json
from collections.abc import Iterable

import click

from bouncehandler.cli.checks.finding import CheckResult, CheckSeverity
from bouncehandler.cli.exits import CONFIGURATION, OK, TRY_AGAIN
from bouncehandler.cli.output.tables import as_json_text, printable

_SHOWN = {
    CheckSeverity.FINE: ("ok", "green"),
    CheckSeverity.WARNING: ("warning", "yellow"),
    CheckSeverity.LATER: ("temporary", "yellow"),
    CheckSeverity.WRONG: ("wrong", "red"),
}
"""Word in JSON, and colour on a terminal."""


def print_results(findings: Iterable[CheckResult], *, as_json: bool) -> int:
    """Print results, as they come unless JSON is wanted; returns the exit status."""
    printed = []
    for finding in findings:
        printed.append(finding)
        if not as_json:
            _line(finding)
    status = _status({finding.mark for finding in printed})
    if as_json:
        objects = [finding._asdict() | {"mark": _SHOWN[finding.mark][0]} for finding in printed]
        output = {"findings": objects, "exit_status": status}
        click.echo(as_json_text(json.dumps(output, ensure_ascii=False, indent=2)))
    return status


def _status(marks: set[CheckSeverity]) -> int:
    if CheckSeverity.WRONG in marks:
        return CONFIGURATION
    return TRY_AGAIN if CheckSeverity.LATER in marks else OK


def _line(finding: CheckResult) -> None:
    place = f"{finding.file}, line {finding.line}: " if finding.line else ""
    mark = click.style(f"{finding.mark.value:4}", fg=_SHOWN[finding.mark][1])
    click.echo(f"{mark}  {finding.what}: {printable(place + finding.sentence)}")
    for line in finding.paste:
        click.echo(f"          {printable(line)}")
