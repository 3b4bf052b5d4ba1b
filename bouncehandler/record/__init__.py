"""Records of the inputs, as plain data: bounces, deliveries, complaints, unsubscribe requests, listed addresses.

`address` and `dsn_status` parse their fields, `record_id` computes their ids, `bounce_batch` stores many bounces as
columns, and `dimensions` lists the columns that statistics count by.
"""

from datetime import datetime
from typing import Literal, NamedTuple

from bouncehandler.record.address import MAX_ADDRESS, Address, parse_address
from bouncehandler.record.dsn_status import DsnStatus, parse_status, status_text
from bouncehandler.record.record_id import MOMENT, epoch, id_of, moment_of

__all__ = [
    "MAX_ADDRESS",
    "MOMENT",
    "Address",
    "Bounce",
    "Complaint",
    "Delivery",
    "DsnStatus",
    "Headers",
    "ListUnsubscribe",
    "ListedAddress",
    "Subscriber",
    "epoch",
    "moment_of",
    "parse_address",
    "parse_status",
    "status_text",
]


class Bounce(NamedTuple):
    """A row of type `b` (PowerMTA's own attempt failed) or `rb` (a bounce that came back later by mail)."""

    record_type: Literal["b", "rb"]
    recipient: Address
    logged_at: datetime | None = None
    """Aware. Time at which PowerMTA wrote the row; None where the column is absent or empty."""
    queued_at: datetime | None = None
    """Aware. Time at which PowerMTA took the message; None where absent or empty, as always for `rb`."""
    originator: str = ""
    """The envelope sender, as written; empty for the null sender and where the column is absent."""
    category: str = ""
    """`bounceCat`, an open set; empty where PowerMTA gave none."""
    status: DsnStatus | None = None
    status_text: str = ""
    """`dsnStatus` as written, with PowerMTA's words behind the code."""
    diagnostic: str = ""
    """Answer of the remote server, `smtp;550 5.1.1 ...`: hostile text. Empty when no server answered."""
    remote_mta: str = ""
    job_id: str = ""
    """`jobId`, or the header X-Job of a remote bounce; the campaign, for list managers that have one."""
    vmta: str = ""
    source_ip: str = ""
    """Address that PowerMTA sent from."""

    @property
    def occurred_at(self) -> datetime | None:
        """Aware; None where the row has no time."""
        return self.logged_at or self.queued_at

    @property
    def id(self) -> str:
        """The record's time and a hash of its fields: the same in the pipe and in the file that is fed again later.

        `timeQueued` comes first, since it is in the old handler's columns as well as in the full ones. Without any
        time the diagnostic distinguishes the bounces of a recipient.
        """
        at = self.queued_at or self.logged_at
        code, last = status_text(self.status), "" if at else self.diagnostic
        return id_of(at, self.record_type, self.recipient, self.originator, self.category, code, self.job_id, last)


class Delivery(NamedTuple):
    """A row of type `d`: the recipient's mailbox took a message, so earlier soft bounces no longer count."""

    recipient: Address
    delivered_at: datetime
    """Aware. Time at which PowerMTA wrote the row."""


class Subscriber(NamedTuple):
    """A subscriber of a list, by a list manager's own ids, where a reporter hid the address."""

    list_manager: str = ""
    """Type of the provider that gave out the ids, `mailwizz` or `interspire`; empty where none are known."""
    list_id: str = ""
    """Several lists are separated by commas and nothing else: `8,13`."""
    subscriber_id: str = ""
    campaign_id: str = ""
    """Empty where it is not known; always for Interspire."""

    @property
    def name(self) -> str:
        """`mailwizz:LIST/SUBSCRIBER`, which no address looks like; empty where no ids are known."""
        return f"{self.list_manager}:{self.list_id}/{self.subscriber_id}" if self.list_manager else ""


Headers = tuple[tuple[str, str], ...]
"""Headers of a message by name, `("Subject", "Sale, now on")`: hostile text, as it came."""


class Complaint(NamedTuple):
    """A row of type `f`: a recipient reported a message as spam to their mailbox provider (RFC 5965)."""

    recipient: str = ""
    """An `Address`; empty where the reporter hid it, or the columns hold none."""
    feedback_type: str = ""
    """`abuse`, `fraud`, `not-spam`, ... in lower case, an open set; empty for Microsoft's, which are complaints."""
    logged_at: datetime | None = None
    """Aware; None where the column is absent or empty."""
    originator: str = ""
    """The envelope sender as written; empty where the report had none."""
    job_id: str = ""
    """The header X-Job; the campaign."""
    subscriber: Subscriber = Subscriber()
    """From X-Mw-Subscriber-Uid with List-Id, or X-Mailer-RecptId with X-Mailer-LID."""
    unsubscribe_to: tuple[str, ...] = ()
    """The mail addresses in the message's List-Unsubscribe, which may hold a token for the subscriber."""
    written_to: str = ""
    """The one `Address` in the message's own To, used where nothing else identifies the subject; else empty."""
    reporter: str = ""
    """Name of the reporter, with the address that the report came from."""
    headers: Headers = ()
    """Subject and a few more headers of the complained message."""

    @property
    def id(self) -> str:
        """Hash of fields that every choice of columns has; see `Bounce.id`."""
        message_id = "" if self.logged_at else dict(self.headers).get("Message-Id", "")
        subject = self.recipient or self.subscriber.name or "\x1e".join(self.unsubscribe_to)
        return id_of(self.logged_at, "f", subject, self.feedback_type, message_id)


class ListUnsubscribe(NamedTuple):
    """A mail to a List-Unsubscribe address, with which a recipient unsubscribes."""

    address: str
    """Address that it was sent to, whose token identifies the subject."""
    received_at: datetime
    """Aware."""
    recipient: str = ""
    """An `Address`, from a signed token; empty where the token holds ids."""
    subscriber: Subscriber = Subscriber()
    provider: str = ""
    """Provider that gave out the ids, by its name in the configuration; empty for a signed token."""
    sender: str = ""
    """Envelope sender, or From where that is empty or a postmaster's: evidence, never the subject."""
    headers: Headers = ()
    """The request's own Subject, From, Date and Message-Id."""

    @property
    def id(self) -> str:
        """A hash: the same mail tried again by PowerMTA is the same request."""
        message_id = dict(self.headers).get("Message-Id") or str(int(self.received_at.timestamp()))
        return id_of(None, "unsubscribe", self.recipient or self.subscriber.name, message_id)


class ListedAddress(NamedTuple):
    """An address from a plain list that is fed by hand."""

    recipient: Address

    def id_on(self, day: str) -> str:
        """The id of this address on `day` (ISO date): a list has no effect twice a day, but has one next year."""
        return id_of(None, "list", self.recipient, day)
