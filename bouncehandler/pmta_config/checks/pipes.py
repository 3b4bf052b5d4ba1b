"""Checks the pipes: that one runs this program correctly, and receives bounces and complaints."""

import difflib
import re
from collections.abc import Iterator

from bouncehandler.pmta_config.checks.acct_file import AcctFile, Command
from bouncehandler.pmta_config.generate import Installation, pipe_blocks
from bouncehandler.pmta_config.messages import LintMessage, fail, join_names, ok, warn
from bouncehandler.pmta_config.required_columns import FIELDS
from bouncehandler.pmta_config.tree import Directive, quote

_KNOWN = frozenset({"b", "rb", "f", "d", "t", "tq", "r", "rs"})
_DIRECTIVES = ("records", "record-fields", "map-header-to-field")
_SHELL = re.compile(r"^(\d?>|<|\||&|;)|\$\(|`|^~|^\$\w")


def check_pipes(files: list[AcctFile], ours: list[AcctFile], site: Installation) -> Iterator[LintMessage]:
    """Check the pipes to this program."""
    for file in files:
        if file.command and file.command.is_php_handler and not file.command.is_ours:
            sentence = (
                "the PHP handler still reads accounting here: while it acts, have this program run with --dry-run"
            )
            yield warn(file.block.location, sentence)
    if not any(file.command and file.command.is_ours for file in files):
        yield fail(None, "no <acct-file |...> runs bouncehandler: it is handed nothing", pipe_blocks(site, "b"))
        return
    for file in files:
        if file.command and file.command.is_ours:
            yield from _check_pipe(file, file.command, site)
    if not ours:
        yield warn(None, "bouncehandler runs with --dry-run only: it decides, and unsubscribes no one")
        return
    yield from _check_record_types(ours, site)


def _check_pipe(file: AcctFile, command: Command, site: Installation) -> Iterator[LintMessage]:
    messages = [*_check_command(command, site), *_check_directives(file)]
    yield from (message._replace(location=message.location or file.block.location) for message in messages)
    if file.records is None:
        sentence = "this block has no `records`, so that PowerMTA's version decides: set it"
        yield fail(file.block.location, sentence, ("    records b,rb",))
    elif not messages:
        types = join_names(sorted(file.records))
        yield ok(file.block.location, f"{quote(command.program)} is handed records of type {types}")


def _check_command(command: Command, site: Installation) -> Iterator[LintMessage]:
    if not command.program.startswith("/"):
        sentence = (
            f"{quote(command.program)} is no absolute path, and PowerMTA promises no shell that would look for it"
        )
        yield fail(None, sentence, (f"<acct-file |{' '.join((site.program, *command.arguments))}>",))
    signs = [word for word in command.words if _SHELL.search(word)]
    if signs:
        sentence = (
            f"{quote(signs[0])} is for a shell, which PowerMTA does not promise: remove it; --logfile takes the log"
        )
        yield fail(None, sentence)
        return
    if command.name:
        sentence = f"`bouncehandler {quote(command.name)}` reads no accounting: remove {quote(command.name)}"
        yield fail(None, sentence)
    unknown = [word for word in command.arguments if word.startswith("-") and word.split("=")[0] not in site.options]
    if unknown:
        yield fail(None, f"bouncehandler has no option {quote(unknown[0])} here: remove it")
    yield from _check_options(command, site)


def _check_options(command: Command, site: Installation) -> Iterator[LintMessage]:
    if not command.option("--logfile"):
        sentence = f"no --logfile is given, and PowerMTA keeps no log: add --logfile={site.logs}/bouncehandler.log"
        yield warn(None, sentence)
    if site.config and command.option("--config") != site.config:
        sentence = f"this runs with another configuration than {site.config}: add --config={site.config}"
        yield warn(None, sentence)
    if command.has("--no-dispatch"):
        sentence = "with --no-dispatch it makes no calls: `bouncehandler work` has to run as a service"
        yield ok(None, sentence)


def _check_directives(file: AcctFile) -> Iterator[LintMessage]:
    """Check for misspelt directives and unknown record types."""
    for item in file.block.items:
        if isinstance(item, Directive):
            yield from _check_directive(item)
    for word in sorted((file.records or frozenset()) - _KNOWN):
        location = next(file.block.directives("records")).location
        sentence = f"`records` names {quote(word)}, which is no type of record: b, rb and f are what is needed"
        yield fail(location, sentence)


def _check_directive(item: Directive) -> Iterator[LintMessage]:
    if "," in item.name:
        sentence = f"`{quote(item.name)}` is a list without its directive, record-fields and a type"
        yield fail(item.location, sentence, (f"    {FIELDS['b']}",))
        return
    near = difflib.get_close_matches(item.name[:40], _DIRECTIVES, n=1, cutoff=0.8)
    if near and item.name != near[0]:
        sentence = f"`{quote(item.name)}` is no directive: did you mean {near[0]}?"
        yield fail(item.location, sentence, (f"    {near[0]} {quote(item.value)}",))


def _check_record_types(ours: list[AcctFile], site: Installation) -> Iterator[LintMessage]:
    """Check that bounces, later bounces and complaints each go to one pipe."""
    first = ours[0].block.location
    if any(file.records is None for file in ours):
        return  # reported for that pipe
    if not any(file.carries("b") for file in ours):
        yield fail(first, "no pipe of bouncehandler's is handed bounces (`records b`)", pipe_blocks(site, "b"))
    elif not any(file.carries("rb") for file in ours):
        location = next((file.block.location for file in ours if file.carries("b")), first)
        sentence = "bounces that come later, by mail, are not handed over (`records b,rb`)"
        yield warn(location, sentence, ("    records b,rb", f"    {FIELDS['rb']}"))
    if not any(file.carries("f") for file in ours):
        sentence = (
            "no pipe of bouncehandler's is handed complaints (`records feedback-loop`): who complains stays subscribed"
        )
        yield warn(None, sentence, pipe_blocks(site, "f"))
    for kind in ("b", "rb", "f"):
        carrying = [file for file in ours if file.carries(kind)]
        if len(carrying) > 1:
            where = carrying[0].block.location
            sentence = (
                f"records of type {kind} are handed over here and at {where}: harmless, and the work is done twice"
            )
            yield warn(carrying[1].block.location, sentence)
