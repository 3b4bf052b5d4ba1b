"""The recovery files: PowerMTA's own copy of what a pipe may miss."""

from collections.abc import Iterator

from bouncehandler.pmta_config.checks.acct_file import AcctFile
from bouncehandler.pmta_config.checks.columns import decisive_columns
from bouncehandler.pmta_config.generate import Installation, moving, recovery_block
from bouncehandler.pmta_config.messages import LintMessage, Severity, listed

_FOLDERS = {"bounces": "bounces", "complaints": "fbl"}


def check_recovery(files: list[AcctFile], ours: list[AcctFile], site: Installation) -> Iterator[LintMessage]:
    """Whether what the pipes are handed is on disk as well, whole, and in files that are moved away when they are."""
    on_disk = [file for file in files if file.command is None]
    for title, kinds in (("bounces", ("b", "rb")), ("complaints", ("f",))):
        handed = [kind for kind in kinds if any(file.carries(kind) for file in ours)]
        kept = [file for file in on_disk if any(file.carries(kind) for kind in handed)]
        missing = [kind for kind in handed if not any(file.carries(kind) for file in kept)]
        if handed and missing:
            sentence = (
                f"no file on disk has the {title} (records of type {listed(missing)}) that PowerMTA drops for five "
                "minutes when a pipe fails"
            )
            yield LintMessage(Severity.WARNING, None, sentence, recovery_block(site, kinds[0]))
        for file in kept:
            yield from _file(file, title, handed, site)


def _file(file: AcctFile, title: str, handed: list[str], site: Installation) -> Iterator[LintMessage]:
    for kind in handed:
        absent = decisive_columns(file, kind, site) if file.carries(kind) else []
        if absent:
            sentence = f"this file lacks {listed(absent)} of records of type {kind}: fed in again, it would do nothing"
            yield LintMessage(Severity.WARNING, file.block.location, sentence)
    if not any(file.block.directives("move-to")):
        sentence = "this file is never moved away, so that nobody can tell which part of it is whole"
        yield LintMessage(Severity.WARNING, file.block.location, sentence, moving(f"{site.logs}/{_FOLDERS[title]}"))
    else:
        yield LintMessage(
            Severity.FINE, file.block.location, f"{file.block.argument} has the {title} that a pipe may miss"
        )
