"""The pipes: whether one runs this program, rightly, and is handed bounces and complaints."""

import difflib
import re
from collections.abc import Iterator

from bouncehandler.pmta.acct_file import AcctFile, Command
from bouncehandler.pmta.blocks import Installation, bounce_blocks, complaint_blocks
from bouncehandler.pmta.needs import FIELDS
from bouncehandler.pmta.remarks import Grade, Remark, listed
from bouncehandler.pmta.tree import Directive, shown

_KNOWN = frozenset({"b", "rb", "f", "d", "t", "tq", "r", "rs"})
_DIRECTIVES = ("records", "record-fields", "map-header-to-field")
_SHELL = re.compile(r"^(\d?>|<|\||&|;)|\$\(|`|^~|^\$\w")


def pipe_remarks(files: list[AcctFile], ours: list[AcctFile], site: Installation) -> Iterator[Remark]:
    """What is to be said of the pipes that run this program, or that should."""
    for file in files:
        if file.command and file.command.is_the_old_handler and not file.command.is_ours:
            sentence = (
                "the PHP handler still reads accounting here: while it acts, have this program run with --dry-run"
            )
            yield Remark(Grade.WARNING, file.block.place, sentence)
    if not any(file.command and file.command.is_ours for file in files):
        yield Remark(
            Grade.WRONG, None, "no <acct-file |...> runs bouncehandler: it is handed nothing", bounce_blocks(site)
        )
        return
    for file in files:
        if file.command and file.command.is_ours:
            yield from _pipe(file, file.command, site)
    if not ours:
        yield Remark(Grade.WARNING, None, "bouncehandler runs with --dry-run only: it decides, and unsubscribes nobody")
        return
    yield from _kinds(ours, site)


def _pipe(file: AcctFile, command: Command, site: Installation) -> Iterator[Remark]:
    trouble = [*_command(command, site), *_directives(file)]
    yield from (remark._replace(place=remark.place or file.block.place) for remark in trouble)
    if file.records is None:
        sentence = "this block says nothing of `records`, so that it is PowerMTA's version that decides: say it"
        yield Remark(Grade.WRONG, file.block.place, sentence, ("    records b,rb",))
    elif not trouble:
        told = listed(sorted(file.records))
        yield Remark(Grade.FINE, file.block.place, f"{shown(command.program)} is handed records of type {told}")


def _command(command: Command, site: Installation) -> Iterator[Remark]:
    if not command.program.startswith("/"):
        sentence = (
            f"{shown(command.program)} is no absolute path, and PowerMTA promises no shell that would look for it"
        )
        yield Remark(Grade.WRONG, None, sentence, (f"<acct-file |{' '.join((site.program, *command.arguments))}>",))
    signs = [word for word in command.words if _SHELL.search(word)]
    if signs:
        sentence = (
            f"{shown(signs[0])} is for a shell, which PowerMTA does not promise: remove it; --logfile takes the log"
        )
        yield Remark(Grade.WRONG, None, sentence)
        return
    if command.name:
        sentence = f"`bouncehandler {shown(command.name)}` reads no accounting: remove {shown(command.name)}"
        yield Remark(Grade.WRONG, None, sentence)
    unknown = [word for word in command.arguments if word.startswith("-") and word.split("=")[0] not in site.options]
    if unknown:
        yield Remark(Grade.WRONG, None, f"bouncehandler has no option {shown(unknown[0])} here: remove it")
    yield from _options(command, site)


def _options(command: Command, site: Installation) -> Iterator[Remark]:
    if not command.option("--logfile"):
        sentence = (
            f"nothing says where the log goes, and PowerMTA keeps none: add --logfile={site.logs}/bouncehandler.log"
        )
        yield Remark(Grade.WARNING, None, sentence)
    if site.config and command.option("--config") != site.config:
        sentence = f"this runs with another configuration than {site.config}: add --config={site.config}"
        yield Remark(Grade.WARNING, None, sentence)
    if command.has("--no-dispatch"):
        sentence = "with --no-dispatch it calls nobody: `bouncehandler work` has to run as a service"
        yield Remark(Grade.FINE, None, sentence)


def _directives(file: AcctFile) -> Iterator[Remark]:
    """Lines that look like a directive that matters and are none, and records that don't exist."""
    for item in file.block.items:
        if isinstance(item, Directive):
            yield from _directive(item)
    for word in sorted((file.records or frozenset()) - _KNOWN):
        place = next(file.block.directives("records")).place
        sentence = f"`records` names {shown(word)}, which is no type of record: b, rb and f are what is needed"
        yield Remark(Grade.WRONG, place, sentence)


def _directive(item: Directive) -> Iterator[Remark]:
    if "," in item.name:
        sentence = f"`{shown(item.name)}` is a list without its directive, record-fields and a type"
        yield Remark(Grade.WRONG, item.place, sentence, (f"    {FIELDS['b']}",))
        return
    near = difflib.get_close_matches(item.name[:40], _DIRECTIVES, n=1, cutoff=0.8)
    if near and item.name != near[0]:
        sentence = f"`{shown(item.name)}` is no directive: did you mean {near[0]}?"
        yield Remark(Grade.WRONG, item.place, sentence, (f"    {near[0]} {shown(item.value)}",))


def _kinds(ours: list[AcctFile], site: Installation) -> Iterator[Remark]:
    """Somebody has to be handed bounces, later bounces and complaints; one is enough."""
    first = ours[0].block.place
    if any(file.records is None for file in ours):
        return  # whoever does not say it has been told to
    if not any(file.carries("b") for file in ours):
        yield Remark(
            Grade.WRONG, first, "no pipe of bouncehandler's is handed bounces (`records b`)", bounce_blocks(site)
        )
    elif not any(file.carries("rb") for file in ours):
        place = next((file.block.place for file in ours if file.carries("b")), first)
        sentence = "bounces that come later, by mail, are not handed over (`records b,rb`)"
        yield Remark(Grade.WARNING, place, sentence, ("    records b,rb", f"    {FIELDS['rb']}"))
    if not any(file.carries("f") for file in ours):
        sentence = (
            "no pipe of bouncehandler's is handed complaints (`records feedback-loop`): who complains stays subscribed"
        )
        yield Remark(Grade.WARNING, None, sentence, complaint_blocks(site))
    for kind in ("b", "rb", "f"):
        carrying = [file for file in ours if file.carries(kind)]
        if len(carrying) > 1:
            where = carrying[0].block.place
            sentence = (
                f"records of type {kind} are handed over here and at {where}: harmless, and the work is done twice"
            )
            yield Remark(Grade.WARNING, carrying[1].block.place, sentence)
