"""The commands' names and options; each command's work is in a file of its own, imported when it is called."""

import os
import sys
from collections.abc import Sequence
from importlib import import_module

import click

from bouncehandler import __version__
from bouncehandler.cli.exits import BUG, DESCRIPTION, OK, TRY_AGAIN, USAGE, CommandError
from bouncehandler.cli.options import Common, common

_COMMANDS = ("check", "work", "status", "suppressions", "dead-letters")


class _Commands(click.Group):
    """Finds a command in the module of its name."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # click's signature
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = import_module(f"bouncehandler.cli.{cmd_name.replace('-', '_')}").command
        return command


@click.group(
    cls=_Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=DESCRIPTION,
)
@common
@click.option("--no-dispatch", is_flag=True, help="Only fill the spool; `bouncehandler work` calls the providers.")
@click.option("--dry-run", is_flag=True, help="Read and decide, write nothing, call nobody.")
@click.version_option(__version__, "--version", prog_name="bouncehandler")
@click.pass_context
def app(ctx: click.Context, options: Common, *, no_dispatch: bool, dry_run: bool) -> int:
    r"""Turn PowerMTA's bounces into unsubscribes.

    Without a command: read accounting records, or a plain list of addresses, from standard input until it ends; put
    every suppression on disk; unsubscribe it at every provider that wants it; say what was done.

    \b
        <acct-file |/opt/bouncehandler/bin/bouncehandler --logfile=FILE>
        cat bounce.csv | bouncehandler
    """
    if ctx.invoked_subcommand is not None:
        if no_dispatch or dry_run:
            raise click.UsageError("--no-dispatch and --dry-run belong to the bare command, which reads standard input")
        return OK
    from bouncehandler.cli.run import run  # noqa: PLC0415  # imports are lazy at the edges

    return run(options, dispatches=not no_dispatch, is_dry=dry_run)


def main(argv: Sequence[str]) -> int:
    """Run the program; returns its exit status, having said in one sentence on stderr what went wrong."""
    try:
        return _status(app.main(list(argv), prog_name="bouncehandler", standalone_mode=False))
    except CommandError as error:
        return _say(str(error), error.status)
    except click.ClickException as error:
        return _say(f"{error.format_message()} (see bouncehandler --help)", USAGE)
    except click.Abort:
        return _say("interrupted", TRY_AGAIN)
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except Exception as error:  # a bug: one sentence for the operator, the rest with --debug
        if "--debug" in argv:
            raise
        return _say(f"this is a bug ({type(error).__name__}); run again with --debug and report what it prints", BUG)


def _status(result: object) -> int:
    return result if isinstance(result, int) else OK


def _say(sentence: str, status: int) -> int:
    click.echo("\n".join(f"bouncehandler: {line}" for line in sentence.splitlines() or [""]), err=True)
    return status
