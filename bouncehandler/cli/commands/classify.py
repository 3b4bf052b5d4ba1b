"""`bouncehandler classify`: show the category and the verdict of a diagnostic, or of an accounting file."""

import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import click

from bouncehandler.accounting import NOT_RECOGNISED, RecordReader, bounces_in, open_reader
from bouncehandler.cli.exits import NO_INPUT, OK, USAGE, CommandError, exit_code_for_errors
from bouncehandler.cli.options import GlobalOptions, global_options
from bouncehandler.cli.output.tables import Row, format_option, write
from bouncehandler.cli.param_types import MOMENT
from bouncehandler.cli.session import open_session
from bouncehandler.policy import Policy
from bouncehandler.record import Address, Bounce, parse_status
from bouncehandler.runtime.build_pipeline import build_policy

_COLUMNS = ("recipient", "given", "status", "decided", "verdict", "rule", "diagnostic")
_SUMMARY_COLUMNS = ("rows", "given", "decided", "verdict", "rule")
_BLOCK = 256 * 1024


@click.command("classify", short_help="Show how a diagnostic, or a file, is classified.")
@click.argument("diagnostic", required=False)
@click.option("--category", default="bad-mailbox", show_default=True, help="PowerMTA's bounceCat.")
@click.option("--status", default="", metavar="TEXT", help="The DSN status; without one, the diagnostic's own.")
@click.option("--host", default="", help="The server that answered.")
@click.option("--domain", default="example.com", help="The recipient's domain.")
@click.option("--at", type=MOMENT, help="When it was.")
@click.option("--summary", is_flag=True, help="Only how many rows of each kind.")
@format_option
@global_options
def command(  # noqa: PLR0913, PLR0917  # one parameter an option
    options: GlobalOptions,
    form: str,
    diagnostic: str | None,
    category: str,
    status: str,
    host: str,
    domain: str,
    at: float | None,
    *,
    summary: bool,
) -> int:
    """Classify DIAGNOSTIC, or without one each bounce of an accounting file on standard input.

    Shows PowerMTA's category as given, the category that decides, the verdict, and its rule. Nothing is recorded, and
    no provider is called.
    """
    session = open_session(options)
    with exit_code_for_errors():
        policy = build_policy(session.settings)
        columns = {"b": session.settings.columns.b, "f": session.settings.columns.f}
    if diagnostic is None:
        bounces = _bounces(open_reader(columns))
    else:
        text = status or _status_in(diagnostic)
        when = None if at is None else datetime.fromtimestamp(at, UTC)
        recipient = Address(f"someone@{domain}")
        bounces = iter([Bounce("b", recipient, when, None, "", category, parse_status(text), text, diagnostic, host)])
    rows = (_row(policy, bounce) for bounce in bounces)
    write(_counted(rows) if summary else rows, _SUMMARY_COLUMNS if summary else _COLUMNS, form)
    return OK


def _status_in(diagnostic: str) -> str:
    found = re.search(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?![\d.])", diagnostic)
    return found[0] if found else ""


def _bounces(reader: RecordReader) -> Iterator[Bounce]:
    """Bounces of an accounting file on standard input; other records are skipped.

    Raises:
        CommandError: standard input is closed, a terminal, can't be read, or holds no known record.
    """
    if sys.stdin is None or sys.stdin.isatty():
        raise CommandError("name a diagnostic, or send an accounting file: bouncehandler classify < bounces.csv", USAGE)
    for block in _blocks():
        yield from bounces_in(reader.feed(block))
    yield from bounces_in(reader.close())
    refusal = reader.refusal()
    if refusal.startswith(NOT_RECOGNISED):
        raise CommandError(f"{NOT_RECOGNISED}: send a PowerMTA accounting file", NO_INPUT)
    if refusal:
        raise CommandError(refusal, NO_INPUT)


def _blocks() -> Iterator[bytes]:
    try:
        while block := sys.stdin.buffer.read(_BLOCK):
            yield block
    except OSError as error:
        raise CommandError(f"standard input can't be read ({error.strerror})", USAGE) from error


def _row(policy: Policy, bounce: Bounce) -> Row:
    refined, verdict = policy.refined(bounce), policy.decide(bounce)
    return {
        "recipient": bounce.recipient,
        "given": bounce.category,
        "status": str(bounce.status or ""),
        "decided": refined.category if refined else bounce.category,
        "verdict": verdict.word,
        "rule": verdict.rule,
        "diagnostic": bounce.diagnostic,
    }


def _counted(rows: Iterable[Row]) -> Iterator[Row]:
    """Count rows that are equal in all columns of a summary, the most frequent first."""
    names = _SUMMARY_COLUMNS[1:]
    counts = Counter(tuple(str(row[name]) for name in names) for row in rows)
    for values, count in counts.most_common():
        yield {"rows": count, **dict(zip(names, values, strict=True))}
