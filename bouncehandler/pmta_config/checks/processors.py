"""Checks the processors of mail: feedback-loop processor for complaints, bounce processor for later bounces."""

import re
from collections.abc import Iterator

from bouncehandler.pmta_config.checks.acct_file import AcctFile
from bouncehandler.pmta_config.checks.unsubscribe_mail import is_relayed
from bouncehandler.pmta_config.generate import Installation, bounce_processor, complaint_processor
from bouncehandler.pmta_config.messages import LintMessage, fail, warn
from bouncehandler.pmta_config.tree import Block, Configuration, Directive, quote

_DOMAIN = re.compile(r"@((?:[A-Za-z0-9_-]+\\?\.)+[A-Za-z0-9_-]+)\$?$")
"""The domain at the end of a pattern, where it is spelled out."""


def check_processors(configuration: Configuration, ours: list[AcctFile], site: Installation) -> Iterator[LintMessage]:
    """Check each processor whose records a pipe receives."""
    root = configuration.root
    if any(file.carries("f") for file in ours):
        yield from _check_feedback_loops(root, list(root.blocks("feedback-loop-processor")), site)
    if any(file.carries("rb") for file in ours):
        yield from _check_bounces(root, list(root.blocks("bounce-processor")), site)


def _check_feedback_loops(root: Block, blocks: list[Block], site: Installation) -> Iterator[LintMessage]:
    if not blocks:
        sentence = "no <feedback-loop-processor> reads the reports: there will be no records of complaints"
        paste = (f"relay-domain {site.complaints}", *complaint_processor(site))
        yield fail(None, sentence, paste)
    for block in blocks:
        yield from _check_addresses(root, block, ("        address /abuse@" + site.complaints + "/",))
        missing = [name for name in _required_forwards(block) if not any(block.directives(name))]
        if missing:
            sentence = f"reports that PowerMTA can't read are lost without {' and '.join(missing)}"
            yield warn(block.location, sentence, tuple(f"    {name} {site.postmaster}" for name in missing))


def _required_forwards(block: Block) -> Iterator[str]:
    """Yield the required directives for mail that is no report, or malformed."""
    yield "forward-errors-to"
    if not any(directive.is_on for directive in block.directives("deliver-unmatched-email")):
        yield "forward-unmatched-to"


def _check_bounces(root: Block, blocks: list[Block], site: Installation) -> Iterator[LintMessage]:
    if not blocks:
        sentence = "no <bounce-processor> reads bounces that come later, by mail: there will be no records of type rb"
        yield warn(None, sentence, bounce_processor(site))
    for block in blocks:
        yield from _check_addresses(root, block, ("        domain " + site.bounces,))


def _check_addresses(root: Block, block: Block, paste: tuple[str, ...]) -> Iterator[LintMessage]:
    """Check that a processor has addresses, and that PowerMTA accepts mail for them."""
    items = [item for inner in block.blocks("address-list") for item in inner.items if isinstance(item, Directive)]
    if not any(item.name in {"address", "domain"} for item in items):
        sentence = f"<{block.name}> has no <address-list> with an address or a domain: no mail goes to it"
        yield fail(block.location, sentence, ("    <address-list>", *paste, "    </address-list>"))
    for item in items:
        domain = _domain(item)
        if domain and not is_relayed(root, domain):
            sentence = f"PowerMTA refuses mail to {quote(domain)}, which goes to the <{block.name}>"
            yield fail(item.location, sentence, (f"relay-domain {domain}",))


def _domain(item: Directive) -> str:
    """Return the domain of a line of an address list; empty for a pattern."""
    if item.name == "domain":
        return item.value.lower()
    match = _DOMAIN.search(item.value.strip("/")) if item.name == "address" else None
    return match[1].replace("\\", "").lower() if match else ""
