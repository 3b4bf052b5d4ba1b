"""What comes in, as plain data: bounces, deliveries, complaints, unsubscribe requests, listed addresses."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from operator import add
from typing import Literal, NamedTuple, NewType

Address = NewType("Address", str)
"""A mailbox, `local@domain`, without brackets or display name, its ASCII letters in lower case."""

MAX_ADDRESS = 320
"""Characters: 64 of local part, the @, 255 of domain (RFC 5321 4.5.3.1)."""

_PLAIN = re.compile(r"[a-z0-9][a-z0-9!#$%&'*+/=?^_`{|}~.-]*@[a-z0-9_-]+(?:\.[a-z0-9_-]+)+")
_LOCAL = re.compile(r'[^\s<>()\[\],;:@\\"\x00-\x20\x7f-\x9f]+|"[^"\x00-\x1f\x7f-\x9f]+"')
_DOMAIN = re.compile(r"(?:[^\W_]|[_-])+(?:\.(?:[^\W_]|[_-])+)+|\[[0-9a-f.:]+\]|\[ipv6:[0-9a-f.:]+\]")
_REDACTED = ".*\u2026"
"""Characters that stand for what was taken out (PowerMTA's `privacy-policy`): nobody's name is made of them alone."""

_LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")
_STATUS = re.compile(r"\s*([245])\.(\d{1,3})\.(\d{1,3})(?!\d)", re.ASCII)
_STATUS_WITHIN = 32
"""Characters of a `dsnStatus` that are looked at, and remembered; the words behind the code may be of any length."""


def parse_address(text: str) -> Address | None:
    """The address in `text`, which may wear angle brackets and a display name; None where there is none.

    Internationalised addresses pass (RFC 6531). List managers compare without case, so ASCII letters are lowered; the
    others are left alone, since lowering them can change an address.
    """
    if len(text) <= MAX_ADDRESS and _PLAIN.fullmatch(text):
        return Address(text)
    text = text.strip()
    if text.endswith(">"):
        text = text[text.rfind("<") + 1 : -1].strip()
    if len(text) > MAX_ADDRESS or not text.isprintable():  # control, bidi and undecodable characters
        return None
    local, _, domain = text.translate(_LOWER).rpartition("@")
    if not (_LOCAL.fullmatch(local) and local.strip(_REDACTED) and _DOMAIN.fullmatch(domain)):
        return None
    return Address(f"{local}@{domain}")


def is_plain_address(text: str) -> bool:
    """Whether the text is an `Address` as it stands, as nearly all are; `parse_address` knows the others."""
    return len(text) <= MAX_ADDRESS and _PLAIN.fullmatch(text) is not None


class DsnStatus(NamedTuple):
    """An enhanced status code, class.subject.detail (RFC 3463 2)."""

    klass: int
    """2 success, 4 persistent transient failure, 5 permanent failure."""
    subject: int
    detail: int

    def __str__(self) -> str:
        return f"{self.klass}.{self.subject}.{self.detail}"


@lru_cache(maxsize=4096)
def status_text(status: DsnStatus | None) -> str:
    """`5.1.1`; empty for none. Remembered, since few statuses make up most records."""
    return str(status) if status else ""


@lru_cache(maxsize=4096)
def epoch(at: datetime) -> int:
    """Whole seconds since 1970, of an aware time; remembered, since many records share theirs."""
    return int(at.timestamp())


def parse_status(text: str) -> DsnStatus | None:
    """The status that `5.1.1 (bad destination mailbox address)` begins with; None where it begins with none."""
    return _status(text[:_STATUS_WITHIN])


def parse_statuses(texts: Iterable[str]) -> list[DsnStatus | None]:
    """The same of many."""
    return [_status(text[:_STATUS_WITHIN]) for text in texts]


@lru_cache(maxsize=4096)
def _status(text: str) -> DsnStatus | None:
    match = _STATUS.match(text)
    return DsnStatus(*map(int, match.groups())) if match else None


class Bounce(NamedTuple):
    """A row of type `b` (PowerMTA's own attempt failed) or `rb` (a bounce that came back later by mail)."""

    record_type: Literal["b", "rb"]
    recipient: Address
    logged_at: datetime | None = None
    """Aware. When PowerMTA wrote the row; None where the column is absent or empty."""
    queued_at: datetime | None = None
    """Aware. When PowerMTA took the message; None likewise (always for `rb`)."""
    originator: str = ""
    """The envelope sender, as written; empty for the null sender and where the column is absent."""
    category: str = ""
    """`bounceCat`, an open set; empty where PowerMTA gave none."""
    status: DsnStatus | None = None
    status_text: str = ""
    """`dsnStatus` as written, with PowerMTA's words behind the code."""
    diagnostic: str = ""
    """What the remote server said, `smtp;550 5.1.1 ...`: hostile text. Empty when no server answered."""
    remote_mta: str = ""
    job_id: str = ""
    """`jobId`, or the header X-Job of a remote bounce; the campaign, for list managers that have one."""
    vmta: str = ""
    source_ip: str = ""
    """The address that PowerMTA sent from."""

    @property
    def occurred_at(self) -> datetime | None:
        """Aware; None where the row has no time."""
        return self.logged_at or self.queued_at

    @property
    def id(self) -> str:
        """The record's time and a hash of its fields: the same in the pipe and in the file that is fed again later.

        `timeQueued` comes first, since it is in the old handler's columns as well as in the full ones. Without any
        time the diagnostic tells one bounce of a recipient from the next.
        """
        return ids_of((self,))[0]


class Delivery(NamedTuple):
    """A row of type `d`: the recipient's mailbox took a message, so what bounced before no longer counts."""

    recipient: Address
    delivered_at: datetime
    """Aware: when PowerMTA wrote the row."""


class Subscriber(NamedTuple):
    """Somebody on a list, in a list manager's own ids: what is left where a reporter hid the address."""

    list_manager: str = ""
    """The type of provider whose ids these are, `mailwizz` or `interspire`; empty where none are known."""
    list_id: str = ""
    """Of several lists, with commas between them and nothing else: `8,13`."""
    subscriber_id: str = ""
    campaign_id: str = ""
    """Empty where it is not known; always for Interspire."""

    @property
    def name(self) -> str:
        """`mailwizz:LIST/SUBSCRIBER`, which no address looks like; empty where no ids are known."""
        return f"{self.list_manager}:{self.list_id}/{self.subscriber_id}" if self.list_manager else ""


Headers = tuple[tuple[str, str], ...]
"""Some headers of a message by name, `("Subject", "Sale, now on")`: hostile text, as it came."""


class Complaint(NamedTuple):
    """A row of type `f`: a recipient told their mailbox provider that our message is spam (RFC 5965)."""

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
    """The one `Address` in the message's own To, believed where nothing else names anybody; else empty."""
    reporter: str = ""
    """Who reported, as they call themselves, with the address that they reported from."""
    headers: Headers = ()
    """The complained message's subject and a few more."""

    @property
    def id(self) -> str:
        """Of fields that every choice of columns has; see `Bounce.id`."""
        message_id = "" if self.logged_at else dict(self.headers).get("Message-Id", "")
        person = self.recipient or self.subscriber.name or "\x1e".join(self.unsubscribe_to)
        return _moment(self.logged_at) + _digest("f", person, self.feedback_type, message_id)


class ListUnsubscribe(NamedTuple):
    """A mail to a List-Unsubscribe address: a recipient asks to be taken off."""

    address: str
    """The address that it was sent to, whose token names the person."""
    received_at: datetime
    """Aware."""
    recipient: str = ""
    """An `Address`, from a signed token; empty where the token holds ids."""
    subscriber: Subscriber = Subscriber()
    provider: str = ""
    """The provider whose ids they are, as the configuration names it; empty for a signed token."""
    sender: str = ""
    """The envelope sender, or who stands in From where that is empty or a postmaster's: evidence, never the person."""
    headers: Headers = ()
    """The request's own Subject, From, Date and Message-Id."""

    @property
    def id(self) -> str:
        """A hash: the same mail tried again by PowerMTA is the same request."""
        message_id = dict(self.headers).get("Message-Id") or str(int(self.received_at.timestamp()))
        return _moment(None) + _digest("unsubscribe", self.recipient or self.subscriber.name, message_id)


class ListedAddress(NamedTuple):
    """An address from a plain list that somebody feeds by hand."""

    recipient: Address

    def id_on(self, day: str) -> str:
        """The id of this address fed on `day` (ISO date): feeding a list twice changes nothing, next year it counts."""
        return _moment(None) + _digest("list", self.recipient, day)


def ids_of(bounces: Sequence[Bounce]) -> list[str]:
    """See `Bounce.id`; of many it is quicker at once."""
    times = [bounce.queued_at or bounce.logged_at for bounce in bounces]
    fields = [
        (kind, recipient, originator, category, status_text(status), job_id, "" if at else diagnostic)
        for at, (kind, recipient, _, _, originator, category, status, _, diagnostic, _, job_id, _, _) in zip(
            times, bounces, strict=True
        )
    ]
    return list(map(add, map(_moment, times), _digests(fields)))


@lru_cache(maxsize=4096)
def _moment(at: datetime | None) -> str:
    """Eight hexadecimal digits, with which an id begins: its record's time, or zeros.

    Records come in the order of their times, so their ids lie side by side in an index: a spool with many millions
    takes new ones as quickly as an empty one.
    """
    return f"{epoch(at) & 0xFFFFFFFF:08x}" if at else _NO_MOMENT


_NO_MOMENT = "00000000"
MOMENT = len(_NO_MOMENT)
"""Digits with which an id tells the time of its record."""


def moment_of(record: str) -> str:
    """What an id has in common with all that are of the same second; empty for those of records without a time."""
    moment = record[:MOMENT]
    return "" if moment == _NO_MOMENT else moment


def _digest(*fields: str) -> str:
    """16 hexadecimal digits over the fields; a field can't reach into its neighbour."""
    return _digests([fields])[0]


def _digests(several: Sequence[tuple[str, ...]]) -> list[str]:
    """The same for many, each of as many fields."""
    texts = list(map("\x1f".join, several))
    if "".join(texts).count("\x1f") != sum(map(len, several)) - len(texts):
        texts = list(map(_told_apart, texts, several))
    return [blake2b(text.encode(), digest_size=8).hexdigest() for text in texts]


def _told_apart(text: str, fields: tuple[str, ...]) -> str:
    """The text, or where a field holds the separator, with lengths that say where each one ends."""
    return text if text.count("\x1f") < len(fields) else "\x1f".join(f"{len(field)}:{field}" for field in fields)
