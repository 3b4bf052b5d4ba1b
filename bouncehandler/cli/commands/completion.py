"""`bouncehandler completion`: print the script that lets a shell complete commands and options."""

import click
from click.shell_completion import get_completion_class

from bouncehandler.cli.exits import OK
from bouncehandler.cli.options import GlobalOptions, global_options

_NAME = "bouncehandler"
_VARIABLE = "_BOUNCEHANDLER_COMPLETE"
"""With it in the environment the program answers a shell's question; click gives it this name."""


@click.command("completion", short_help="Print what a shell needs to complete commands.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@global_options
def command(options: GlobalOptions, shell: str) -> int:  # noqa: ARG001  # every command takes them
    """Print the script with which SHELL completes commands, options and their values.

    It holds for the shell that reads it; put it where your shell looks for such files to have it in every one.
    """
    made = get_completion_class(shell)
    if made is None:
        raise click.UsageError(f"{shell} is not known")
    click.echo(made(click.get_current_context().find_root().command, {}, _NAME, _VARIABLE).source())
    return OK
