"""Plain data that goes into a spool and comes out of it."""

import errno
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from bouncehandler.record import Headers
from bouncehandler.suppression import Attempt, Dispatch, Outcome, Suppression

_TEMPORARY = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE})


class SpoolError(Exception):
    """Failure of the spool; the text has the cause and the remedy."""

    def __init__(self, text: str, *, is_temporary: bool = False) -> None:
        super().__init__(text)
        self._is_temporary = is_temporary

    @property
    def is_temporary(self) -> bool:
        """Whether time, or room on the disk, mends it without the sysadmin."""
        cause = self.__cause__
        return self._is_temporary or (isinstance(cause, OSError) and cause.errno in _TEMPORARY)


class BounceFingerprint(NamedTuple):
    """The part of a hard bounce that it has in common with others of the same cause."""

    mailbox_provider: str
    fingerprint: str
    """The normalised diagnostic."""


class QueuedSuppression(NamedTuple):
    """A suppression and the providers to notify."""

    suppression: Suppression
    providers: tuple[str, ...]
    """Names in the configuration; empty where it is routed to none: recorded all the same."""
    id_providers: tuple[str, ...] = ()
    """The ones among them that can act on ids, for a suppression without a recipient: only they are notified at first,
    and the others as soon as one of them has learned the address."""
    evidence: Headers = ()
    """Further lines of a notice to the postmaster, beside the suppression itself."""
    fingerprint: BounceFingerprint | None = None
    """Where a spike may be, which would be held; None: it is never held."""


class SoftBounceEntry(NamedTuple):
    """A soft bounce: so many of them on different days, within so long and without a delivery between, suppress."""

    suppression: Suppression
    """The suppression that it would be if it suppressed alone."""
    providers: tuple[str, ...]
    """The providers to notify."""
    suppress_after: int
    within: float
    """Seconds."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """The result of recording a batch."""

    new: int
    """Suppressions that were not in the spool."""
    duplicates: int
    """Suppressions that were there already; one routed to a provider that was added since is dispatched to it."""


@dataclass(frozen=True, slots=True)
class Completed:
    """The provider has carried it out."""

    dispatch: Dispatch
    attempt: Attempt
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class RetryLater:
    """The call failed and is due again in `due_in` seconds; `retry_index` waits of the schedule are then used up."""

    dispatch: Dispatch
    attempt: Attempt
    due_in: float
    retry_index: int
    changed: tuple[str, ...] = ()
    """The lists that the call had changed before it failed; undo restores them."""


@dataclass(frozen=True, slots=True)
class DeadLettered:
    """Given up: a dead letter from now on."""

    dispatch: Dispatch
    attempt: Attempt
    changed: tuple[str, ...] = ()
    """As of `RetryLater`."""


@dataclass(frozen=True, slots=True)
class Released:
    """The claim is given back, and the attempt with it."""

    dispatch: Dispatch
    due_in: float = 0.0
    """Seconds."""
    changed: tuple[str, ...] = ()
    """As of `RetryLater`: the provider became unavailable half-way."""


class Notice(NamedTuple):
    """A notice to the postmaster."""

    id: int
    """In the order in which they came."""
    kind: str
    """`complaint`, `unsubscribe`, `held`, `back`, `dead`, `spike` or `unreadable`."""
    at: float
    about: Mapping[str, str]
    """Texts by name: hostile ones among them."""


@dataclass(frozen=True, slots=True)
class NoticeBatch:
    """The notices that are due, claimed by this process."""

    claim: str
    through: int
    """The id of the newest notice among them."""


class Claimed(list[Dispatch]):
    """The result of a claim: the dispatches to carry out, and how many needed no call."""

    repeats = 0
    """Dispatches that it settled as done, since their recipients were carried out lately."""


Settlement = Completed | RetryLater | DeadLettered | Released


@dataclass(frozen=True, slots=True)
class ProviderState:
    """Whether a provider is held, for every process on this spool."""

    held: bool = False
    reason: str = ""
    """Why it is held; empty when it is not."""
    since: float | None = None
    probe_at: float | None = None
    """When a process may next try whether it is back."""


@dataclass(slots=True)
class Counts:
    """Dispatches by state; a held provider's keep their state, mostly pending."""

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
    """By provider; each that has dispatches, whether or not it is still configured."""
    states: Mapping[str, ProviderState] = field(default_factory=dict)
    """By provider; absent: not held."""
    oldest_pending_at: float | None = None
    """When the oldest unsettled dispatch was recorded; None when nothing waits."""
    oldest_at: Mapping[str, float] = field(default_factory=dict)
    """By provider, when the oldest dispatch that waits, and is not held, was recorded; absent: nothing waits."""
    oldest_asked_at: float | None = None
    """When the oldest complaint, or unsubscribe request, was recorded that waits for a provider."""
    next_due_at: Mapping[str, float] = field(default_factory=dict)
    """By provider, the earliest time at which an unsettled dispatch is due."""
    last_recorded_at: float | None = None
    """When the last suppression was recorded; None in a new spool."""
    notices: int = 0
    """How many notices wait for the postmaster."""


class RetentionPeriods(NamedTuple):
    """Seconds for which suppressions are kept after they were done, by their reason; None: for ever."""

    bounce: float | None = None
    complaint: float | None = None
    unsubscribe: float | None = None
    list: float | None = None
    other: float | None = None
    """Reasons that are not among these."""


OTHERS = "(others)"
"""Stands for the values of a dimension that found no room."""


class HourlyCount(NamedTuple):
    """A count of the records of an hour that have a value in common."""

    hour: int
    """Of the records' own time: seconds since the epoch, divided by 3600."""
    kind: str
    """`bounce` (`b`, `rb`), `complaint`, `unsubscribe` (by mail), `list`, `delivery`, `transient` or `unreadable`."""
    verdict: str
    """`suppress`, `count` or `ignore`; empty where nothing was to be decided."""
    dimension: str
    """`category` (of a complaint its feedback type), `rule`, `mailbox_provider` (who runs the recipient's mailbox),
    `originator` (the domain of the envelope sender), `vmta`, `source` (the address that PowerMTA sent from), `job`,
    `diagnostic` (the code and the first words), `mailbox_provider+diagnostic` (of transient ones, with a tabulator
    between),
    `reason` (of an unreadable row); empty for all records together."""
    value: str
    """A name, at most 120 characters; `(others)` for values without room; empty for all records together. Records
    without one are in no count of that dimension."""
    number: int
    """Rows read; the same file read twice counts twice."""


class MetricCounter(NamedTuple):
    """A counter that only grows, or, with `is_latest`, a time of which the latest stays."""

    name: str
    """`records`, `unreadable`, `dispatches`, `attempts`, `call_seconds`, `call_seconds_sum` or `last_record`."""
    labels: tuple[tuple[str, str], ...]
    """Names and values, from small closed sets."""
    number: float
    is_latest: bool = False
    """Only of added counters."""


class Pruned(NamedTuple):
    """The result of one step of pruning."""

    removed: int
    """How many suppressions, each with all that belongs to it; or how many attempts."""
    last: int | None
    """The last suppression, or dispatch, that was looked at; None: the next one is too new, or there is none."""


class BackupSummary(NamedTuple):
    """Numbers of a copy."""

    size: int
    """Bytes."""
    suppressions: int
    waiting: int
    """Dispatches that are not settled."""
    done: int
    dead: int


class SpoolCheck(NamedTuple):
    """The result of examining a spool that can be written."""

    store: str
    """Its kind and versions, in a few words."""
    unread: str
    """Empty where all of it was read through; else the command that does it."""
