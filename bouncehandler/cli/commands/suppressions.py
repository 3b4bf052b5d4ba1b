"""`bouncehandler suppressions`: list or export the suppressions, with their reasons."""

from dataclasses import replace

import click

from bouncehandler.cli.exits import OK, exit_code_for_errors
from bouncehandler.cli.filters import filter_options
from bouncehandler.cli.options import GlobalOptions, global_options
from bouncehandler.cli.output.tables import Row, format_option, write
from bouncehandler.cli.session import open_session
from bouncehandler.spool import Selection
from bouncehandler.suppression import Suppression

_COLUMNS = ("recipient", "reason", "category", "status", "originator", "job_id", "occurred_at", "rule")


@click.command("suppressions")
@format_option
@click.option("--undone", is_flag=True, help="Those that were undone instead, as long as they are kept.")
@filter_options(by_evidence=True)
@global_options
def command(options: GlobalOptions, form: str, selection: Selection, *, undone: bool) -> int:
    """List or export the suppressions, oldest first.

    Addresses are shown in full; where only ids are known, `mailwizz:LIST/SUBSCRIBER` stands for the address, until a
    list manager resolves it; then a line with the address follows. `status` is the DSN status, `category` the bounce
    category or the feedback type; `occurred_at` is UTC, and empty for lists fed by hand.
    """
    spool = open_session(options).open_spool()
    with exit_code_for_errors():
        write(map(_row, spool.suppressions(replace(selection, is_undone=undone))), _COLUMNS, form)
    return OK


def _row(suppression: Suppression) -> Row:
    at = suppression.occurred_at
    return suppression._asdict() | {"recipient": suppression.subject, "occurred_at": at.isoformat() if at else None}
