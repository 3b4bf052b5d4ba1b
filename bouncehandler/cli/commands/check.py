"""`bouncehandler check`: prove the whole installation; report errors and how to mend them."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import click

from bouncehandler import logs
from bouncehandler.cli.checks.configuration import configuration_findings, mistakes
from bouncehandler.cli.checks.finding import CheckResult, fail, warn
from bouncehandler.cli.checks.providers import provider_findings
from bouncehandler.cli.checks.render import print_results
from bouncehandler.cli.checks.smtp import check_smtp
from bouncehandler.cli.checks.spool import spool_findings
from bouncehandler.cli.checks.unsubscribe import unsubscribe_findings
from bouncehandler.cli.exits import CommandError
from bouncehandler.cli.options import GlobalOptions, global_options
from bouncehandler.cli.session import Session, open_session, root_warning


@click.command("check", short_help="Prove the whole installation; report what to mend.")
@click.option("--pmta", "pmta", type=click.Path(path_type=Path), metavar="FILE", help="PowerMTA's configuration, too.")
@click.option("--as", "user", metavar="USER", help="User that PowerMTA runs this program as; else taken from --pmta.")
@click.option("--send", "address", metavar="ADDRESS", help="Unsubscribe ADDRESS, a test subscriber of yours, for real.")
@click.option("--yes", "is_sure", is_flag=True, help="With --send: don't ask.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@global_options
def command(  # noqa: PLR0913  # one parameter an option
    options: GlobalOptions, pmta: Path | None, user: str | None, address: str | None, *, is_sure: bool, as_json: bool
) -> int:
    """Prove the configuration, the spool, the rights of PowerMTA's user, and each provider's credentials.

    Each line is ok, warn, wait (try again later) or FAIL, with the remedy. Changes nothing at any provider,
    unless --send asks for it: then ADDRESS bounces, as PowerMTA would write it, and goes the whole way from the reader
    to your list managers. The answer of each is shown. `bouncehandler undo --address ADDRESS` takes it back.
    """
    if is_sure and not address:
        raise click.UsageError("--yes goes with --send")
    trouble = logs.why_unwritable(options.logfile) if options.logfile else ""
    try:
        session = open_session(options, quiet=True, log_file="spared" if trouble else "needed")
    except CommandError as error:
        return print_results(mistakes(error), as_json=as_json)
    wrong_log = [fail("log", trouble)] if trouble else []
    if address:
        from bouncehandler.cli.checks.live_test import send  # noqa: PLC0415  # imports are lazy at the edges

        return print_results(chain(wrong_log, send(session, address, is_sure=is_sure)), as_json=as_json)
    return print_results(chain(wrong_log, _findings(session, pmta, user)), as_json=as_json)


def _findings(session: Session, pmta: Path | None, user: str | None) -> Iterator[CheckResult]:
    yield from configuration_findings(session)
    if warning := root_warning(session.paths.spool):
        yield warn("root", warning)
    yield from spool_findings(session)
    yield from _rights(session, pmta, user)  # before a client has threads: a child process changes its user
    yield from provider_findings(session)
    if session.settings.notify.to:
        yield check_smtp(session.settings.notify)
    yield from unsubscribe_findings(session)


def _rights(session: Session, pmta: Path | None, user: str | None) -> Iterator[CheckResult]:
    """Results about PowerMTA's configuration and the rights of its user; none unless asked for."""
    from bouncehandler.cli.checks.permission import rights_findings  # noqa: PLC0415  # as above
    from bouncehandler.cli.checks.pmta import logs_of, pmta_findings, read_pmta, runner_of  # noqa: PLC0415  # lazy

    found = read_pmta(pmta) if pmta else None
    if isinstance(found, CheckResult):
        yield found
        found = None
    if found is None and user is None:
        return
    runner, uncertain = runner_of(found, user)
    yield from uncertain
    logs = logs_of(found) if found else []
    if session.options.logfile:
        logs.append(session.options.logfile.absolute())
    if found:
        yield from pmta_findings(session, found, runner)
    yield from rights_findings(session, runner, logs)
