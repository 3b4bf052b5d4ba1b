"""Examples for the tests of notices: ways to make notices, and mails of them."""

from collections.abc import Callable, Iterable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from itertools import count

from bouncehandler.notifications.digest import Digest, build_digest
from bouncehandler.notifications.message import MailEnvelope, compose
from bouncehandler.notifications.sanitize import TextSanitizer
from bouncehandler.redaction import mask_addresses
from bouncehandler.spool import Notice

NOW = 1_767_225_600.0
"""2026-01-01T00:00:00Z."""

TO = ("postmaster@example.com", "ops@example.com")


def notices(*batch: tuple[str, dict[str, str]]) -> list[Notice]:
    """Notices with numbers from 1."""
    numbers = count(1)
    return [Notice(next(numbers), kind, NOW, about) for kind, about in batch]


def complaints(number: int) -> list[Notice]:
    """That many complaints."""
    return notices(*(("complaint", {"person": f"user{n}@example.com"}) for n in range(number)))


def digest_of(batch: Iterable[Notice], mask: Callable[[str], str] = mask_addresses) -> Digest:
    """The digest of some notices."""
    digest = build_digest([list(batch)], TextSanitizer(mask))
    assert digest is not None
    return digest


def envelope(sender: str | None = "bh@example.com", host: str = "mta1.example.com", *to: str) -> MailEnvelope:
    """Build the envelope of a mail."""
    return MailEnvelope(to or TO, sender, lambda: host)


def sent(batch: Iterable[Notice], mask: Callable[[str], str] = mask_addresses) -> EmailMessage:
    """The mail about some notices, as its recipient reads it from the wire."""
    return on_the_wire(compose(digest_of(batch, mask), envelope(), NOW))


def on_the_wire(mail: EmailMessage) -> EmailMessage:
    """The mail after its way as bytes."""
    read = message_from_bytes(mail.as_bytes(), policy=default)
    assert isinstance(read, EmailMessage)
    return read


def text_of(mail: EmailMessage) -> str:
    """The plain form."""
    return _form(mail, "plain")


def html_of(mail: EmailMessage) -> str:
    """The HTML form."""
    return _form(mail, "html")


def _form(mail: EmailMessage, subtype: str) -> str:
    part = mail.get_body((subtype,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")
