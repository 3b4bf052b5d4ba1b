"""Runs all checks of PowerMTA's configuration for this installation."""

from collections.abc import Iterator

from bouncehandler.pmta_config.checks.acct_file import parse_acct_files
from bouncehandler.pmta_config.checks.columns import check_columns
from bouncehandler.pmta_config.checks.pipes import check_pipes
from bouncehandler.pmta_config.checks.processors import check_processors
from bouncehandler.pmta_config.checks.recovery import check_recovery
from bouncehandler.pmta_config.checks.unsubscribe_mail import check_unsubscribe_mail
from bouncehandler.pmta_config.generate import Installation
from bouncehandler.pmta_config.messages import LintMessage, fail, ok, warn
from bouncehandler.pmta_config.tree import Block, Configuration, Directive


def lint(configuration: Configuration, site: Installation) -> Iterator[LintMessage]:
    """Check a configuration; the messages come in the order in which to fix it."""
    for problem in configuration.problems:
        yield fail(problem.location, problem.sentence)
    files = parse_acct_files(configuration)
    ours = [file for file in files if file.is_live_pipe]
    yield from check_pipes(files, ours, site)
    yield from check_columns(ours, site)
    yield from check_recovery(files, ours, site)
    yield from check_processors(configuration, ours, site)
    yield from check_unsubscribe_mail(configuration, site)
    yield from _check_jobs(configuration.root)
    yield _check_user(configuration)


def run_as_root(configuration: Configuration) -> bool | None:
    """Whether PowerMTA runs as root, and this program with it; None where the configuration leaves it open."""
    directives = list(configuration.root.directives("run-as-root"))
    return directives[-1].is_on if directives else None


def _check_user(configuration: Configuration) -> LintMessage:
    directives = list(configuration.root.directives("run-as-root"))
    paste = ("run-as-root no",)
    if not directives:
        sentence = "the user that PowerMTA, and this program with it, runs as is not set: set it"
        return warn(None, sentence, paste)
    if directives[-1].is_on:
        sentence = "PowerMTA runs as root, and this program with it, which needs no such rights: let pmta run both"
        return warn(directives[-1].location, sentence, paste)
    return ok(directives[-1].location, "PowerMTA runs as pmta, and this program with it")


def _check_jobs(root: Block) -> Iterator[LintMessage]:
    """Check that the header X-Job is read into the column jobId."""
    directives = [*_directives_within(root, "process-x-job")]
    if any(directive.is_on for directive in directives):
        return
    sentence = (
        "no <source> has `process-x-job yes`, so that no bounce names its campaign: put it into the <source> that "
        "hands you the mail"
    )
    yield warn(directives[0].location if directives else None, sentence, ("    process-x-job yes",))


def _directives_within(block: Block, name: str) -> Iterator[Directive]:
    """Yield the directives of a name in a block and in its direct sub-blocks."""
    yield from block.directives(name)
    for item in block.items:
        if isinstance(item, Block):
            yield from item.directives(name)
