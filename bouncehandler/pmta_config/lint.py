"""The examination: everything that a configuration lacks, or has wrong, for this installation."""

from collections.abc import Iterator

from bouncehandler.pmta_config.checks.acct_file import acct_files
from bouncehandler.pmta_config.checks.columns import check_columns
from bouncehandler.pmta_config.checks.pipes import check_pipes
from bouncehandler.pmta_config.checks.processors import check_processors
from bouncehandler.pmta_config.checks.recovery import check_recovery
from bouncehandler.pmta_config.checks.unsubscribe_mail import check_unsubscribe_mail
from bouncehandler.pmta_config.generate import Installation
from bouncehandler.pmta_config.messages import LintMessage, Severity
from bouncehandler.pmta_config.tree import Block, Configuration, Directive


def lint(configuration: Configuration, site: Installation) -> Iterator[LintMessage]:
    """What is right, missing and wrong, in the order in which an operator mends it."""
    for problem in configuration.problems:
        yield LintMessage(Severity.WRONG, problem.location, problem.sentence)
    files = acct_files(configuration)
    ours = [file for file in files if file.reads_for_us]
    yield from check_pipes(files, ours, site)
    yield from check_columns(ours, site)
    yield from check_recovery(files, ours, site)
    yield from check_processors(configuration, ours, site)
    yield from check_unsubscribe_mail(configuration, site)
    yield from _jobs(configuration.root)
    yield _user(configuration)


def run_as_root(configuration: Configuration) -> bool | None:
    """Whether PowerMTA is told to run as root, and this program with it; None where the configuration does not say."""
    said = list(configuration.root.directives("run-as-root"))
    return said[-1].says_yes if said else None


def _user(configuration: Configuration) -> LintMessage:
    said = list(configuration.root.directives("run-as-root"))
    paste = ("run-as-root no",)
    if not said:
        sentence = "nothing says as whom PowerMTA runs, and this program with it: say it"
        return LintMessage(Severity.WARNING, None, sentence, paste)
    if said[-1].says_yes:
        sentence = "PowerMTA runs as root, and this program with it, which needs no such rights: let pmta run both"
        return LintMessage(Severity.WARNING, said[-1].location, sentence, paste)
    return LintMessage(Severity.FINE, said[-1].location, "PowerMTA runs as pmta, and this program with it")


def _jobs(root: Block) -> Iterator[LintMessage]:
    """Somebody has to put the header X-Job into the column jobId."""
    said = [*_everywhere(root, "process-x-job")]
    if any(one.says_yes for one in said):
        return
    sentence = (
        "no <source> has `process-x-job yes`, so that no bounce tells its campaign: put it into the <source> that "
        "hands you the mail"
    )
    yield LintMessage(Severity.WARNING, said[0].location if said else None, sentence, ("    process-x-job yes",))


def _everywhere(block: Block, name: str) -> Iterator[Directive]:
    """The directives of a name in a block, and in the blocks right in it."""
    yield from block.directives(name)
    for item in block.items:
        if isinstance(item, Block):
            yield from item.directives(name)
