"""`bouncehandler explain`: show the history of one person: records, decisions, calls and answers."""

import click

from bouncehandler.cli.exits import OK, exit_code_for_errors
from bouncehandler.cli.options import GlobalOptions, global_options
from bouncehandler.cli.output.tables import Row, format_option, write
from bouncehandler.cli.session import open_session
from bouncehandler.record import parse_address
from bouncehandler.runtime.run_summary import moment
from bouncehandler.spool import HistoryEvent

_COLUMNS = ("at", "event", "provider", "detail")


@click.command("explain", short_help="Show everything that is known of one person.")
@click.argument("subject", metavar="ADDRESS")
@format_option
@global_options
def command(options: GlobalOptions, form: str, subject: str) -> int:
    """Show all records, decisions, calls and answers about ADDRESS, oldest first.

    With the rules that decided and the lists that were changed. ADDRESS may be `mailwizz:LIST/SUBSCRIBER`, as
    `suppressions` lists people whose address is not known. Times are UTC; what waits stands at the time when it is due.
    """
    known_as = parse_address(subject) or subject.strip()
    spool = open_session(options).open_spool()
    with exit_code_for_errors():
        happenings = spool.history(known_as)
    if not happenings and form == "table":
        click.echo(f"nothing is known of {known_as}: it was neither suppressed nor counted here")
    else:
        write(map(_row, happenings), _COLUMNS, form)
    return OK


def _row(happening: HistoryEvent) -> Row:
    return happening._asdict() | {"at": moment(happening.at)}
