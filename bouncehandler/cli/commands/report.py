"""`bouncehandler report`: records, decisions and their outcomes; on the terminal, or as a file."""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bouncehandler.cli import streams
from bouncehandler.cli.exits import OK, TRY_AGAIN, CommandError, exit_code_for_errors
from bouncehandler.cli.options import GlobalOptions, global_options
from bouncehandler.cli.param_types import MOMENT
from bouncehandler.cli.session import open_session
from bouncehandler.files import write_whole
from bouncehandler.runtime.report_builder import build_report_from_settings

if TYPE_CHECKING:  # reports are imported where one is made
    from bouncehandler.report import Report

_WEEK = 7 * 86_400.0


@click.command("report", short_help="Show what came in, what was decided, and why.")
@click.option("--since", type=MOMENT, help="From then on: ISO 8601 (UTC), or 7d for 7 days ago.  [default: 7d]")
@click.option("--until", type=MOMENT, help="Before then.  [default: now]")
@click.option("--html", "html", type=click.Path(path_type=Path, allow_dash=True), metavar="FILE", help="As one page.")
@click.option("--json", "form", flag_value="json", help="For programs: one JSON object.")
@click.option("--csv", "form", flag_value="csv", help="For spreadsheets: a row for each number.")
@global_options
def command(
    options: GlobalOptions, since: float | None, until: float | None, html: Path | None, form: str | None
) -> int:
    """Show what came in, what was decided and why, and how the list managers do, of the last 7 days.

    Times are those in the records. A row that was read twice counts twice. --html writes one file that loads nothing
    from anywhere, for a browser, a printer or a mail; `-` is standard output. No address is in a report.
    """
    if html and form:
        raise click.UsageError("--html, --json and --csv are different forms: choose one")
    now = time.time()
    until = now if until is None else until
    since = min(until, now) - _WEEK if since is None else since
    if since >= until:
        raise click.UsageError("--since is not before --until")
    session = open_session(options)
    with exit_code_for_errors():
        report = build_report_from_settings(session.settings, session.open_spool(), since, until)
    _show(report, html, form, options.color)
    return OK


def _show(report: "Report", html: Path | None, form: str | None, color: str) -> None:
    if html:
        from bouncehandler.report.page import render_html  # noqa: PLC0415  # imports are lazy at the edges

        _write(html, render_html(report))
    elif form == "json":
        from bouncehandler.report.export import as_json  # noqa: PLC0415  # as above

        click.echo(as_json(report))
    elif form == "csv":
        from bouncehandler.cli.output.tables import write  # noqa: PLC0415  # as above
        from bouncehandler.report.export import COLUMNS, as_rows  # noqa: PLC0415  # as above

        write(as_rows(report), COLUMNS, "csv")
    else:
        from bouncehandler.cli.output.report_terminal import show  # noqa: PLC0415  # as above

        show(report, color)


def _write(path: Path, page: str) -> None:
    """Write the page whole or not at all, since the file may be read at any time."""
    if str(path) == "-":
        streams.use_utf8()
        click.echo(page, nl=False)
        return
    try:
        _replace(path, page)
    except OSError as error:
        raise CommandError(f"{path} can't be written: {error.strerror}", TRY_AGAIN) from error
    click.echo(f"the report is in {path}")


def _replace(path: Path, page: str) -> None:
    if path.exists() and not path.is_file():  # a device, or a pipe
        path.write_text(page, "utf-8")
        return
    umask = os.umask(0)
    os.umask(umask)
    write_whole(path, page.encode(), mode=0o666 & ~umask)
