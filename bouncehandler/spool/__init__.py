"""The spool: what was decided, on disk, until every provider has heard of it. This is the protocol; sqlite.py keeps it.

Times are seconds since the epoch, passed in. Every method is one transaction, is safe to call from several threads and
several processes at once, and raises `SpoolError` when the disk, or the file, fails it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from bouncehandler.suppression import Attempt, Dispatch, Outcome, Suppression


class SpoolError(Exception):
    """The spool can't do what it promises; the text says what happened and how to mend it."""


class Owed(NamedTuple):
    """A suppression and the providers that want it."""

    suppression: Suppression
    providers: tuple[str, ...]
    """Names in the configuration; empty where none wants it: recorded all the same."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What `record` did with a batch."""

    new: int
    """Suppressions not seen before."""
    duplicates: int
    """Suppressions that were there already; one that a provider added since wants is dispatched to that provider."""


@dataclass(frozen=True, slots=True)
class Done:
    """The provider has carried it out."""

    dispatch: Dispatch
    attempt: Attempt
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Again:
    """The call failed and is due again at `due_at`; `step` waits of the schedule are then used up."""

    dispatch: Dispatch
    attempt: Attempt
    due_at: float
    step: int


@dataclass(frozen=True, slots=True)
class Dead:
    """Given up: a dead letter from now on."""

    dispatch: Dispatch
    attempt: Attempt


@dataclass(frozen=True, slots=True)
class Returned:
    """The claim is given back unused, and the attempt with it."""

    dispatch: Dispatch
    due_at: float


class Claimed(list[Dispatch]):
    """What one `claim` got: the dispatches to carry out, and how many it found that needed no call."""

    def __init__(self, dispatches: Iterable[Dispatch] = (), repeats: int = 0) -> None:
        super().__init__(dispatches)
        self.repeats = repeats
        """Dispatches that it settled as done, since their recipients were carried out lately."""


Settlement = Done | Again | Dead | Returned


@dataclass(frozen=True, slots=True)
class ProviderState:
    """Whether a provider is held, for every process on this spool."""

    held: bool = False
    reason: str = ""
    """Why it is held; empty when it is not."""
    since: float | None = None
    probe_at: float | None = None
    """When somebody may next try whether it is back."""


@dataclass(slots=True)
class Counts:
    """Dispatches by state; those of a held provider are counted as what they were: mostly pending."""

    pending: int = 0
    claimed: int = 0
    held: int = 0
    done: int = 0
    dead: int = 0

    @property
    def waiting(self) -> int:
        """Dispatches that are not settled."""
        return self.pending + self.claimed + self.held


@dataclass(frozen=True, slots=True)
class Status:
    """The whole spool in numbers."""

    suppressions: int
    dispatches: Counts
    providers: Mapping[str, Counts] = field(default_factory=dict)
    """By provider; those that dispatches are owed to, whether or not they are still configured."""
    states: Mapping[str, ProviderState] = field(default_factory=dict)
    """By provider; absent: not held."""
    oldest_pending_at: float | None = None
    """When the oldest unsettled dispatch was recorded; None when nothing waits."""
    next_due_at: Mapping[str, float] = field(default_factory=dict)
    """By provider, the earliest time at which an unsettled dispatch is due."""
    last_recorded_at: float | None = None
    """When the last suppression was recorded; None in a new spool."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which suppressions or dead letters are meant; an empty field selects everything."""

    recipient: str | None = None
    domain: str | None = None
    reason: str | None = None
    provider: str | None = None
    """Dead letters only."""
    since: float | None = None
    """Occurred (or, without a time of its own, recorded) at this time or later."""
    until: float | None = None
    """Before this time."""
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A dispatch that gave up."""

    dispatch: int
    provider: str
    suppression: Suppression
    attempts: int
    died_at: float
    answer: str
    """What the last attempt was told."""


class Spool(Protocol):
    """See the module's text for what holds for every method."""

    def record(self, batch: Sequence[Owed], now: float) -> Recorded:
        """Put a batch on disk; when this returns, it is safe."""
        ...

    def claim(  # noqa: PLR0913  # one atomic step, all of it needed
        self,
        provider: str,
        limit: int,
        *,
        now: float,
        until: float,
        repeat_after: float,
        per_campaign: bool,
        probing: bool = False,
    ) -> Claimed:
        """Claim up to `limit` due dispatches for this process until `until`, oldest first, counting an attempt.

        Empty means that nothing is due, or that the provider is held.

        One recipient is one piece of work at a time: later dispatches of the same recipient to the same provider wait
        behind an unsettled one, and are settled with it, or when an earlier one was carried out (unsubscribed or
        already) less than `repeat_after` seconds ago. With `per_campaign` that holds only within the same `job_id`.
        A claim whose time has passed is up for claiming again. A held provider's dispatches are claimed only with
        `probing`, which is for whoever `claim_probe` chose.

        Raises:
            ValueError: `until` is not after `now`.
        """
        ...

    def extend(self, dispatches: Iterable[Dispatch], until: float) -> None:
        """Keep claims that are still being worked on."""
        ...

    def settle(self, settlements: Sequence[Settlement], now: float, *, per_campaign: bool = False) -> int:
        """Write down how claims ended, all or none; one that somebody else has claimed meanwhile is left alone.

        Those that wait behind one that was unsubscribed or already off the lists are settled with it; behind one that
        was unknown or is dead they are due at once. With `per_campaign` that holds only within the same `job_id`.

        Returns:
            How many that waited behind were settled too.
        """
        ...

    def hold(self, provider: str, reason: str, *, now: float, probe_at: float) -> None:
        """Hold a provider for every process; `since` stays at the first hold, `reason` is the latest."""
        ...

    def release(self, provider: str) -> None:
        """End a provider's hold."""
        ...

    def claim_probe(self, provider: str, *, now: float, next_probe_at: float) -> bool:
        """Whether this process is the one to try a held provider now; the next may try at `next_probe_at`."""
        ...

    def state(self, provider: str) -> ProviderState:
        """Whether a provider is held."""
        ...

    def next_due_at(self, provider: str) -> float | None:
        """When the earliest unsettled dispatch of a provider is due; None when there is none."""
        ...

    def status(self) -> Status:
        """The whole spool in numbers."""
        ...

    def suppressions(self, selection: Selection) -> Iterator[Suppression]:
        """The selected suppressions, oldest first, read in pages so that nobody waits for a slow reader."""
        ...

    def dead_letters(self, selection: Selection) -> Iterator[DeadLetter]:
        """The selected dead letters, oldest first."""
        ...

    def retry_dead_letters(self, ids: Sequence[int], now: float) -> int:
        """Make dead letters pending and due at once, with a new schedule; returns how many were."""
        ...

    def drop_dead_letters(self, ids: Sequence[int], now: float) -> int:
        """Settle dead letters as done without a call, outcome `dropped`; returns how many were."""
        ...

    def close(self) -> None:
        """Give back the file; nothing is lost without it."""
        ...
