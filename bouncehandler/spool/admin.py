"""What people do with a spool afterwards: look, decide about holds, take back, forget; the data and the protocol."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from bouncehandler.suppression import Suppression


class HistoryEvent(NamedTuple):
    """One thing that happened to a person."""

    at: float
    event: str
    """In a few words: `bounced`, `was suppressed`, `call: temporary`, `done: unsubscribed`, ..."""
    provider: str
    """Empty where it concerns none."""
    detail: str
    """Hostile text among it."""


class ErasureResult(NamedTuple):
    """What was erased of one person."""

    name: str
    """What stands for the person from now on: `forgotten:` and a keyed hash."""
    erased: int
    """Suppressions."""
    waiting: int
    """Suppressions whose address is still needed for a call: they are erased after it."""
    counted: int
    """Soft bounces and deliveries."""


class Undone(NamedTuple):
    """What undoing made of one person, at one provider."""

    subject: str
    provider: str
    """Empty where it concerns all of them."""
    what: str
    """`restoring`: a call will restore it; `withdrawn`: it was not carried out, and will not be; `nothing`: nothing had
    been changed; `kept`: something else speaks against the person; `impossible`: the provider can't restore."""
    detail: str


@dataclass(frozen=True, slots=True)
class Selection:
    """Which suppressions or dead letters are meant; an empty field selects everything."""

    recipient: str | None = None
    domain: str | None = None
    reason: str | None = None
    provider: str | None = None
    """Of dead letters, and of what is undone; `error` and the two times of death are for dead letters alone."""
    since: float | None = None
    """Occurred (or, without a time of its own, recorded) at this time or later."""
    until: float | None = None
    """Before this time."""
    limit: int | None = None
    error: str | None = None
    """What the last answer holds, without regard to case."""
    died_since: float | None = None
    """Given up, or dropped, at this time or later."""
    died_until: float | None = None
    """Before this time."""
    category: str | None = None
    """As the record has it."""
    match: str | None = None
    """What the diagnostic holds, without regard to the case of ASCII letters."""
    is_undone: bool | None = False
    """Whether it was taken back; None selects both."""
    spike: int | None = None
    """Held with this spike; this and the next are for what is held only."""
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
    """What the last attempt was told."""
    note: str = ""
    """Why it was dropped; empty where nobody said, and for one that is not dropped."""


@dataclass(frozen=True, slots=True)
class HeldSpike:
    """A spike of hard bounces at one operator; times are seconds since the epoch."""

    id: int
    mailbox_provider: str
    fingerprint: str
    """What their diagnostics have in common."""
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
    """`released` or `discarded`; empty where nobody has decided."""
    held: int
    """Suppressions that are held now."""


class ManualAction(NamedTuple):
    """What people took back, or decided about what was held, in a time."""

    event: str
    """`undone`, `withdrawn`, `to be restored`, `released` or `discarded`."""
    asked_by: str
    """A login name, or the setting that decided."""
    provider: str
    """Empty where it concerns all of them."""
    number: int
    """Suppressions."""


class SpoolAdmin(Protocol):
    """See the text of `bouncehandler.spool` for what holds for every method."""

    def suppressions(self, selection: Selection) -> Iterator[Suppression]:
        """The selected suppressions, oldest first, read in pages so that nobody waits for a slow reader."""
        ...

    def history(self, subject: str) -> list[HistoryEvent]:
        """Everything that is known of a recipient, or of `mailwizz:LIST/SUBSCRIBER`, in the order of the time.

        What was learned from ids is told with what came by them; what still waits stands at the time when it is due.
        """
        ...

    def dead_letters(self, selection: Selection) -> Iterator[DeadLetter]:
        """The selected dead letters, oldest first."""
        ...

    def retry_dead_letters(self, ids: Sequence[int], now: float) -> int:
        """Make dead letters pending and due at once, with a new schedule; returns how many were."""
        ...

    def drop_dead_letters(self, ids: Sequence[int], now: float, reason: str = "") -> int:
        """Settle dead letters as done without a call, outcome `dropped`, with the reason; returns how many were."""
        ...

    def undo(  # noqa: PLR0913  # what an operator says, all of it needed
        self,
        selection: Selection,
        *,
        restoring: Collection[str],
        now: float,
        asked_by: str,
        forced: bool = False,
        is_dry: bool = False,
    ) -> Iterator[Undone]:
        """Take back the selected suppressions, and tell what becomes of each person at each provider.

        A dispatch that was not carried out is settled as `undone`, without a call; one that was, or whose calls have
        changed lists before they failed, is due again, to restore those lists, if its provider is among `restoring`;
        one that is under way is restored once it has come back. But where another suppression speaks against the same
        person, at that provider or (if it is no bounce) anywhere, nothing is restored. Complaints and unsubscribe
        requests are left alone unless `forced`. What was undone before is not undone again; a new record about the
        person suppresses anew.

        Args:
            restoring: the providers that can restore.
            asked_by: who wants it, for the history.
            is_dry: tell, and change nothing.
        """
        ...

    def spikes(self, selection: Selection) -> list[HeldSpike]:
        """The spikes that were noticed, oldest first; of the selection, only `spike` and `mailbox_provider` matter."""
        ...

    def on_hold(self, selection: Selection) -> Iterator[tuple[HeldSpike, Suppression]]:
        """What the selected spikes hold, each suppression once."""
        ...

    def decide_held(self, selection: Selection, *, is_released: bool, now: float, asked_by: str) -> int:
        """Release what is held, and it is due; or discard it, and it is undone. Returns how many suppressions.

        Where nothing but spikes is selected, what still comes of a released spike is not held.
        """
        ...

    def remind(self, before: float, now: float) -> int:
        """Queue a notice of each spike that holds something and was last told of before then; returns how many."""
        ...

    def prune_spikes(self, rest: Callable[[], bool] = ...) -> int:
        """Forget tallies of hard bounces that no longer tell what is usual; see `prune_counts` for `rest`."""
        ...

    def forget(self, subject: str, *, now: float, asked_by: str) -> ErasureResult:
        """Erase a person's data, and keep a keyed hash in its place.

        What is still to be called is called first, and erased by `forget_rest` after it; so is what is recorded of the
        person anew. Copies elsewhere, as in logs and backups, are not touched.
        """
        ...

    def forget_rest(self, now: float) -> int:
        """Erase what was kept for calls that are done now; returns how many suppressions."""
        ...

    def dropped(self, selection: Selection) -> Iterator[DeadLetter]:
        """The selected dead letters that were dropped, as long as they are kept, oldest first."""
        ...

    def manual_actions(self, since: float, until: float) -> Sequence[ManualAction]:
        """What was taken back, or decided about what was held, from `since` to before `until`; most of a kind first."""
        ...
