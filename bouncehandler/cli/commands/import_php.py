"""`bouncehandler import-php`: convert the settings of the PHP handler to a configuration."""

import tomllib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from bouncehandler.cli import streams
from bouncehandler.cli.checks.users import owner
from bouncehandler.cli.exits import NO_INPUT, OK, TRY_AGAIN, USAGE, CommandError
from bouncehandler.cli.options import GlobalOptions, global_options
from bouncehandler.cli.output.tables import printable
from bouncehandler.files import write_whole
from bouncehandler.php_import import ImportResult, import_settings
from bouncehandler.php_import.php import MAX_SIZE, PhpError, parse_script
from bouncehandler.php_import.toml_writer import TomlTable, format_configuration

_MAX_MESSAGES = 200
"""Sentences; a file of settings gives a dozen."""
_MAX_LENGTH = 300  # characters


@click.command("import-php", short_help="Turn the PHP handler's setup.php into a configuration.")
@click.argument("setup", metavar="SETUP.PHP", type=click.Path(path_type=Path, readable=False))
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Write there, for its owner's eyes alone."
)
@click.option("--force", is_flag=True, help="Replace FILE.")
@global_options
def command(options: GlobalOptions, setup: Path, output: Path | None, *, force: bool) -> int:  # noqa: ARG001  # one for all
    """Read SETUP.PHP of the PHP handler for PowerMTA, and write a configuration that does the same.

    The file is read, never run: a value that only PHP could compute, such as a call or a condition, is left out and
    named with its line. Settings without a counterpart, and differences, are reported on stderr, and in the
    configuration as comments. The configuration holds your keys; it goes to standard output unless --output names a
    file.
    """
    text, messages = configuration(_moved(setup))
    _write(text, output, overwrite=force)
    _print_messages(setup, output, messages)
    return OK


def configuration(found: ImportResult) -> tuple[str, Sequence[str]]:
    """Text of a configuration that loads, and messages; a table that would not load is commented out."""
    tables, messages = [], list(found.warnings)
    for table in found.tables:
        problem = _problem(table) if table.is_active else ""
        if problem:
            messages.append(f"{table.head}: left out, {problem}")
            tables.append(replace(table, is_active=False, comments=(*table.comments, f"Left out: {problem}")))
        else:
            tables.append(table)
    messages = _bounded(messages)
    opening = (*found.opening, *(("", "Not taken over:", *(f"* {one}" for one in messages)) if messages else ()))
    return format_configuration(opening, tables), messages


def _moved(setup: Path) -> ImportResult:
    try:
        with setup.open("rb") as file:
            data = file.read(MAX_SIZE + 1)
    except (OSError, ValueError) as error:  # ValueError: a name with NUL
        raise CommandError(f"{setup} can't be read: {getattr(error, 'strerror', None) or error}", USAGE) from None
    try:
        found = import_settings(parse_script(data))
    except PhpError as error:
        raise CommandError(f"{setup} is no file of settings that can be read: {error}", NO_INPUT) from None
    if not found:
        raise CommandError(
            f"{setup} has none of the PHP handler's settings, such as $bounceCategories: name its setup.php", NO_INPUT
        )
    return found


def _bounded(messages: list[str]) -> list[str]:
    shown = [printable(one[:_MAX_LENGTH]) for one in messages[:_MAX_MESSAGES]]
    more = len(messages) - len(shown)
    return [*shown, f"and {more:,} more"] if more else shown


def _problem(table: TomlTable) -> str:
    """Reason why the program would refuse a table; empty if it takes it."""
    from pydantic import ValidationError  # noqa: PLC0415  # imports are lazy at the edges

    from bouncehandler import plugins  # noqa: PLC0415  # as above
    from bouncehandler.settings import ConfigurationError  # noqa: PLC0415  # as above
    from bouncehandler.settings.error_messages import problems_of, sentences  # noqa: PLC0415  # as above
    from bouncehandler.settings.model import Settings  # noqa: PLC0415  # as above

    try:
        settings = Settings.merged(
            tomllib.loads(format_configuration((), [table])), {"spool": {"url": "sqlite:////spool.db"}}
        )
        for name, section in settings.providers.items():
            plugins.settings_for(name, section)
    except ValidationError as error:
        return "; ".join(sentences(problems_of(error), known=lambda _: (), source=lambda _: ""))
    except ConfigurationError as error:
        return "; ".join(str(error).splitlines())
    return ""


def _write(text: str, output: Path | None, *, overwrite: bool) -> None:
    """Write the configuration, whole or not at all where it goes into a file."""
    if output is None:
        streams.use_utf8()
        click.echo(text, nl=False)
        return
    try:
        write_whole(output, text.encode(), overwrite=overwrite)
    except FileExistsError:
        raise CommandError(f"{output} is there already: name another file, or add --force", USAGE) from None
    except OSError as error:
        raise CommandError(f"{output} can't be written: {error.strerror}", TRY_AGAIN) from None


def _print_messages(setup: Path, output: Path | None, messages: Sequence[str]) -> None:
    for one in messages:
        click.echo(f"{setup}: {one}", err=True)
    if output:
        click.echo(
            f"{output} is written, for {owner(output)} alone to read: give it to the user whom PowerMTA runs as, then "
            f"prove it as that user: bouncehandler check --config {output}",
            err=True,
        )
