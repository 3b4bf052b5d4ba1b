"""Entry point of the commands; each command is in a file of its own, imported when it is called."""

import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import click

from bouncehandler import __version__
from bouncehandler.cli import streams
from bouncehandler.cli.exits import BUG, DESCRIPTION, OK, TRY_AGAIN, USAGE, CommandError
from bouncehandler.cli.gc_tuning import tune_gc
from bouncehandler.cli.help_examples import EXAMPLES, shown_in
from bouncehandler.cli.lean_imports import import_libraries
from bouncehandler.cli.options import GlobalOptions, global_options


class _Commands(click.Group):
    """Group that loads each command from the module of its name."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        return list(EXAMPLES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # click's signature
        if cmd_name not in EXAMPLES:
            return None
        import_libraries()
        command: click.Command = import_module(f"bouncehandler.cli.commands.{cmd_name.replace('-', '_')}").command
        return shown_in(command, cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in EXAMPLES and "\0" not in args[0] and Path(args[0]).is_file():
            raise click.UsageError(f"input is read from standard input: bouncehandler < {args[0]}")
        return super().resolve_command(ctx, args)


@click.group(
    cls=_Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=DESCRIPTION,
)
@global_options
@click.option("--no-dispatch", is_flag=True, help="Only fill the spool; `bouncehandler work` calls the providers.")
@click.option("--dry-run", is_flag=True, help="Decide, compare with the spool; write nothing, call no one.")
@click.version_option(__version__, "--version", prog_name="bouncehandler")
@click.pass_context
def app(ctx: click.Context, options: GlobalOptions, *, no_dispatch: bool, dry_run: bool) -> int:
    """Turn PowerMTA's bounces and complaints into unsubscribes.

    Without a command: read accounting records, or a plain list of addresses, from standard input until it ends; put
    every suppression on disk; unsubscribe it at every provider it is routed to; print a summary.

    \b
        <acct-file |/opt/bouncehandler/bin/bouncehandler --logfile=FILE>
        cat bounce.csv | bouncehandler
    """  # noqa: D301  # click wants the character itself: it keeps a paragraph as it is
    if ctx.invoked_subcommand is not None:
        if no_dispatch or dry_run:
            raise click.UsageError("--no-dispatch and --dry-run belong to the bare command, which reads standard input")
        return OK
    from bouncehandler.runtime.shutdown import ShutdownSignal  # noqa: PLC0415  # imports are lazy at the edges

    stop = ShutdownSignal()
    stop.listen()  # before the heavier imports: rows may wait in the pipe already
    import_libraries()
    from bouncehandler.cli.commands.run import run  # noqa: PLC0415  # imports are lazy at the edges

    return run(options, stop, dispatches=not no_dispatch, is_dry=dry_run)


def main(argv: Sequence[str]) -> int:
    """Run the program; returns its exit status, and prints an error as one sentence on stderr."""
    tune_gc()  # now for the imports, and again when they are done
    streams.prepare()
    try:
        result = app.main(list(argv), prog_name="bouncehandler", standalone_mode=False)
        return result if isinstance(result, int) else OK
    except SystemExit:  # raised by click where the reader of stdout is gone, which is no failure
        streams.abandon_stdout()
        return OK
    except Exception as error:  # noqa: BLE001  # the last resort
        text, status = _describe(error, is_debugging="--debug" in argv)
    with suppress(OSError):  # stderr is closed
        sys.stderr.write(text + "\n")
        sys.stderr.flush()
    return status


def _describe(error: Exception, *, is_debugging: bool) -> tuple[str, int]:
    match error:
        case CommandError():
            return _prefix(str(error)), error.status
        case click.exceptions.NoArgsIsHelpError():
            return error.format_message(), USAGE
        case click.ClickException():
            return _prefix(f"{error.format_message().rstrip('.')} (see bouncehandler --help)"), USAGE
        case click.Abort():
            return _prefix("interrupted"), TRY_AGAIN
    if is_debugging:
        return "".join(traceback.format_exception(error)).rstrip(), BUG
    name = type(error).__name__
    return _prefix(f"this is a bug ({name}); run again with --debug and report what it prints"), BUG


def _prefix(text: str) -> str:
    """Put the program's name before each line, since a log may have many writers."""
    return "\n".join(f"bouncehandler: {line}" for line in text.splitlines())
