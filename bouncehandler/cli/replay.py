"""`bouncehandler replay`: what a policy would have made of archived files, against what was done."""

import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from bouncehandler.accounting import Reader
from bouncehandler.cli.deciding import owing_of, policy_of
from bouncehandler.cli.exits import OK, USAGE, CommandError, explained
from bouncehandler.cli.options import Common, common
from bouncehandler.cli.run import DryRun
from bouncehandler.cli.session import Session, begin
from bouncehandler.cli.tables import Row, format_option, write
from bouncehandler.ingest import Ingest
from bouncehandler.policy import Count, Policy, Suppress, Verdict
from bouncehandler.record import Bounce, Complaint, ListedAddress, ListUnsubscribe
from bouncehandler.spool import Selection, Spool
from bouncehandler.spool.sqlite import SqliteSpool
from bouncehandler.suppression import Suppression
from bouncehandler.waves import WaveSettings

_COLUMNS = ("recipient", "category", "status", "was", "would", "rule", "diagnostic")
_BLOCK = 1024 * 1024  # bytes
_COUNTED = "soft bounces: "
"""What the diagnostic of a suppression says that soft bounces came to."""


@click.command("replay", short_help="Tell what this policy would have made of archived files.")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@format_option
@common
def command(options: Common, form: str, files: tuple[Path, ...]) -> int:
    """Run archived accounting FILES through the policy of --config, and show what differs from what was done.

    The files are read in the order in which they are named: name the oldest first, since soft bounces are counted and
    waves are seen. What was done is what the spool of the configuration knows. Nothing is recorded, nobody is called.
    """
    session = begin(options, dict(os.environ))
    counts: Counter[str] = Counter()
    with explained(), tempfile.TemporaryDirectory() as folder:
        write(_counted(_differences(session, files, Path(folder)), counts), _COLUMNS, form)
    if form == "table":
        said = ", ".join(f"{count} {what}" for what, count in counts.most_common())
        click.echo(f"different: {said}" if said else "no decision is different")
    return OK


def _counted(rows: Iterable[Row], counts: Counter[str]) -> Iterator[Row]:
    for row in rows:
        counts[f"{row['was']} -> {row['would']}"] += 1
        yield row


def _differences(session: Session, files: Iterable[Path], folder: Path) -> Iterator[Row]:
    """The records that would be decided otherwise."""
    live = _Known(session.open_spool() if session.spool_path.exists() else None)
    hold = session.settings.hold
    scratch = SqliteSpool.open(
        folder / "replay.db",
        waves=WaveSettings(minimum=hold.minimum, factor=hold.factor) if hold.enabled else None,
    )
    try:
        noting = _Noting(policy_of(session.settings))
        decided = (one for file in files for one in _read(session, file, noting, scratch))
        spared = [one for one in decided if not isinstance(one[1], Suppress) and live.has(one[0])]
        yield from (_row_of(record, verdict) for record, verdict in spared if not _Known(scratch).has(record))
        held = {one.id for _, one in scratch.on_hold(Selection())}
        for one in scratch.suppressions(Selection()):
            was, would = live.knows(one.recipient, one.id), "hold" if one.id in held else "suppress"
            if not was or would == "hold":
                yield _row(one, "suppressed" if was else "not suppressed", would)
    finally:
        scratch.close()


class _Noting:
    """A policy that also notes what it decides on each record."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self.noted: list[tuple[Bounce | Complaint, Verdict]] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self._policy, name)

    def decide(self, record: Bounce | Complaint | ListUnsubscribe | ListedAddress) -> Verdict:
        """As the policy does."""
        verdict = self._policy.decide(record)
        if isinstance(record, Bounce | Complaint):
            self.noted.append((record, verdict))
        return verdict


class _Known:
    """What a spool knows to be suppressed; nothing, where there is no spool."""

    def __init__(self, spool: Spool | None) -> None:
        self._spool = spool

    def knows(self, recipient: str, record: str) -> bool:
        """Whether a record is a suppression."""
        return any(one.id == record for one in self._of(recipient))

    def has(self, record: Bounce | Complaint) -> bool:
        """The same, or whether it is the last of the soft bounces that came to one."""
        at = record.occurred_at if isinstance(record, Bounce) else None
        return any(
            one.id == record.id or (at and one.occurred_at == at and _COUNTED in one.diagnostic)
            for one in self._of(record.recipient)
        )

    def _of(self, recipient: str) -> Iterable[Suppression]:
        return self._spool.suppressions(Selection(recipient=recipient)) if self._spool and recipient else ()


def _read(
    session: Session, file: Path, noting: _Noting, scratch: SqliteSpool
) -> Iterator[tuple[Bounce | Complaint, Verdict]]:
    """Read one file into the scratch spool; the records and what was decided about them."""
    columns = {"b": session.settings.columns.b, "f": session.settings.columns.f}
    intake = Ingest(
        Reader(columns, takes_deliveries=True),
        noting,  # type: ignore[arg-type]  # it is one, and notes
        owing_of(session.settings),
        scratch,
        DryRun(),
        _Silent(),
        clock=time.time,
        says_each=True,
    )
    try:
        with file.open("rb") as stream:
            while block := stream.read(_BLOCK):
                intake.feed(block)
                yield from _taken(noting)
        intake.close()
    except OSError as error:
        raise CommandError(f"{file} can't be read: {error.strerror}", USAGE) from error
    yield from _taken(noting)


def _taken(noting: _Noting) -> list[tuple[Bounce | Complaint, Verdict]]:
    noted, noting.noted = noting.noted, []
    return noted


class _Silent:
    """A log that nobody reads: the files were logged when they came."""

    def debug(self, event: str, **values: object) -> None:
        """Nothing."""

    info = warning = debug


def _row(one: Suppression, was: str, would: str) -> Row:
    return one._asdict() | {"recipient": one.person, "was": was, "would": would}


def _row_of(record: Bounce | Complaint, verdict: Verdict) -> Row:
    return {
        "recipient": record.recipient,
        "category": record.category if isinstance(record, Bounce) else record.feedback_type,
        "status": str(record.status or "") if isinstance(record, Bounce) else "",
        "was": "suppressed",
        "would": "count" if isinstance(verdict, Count) else "ignore",
        "rule": verdict.rule,
        "diagnostic": record.diagnostic if isinstance(record, Bounce) else record.reporter,
    }
