"""Generates the blocks of PowerMTA's configuration for an installation."""

from collections.abc import Iterator
from typing import NamedTuple

from bouncehandler.pmta_config.required_columns import FIELDS, MAPPED


class Installation(NamedTuple):
    """An installation of this program, as far as the blocks and the checks depend on it."""

    program: str
    """Absolute path."""
    config: str = ""
    """Absolute path; empty for the default."""
    logs: str = "/var/log/pmta"
    """The folder of the log files, and of PowerMTA's own."""
    domains: tuple[str, ...] = ()
    """Of `[[unsubscribe]]`."""
    providers: frozenset[str] = frozenset()
    """The types of the configured providers."""
    complaints: str = "fbl.example.com"
    """The domain of the address for feedback loops."""
    bounces: str = "bounce.example.com"
    """The domain of the envelope senders, which receives later bounces."""
    postmaster: str = "postmaster@example.com"
    options: frozenset[str] = frozenset({"--config", "--logfile", "--debug", "--no-dispatch", "--dry-run"})
    """Of the command that reads accounting records."""

    def command(self, *words: str) -> str:
        """Build a command line of this program."""
        return " ".join((self.program, *((f"--config={self.config}",) if self.config else ()), *words))


def generate_blocks(site: Installation) -> str:
    """Generate all blocks, with a comment above each."""
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
    """Generate the pipe for bounces and its recovery file."""
    return (
        f"<acct-file |{site.command(f'--logfile={site.logs}/bouncehandler.log')}>",
        *_bounce_columns(),
        "</acct-file>",
        *recovery_block(site, "b"),
    )


def complaint_blocks(site: Installation) -> tuple[str, ...]:
    """Generate the pipe for complaints and its recovery file."""
    return (
        f"<acct-file |{site.command(f'--logfile={site.logs}/fbl-processor.log')}>",
        *_complaint_columns(),
        "</acct-file>",
        *recovery_block(site, "f"),
    )


def recovery_block(site: Installation, kind: str) -> tuple[str, ...]:
    """Generate the recovery file of the pipe for bounces (`b`) or complaints (`f`)."""
    name, columns = ("fbl", _complaint_columns()) if kind == "f" else ("bounces", _bounce_columns())
    return (
        f"<acct-file {site.logs}/{name}.csv>",
        *columns,
        *move_directives(f"{site.logs}/{name}"),
        "</acct-file>",
    )


def move_directives(folder: str) -> tuple[str, ...]:
    """Generate the directives that move complete files into a folder, for `bouncehandler ingest`."""
    return ("    move-interval 1h", f"    move-to {folder}")


def complaint_processor(site: Installation) -> tuple[str, ...]:
    """Generate the processor of feedback reports."""
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
    """Generate the processor of bounces that arrive by mail."""
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
    """Generate the blocks that pipe List-Unsubscribe mail to this program."""
    return (f"relay-domain {domain}", *pipe_domain(site, domain))


def pipe_domain(site: Installation, domain: str) -> tuple[str, ...]:
    """Generate the domain block alone, without `relay-domain`."""
    command = site.command("unsubscribe", r"--from \"$from\" --to \"$to\"")
    return (f"<domain {domain}>", "    type pipe", f'    command "{command}"', "</domain>")


def job_block() -> tuple[str, ...]:
    """Generate the block that sets the job from the header X-Job."""
    return ("<source 127.0.0.1>", "    process-x-job yes", "</source>")


def _bounce_columns() -> Iterator[str]:
    return _indented("records b,rb", FIELDS["b"], FIELDS["rb"])


def _complaint_columns() -> Iterator[str]:
    return _indented("records feedback-loop", MAPPED, FIELDS["f"])


def _indented(*lines: str) -> Iterator[str]:
    return (f"    {line}" for line in lines)
