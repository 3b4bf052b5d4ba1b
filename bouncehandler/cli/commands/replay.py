"""`bouncehandler replay`: decide archived files by a policy, and compare with the spool."""

import signal
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from bouncehandler.cli.exits import NO_INPUT, OK, USAGE, CommandError, exit_code_for_errors
from bouncehandler.cli.options import GlobalOptions, global_options
from bouncehandler.cli.output.tables import Row, format_option, write
from bouncehandler.cli.session import open_session
from bouncehandler.runtime.dry_run import Difference, DryRun

_COLUMNS = ("recipient", "category", "status", "was", "would", "rule", "diagnostic")
_BLOCK = 1024 * 1024  # bytes


@click.command("replay", short_help="Show what this policy would have decided of archived files.")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@format_option
@global_options
def command(options: GlobalOptions, form: str, files: tuple[Path, ...]) -> int:
    """Run archived accounting FILES through the policy of --config, and show the decisions that differ.

    The files are read in the order in which they are named: name the oldest first, since soft bounces are counted and
    spikes detected. Decisions are compared with the spool of the configuration. Nothing is recorded, and no provider is
    called.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):  # so that they, too, leave no temporary folder
        signal.signal(number, signal.default_int_handler)
    session = open_session(options)
    counts: Counter[str] = Counter()
    with exit_code_for_errors(), DryRun(session.settings) as dry_run:
        for file in files:
            _read(file, dry_run)
        write((_row(one) for one in _counted(dry_run.differences(), counts)), _COLUMNS, form)
    if form == "table":
        summary = ", ".join(f"{count} {what}" for what, count in counts.most_common())
        click.echo(f"different: {summary}" if summary else "no decision is different")
    return OK


def _read(file: Path, dry_run: DryRun) -> None:
    pipeline = dry_run.build_pipeline(_NoLog())
    try:
        with file.open("rb") as stream:
            while block := stream.read(_BLOCK):
                pipeline.feed(block)
        pipeline.close()
    except OSError as error:
        raise CommandError(f"{file} can't be read: {error.strerror}", USAGE) from error
    refusal = pipeline.refusal if pipeline.tally().unreadable else ""  # an empty file is in order
    if refusal:
        raise CommandError(f"{file}: {refusal}", NO_INPUT)


def _counted(differences: Iterable[Difference], counts: Counter[str]) -> Iterator[Difference]:
    for difference in differences:
        counts[str(difference)] += 1
        yield difference


def _row(difference: Difference) -> Row:
    one = difference.suppression
    return one._asdict() | {"recipient": one.subject, "was": difference.was, "would": difference.would}


class _NoLog:
    """Log that drops its events: the files were logged when they came."""

    def debug(self, event: str, **values: object) -> None:
        """Drop the event."""

    info = warning = debug
