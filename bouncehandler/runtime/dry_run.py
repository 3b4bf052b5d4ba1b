"""Dry run: decides through a scratch spool in a temporary folder, and compares with the real spool."""

import signal
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple, Self

from bouncehandler.ingest.pipeline import IngestPipeline
from bouncehandler.ingest.ports import IngestLog
from bouncehandler.policy import Count, Verdict
from bouncehandler.record import Bounce, Complaint
from bouncehandler.runtime.dry_run_pipeline import DryRunPipeline
from bouncehandler.runtime.paths import Paths
from bouncehandler.runtime.run_summary import Comparison
from bouncehandler.runtime.spool import open_read_only, spike_settings
from bouncehandler.runtime.suppression_lookup import find_equivalent, find_of_record, has, is_counted
from bouncehandler.spikes.detector import SpikeSettings
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

if TYPE_CHECKING:
    from bouncehandler.settings.model import Settings

_EQUAL = {"suppressed": "suppress", "held": "hold"}
"""State in the real spool, and the decision that does not differ from it."""
_MEND = "make room, or set TMPDIR to a folder with more"


class Difference(NamedTuple):
    """A decision that differs from the real spool."""

    suppression: Suppression
    was: str
    """`suppressed`, `held` or `not suppressed`."""
    would: str
    """`suppress`, `hold`, `count` or `ignore`."""

    def __str__(self) -> str:
        """Name of its group, by which differences are counted."""
        return f"{self.was} -> {self.would}"


class DryRun:
    """Sink of a dry-run pipeline, in place of a spool and a rejected file; a context manager.

    Nothing is kept beyond the `with` block, and nothing ever reaches the real spool.

    Args:
        log: takes each decision as it is made; None: only differences are computed.

    Raises:
        SpoolError: the real spool can't be opened, or the temporary folder has no room.
    """

    def __init__(self, settings: "Settings", log: IngestLog | None = None) -> None:
        self._settings, self._log = settings, log
        self._path = Paths.beside(settings.spool.url).spool
        self._absolute = self._path.absolute()
        self._real_spool: Spool | None = None
        self._resources = ExitStack()
        self._noted: list[Suppression] = []
        self._last_spike = 0
        """Id of the newest spike that was logged."""

    def __enter__(self) -> Self:
        """Create the temporary folder; look for the real spool."""
        with ExitStack() as resources:
            folder = resources.enter_context(_temporary_folder())
            self._scratch = _open(resources, folder / "scratch.db", spike_settings(self._settings.hold))
            self._unsuppressed = _open(resources, folder / "unsuppressed.db", None)
            self._resources = resources.pop_all()
        if self._log and not self._real:
            self._log.info("no_spool", spool=str(self._path), meaning="nothing was done yet: every decision differs")
        return self

    def __exit__(self, *error: object) -> None:
        """Remove the temporary folder."""
        self._resources.__exit__(*error)  # type: ignore[arg-type]  # they are what `with` hands over

    @property
    def _real(self) -> Spool | None:
        """The real spool, from the moment when it exists."""
        if self._real_spool is None and self._absolute.exists():
            self._real_spool = open_read_only(self._absolute)
            self._resources.callback(self._real_spool.close)
        return self._real_spool

    def build_pipeline(self, log: IngestLog) -> IngestPipeline:
        """Build a pipeline for one input; `log` takes its events about rows."""
        return DryRunPipeline(self._settings, self, log)

    def differences(self, is_over: Callable[[], bool] = lambda: False) -> Iterator[Difference]:
        """Decisions that differ from the real spool as it is by now; `is_over` ends the iteration early."""
        for suppression in self._unsuppressed.suppressions(Selection()):
            if is_over():
                return
            if was := self._state_of_unsuppressed(suppression):
                yield Difference(suppression, was, suppression.reason)
        for suppression in self._scratch.suppressions(Selection()):
            if is_over():
                return
            was, would = self._state(suppression), self._decision(suppression)
            if _EQUAL.get(was) != would:
                yield Difference(suppression, was, would)

    def comparison(self, is_over: Callable[[], bool]) -> Comparison:
        """Count the differences by group."""
        counts = Counter(map(str, self.differences(is_over)))
        spool = str(self._path) if self._real else ""
        return Comparison(dict(counts.most_common()), spool, is_whole=not is_over())

    def note(self, record: Bounce | Complaint, verdict: Verdict) -> None:
        """Note a decision that suppresses nothing, where there is a spool to compare with."""
        if self._real:
            self._noted.append(_as_suppression(record, verdict))

    def compare(self) -> None:
        """Log which noted decisions differ, and keep all for the end: another process may not have caught up yet."""
        noted, self._noted = self._noted, []
        if self._log is None:  # archived files: the real spool has caught up
            noted = [one for one in noted if self._real and find_of_record(self._real, one)]
        else:  # only counted, and many
            noted = [one._replace(diagnostic="") for one in noted]
        self._unsuppressed.record([QueuedSuppression(one, ()) for one in noted])
        for one in noted:
            if self._log and (was := self._state_of_unsuppressed(one)):
                self._log.info("would_not_suppress", **_log_values(one), verdict=one.reason, was=was)

    def record(self, batch: Sequence[QueuedSuppression]) -> Recorded:
        """Record a batch in the scratch spool, and log its new suppressions."""
        suppressions = [entry.suppression for entry in batch] if self._log else []
        new = {one.id: one for one in suppressions if self._scratch.active_suppression(one.subject, one.id) is None}
        recorded = self._scratch.record(batch)
        self._log_decisions(new.values())
        return recorded

    def count(self, batch: Sequence[SoftBounceEntry]) -> Recorded:
        """Count soft bounces in the scratch spool, and log the new suppressions that they lead to."""
        recipients = dict.fromkeys(entry.suppression.recipient for entry in batch) if self._log else ()
        before = {one.id for one in self._counted(recipients)}
        recorded = self._scratch.count(batch)
        if recorded.new:
            self._log_decisions([one for one in self._counted(recipients) if one.id not in before])
        return recorded

    def record_deliveries(self, deliveries: Mapping[str, int]) -> None:
        """Keep deliveries in the scratch spool."""
        self._scratch.record_deliveries(deliveries)

    def enqueue_notice(self, kind: str, about: object) -> None:
        """Drop the notice."""

    def keep(self, rows: object) -> None:
        """Drop rows that can't be read."""

    def _counted(self, recipients: Iterable[str]) -> Iterator[Suppression]:
        """Suppressions of the recipients that soft bounces led to."""
        return (
            one
            for recipient in recipients
            if any(map(is_counted, self._scratch.active_suppressions(recipient)))
            for one in self._scratch.suppressions(Selection(recipient=recipient))
            if is_counted(one)
        )

    def _state(self, one: Suppression) -> str:
        return _state_name(find_equivalent(self._real, one) if self._real else None)

    def _decision(self, one: Suppression) -> str:
        active = self._scratch.active_suppression(one.subject, one.id)
        return "hold" if active and active.is_held else "suppress"

    def _state_of_unsuppressed(self, one: Suppression) -> str:
        """State of a record that suppresses nothing here; empty where the real spool agrees."""
        known = find_of_record(self._real, one) if self._real else None
        if known is None or has(self._scratch, one.subject, known) or find_of_record(self._scratch, one):
            return ""
        return _state_name(known)

    def _log_decisions(self, new: Iterable[Suppression]) -> None:
        if self._log is None:
            return
        for one in new:
            self._log.info(f"would_{self._decision(one)}", **_log_values(one), reason=one.reason, was=self._state(one))
        for spike in self._scratch.spikes(Selection()):
            if spike.id > self._last_spike:
                self._log.info(
                    "would_hold_spike",
                    mailbox_provider=spike.mailbox_provider,
                    bounces=spike.bounces,
                    held=spike.held,
                    expected=round(spike.expected, 1),
                    diagnostic=spike.example,
                )
                self._last_spike = spike.id


@contextmanager
def _temporary_folder() -> Iterator[Path]:
    """Temporary folder, removed with its contents.

    Raises:
        SpoolError: there is no room for it, or in it; the text has the remedy.
    """
    try:
        folder = _make_temporary_directory()
    except OSError as error:
        raise SpoolError(f"no temporary folder can be made ({error.strerror}): {_MEND}") from error
    with folder as name:
        try:
            yield Path(name)
        except SpoolError as error:
            if name not in str(error):
                raise
            raise SpoolError(f"the temporary folder fails: {error}; {_MEND}") from error


def _make_temporary_directory() -> TemporaryDirectory[str]:
    """Make a temporary folder, with signals blocked until its removal is certain."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT, signal.SIGHUP})
    try:
        return TemporaryDirectory(prefix="bouncehandler-", ignore_cleanup_errors=True)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _open(resources: ExitStack, path: Path, spikes: SpikeSettings | None) -> Spool:
    spool = open_spool(url_of(path), spikes=spikes)
    resources.callback(spool.close)
    return spool


def _as_suppression(record: Bounce | Complaint, verdict: Verdict) -> Suppression:
    """Suppression that a record would lead to; the reason is the decision made instead."""
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


def _state_name(active: ActiveSuppression | None) -> str:
    return ("held" if active.is_held else "suppressed") if active else "not suppressed"


def _log_values(one: Suppression) -> dict[str, object]:
    names = ("category", "status", "rule")
    return {"recipient": one.subject} | {name: getattr(one, name) for name in names if getattr(one, name)}
