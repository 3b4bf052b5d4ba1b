"""`bouncehandler unsubscribe` by click: for --help, and options in a form that the fast path does not parse."""

import click

from bouncehandler.cli.options import GlobalOptions, global_options
from bouncehandler.cli.unsubscribe_fast_path import Arguments, keep


@click.command(
    "unsubscribe",
    short_help="Keep one List-Unsubscribe mail, for PowerMTA.",
    epilog="""\b
Exit status, as PowerMTA reads it: 0 the request is on disk; 67 there is no
such address; 75 try again.""",
)
@click.option("--from", "sender", required=True, metavar="ADDRESS", help="The envelope sender, $from; may be empty.")
@click.option("--to", "to", required=True, metavar="ADDRESS", help="The recipient, $to, whose token names the person.")
@global_options
def command(options: GlobalOptions, sender: str, to: str) -> int:
    """Keep one List-Unsubscribe mail, which is read from standard input.

    When it ends with 0 the request is on disk, beside the spool. A running bouncehandler, or `bouncehandler work`,
    brings it to the list managers.

    \b
        <domain fbl-unsub.example.com>
            type pipe
            command "/opt/bouncehandler/bin/bouncehandler unsubscribe --from \\"$from\\" --to \\"$to\\""
        </domain>
    """  # noqa: D301  # click wants the character itself: it keeps a paragraph as it is
    config, logfile = (str(file) if file else None for file in (options.config, options.logfile))
    return keep(Arguments(sender, to, config, logfile, debug=options.debug))
