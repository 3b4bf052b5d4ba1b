"""`bouncehandler forget`: erase a person's data, so that they stay suppressed, but can't be identified."""

import click

from bouncehandler.cli.exits import OK, exit_code_for_errors
from bouncehandler.cli.options import GlobalOptions, global_options
from bouncehandler.cli.session import Session, login, open_session
from bouncehandler.ingest.rejected_file import RejectedFile
from bouncehandler.record import parse_address

_ELSEWHERE = "Backups of the spool, log files, and PowerMTA's own files are yours to look through."


@click.command("forget", short_help="Erase a person's data; they stay suppressed.")
@click.argument("subject", metavar="ADDRESS")
@global_options
def command(options: GlobalOptions, subject: str) -> int:
    """Erase what is kept of ADDRESS, and keep a keyed hash in its place.

    The person stays off the lists: nothing is restored, and a new bounce or complaint is carried out like any other,
    and erased after it. Dispatches that wait are carried out first. The key lies beside the spool, in
    `spool.key`; ADDRESS may be `mailwizz:LIST/SUBSCRIBER`.
    """
    address = parse_address(subject) or subject.strip()
    session = open_session(options)
    with exit_code_for_errors():
        forgotten = session.open_spool().forget(address, asked_by=login())
        rows = _rejected(session, address)
    click.echo(f"erased: {forgotten.erased} suppressions, {forgotten.counted} soft bounces and deliveries; {rows}")
    if forgotten.waiting:
        click.echo(f"{forgotten.waiting} suppressions are erased as soon as the list managers have been called")
    click.echo(f"what stands for the person from now on: {forgotten.name}")
    click.echo(_ELSEWHERE)
    return OK


def _rejected(session: Session, address: str) -> str:
    blotted = RejectedFile(session.paths.rejected).blot_out(address)
    return f"blotted out {blotted} times in {session.paths.rejected.name}" if blotted else "no rejected row names them"
