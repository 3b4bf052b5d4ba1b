"""The pipes: whether one runs this program, rightly, and is handed bounces and complaints."""

import difflib
import re
from collections.abc import Iterator

from bouncehandler.pmta_config.checks.acct_file import AcctFile, Command
from bouncehandler.pmta_config.generate import Installation, bounce_blocks, complaint_blocks
from bouncehandler.pmta_config.messages import LintMessage, Severity, listed
from bouncehandler.pmta_config.required_columns import FIELDS
from bouncehandler.pmta_config.tree import Directive, shown

_KNOWN = frozenset({"b", "rb", "f", "d", "t", "tq", "r", "rs"})
_DIRECTIVES = ("records", "record-fields", "map-header-to-field")
_SHELL = re.compile(r"^(\d?>|<|\||&|;)|\$\(|`|^~|^\$\w")


def check_pipes(files: list[AcctFile], ours: list[AcctFile], site: Installation) -> Iterator[LintMessage]:
    """What is to be said of the pipes that run this program, or that should."""
    for file in files:
        if file.command and file.command.is_the_old_handler and not file.command.is_ours:
            sentence = (
                "the PHP handler still reads accounting here: while it acts, have this program run with --dry-run"
            )
            yield LintMessage(Severity.WARNING, file.block.location, sentence)
    if not any(file.command and file.command.is_ours for file in files):
        yield LintMessage(
            Severity.WRONG, None, "no <acct-file |...> runs bouncehandler: it is handed nothing", bounce_blocks(site)
        )
        return
    for file in files:
        if file.command and file.command.is_ours:
            yield from _pipe(file, file.command, site)
    if not ours:
        yield LintMessage(
            Severity.WARNING, None, "bouncehandler runs with --dry-run only: it decides, and unsubscribes nobody"
        )
        return
    yield from _kinds(ours, site)


def _pipe(file: AcctFile, command: Command, site: Installation) -> Iterator[LintMessage]:
    trouble = [*_command(command, site), *_directives(file)]
    yield from (remark._replace(location=remark.location or file.block.location) for remark in trouble)
    if file.records is None:
        sentence = "this block says nothing of `records`, so that it is PowerMTA's version that decides: say it"
        yield LintMessage(Severity.WRONG, file.block.location, sentence, ("    records b,rb",))
    elif not trouble:
        told = listed(sorted(file.records))
        yield LintMessage(
            Severity.FINE, file.block.location, f"{shown(command.program)} is handed records of type {told}"
        )


def _command(command: Command, site: Installation) -> Iterator[LintMessage]:
    if not command.program.startswith("/"):
        sentence = (
            f"{shown(command.program)} is no absolute path, and PowerMTA promises no shell that would look for it"
        )
        yield LintMessage(
            Severity.WRONG, None, sentence, (f"<acct-file |{' '.join((site.program, *command.arguments))}>",)
        )
    signs = [word for word in command.words if _SHELL.search(word)]
    if signs:
        sentence = (
            f"{shown(signs[0])} is for a shell, which PowerMTA does not promise: remove it; --logfile takes the log"
        )
        yield LintMessage(Severity.WRONG, None, sentence)
        return
    if command.name:
        sentence = f"`bouncehandler {shown(command.name)}` reads no accounting: remove {shown(command.name)}"
        yield LintMessage(Severity.WRONG, None, sentence)
    unknown = [word for word in command.arguments if word.startswith("-") and word.split("=")[0] not in site.options]
    if unknown:
        yield LintMessage(Severity.WRONG, None, f"bouncehandler has no option {shown(unknown[0])} here: remove it")
    yield from _options(command, site)


def _options(command: Command, site: Installation) -> Iterator[LintMessage]:
    if not command.option("--logfile"):
        sentence = (
            f"nothing says where the log goes, and PowerMTA keeps none: add --logfile={site.logs}/bouncehandler.log"
        )
        yield LintMessage(Severity.WARNING, None, sentence)
    if site.config and command.option("--config") != site.config:
        sentence = f"this runs with another configuration than {site.config}: add --config={site.config}"
        yield LintMessage(Severity.WARNING, None, sentence)
    if command.has("--no-dispatch"):
        sentence = "with --no-dispatch it calls nobody: `bouncehandler work` has to run as a service"
        yield LintMessage(Severity.FINE, None, sentence)


def _directives(file: AcctFile) -> Iterator[LintMessage]:
    """Lines that look like a directive that matters and are none, and records that don't exist."""
    for item in file.block.items:
        if isinstance(item, Directive):
            yield from _directive(item)
    for word in sorted((file.records or frozenset()) - _KNOWN):
        location = next(file.block.directives("records")).location
        sentence = f"`records` names {shown(word)}, which is no type of record: b, rb and f are what is needed"
        yield LintMessage(Severity.WRONG, location, sentence)


def _directive(item: Directive) -> Iterator[LintMessage]:
    if "," in item.name:
        sentence = f"`{shown(item.name)}` is a list without its directive, record-fields and a type"
        yield LintMessage(Severity.WRONG, item.location, sentence, (f"    {FIELDS['b']}",))
        return
    near = difflib.get_close_matches(item.name[:40], _DIRECTIVES, n=1, cutoff=0.8)
    if near and item.name != near[0]:
        sentence = f"`{shown(item.name)}` is no directive: did you mean {near[0]}?"
        yield LintMessage(Severity.WRONG, item.location, sentence, (f"    {near[0]} {shown(item.value)}",))


def _kinds(ours: list[AcctFile], site: Installation) -> Iterator[LintMessage]:
    """Somebody has to be handed bounces, later bounces and complaints; one is enough."""
    first = ours[0].block.location
    if any(file.records is None for file in ours):
        return  # whoever does not say it has been told to
    if not any(file.carries("b") for file in ours):
        yield LintMessage(
            Severity.WRONG, first, "no pipe of bouncehandler's is handed bounces (`records b`)", bounce_blocks(site)
        )
    elif not any(file.carries("rb") for file in ours):
        location = next((file.block.location for file in ours if file.carries("b")), first)
        sentence = "bounces that come later, by mail, are not handed over (`records b,rb`)"
        yield LintMessage(Severity.WARNING, location, sentence, ("    records b,rb", f"    {FIELDS['rb']}"))
    if not any(file.carries("f") for file in ours):
        sentence = (
            "no pipe of bouncehandler's is handed complaints (`records feedback-loop`): who complains stays subscribed"
        )
        yield LintMessage(Severity.WARNING, None, sentence, complaint_blocks(site))
    for kind in ("b", "rb", "f"):
        carrying = [file for file in ours if file.carries(kind)]
        if len(carrying) > 1:
            where = carrying[0].block.location
            sentence = (
                f"records of type {kind} are handed over here and at {where}: harmless, and the work is done twice"
            )
            yield LintMessage(Severity.WARNING, carrying[1].block.location, sentence)
