"""How `check` says what it found: a line each, or one JSON object."""

import json
from collections.abc import Iterable

import click

from bouncehandler.cli.exits import CONFIGURATION, OK, TRY_AGAIN
from bouncehandler.cli.findings import Finding, Mark
from bouncehandler.cli.tables import as_json_text, printable

_WORDS = {Mark.FINE: "ok", Mark.WARNING: "warning", Mark.LATER: "temporary", Mark.WRONG: "wrong"}
_COLOURS = {Mark.FINE: "green", Mark.WARNING: "yellow", Mark.LATER: "yellow", Mark.WRONG: "red"}


def say(findings: Iterable[Finding], *, as_json: bool) -> int:
    """Print the findings, as they come unless JSON is wanted; returns the exit status that they mean."""
    told = []
    for finding in findings:
        told.append(finding)
        if not as_json:
            _line(finding)
    status = _status({finding.mark for finding in told})
    if as_json:
        said = {"findings": [_object(finding) for finding in told], "exit_status": status}
        click.echo(as_json_text(json.dumps(said, ensure_ascii=False, indent=2)))
    return status


def _status(marks: set[Mark]) -> int:
    if Mark.WRONG in marks:
        return CONFIGURATION
    return TRY_AGAIN if Mark.LATER in marks else OK


def _line(finding: Finding) -> None:
    place = f"{finding.file}, line {finding.line}: " if finding.line else ""
    mark = click.style(f"{finding.mark.value:4}", fg=_COLOURS[finding.mark])
    click.echo(f"{mark}  {finding.what}: {printable(place + finding.sentence)}")
    for line in finding.paste:
        click.echo(f"          {printable(line)}")


def _object(finding: Finding) -> dict[str, object]:
    return {**finding._asdict(), "mark": _WORDS[finding.mark]}
