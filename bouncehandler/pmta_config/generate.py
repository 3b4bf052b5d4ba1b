"""The blocks for PowerMTA's configuration, as one installation needs them."""

from collections.abc import Iterator
from typing import NamedTuple

from bouncehandler.pmta_config.required_columns import FIELDS, MAPPED


class Installation(NamedTuple):
    """What the blocks, and the examination, have to know of this installation."""

    program: str
    """Absolute path."""
    config: str = ""
    """Absolute path; empty where the program finds its configuration by itself."""
    logs: str = "/var/log/pmta"
    """The folder of the log files, and of PowerMTA's own."""
    domains: tuple[str, ...] = ()
    """Of `[[unsubscribe]]`."""
    providers: frozenset[str] = frozenset()
    """The types of the configured providers."""
    complaints: str = "fbl.example.com"
    """The domain that feedback loops report to."""
    bounces: str = "bounce.example.com"
    """The domain of the envelope senders, to which bounces come that a server sends later."""
    postmaster: str = "postmaster@example.com"
    options: frozenset[str] = frozenset({"--config", "--logfile", "--debug", "--no-dispatch", "--dry-run"})
    """What the bare command takes."""

    def command(self, *words: str) -> str:
        """A command line of this program."""
        return " ".join((self.program, *((f"--config={self.config}",) if self.config else ()), *words))


def blocks_for(site: Installation) -> str:
    """All blocks, with a comment above each."""
    parts = (
        ("Bounces: the pipe, and the file that has what the pipe may miss", bounce_blocks(site)),
        ("Bounces that come later, by mail; this domain is that of the envelope senders", bounce_processor(site)),
        (
            "Complaints; register abuse@ at this domain with each feedback loop",
            (f"relay-domain {site.complaints}", *complaint_processor(site), *complaint_blocks(site)),
        ),
        *(("List-Unsubscribe by mail", unsubscribe_blocks(site, domain)) for domain in site.domains),
        ("The campaign of each mail: into the <source> that hands you the mail", job_block()),
        ("The user that runs PowerMTA and this program", ("run-as-root no",)),
    )
    return "\n".join(line for title, block in parts for line in (f"# {title}", *block, ""))


def bounce_blocks(site: Installation) -> tuple[str, ...]:
    """The pipe for bounces and its recovery file."""
    return (
        f"<acct-file |{site.command(f'--logfile={site.logs}/bouncehandler.log')}>",
        *_bounce_columns(),
        "</acct-file>",
        *recovery_block(site, "b"),
    )


def complaint_blocks(site: Installation) -> tuple[str, ...]:
    """The pipe for complaints and its recovery file."""
    return (
        f"<acct-file |{site.command(f'--logfile={site.logs}/fbl-processor.log')}>",
        *_complaint_columns(),
        "</acct-file>",
        *recovery_block(site, "f"),
    )


def recovery_block(site: Installation, kind: str) -> tuple[str, ...]:
    """The file on disk beside the pipe for bounces (`b`) or complaints (`f`)."""
    name, columns = ("fbl", _complaint_columns()) if kind == "f" else ("bounces", _bounce_columns())
    return (
        f"<acct-file {site.logs}/{name}.csv>",
        *columns,
        *moving(f"{site.logs}/{name}"),
        "</acct-file>",
    )


def moving(folder: str) -> tuple[str, ...]:
    """What has PowerMTA put whole files into a folder, from where they can be fed in."""
    return ("    move-interval 1h", f"    move-to {folder}")


def complaint_processor(site: Installation) -> tuple[str, ...]:
    """What makes records of the reports that come by mail."""
    return (
        "<feedback-loop-processor>",
        "    deliver-unmatched-email no",
        f"    forward-errors-to {site.postmaster}",
        f"    forward-unmatched-to {site.postmaster}",
        "    <address-list>",
        f"        address /abuse@{site.complaints}/",
        "    </address-list>",
        "</feedback-loop-processor>",
    )


def bounce_processor(site: Installation) -> tuple[str, ...]:
    """What makes records of the bounces that come by mail."""
    return (
        f"relay-domain {site.bounces}",
        "<bounce-processor>",
        "    deliver-unmatched-email no",
        f"    forward-unmatched-to {site.postmaster}",
        "    <address-list>",
        f"        domain {site.bounces}",
        "    </address-list>",
        "</bounce-processor>",
    )


def unsubscribe_blocks(site: Installation, domain: str) -> tuple[str, ...]:
    """What hands List-Unsubscribe mail to this program."""
    return (f"relay-domain {domain}", *pipe_domain(site, domain))


def pipe_domain(site: Installation, domain: str) -> tuple[str, ...]:
    """The domain alone, without the right to relay to it."""
    command = site.command("unsubscribe", r"--from \"$from\" --to \"$to\"")
    return (f"<domain {domain}>", "    type pipe", f'    command "{command}"', "</domain>")


def job_block() -> tuple[str, ...]:
    """What has PowerMTA take the job from the header X-Job."""
    return ("<source 127.0.0.1>", "    process-x-job yes", "</source>")


def _bounce_columns() -> Iterator[str]:
    return _indented("records b,rb", FIELDS["b"], FIELDS["rb"])


def _complaint_columns() -> Iterator[str]:
    return _indented("records feedback-loop", MAPPED, FIELDS["f"])


def _indented(*lines: str) -> Iterator[str]:
    return (f"    {line}" for line in lines)
