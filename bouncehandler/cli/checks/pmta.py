"""PowerMTA's configuration: errors and gaps for this installation, and rights to start its programs."""

import glob
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from bouncehandler.cli.checks.finding import CheckResult, fail, warn
from bouncehandler.cli.checks.installation import site_of
from bouncehandler.cli.checks.users import User, this_user, user_named
from bouncehandler.cli.exits import CommandError
from bouncehandler.cli.session import Session
from bouncehandler.pmta_config.checks.acct_file import AcctFile, Command, parse_acct_files
from bouncehandler.pmta_config.checks.unsubscribe_mail import parse_command
from bouncehandler.pmta_config.lint import lint, run_as_root
from bouncehandler.pmta_config.parser import parse
from bouncehandler.pmta_config.tree import Configuration, SourceLocation

_LONGEST_FILE = 16 * 1024 * 1024
"""Characters; a configuration with ten thousand virtual MTAs has a few million."""


class _Disk:
    def read(self, path: str) -> str:
        """The text; bytes that are not UTF-8 are replaced."""
        with Path(path).open(encoding="utf-8", errors="replace") as file:
            return file.read(_LONGEST_FILE)

    def matching(self, pattern: str) -> list[str]:
        return sorted(glob.glob(pattern))  # noqa: PTH207  # the pattern is absolute, which Path.glob does not take


def read_pmta(file: Path) -> Configuration | CheckResult:
    """Configuration, or an error where it can't be read."""
    try:
        return parse(str(file.absolute()), _Disk())
    except (OSError, ValueError) as error:  # ValueError: a name with NUL
        why = getattr(error, "strerror", None) or str(error)
        return fail("pmta", f"{file} can't be read ({why}): name PowerMTA's configuration", str(file))


def pmta_findings(session: Session, configuration: Configuration, user: User) -> Iterator[CheckResult]:
    """Results of the linter, then whether the user can start the programs."""
    for message in lint(configuration, site_of(session)):
        location = message.location or ("", 0)
        yield CheckResult(message.severity, "pmta", message.sentence, *location, message.paste)
    reported: set[Path] = set()
    for command, location in _started(configuration):
        program = Path(command.program)
        if program.is_absolute() and program not in reported:
            reported.add(program)
            yield from _program(program, location, user)


def logs_of(configuration: Configuration) -> list[Path]:
    """The log files that the pipes name, each once."""
    named = (file.command.option("--logfile") for file in _ours(configuration) if file.command)
    return [Path(name) for name in dict.fromkeys(named) if name.startswith("/")]


def runner_of(configuration: Configuration | None, named: str | None) -> tuple[User, list[CheckResult]]:
    """User that PowerMTA runs this program as, and a remark where that is uncertain.

    Args:
        named: user named by the operator; takes precedence.
    """
    if named:
        return user_named(named), []
    is_root = run_as_root(configuration) if configuration else None
    with suppress(CommandError):
        return user_named("root" if is_root else "pmta"), []
    sentence = "there is no user pmta on this machine: what it may do was not proved; name another with --as"
    return this_user(), [warn("user pmta", sentence)]


def _ours(configuration: Configuration) -> list[AcctFile]:
    return [file for file in parse_acct_files(configuration) if file.command and file.command.is_ours]


def _started(configuration: Configuration) -> Iterator[tuple[Command, SourceLocation]]:
    """Commands of this program that PowerMTA starts: accounting pipes, and a process for each mail."""
    for file in _ours(configuration):
        if file.command:
            yield file.command, file.block.location
    for block in configuration.root.blocks("domain"):
        for directive in block.directives("command"):
            command = parse_command(directive)
            if command.is_ours:
                yield command, directive.location


def _program(program: Path, location: SourceLocation, user: User) -> Iterator[CheckResult]:
    is_there, is_startable = user.may([(program, os.F_OK), (program, os.R_OK | os.X_OK)])
    if not (is_there or program.exists()):
        yield fail("pmta", f"there is no {program}: install it, or correct the path", *location)
    elif not is_startable or program.is_dir():
        sentence = f"{user.name} can't start {program}: give it, and the folders above it, the right to ({user.how})"
        yield fail("pmta", sentence, *location)
