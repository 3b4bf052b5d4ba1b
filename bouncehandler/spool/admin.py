"""Administration of a spool: lists, holds, undo, erasure, backup; the data and the protocol."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, Protocol

from bouncehandler.spool.models import BackupSummary, SpoolCheck
from bouncehandler.suppression import Suppression


class ActiveSuppression(NamedTuple):
    """A suppression of a subject that was not undone."""

    record: str
    """See `Suppression.id`."""
    reason: str
    diagnostic: str
    occurred_at: datetime | None
    is_held: bool


class HistoryEvent(NamedTuple):
    """Line of a subject's history."""

    at: float
    event: str
    """In a few words: `bounced`, `was suppressed`, `call: temporary`, `done: unsubscribed`, ..."""
    provider: str
    """Empty where it concerns none."""
    detail: str
    """Hostile text among it."""


class ErasureResult(NamedTuple):
    """Result of an erasure."""

    name: str
    """The name that replaces the subject from now on: `forgotten:` and a keyed hash."""
    erased: int
    """Suppressions."""
    waiting: int
    """Suppressions whose address is still needed for a call: they are erased after it."""
    counted: int
    """Soft bounces and deliveries."""


class Undone(NamedTuple):
    """Result of undoing one subject's suppressions at one provider."""

    subject: str
    provider: str
    """Empty where it concerns all of them."""
    what: str
    """`restoring`: a call will restore it; `withdrawn`: it was not carried out, and will not be; `nothing`: nothing had
    been changed; `kept`: another suppression speaks against the subject; `impossible`: the provider can't restore."""
    detail: str


@dataclass(frozen=True, slots=True)
class Selection:
    """Selection of suppressions or dead letters; an empty field selects everything."""

    recipient: str | None = None
    domain: str | None = None
    reason: str | None = None
    provider: str | None = None
    """Of dead letters, and of suppressions to undo; `error` and the two times of death are for dead letters alone."""
    since: float | None = None
    """Occurred (or, without a time of its own, recorded) at this time or later."""
    until: float | None = None
    """Before this time."""
    limit: int | None = None
    error: str | None = None
    """A part of the last answer, without regard to case."""
    died_since: float | None = None
    """Given up, or dropped, at this time or later."""
    died_until: float | None = None
    """Before this time."""
    category: str | None = None
    """As the record has it."""
    match: str | None = None
    """A part of the diagnostic, without regard to the case of ASCII letters."""
    is_undone: bool | None = False
    """Whether it was taken back; None selects both."""
    spike: int | None = None
    """Held with this spike; this and the next are for held suppressions only."""
    mailbox_provider: str | None = None


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A dispatch that gave up."""

    dispatch: int
    provider: str
    suppression: Suppression
    attempts: int
    died_at: float
    """When it gave up, or was dropped."""
    answer: str
    """Of the last attempt."""
    note: str = ""
    """Why it was dropped; empty without a reason, and for one that is not dropped."""


@dataclass(frozen=True, slots=True)
class HeldSpike:
    """A spike of hard bounces at one mailbox provider; times are seconds since the epoch."""

    id: int
    mailbox_provider: str
    fingerprint: str
    """The normalised diagnostic."""
    since: float
    """By the records' own time, as is `until`."""
    until: float
    noticed_at: float
    notified_at: float
    """When the last notice of it was queued."""
    bounces: int
    """When it was noticed: so many, where `expected` were expected."""
    expected: float
    example: str
    """A diagnostic: hostile text."""
    verdict: str
    """`released` or `discarded`; empty while it is undecided."""
    held: int
    """Suppressions that are held now."""


class ManualAction(NamedTuple):
    """A count of one kind of manual decision within a time."""

    event: str
    """`undone`, `withdrawn`, `to be restored`, `released` or `discarded`."""
    asked_by: str
    """A login name, or the setting that decided."""
    provider: str
    """Empty where it concerns all of them."""
    number: int
    """Suppressions."""


class SpoolAdmin(Protocol):
    """Part of `Spool`; the rules of `bouncehandler.spool.protocol` hold for every method."""

    def suppressions(self, selection: Selection) -> Iterator[Suppression]:
        """The selected suppressions, oldest first, read in pages so that no writer waits for a slow reader."""

    def history(self, subject: str) -> list[HistoryEvent]:
        """Events of a recipient, or of `mailwizz:LIST/SUBSCRIBER`, in the order of the time.

        An address learned from ids has their history, too; a dispatch that waits stands at the time when it is due.
        """

    def dead_letters(self, selection: Selection) -> Iterator[DeadLetter]:
        """The selected dead letters, oldest first."""

    def retry_dead_letters(self, ids: Sequence[int]) -> int:
        """Make dead letters pending and due at once, with a new schedule; returns how many were."""

    def drop_dead_letters(self, ids: Sequence[int], reason: str = "") -> int:
        """Settle dead letters as done without a call, outcome `dropped`, with the reason; returns how many were."""

    def undo(
        self,
        selection: Selection,
        *,
        restoring: Collection[str],
        asked_by: str,
        forced: bool = False,
        is_dry: bool = False,
    ) -> Iterator[Undone]:
        """Undo the selected suppressions; yields the result for each subject at each provider.

        A dispatch that was not carried out is settled as `undone`, without a call; one that was, or whose calls have
        changed lists before they failed, is due again, to restore them, if its provider is among `restoring`;
        one that is under way is restored once it has come back. But where another suppression speaks against the same
        subject, at that provider or (if it is no bounce) anywhere, nothing is restored. Complaints and unsubscribe
        requests are left alone unless `forced`. An undone suppression is not undone again; a new record about the
        subject suppresses anew.

        Args:
            restoring: the providers that can restore.
            asked_by: a login name, for the history.
            is_dry: yield the results, and change nothing.
        """

    def spikes(self, selection: Selection) -> list[HeldSpike]:
        """The spikes that were noticed, oldest first; of the selection, only `spike` and `mailbox_provider` matter."""

    def on_hold(self, selection: Selection) -> Iterator[tuple[HeldSpike, Suppression]]:
        """The suppressions that the selected spikes hold, each once."""

    def decide_held(self, selection: Selection, *, is_released: bool, asked_by: str) -> int:
        """Release held suppressions, which are then due; or discard them, which are then undone; returns how many.

        Where nothing but spikes is selected, later bounces of a released spike are not held.
        """

    def remind(self, older_than: float) -> int:
        """Queue a notice of each spike that holds something, if the last is older than so many seconds."""

    def prune_spikes(self, rest: Callable[[], bool] = ...) -> int:
        """Remove counts of hard bounces that are too old for the baseline; see `prune_counts` for `rest`."""

    def forget(self, subject: str, *, asked_by: str) -> ErasureResult:
        """Erase a subject's data, and keep a keyed hash in its place.

        A suppression with calls left is called first, and erased by `forget_rest` after it; so is a new record about
        the subject. Copies elsewhere, as in logs and backups, are not touched.
        """

    def forget_rest(self) -> int:
        """Erase the suppressions that were kept for calls, and whose calls are done now; returns how many."""

    def dropped(self, selection: Selection) -> Iterator[DeadLetter]:
        """The selected dead letters that were dropped, as long as they are kept, oldest first."""

    def manual_actions(self, since: float, until: float) -> Sequence[ManualAction]:
        """Counts of undo, release and discard from `since` to before `until`, the largest first."""

    def active_suppression(self, subject: str, record: str) -> ActiveSuppression | None:
        """The active suppression of a subject by one record; None where there is none, or no more."""

    def active_suppressions(self, subject: str) -> list[ActiveSuppression]:
        """Active suppressions of a subject, newest first; of a great many only the newest."""

    def active_suppressions_at(self, subject: str, record: str) -> list[ActiveSuppression]:
        """The active suppressions of a subject by records of the same second; none where the record has no time."""

    @property
    def size(self) -> int:
        """Bytes that the store takes."""

    def examine(self, *, room: int, read_up_to: int) -> SpoolCheck:
        """Prove that the spool can be written and can grow by `room` bytes, and read it through up to that size.

        Raises:
            SpoolError: it can't be written, has no room, or is damaged.
        """

    def backup(self, target: Path, *, overwrite: bool) -> BackupSummary:
        """Copy the spool while it is in use; when this returns, the copy is whole, proved, and on disk.

        Args:
            target: a file, readable by its owner alone; an existing one is replaced only with `overwrite`.

        Raises:
            SpoolError: the place can't be written, exists already, or the copy is not sound.
        """

    def vacuum(self, within: float) -> int:
        """Give the room of removed rows back to the system; returns the bytes.

        No process can write meanwhile, so it gives up after `within` seconds of copying, and all is as before.

        Raises:
            SpoolError: it gave up, or the disk has no room for a copy.
        """
