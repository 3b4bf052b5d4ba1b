"""List-Unsubscribe mail: each domain of `[[unsubscribe]]` is relayed, and handed to `bouncehandler unsubscribe`."""

from collections.abc import Iterator
from fnmatch import fnmatchcase

from bouncehandler.pmta_config.checks.acct_file import Command
from bouncehandler.pmta_config.generate import Installation, pipe_domain, unsubscribe_blocks
from bouncehandler.pmta_config.messages import LintMessage, Severity
from bouncehandler.pmta_config.parser import words
from bouncehandler.pmta_config.tree import Block, Configuration, Directive, shown


def check_unsubscribe_mail(configuration: Configuration, site: Installation) -> Iterator[LintMessage]:
    """What each configured domain lacks."""
    root = configuration.root
    yield from _unknown(root, site)
    for domain in site.domains:
        block = next((one for one in root.blocks("domain") if one.argument.lower() == domain), None)
        if block is None:
            sentence = f"no <domain {domain}> hands List-Unsubscribe mail to bouncehandler"
            paste = pipe_domain(site, domain) if is_relayed(root, domain) else unsubscribe_blocks(site, domain)
            yield LintMessage(Severity.WRONG, None, sentence, paste)
            continue
        yield from _block(block, domain, site)
        if not is_relayed(root, domain):
            sentence = f"PowerMTA refuses mail to {domain}: nothing says that it is relayed"
            yield LintMessage(Severity.WRONG, block.location, sentence, (f"relay-domain {domain}",))


def _unknown(root: Block, site: Installation) -> Iterator[LintMessage]:
    """Domains whose mail comes to us, and of which our configuration knows nothing."""
    for block in root.blocks("domain"):
        for said in block.directives("command"):
            command = command_of(said)
            if command.is_ours and command.name == "unsubscribe" and block.argument.lower() not in site.domains:
                domain = shown(block.argument)
                sentence = (
                    f"bouncehandler is handed the mail of {domain}, and has no [[unsubscribe]] table with that domain"
                )
                yield LintMessage(
                    Severity.WRONG, said.location, f"{sentence}: add one, or nobody is unsubscribed by it"
                )


def command_of(said: Directive) -> Command:
    """What a `command` starts; the whole of it is in quotes, as a rule."""
    return Command(tuple(words(_line(said))))


def _line(said: Directive) -> str:
    return said.words[0] if len(said.words) == 1 else said.value


def _block(block: Block, domain: str, site: Installation) -> Iterator[LintMessage]:
    paste = pipe_domain(site, domain)[1:-1]
    kind = next(block.directives("type"), None)
    if kind is None or kind.value.lower() != "pipe":
        sentence = f"<domain {domain}> is not of `type pipe`: its mail is sent on, or nowhere"
        yield LintMessage(Severity.WRONG, kind.location if kind else block.location, sentence, paste)
        return
    said = next(block.directives("command"), None)
    if said is None:
        yield LintMessage(
            Severity.WRONG, block.location, f"<domain {domain}> names no command for its mail", paste[-1:]
        )
    else:
        yield from _command(said, domain, site, paste[-1:])


def _command(said: Directive, domain: str, site: Installation, paste: tuple[str, ...]) -> Iterator[LintMessage]:
    line, command = _line(said), command_of(said)
    if not command.is_ours or command.name != "unsubscribe":
        sentence = f"the mail of {domain} goes to {shown(line)}, not to `bouncehandler unsubscribe`"
    elif not command.program.startswith("/"):
        sentence = (
            f"{shown(command.program)} is no absolute path, and PowerMTA promises no shell that would look for it"
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
        yield LintMessage(Severity.FINE, said.location, f"the mail of {domain} goes to `bouncehandler unsubscribe`")
        return
    yield LintMessage(Severity.WRONG, said.location, sentence, paste)


def is_relayed(root: Block, domain: str) -> bool:
    """Whether a `relay-domain`, or a `relay-address` in it, names the domain; `*` stands for any text."""
    names = {word.lower() for one in root.directives("relay-domain") for word in one.words}
    names |= {word.lower().rpartition("@")[2] for one in root.directives("relay-address") for word in one.words}
    return any(fnmatchcase(domain.lower(), name.replace("[", "[[]")) for name in names)
