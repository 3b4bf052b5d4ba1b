"""The examination: everything that a configuration lacks, or has wrong, for this installation."""

from collections.abc import Iterator

from bouncehandler.pmta.acct_file import acct_files
from bouncehandler.pmta.blocks import Installation
from bouncehandler.pmta.columns import column_remarks
from bouncehandler.pmta.mail import mail_remarks
from bouncehandler.pmta.pipes import pipe_remarks
from bouncehandler.pmta.processors import processor_remarks
from bouncehandler.pmta.recovery import recovery_remarks
from bouncehandler.pmta.remarks import Grade, Remark
from bouncehandler.pmta.tree import Block, Configuration, Directive


def examine(configuration: Configuration, site: Installation) -> Iterator[Remark]:
    """What is right, missing and wrong, in the order in which an operator mends it."""
    for problem in configuration.problems:
        yield Remark(Grade.WRONG, problem.place, problem.sentence)
    files = acct_files(configuration)
    ours = [file for file in files if file.reads_for_us]
    yield from pipe_remarks(files, ours, site)
    yield from column_remarks(ours, site)
    yield from recovery_remarks(files, ours, site)
    yield from processor_remarks(configuration, ours, site)
    yield from mail_remarks(configuration, site)
    yield from _jobs(configuration.root)
    yield _user(configuration)


def run_as_root(configuration: Configuration) -> bool | None:
    """Whether PowerMTA is told to run as root, and this program with it; None where the configuration does not say."""
    said = list(configuration.root.directives("run-as-root"))
    return said[-1].says_yes if said else None


def _user(configuration: Configuration) -> Remark:
    said = list(configuration.root.directives("run-as-root"))
    paste = ("run-as-root no",)
    if not said:
        sentence = "nothing says as whom PowerMTA runs, and this program with it: say it"
        return Remark(Grade.WARNING, None, sentence, paste)
    if said[-1].says_yes:
        sentence = "PowerMTA runs as root, and this program with it, which needs no such rights: let pmta run both"
        return Remark(Grade.WARNING, said[-1].place, sentence, paste)
    return Remark(Grade.FINE, said[-1].place, "PowerMTA runs as pmta, and this program with it")


def _jobs(root: Block) -> Iterator[Remark]:
    """Somebody has to put the header X-Job into the column jobId."""
    said = [*_everywhere(root, "process-x-job")]
    if any(one.says_yes for one in said):
        return
    sentence = (
        "no <source> has `process-x-job yes`, so that no bounce tells its campaign: put it into the <source> that "
        "hands you the mail"
    )
    yield Remark(Grade.WARNING, said[0].place if said else None, sentence, ("    process-x-job yes",))


def _everywhere(block: Block, name: str) -> Iterator[Directive]:
    """The directives of a name in a block, and in the blocks right in it."""
    yield from block.directives(name)
    for item in block.items:
        if isinstance(item, Block):
            yield from item.directives(name)
