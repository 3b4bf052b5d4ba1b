"""Writes the manual page, deploy/man/bouncehandler.1, from the commands' own help: `make man`.

click-man would write a page for each command, and break their examples. This is one page, in man(7).
"""

import inspect
import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import click

from bouncehandler import __version__
from bouncehandler.cli.app import app
from bouncehandler.cli.options import GlobalOptions

PAGE = Path(__file__).resolve().parents[1] / "deploy" / "man" / "bouncehandler.1"
_DATE = "2026-11-21"
"""When what follows the commands was last written anew; a date of the day would change the page every day."""
_WIDTH = 66  # characters, which are more as roff has them
_COMMON = {"config", "logfile", "debug", "color"}

_AFTER = r"""
.SH FILES
.TP
.I /etc/bouncehandler/bouncehandler.toml
The configuration, where neither \fB\-\-config\fR nor BOUNCEHANDLER_CONFIG
names another.
.TP
.I $XDG_STATE_HOME/bouncehandler/spool.db
The spool, where the configuration names no other; else in
.IR ~/.local/state .
.SH ENVIRONMENT
.TP
.B BOUNCEHANDLER_CONFIG
The configuration file.
.TP
.B BOUNCEHANDLER_SECTION__KEY
Any setting; it wins over the file.
.TP
.B CREDENTIALS_DIRECTORY
Where relative names of files with secrets are looked for first; systemd sets
it.
.TP
.B NO_COLOR
Not empty: no colours, unless \fB\-\-color\fR asks for them.
"""


def page() -> str:
    """The whole page."""
    context = click.Context(app, info_name="bouncehandler", obj=GlobalOptions())
    lines = [
        f'.TH BOUNCEHANDLER 1 {_DATE} "bouncehandler {__version__}" "User Commands"',
        ".SH NAME",
        r"bouncehandler \- turn PowerMTA's bounces and complaints into unsubscribes",
        ".SH SYNOPSIS",
        ".B bouncehandler",
        r"[\fIOPTIONS\fR] [\fICOMMAND\fR [\fIARGS\fR]...]",
        ".SH DESCRIPTION",
        *_paragraphs(inspect.cleandoc(app.help or "")),
        ".SH OPTIONS",
        "The first four are those of every command, and stand before its name or after it.",
        *_options(app, context, set()),
        ".SH COMMANDS",
    ]
    for name in app.list_commands(context):
        command = app.get_command(context, name)
        assert command, name
        lines += _command(command, context, name)
    text = "\n".join([*lines, ".SH EXIT STATUS", *_paragraphs(_status(app.epilog or ""))])
    return text + _AFTER


def _command(command: click.Command, above: click.Context, name: str) -> Iterator[str]:
    context = click.Context(command, info_name=name, parent=above)
    usage = command.get_usage(context).removeprefix("Usage: bouncehandler ").split()
    yield f".SS {_plain(' '.join(usage))}"
    yield from _paragraphs(inspect.cleandoc(command.help or ""))
    yield from _options(command, context, _COMMON)
    if command.epilog:
        yield from _paragraphs(command.epilog, ".PP")
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            found = command.get_command(context, inner)
            assert found, inner
            yield from _command(found, context, inner)


def _options(command: click.Command, context: click.Context, without: set[str]) -> Iterator[str]:
    for option in command.get_params(context):
        record = option.get_help_record(context)
        if record and "--help" not in option.opts and option.name not in without:
            yield ".TP"
            yield f".B {_plain(record[0])}"
            yield _plain(record[1])


def _paragraphs(text: str, before: str = "") -> Iterator[str]:
    r"""Paragraphs as click has them: one that begins with `\b` keeps its lines; `before` goes before the first."""
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        if before:
            yield before
        before = ".PP"
        if paragraph.startswith("\b"):
            kept = paragraph.removeprefix("\b").strip("\n").splitlines()
            yield from (".nf", *(_plain(line) for line in kept), ".fi")
        else:
            yield from (_plain(line) for line in textwrap.wrap(paragraph, _WIDTH, break_on_hyphens=False))


def _status(epilog: str) -> str:
    """The help text on the exit status, as a paragraph."""
    return epilog.removeprefix("\b\n").removeprefix("Exit status: ").capitalize()


def _plain(text: str) -> str:
    """Text that roff takes for nothing else."""
    escaped = text.replace("\\", r"\e").replace("-", r"\-").replace("`", r"\(ga").replace("'", r"\(aq")
    return rf"\&{escaped}" if escaped.startswith(".") else escaped


if __name__ == "__main__":
    sys.stdout.write(page())
