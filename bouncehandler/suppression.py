"""Suppressions and their dispatch to providers, as plain data: Suppression, Dispatch, Attempt, Outcome."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from bouncehandler.record import Subscriber

Reason = Literal["bounce", "complaint", "unsubscribe", "list"]
"""Reason of a suppression, an open set: further inputs bring further reasons."""


class Suppression(NamedTuple):
    """A recipient who must not be mailed again, with the reason and the evidence."""

    id: str
    """24 hexadecimal digits, a hash of the record's own fields: the same however often the record is read."""
    recipient: str
    """`local@domain`, ASCII letters in lower case; may be internationalised (RFC 6531). Empty where only a subscriber's
    ids are known: such a suppression goes to adapters that accept ids (`BySubscriber`) and no others."""
    reason: str
    """See `Reason`."""
    rule: str = ""
    """The rule that decided, as the configuration has it."""
    record_type: str = ""
    """PowerMTA's short code, `b`, `rb` or `f`; empty for a list fed by hand and for an unsubscribe request."""
    category: str = ""
    """PowerMTA's `bounceCat`, of a complaint the feedback type (`abuse`); empty where there was none."""
    status: str = ""
    """DSN status, `5.1.1` (RFC 3463); empty where there was none."""
    diagnostic: str = ""
    """Text of the remote server, or of the reporter of a complaint: hostile, of any length, perhaps empty."""
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
    """Several lists are separated by commas: `8,13`."""
    subscriber_id: str = ""
    campaign_id: str = ""
    """Empty where it is not known."""

    @property
    def subject(self) -> str:
        """Subject for keys and logs: the recipient, or `mailwizz:LIST/SUBSCRIBER`."""
        return self.recipient or Subscriber(self.list_manager, self.list_id, self.subscriber_id).name


@dataclass(frozen=True, slots=True)
class Outcome:
    """Result of an adapter's call: the recipient is unsubscribed or restored, already was, or is unknown there."""

    kind: Literal["unsubscribed", "already", "unknown", "restored"]
    """`restored` is the result of undoing an earlier call, and `unsubscribed` of every other."""
    lists: tuple[str, ...] = ()
    """The provider's own ids of the lists that this call changed, and no others, for undo to restore. Empty for
    `already` and `unknown`, and where the provider has no lists."""
    note: str = ""
    """A sentence for the log, about a fall-back for example; else empty."""
    recipient: str = ""
    """The address behind the ids, where the suppression had only ids and the provider returned it, so that the other
    providers get it as well. Else empty."""


@dataclass(frozen=True, slots=True)
class Dispatch:
    """One suppression queued for one provider, and claimed by this process."""

    id: int
    provider: str
    suppression: Suppression
    attempts: int
    """Calls begun, this one included; 1 for the first."""
    retry_index: int
    """Waits of the retry schedule that have passed; 0 at the first attempt."""
    claim: str
    """Token of the claim: settling with another one changes nothing."""
    restores: Outcome | None = None
    """Result of the earlier call that this one undoes; None: it unsubscribes."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call and its answer."""

    started_at: float
    """Seconds since the epoch."""
    seconds: float
    """Duration of the call."""
    result: str
    """`unsubscribed`, `restored`, `already`, `unknown`, `temporary` or `permanent`."""
    answer: str
    """The provider's last answer, or the error's sentence; at most 512 characters."""
