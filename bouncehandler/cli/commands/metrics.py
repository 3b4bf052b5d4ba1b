"""`bouncehandler metrics`: print the metrics for Prometheus."""

import click

from bouncehandler.cli.exits import OK, exit_code_for_errors
from bouncehandler.cli.options import GlobalOptions, global_options
from bouncehandler.cli.session import open_session
from bouncehandler.runtime.metrics_exporter import metrics_text


@click.command("metrics", short_help="Print the metrics that Prometheus reads.")
@global_options
def command(options: GlobalOptions) -> int:
    """Print the metrics of the spool, once, in Prometheus's format.

    `[metrics] textfile` has them written to a file for node_exporter every 15 seconds, by the pipe and by `work`;
    `[metrics] listen` has `work` answer GET /metrics. All give the same numbers, which are kept in the spool.
    """
    session = open_session(options)
    spool = session.open_spool()
    with exit_code_for_errors():
        click.echo(metrics_text(session.settings, spool), nl=False)
    return OK
