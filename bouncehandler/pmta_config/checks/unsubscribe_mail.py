"""Checks List-Unsubscribe mail: each `[[unsubscribe]]` domain is relayed, and piped to `bouncehandler unsubscribe`."""

from collections.abc import Iterator
from fnmatch import fnmatchcase

from bouncehandler.pmta_config.checks.acct_file import Command
from bouncehandler.pmta_config.generate import Installation, pipe_domain
from bouncehandler.pmta_config.messages import LintMessage, fail, ok
from bouncehandler.pmta_config.parser import split_words
from bouncehandler.pmta_config.tree import Block, Configuration, Directive, quote


def check_unsubscribe_mail(configuration: Configuration, site: Installation) -> Iterator[LintMessage]:
    """Check each configured domain."""
    root = configuration.root
    yield from _check_unknown_domains(root, site)
    for domain in site.domains:
        relay = () if is_relayed(root, domain) else (f"relay-domain {domain}",)
        block = next((block for block in root.blocks("domain") if block.argument.lower() == domain), None)
        if block is None:
            sentence = f"no <domain {domain}> hands List-Unsubscribe mail to bouncehandler"
            yield fail(None, sentence, (*relay, *pipe_domain(site, domain)))
            continue
        yield from _check_block(block, domain, site)
        if relay:
            yield fail(block.location, f"PowerMTA refuses mail to {domain}: no relay-domain names it", relay)


def _check_unknown_domains(root: Block, site: Installation) -> Iterator[LintMessage]:
    """Check for piped domains that the configuration lacks."""
    for block in root.blocks("domain"):
        for directive in block.directives("command"):
            command = parse_command(directive)
            if command.is_ours and command.name == "unsubscribe" and block.argument.lower() not in site.domains:
                domain = quote(block.argument)
                sentence = (
                    f"bouncehandler is handed the mail of {domain}, and has no [[unsubscribe]] table with that domain"
                )
                yield fail(directive.location, f"{sentence}: add one, or its mail unsubscribes no one")


def parse_command(directive: Directive) -> Command:
    """Parse the value of `command`, which is usually quoted as a whole."""
    return Command(tuple(split_words(_line(directive))))


def _line(directive: Directive) -> str:
    return directive.words[0] if len(directive.words) == 1 else directive.value


def _check_block(block: Block, domain: str, site: Installation) -> Iterator[LintMessage]:
    paste = pipe_domain(site, domain)[1:-1]
    kind = next(block.directives("type"), None)
    if kind is None or kind.value.lower() != "pipe":
        sentence = f"<domain {domain}> is not of `type pipe`: its mail is sent on, or nowhere"
        yield fail(kind.location if kind else block.location, sentence, paste)
        return
    directive = next(block.directives("command"), None)
    if directive is None:
        yield fail(block.location, f"<domain {domain}> names no command for its mail", paste[-1:])
    else:
        yield from _check_command(directive, domain, site, paste[-1:])


def _check_command(
    directive: Directive, domain: str, site: Installation, paste: tuple[str, ...]
) -> Iterator[LintMessage]:
    line, command = _line(directive), parse_command(directive)
    if not command.is_ours or command.name != "unsubscribe":
        sentence = f"the mail of {domain} goes to {quote(line)}, not to `bouncehandler unsubscribe`"
    elif not command.program.startswith("/"):
        sentence = (
            f"{quote(command.program)} is no absolute path, and PowerMTA promises no shell that would look for it"
        )
    elif command.option("--from") != "$from" or command.option("--to") != "$to":
        sentence = "bouncehandler unsubscribe needs both --from and --to, with what PowerMTA puts there"
    elif '"$from"' not in line or '"$to"' not in line:
        sentence = (
            "$from and $to stand outside of quotes: an empty sender, which bounces have, would shift the arguments"
        )
    elif site.config and command.option("--config") != site.config:
        sentence = f"this runs with another configuration than {site.config}"
    else:
        yield ok(directive.location, f"the mail of {domain} goes to `bouncehandler unsubscribe`")
        return
    yield fail(directive.location, sentence, paste)


def is_relayed(root: Block, domain: str) -> bool:
    """Whether a `relay-domain` or `relay-address` matches the domain; `*` stands for any text."""
    names = {word.lower() for one in root.directives("relay-domain") for word in one.words}
    names |= {word.lower().rpartition("@")[2] for one in root.directives("relay-address") for word in one.words}
    return any(fnmatchcase(domain.lower(), name.replace("[", "[[]")) for name in names)
