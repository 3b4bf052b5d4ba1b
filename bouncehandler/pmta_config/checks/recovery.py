"""Checks the recovery files: copies on disk of the records for the pipes."""

from collections.abc import Iterator

from bouncehandler.pmta_config.checks.acct_file import AcctFile
from bouncehandler.pmta_config.checks.columns import missing_vital_columns
from bouncehandler.pmta_config.generate import Installation, move_directives, recovery_block
from bouncehandler.pmta_config.messages import LintMessage, join_names, ok, warn


def check_recovery(files: list[AcctFile], ours: list[AcctFile], site: Installation) -> Iterator[LintMessage]:
    """Check that the records of the pipes are on disk, too, in files with all columns that are moved when complete."""
    on_disk = [file for file in files if file.command is None]
    for title, kinds in (("bounces", ("b", "rb")), ("complaints", ("f",))):
        types = [kind for kind in kinds if any(file.carries(kind) for file in ours)]
        kept = [file for file in on_disk if any(file.carries(kind) for kind in types)]
        missing = [kind for kind in types if not any(file.carries(kind) for file in kept)]
        if types and missing:
            sentence = (
                f"no file on disk has the {title} (records of type {join_names(missing)}) that PowerMTA drops for five "
                "minutes when a pipe fails"
            )
            yield warn(None, sentence, recovery_block(site, kinds[0]))
        for file in kept:
            yield from _check_file(file, title, types, site)


def _check_file(file: AcctFile, title: str, types: list[str], site: Installation) -> Iterator[LintMessage]:
    for kind in types:
        missing = missing_vital_columns(file, kind, site) if file.carries(kind) else []
        if missing:
            sentence = (
                f"this file lacks {join_names(missing)} of records of type {kind}: fed in again, it would do nothing"
            )
            yield warn(file.block.location, sentence)
    if not any(file.block.directives("move-to")):
        sentence = "this file is never moved away, so that the end of its complete part is unknown"
        yield warn(file.block.location, sentence, move_directives(site, "f" if types == ["f"] else "b"))
    else:
        yield ok(file.block.location, f"{file.block.argument} has the {title} that a pipe may miss")
