"""A decision on its way to the list managers, as plain data: Suppression, Dispatch, Attempt, Outcome."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

Reason = Literal["bounce", "list"]
"""Why a recipient is not to be mailed again; further reasons come with further inputs: treat it as an open set."""


class Suppression(NamedTuple):
    """A recipient must not be mailed again; with the reason and the evidence."""

    id: str
    """24 hexadecimal digits, from the record's own fields: the same however often the record is read."""
    recipient: str
    """`local@domain`, ASCII letters in lower case; may be internationalised (RFC 6531)."""
    reason: str
    """See `Reason`."""
    rule: str = ""
    """The rule that decided, in the words of the configuration."""
    record_type: str = ""
    """PowerMTA's short code, `b` or `rb`; empty for a list fed by hand."""
    category: str = ""
    """PowerMTA's `bounceCat`; empty where it gave none."""
    status: str = ""
    """DSN status, `5.1.1` (RFC 3463); empty where there was none."""
    diagnostic: str = ""
    """What the remote server said: hostile text of any length. Empty when no server answered."""
    originator: str = ""
    """Envelope sender; empty for the null sender, or unknown."""
    job_id: str = ""
    """The campaign, `jobId` or X-Job; empty where the site sets none."""
    occurred_at: datetime | None = None
    """Aware, UTC; None where the record has no time."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an adapter did: the recipient is unsubscribed, already was, or is unknown there."""

    kind: Literal["unsubscribed", "already", "unknown"]
    lists: tuple[str, ...] = ()
    """The provider's own ids of the lists that this call changed, and no others: what undo would restore."""
    note: str = ""
    """A sentence for the log where something deserves saying, such as a fall-back; else empty."""


@dataclass(frozen=True, slots=True)
class Dispatch:
    """One suppression owed to one provider, claimed by this process."""

    id: int
    provider: str
    suppression: Suppression
    attempts: int
    """Calls begun, this one included; 1 at the first."""
    step: int
    """How many waits of the retry schedule lie behind; 0 at the first attempt."""
    claim: str
    """Who holds it: settling with another claim's token changes nothing."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call and its answer."""

    started_at: float
    """Seconds since the epoch."""
    seconds: float
    """How long the call took."""
    result: str
    """`unsubscribed`, `already`, `unknown`, `temporary` or `permanent`."""
    answer: str
    """What came back, at most 512 characters: the provider's last answer, or the error's sentence."""
