"""Generates the blocks of PowerMTA's configuration for an installation."""

from typing import NamedTuple

from bouncehandler.pmta_config.required_columns import FIELDS, MAPPED

_COLUMNS = {
    "b": ("    records b,rb", f"    {FIELDS['b']}", f"    {FIELDS['rb']}"),
    "f": ("    records feedback-loop", f"    {MAPPED}", f"    {FIELDS['f']}"),
}
_LOGS = {"b": "bouncehandler.log", "f": "fbl-processor.log"}
_FOLDERS = {"b": "bounces", "f": "fbl"}
_JOB_BLOCK = ("<source 127.0.0.1>", "    process-x-job yes", "</source>")


class Installation(NamedTuple):
    """An installation of this program, as far as the blocks and the checks depend on it."""

    program: str
    """Absolute path."""
    config: str = ""
    """Absolute path; empty for the default."""
    logs: str = "/var/log/pmta"
    """The folder of the log files, and of PowerMTA's own."""
    domains: tuple[str, ...] = ()
    """Domains of `[[unsubscribe]]`."""
    providers: frozenset[str] = frozenset()
    """The types of the configured providers."""
    complaints: str = "fbl.example.com"
    """The domain of the address for feedback loops."""
    bounces: str = "bounce.example.com"
    """The domain of the envelope senders, which receives later bounces."""
    postmaster: str = "postmaster@example.com"
    options: frozenset[str] = frozenset({"--config", "--logfile", "--debug", "--no-dispatch", "--dry-run"})
    """Options of the command that reads accounting records."""

    def command(self, *words: str) -> str:
        """Build a command line of this program."""
        return " ".join((self.program, *((f"--config={self.config}",) if self.config else ()), *words))


def generate_blocks(site: Installation) -> str:
    """Generate all blocks, with a comment above each."""
    parts = (
        ("Bounces: the pipe, and the file that has what the pipe may miss", pipe_blocks(site, "b")),
        ("Bounces that come later, by mail; this domain is that of the envelope senders", bounce_processor(site)),
        (
            "Complaints; register abuse@ at this domain with each feedback loop",
            (f"relay-domain {site.complaints}", *complaint_processor(site), *pipe_blocks(site, "f")),
        ),
        *(
            ("List-Unsubscribe by mail", (f"relay-domain {domain}", *pipe_domain(site, domain)))
            for domain in site.domains
        ),
        ("The campaign of each mail: into the <source> that hands you the mail", _JOB_BLOCK),
        ("The user that runs PowerMTA and this program", ("run-as-root no",)),
    )
    return "\n".join(line for title, block in parts for line in (f"# {title}", *block, ""))


def pipe_blocks(site: Installation, kind: str) -> tuple[str, ...]:
    """Generate the pipe for bounces (`b`) or complaints (`f`) and its recovery file."""
    command = site.command(f"--logfile={site.logs}/{_LOGS[kind]}")
    return (f"<acct-file |{command}>", *_COLUMNS[kind], "</acct-file>", *recovery_block(site, kind))


def recovery_block(site: Installation, kind: str) -> tuple[str, ...]:
    """Generate the recovery file of the pipe for bounces (`b`) or complaints (`f`)."""
    file = f"<acct-file {site.logs}/{_FOLDERS[kind]}.csv>"
    return (file, *_COLUMNS[kind], *move_directives(site, kind), "</acct-file>")


def move_directives(site: Installation, kind: str) -> tuple[str, ...]:
    """Generate the directives that move complete files into a folder, for `bouncehandler ingest`."""
    return ("    move-interval 1h", f"    move-to {site.logs}/{_FOLDERS[kind]}")


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


def pipe_domain(site: Installation, domain: str) -> tuple[str, ...]:
    """Generate the block that pipes List-Unsubscribe mail to this program, without `relay-domain`."""
    command = site.command("unsubscribe", r"--from \"$from\" --to \"$to\"")
    return (f"<domain {domain}>", "    type pipe", f'    command "{command}"', "</domain>")
