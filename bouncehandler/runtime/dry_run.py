"""What `replay` and a dry run share: decide through a scratch spool in a temporary folder, beside what was done."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple, Self

from bouncehandler.cli.exits import TRY_AGAIN, CommandError
from bouncehandler.cli.session import Session
from bouncehandler.ingest import IngestPipeline
from bouncehandler.ingest.ports import IngestLog
from bouncehandler.policy import Count, Verdict
from bouncehandler.record import Bounce, Complaint
from bouncehandler.runtime.dry_run_pipeline import DryRunPipeline
from bouncehandler.runtime.run_summary import Comparison
from bouncehandler.runtime.suppression_lookup import SuppressionLookup, is_counted
from bouncehandler.spikes import SpikeSettings
from bouncehandler.spool import (
    ActiveSuppression,
    QueuedSuppression,
    Recorded,
    Selection,
    SoftBounceEntry,
    Spool,
    SpoolError,
)
from bouncehandler.spool.url import open_spool, url_of
from bouncehandler.suppression import Suppression

_GROUP = 1000
"""Decisions that are compared together at most, beside those of the block that was just read."""


_SAME = {"suppressed": "suppress", "held": "hold"}
"""What was done, and what would be, where there is no difference."""


class Difference(NamedTuple):
    """A decision that differs from what was done."""

    one: Suppression
    was: str
    """`suppressed`, `held` or `not suppressed`."""
    would: str
    """`suppress`, `hold`, `count` or `ignore`."""

    def __str__(self) -> str:
        """As it is counted."""
        return f"{self.was} -> {self.would}"


class DryRun:
    """Takes what a spool and a rejected file would take, and compares it with what the real spool knows.

    Nothing is kept beyond the `with` block, and nothing ever reaches the real spool.

    Args:
        log: hears what would be done, as it is decided; None: nobody does.
    """

    def __init__(self, session: Session, log: IngestLog | None = None) -> None:
        self._session, self._log = session, log
        self._rooms = ExitStack()
        self._noted: list[Suppression] = []
        self._spikes = 0
        """The newest spike that was told."""

    def __enter__(self) -> Self:
        """Make the temporary folder; look for the real spool."""
        with ExitStack() as rooms:
            folder = rooms.enter_context(_temporary_folder())
            self.known = rooms.enter_context(SuppressionLookup(self._session.spool_path))
            self._scratch = _opened(rooms, folder / "scratch.db", self._session)
            self._spared = _opened(rooms, folder / "spared.db")
            self._knows = SuppressionLookup(folder / "scratch.db", self._scratch)
            self._rooms = rooms.pop_all()
        if self._log and not self.known.has_spool:
            path = str(self._session.spool_path)
            self._log.info("no_spool", spool=path, meaning="nothing was done: whatever would be done is different")
        return self

    def __exit__(self, *error: object) -> None:
        """Remove all of it."""
        self._rooms.__exit__(*error)  # type: ignore[arg-type]  # they are what `with` hands over

    def intake(self, log: IngestLog) -> "IngestPipeline":
        """Fresh, for one input; `log` hears of the rows themselves."""
        return DryRunPipeline(self, self._session, log)

    def differences(self, is_over: Callable[[], bool] = lambda: False) -> Iterator[Difference]:
        """What would be decided otherwise, by what the real spool knows by now; `is_over` ends it before its time."""
        for one in self._spared.suppressions(Selection()):
            if is_over():
                return
            if was := self._only_was(one):
                yield Difference(one, was, one.reason)
        for one in self._scratch.suppressions(Selection()):
            if is_over():
                return
            was, would = self._was(one), self._would(one)
            if _SAME.get(was) != would:
                yield Difference(one, was, would)

    def comparison(self, is_over: Callable[[], bool]) -> Comparison:
        """What differs, counted."""
        counts = Counter(str(one) for one in self.differences(is_over))
        spool = str(self._session.spool_path) if self.known.has_spool else ""
        return Comparison(dict(counts.most_common()), spool, is_whole=not is_over())

    @property
    def is_full(self) -> bool:
        """Whether it is time to compare what was noted."""
        return len(self._noted) >= _GROUP

    @property
    def is_waiting(self) -> bool:
        """Whether anything was noted that is not compared yet."""
        return bool(self._noted)

    def note(self, record: Bounce | Complaint, verdict: Verdict) -> None:
        """Remember a decision that suppresses nobody, where it can be compared with anything."""
        if self.known.has_spool:
            self._noted.append(_spared(record, verdict))

    def compare(self) -> None:
        """Tell which of the noted decisions differ, and keep all for the end: who does the work may be behind."""
        noted, self._noted = self._noted, []
        if self._log is None:  # of archived files it is known what was done
            noted = [one for one in noted if self.known.find(one)]
        else:  # only counted, and many
            noted = [one._replace(diagnostic="") for one in noted]
        self._spared.record([QueuedSuppression(one, ()) for one in noted])
        for one in noted:
            if self._log and (was := self._only_was(one)):
                self._log.info("would_not_suppress", **_told(one), verdict=one.reason, was=was)

    def record(self, batch: Sequence[QueuedSuppression]) -> Recorded:
        """Keep it in the scratch spool, and tell what is new."""
        new = {owed.suppression.id: owed.suppression for owed in batch if self._log and not self._has(owed.suppression)}
        recorded = self._scratch.record(batch)
        self._say(new.values())
        return recorded

    def count(self, batch: Sequence[SoftBounceEntry]) -> Recorded:
        """Likewise, of soft bounces that are enough."""
        people = dict.fromkeys(counted.suppression.recipient for counted in batch) if self._log else ()
        before = {one.id for one in self._counted(people)}
        recorded = self._scratch.count(batch)
        if recorded.new:
            self._say([one for one in self._counted(people) if one.id not in before])
        return recorded

    def record_deliveries(self, deliveries: Mapping[str, int]) -> None:
        """Keep it in the scratch spool."""
        self._scratch.record_deliveries(deliveries)

    def enqueue_notice(self, kind: str, about: object) -> None:
        """Tell nobody."""

    def keep(self, rows: object) -> None:
        """Keep no row that can't be read."""

    def _has(self, one: Suppression) -> bool:
        return self._scratch.active_suppression(one.subject, one.id) is not None

    def _counted(self, people: Iterable[str]) -> Iterator[Suppression]:
        return (
            one
            for subject in people
            if any(map(is_counted, self._scratch.active_suppressions(subject)))
            for one in self._scratch.suppressions(Selection(recipient=subject))
            if is_counted(one)
        )

    def _was(self, one: Suppression) -> str:
        return _named(self.known.active_suppression(one))

    def _would(self, one: Suppression) -> str:
        active_suppression = self._scratch.active_suppression(one.subject, one.id)
        return "hold" if active_suppression and active_suppression.is_held else "suppress"

    def _only_was(self, one: Suppression) -> str:
        """What was done about a record that suppresses nobody here; empty for nothing, or if the same comes of it."""
        done = self.known.find(one)
        if done is None or self._knows.has(one.subject, done) or self._knows.find(one):
            return ""
        return _named(done)

    def _say(self, new: Iterable[Suppression]) -> None:
        if self._log is None:
            return
        for one in new:
            self._log.info(f"would_{self._would(one)}", **_told(one), reason=one.reason, was=self._was(one))
        for spike in self._scratch.spikes(Selection()):
            if spike.id > self._spikes:
                said = {"mailbox_provider": spike.mailbox_provider, "bounces": spike.bounces, "held": spike.held}
                self._log.info("would_hold_spike", **said, expected=round(spike.expected, 1), diagnostic=spike.example)
                self._spikes = spike.id


@contextmanager
def _temporary_folder() -> Iterator[Path]:
    """A folder that is removed with all that is in it; what fails there is told with the way out."""
    try:
        folder = TemporaryDirectory(prefix="bouncehandler-", ignore_cleanup_errors=True)
    except OSError as error:
        raise CommandError(f"no temporary folder can be made ({error.strerror}): {_ELSEWHERE}", TRY_AGAIN) from error
    with folder as name:
        try:
            yield Path(name)
        except SpoolError as error:
            if name not in str(error):
                raise
            raise CommandError(f"the temporary folder fails: {error}; {_ELSEWHERE}", TRY_AGAIN) from error


_ELSEWHERE = "make room, or set TMPDIR to a folder with more"


def _opened(rooms: ExitStack, path: Path, session: Session | None = None) -> Spool:
    hold = session.settings.hold if session else None
    spikes = SpikeSettings(minimum=hold.minimum, factor=hold.factor) if hold and hold.enabled else None
    spool = open_spool(url_of(path), spikes=spikes)
    rooms.callback(spool.close)
    return spool


def _spared(record: Bounce | Complaint, verdict: Verdict) -> Suppression:
    """What a record would be if it suppressed; its reason is what was decided instead."""
    decided = "count" if isinstance(verdict, Count) else "ignore"
    one = Suppression(record.id, record.recipient, decided, verdict.rule)
    if isinstance(record, Complaint):
        ids = record.subscriber._asdict()
        return one._replace(category=record.feedback_type, diagnostic=record.reporter, **ids)
    return one._replace(
        category=record.category,
        status=str(record.status or ""),
        diagnostic=record.diagnostic,
        occurred_at=record.occurred_at,
    )


def _named(active_suppression: ActiveSuppression | None) -> str:
    return ("held" if active_suppression.is_held else "suppressed") if active_suppression else "not suppressed"


def _told(one: Suppression) -> dict[str, object]:
    names = ("category", "status", "rule")
    return {"recipient": one.subject} | {name: getattr(one, name) for name in names if getattr(one, name)}
