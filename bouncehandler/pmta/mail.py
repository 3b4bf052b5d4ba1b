"""List-Unsubscribe mail: each domain of `[[unsubscribe]]` is relayed, and handed to `bouncehandler unsubscribe`."""

from collections.abc import Iterator

from bouncehandler.pmta.acct_file import Command
from bouncehandler.pmta.blocks import Installation, pipe_domain, unsubscribe_blocks
from bouncehandler.pmta.lines import words
from bouncehandler.pmta.relaying import is_relayed
from bouncehandler.pmta.remarks import Grade, Remark
from bouncehandler.pmta.tree import Block, Configuration, Directive, shown


def mail_remarks(configuration: Configuration, site: Installation) -> Iterator[Remark]:
    """What each configured domain lacks."""
    root = configuration.root
    yield from _unknown(root, site)
    for domain in site.domains:
        block = next((one for one in root.blocks("domain") if one.argument.lower() == domain), None)
        if block is None:
            sentence = f"no <domain {domain}> hands List-Unsubscribe mail to bouncehandler"
            paste = pipe_domain(site, domain) if is_relayed(root, domain) else unsubscribe_blocks(site, domain)
            yield Remark(Grade.WRONG, None, sentence, paste)
            continue
        yield from _block(block, domain, site)
        if not is_relayed(root, domain):
            sentence = f"PowerMTA refuses mail to {domain}: nothing says that it is relayed"
            yield Remark(Grade.WRONG, block.place, sentence, (f"relay-domain {domain}",))


def _unknown(root: Block, site: Installation) -> Iterator[Remark]:
    """Domains whose mail comes to us, and of which our configuration knows nothing."""
    for block in root.blocks("domain"):
        for said in block.directives("command"):
            command = command_of(said)
            if command.is_ours and command.name == "unsubscribe" and block.argument.lower() not in site.domains:
                domain = shown(block.argument)
                sentence = (
                    f"bouncehandler is handed the mail of {domain}, and has no [[unsubscribe]] table with that domain"
                )
                yield Remark(Grade.WRONG, said.place, f"{sentence}: add one, or nobody is unsubscribed by it")


def command_of(said: Directive) -> Command:
    """What a `command` starts; the whole of it is in quotes, as a rule."""
    return Command(tuple(words(_line(said))))


def _line(said: Directive) -> str:
    return said.words[0] if len(said.words) == 1 else said.value


def _block(block: Block, domain: str, site: Installation) -> Iterator[Remark]:
    paste = pipe_domain(site, domain)[1:-1]
    kind = next(block.directives("type"), None)
    if kind is None or kind.value.lower() != "pipe":
        sentence = f"<domain {domain}> is not of `type pipe`: its mail is sent on, or nowhere"
        yield Remark(Grade.WRONG, kind.place if kind else block.place, sentence, paste)
        return
    said = next(block.directives("command"), None)
    if said is None:
        yield Remark(Grade.WRONG, block.place, f"<domain {domain}> names no command for its mail", paste[-1:])
    else:
        yield from _command(said, domain, site, paste[-1:])


def _command(said: Directive, domain: str, site: Installation, paste: tuple[str, ...]) -> Iterator[Remark]:
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
        yield Remark(Grade.FINE, said.place, f"the mail of {domain} goes to `bouncehandler unsubscribe`")
        return
    yield Remark(Grade.WRONG, said.place, sentence, paste)
