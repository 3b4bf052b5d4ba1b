"""Examples for the help text of each command, and what each of them is for; `tests` run every one of them."""

from collections.abc import Mapping

import click

EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "check": (
        "bouncehandler check",
        "bouncehandler check --config new.toml",
        "bouncehandler check --pmta /etc/pmta/config",
        "bouncehandler check --send test@example.com",
    ),
    "pmta-config": (
        "bouncehandler pmta-config",
        "bouncehandler pmta-config --complaints fbl.example.com --postmaster postmaster@example.com",
    ),
    "work": ("bouncehandler work", "bouncehandler work --logfile /var/log/bouncehandler/work.log"),
    "ingest": (
        "bouncehandler ingest /var/log/pmta/bounces",
        "bouncehandler ingest /var/log/pmta/bounces --watch --every 1m",
    ),
    "status": ("bouncehandler status", "bouncehandler status --watch 5", "bouncehandler status --json"),
    "report": (
        "bouncehandler report --since 30d --html report.html",
        "bouncehandler report --since 2026-11-01 --until 2026-12-01 --csv",
    ),
    "metrics": ("bouncehandler metrics",),
    "suppressions": (
        "bouncehandler suppressions --since 1d",
        "bouncehandler suppressions --domain example.com --format csv",
    ),
    "explain": ("bouncehandler explain john@example.com",),
    "classify": ('bouncehandler classify "552 5.2.2 mailbox full"', "bouncehandler classify --summary < bounces.csv"),
    "replay": (
        "bouncehandler replay bounces-1.csv bounces-2.csv --config new.toml",
        "bouncehandler replay bounces-1.csv --format csv",
    ),
    "holds": (
        "bouncehandler holds list",
        "bouncehandler holds show 1",
        "bouncehandler holds release 1 --yes",
        "bouncehandler holds discard --all --yes",
    ),
    "undo": (
        "bouncehandler undo --since 1d --domain example.com --dry-run",
        "bouncehandler undo --recipient john@example.com --yes",
    ),
    "forget": ("bouncehandler forget john@example.com",),
    "dead-letters": (
        "bouncehandler dead-letters list",
        "bouncehandler dead-letters retry --all --yes",
        'bouncehandler dead-letters drop --all --yes --reason "the list is gone"',
    ),
    "spool": ("bouncehandler spool backup copy-of-spool.db", "bouncehandler spool prune --kind attempts"),
    "unsubscribe": ('bouncehandler unsubscribe --from "$from" --to "$to"',),
    "unsubscribe-address": ("bouncehandler unsubscribe-address john@example.com",),
    "import-php": ("bouncehandler import-php setup.php", "bouncehandler import-php setup.php -o from-php.toml"),
    "completion": ('eval "$(bouncehandler completion bash)"', "bouncehandler completion fish > bouncehandler.fish"),
}
"""Examples by command: every command, in the order of the help."""


def shown_in(command: click.Command, name: str) -> click.Command:
    """Put the examples of a command, and of its subcommands, at the end of its help."""
    _append(command, EXAMPLES[name])
    if isinstance(command, click.Group):
        for inner_name, inner in command.commands.items():
            _append(inner, tuple(line for line in EXAMPLES[name] if line.split()[2:3] == [inner_name]))
    return command


def _append(command: click.Command, lines: tuple[str, ...]) -> None:
    if lines and "Examples:" not in (command.epilog or ""):
        text = "\n".join(("\b", "Examples:", *(f"  {line}" for line in lines)))
        command.epilog = f"{text}\n\n{command.epilog}" if command.epilog else text
