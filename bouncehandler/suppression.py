"""A decision on its way to the list managers, as plain data: Suppression, Dispatch, Attempt, Outcome."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from bouncehandler.record import Subscriber

Reason = Literal["bounce", "complaint", "unsubscribe", "list"]
"""Why a recipient is not to be mailed again; further reasons come with further inputs: treat it as an open set."""


class Suppression(NamedTuple):
    """A recipient must not be mailed again; with the reason and the evidence."""

    id: str
    """24 hexadecimal digits, from the record's own fields: the same however often the record is read."""
    recipient: str
    """`local@domain`, ASCII letters in lower case; may be internationalised (RFC 6531). Empty where only a subscriber's
    ids are known: such a suppression comes to adapters alone that say that they take it (`BySubscriber`)."""
    reason: str
    """See `Reason`."""
    rule: str = ""
    """The rule that decided, in the words of the configuration."""
    record_type: str = ""
    """PowerMTA's short code, `b`, `rb` or `f`; empty for a list fed by hand and for an unsubscribe request."""
    category: str = ""
    """PowerMTA's `bounceCat`, of a complaint the feedback type (`abuse`); empty where there was none."""
    status: str = ""
    """DSN status, `5.1.1` (RFC 3463); empty where there was none."""
    diagnostic: str = ""
    """What the remote server, or the reporter of a complaint, said: hostile text of any length. Empty for nothing."""
    originator: str = ""
    """Envelope sender; empty for the null sender, or unknown."""
    job_id: str = ""
    """The campaign, `jobId` or X-Job; empty where the site sets none."""
    occurred_at: datetime | None = None
    """Aware, UTC; None where the record has no time."""
    list_manager: str = ""
    """The type of provider whose ids the next three are, `mailwizz` or `interspire`; empty where none are known. They
    may be known beside the recipient."""
    list_id: str = ""
    """Of several lists, with commas between them: `8,13`."""
    subscriber_id: str = ""
    campaign_id: str = ""
    """Empty where it is not known."""

    @property
    def subject(self) -> str:
        """Who is suppressed, for keys and logs: the recipient, or `mailwizz:LIST/SUBSCRIBER`."""
        return self.recipient or Subscriber(self.list_manager, self.list_id, self.subscriber_id).name


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an adapter did: the recipient is unsubscribed, or restored; already was; or is unknown there."""

    kind: Literal["unsubscribed", "already", "unknown", "restored"]
    """`restored`: only of undoing what an earlier call changed; `unsubscribed`: never of it."""
    lists: tuple[str, ...] = ()
    """The provider's own ids of the lists that this call changed, and no others: what undo would restore. Empty for
    `already` and `unknown`, and where the provider has no lists."""
    note: str = ""
    """A sentence for the log where something deserves saying, such as a fall-back; else empty."""
    recipient: str = ""
    """The address that the ids stand for, where the suppression had only ids and the provider told it: it then goes to
    the other providers as well. Else empty."""


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
    restores: Outcome | None = None
    """What an earlier call did, which this one is to undo; None: it is to unsubscribe."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call and its answer."""

    started_at: float
    """Seconds since the epoch."""
    seconds: float
    """How long the call took."""
    result: str
    """`unsubscribed`, `restored`, `already`, `unknown`, `temporary` or `permanent`."""
    answer: str
    """What came back, at most 512 characters: the provider's last answer, or the error's sentence."""
