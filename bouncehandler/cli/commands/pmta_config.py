"""`bouncehandler pmta-config`: print the blocks for PowerMTA's configuration."""

from pathlib import Path

import click

from bouncehandler.cli.checks.installation import site_of
from bouncehandler.cli.exits import OK
from bouncehandler.cli.options import GlobalOptions, global_options
from bouncehandler.cli.output.tables import printable
from bouncehandler.cli.session import open_session
from bouncehandler.pmta_config.generate import generate_blocks


@click.command("pmta-config", short_help="Print the blocks for PowerMTA's configuration.")
@click.option("--logs", metavar="FOLDER", default="/var/log/pmta", show_default=True, help="Where log files go.")
@click.option("--bounces", metavar="DOMAIN", help="Of your envelope senders; else that of `originators`.")
@click.option("--complaints", metavar="DOMAIN", help="Whose abuse@ feedback loops report to.")
@click.option("--postmaster", metavar="ADDRESS", help="Recipient of mail that PowerMTA can't read; else [notify] to.")
@global_options
def command(
    options: GlobalOptions, logs: str, bounces: str | None, complaints: str | None, postmaster: str | None
) -> int:
    """Print the blocks for PowerMTA's configuration, with the paths and domains of this installation.

    What only you can know stands there with example.com in it. Paste them, `pmta reload`, and prove them with
    `bouncehandler check --pmta /etc/pmta/config`. Changes nothing.
    """
    site = site_of(open_session(options, quiet=True))
    text = generate_blocks(
        site._replace(
            logs=str(Path(logs).absolute()),
            bounces=bounces or site.bounces,
            complaints=complaints or site.complaints,
            postmaster=postmaster or site.postmaster,
        )
    )
    for line in text.rstrip("\n").split("\n"):
        click.echo(printable(line))
    return OK
