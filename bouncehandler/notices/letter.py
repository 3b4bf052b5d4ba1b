"""A digest as a mail: its headers, and its two forms."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from bouncehandler.notices.digest import Digest
from bouncehandler.notices.markup import as_html
from bouncehandler.notices.plain import as_text
from bouncehandler.notices.reports import Enclosed


@dataclass(frozen=True, slots=True)
class Letterhead:
    """Whom mails are from, and to."""

    recipients: Sequence[str]
    """Mail addresses."""
    sender: str | None
    """A mail address; None: bouncehandler@ this host's name."""
    hostname: Callable[[], str]
    """The name of this host, which may take a while to find out."""


def compose(digest: Digest, letterhead: Letterhead, now: float) -> EmailMessage:
    """The mail that tells of a digest.

    Its Message-ID comes from the notices, so the same notices, sent twice, are the same mail.

    Args:
        now: seconds since the epoch, the Date.
    """
    host = _usable(letterhead.hostname())
    mail = _headed(digest, letterhead, host, now)
    mail["Subject"] = digest.subject
    mail.set_content(as_text(digest, host))
    mail.add_alternative(as_html(digest, host), subtype="html")
    return mail


def compose_report(enclosed: Enclosed, digest: Digest, letterhead: Letterhead, now: float) -> EmailMessage:
    """The mail that carries the report for which a digest stands; see `compose`."""
    mail = _headed(digest, letterhead, _usable(letterhead.hostname()), now)
    mail["Subject"] = enclosed.subject
    mail.set_content(enclosed.text)
    mail.add_attachment(  # as bytes: to the letter, since hashes of what stands in it are part of it
        enclosed.page.encode(), maintype="text", subtype="html", filename=enclosed.filename, params={"charset": "utf-8"}
    )
    return mail


def _headed(digest: Digest, letterhead: Letterhead, host: str, now: float) -> EmailMessage:
    """A mail with all that it needs but its subject and its content."""
    sender = letterhead.sender or f"bouncehandler@{host}"
    domain = sender.rpartition("@")[2]
    mail = EmailMessage(SMTP.clone(cte_type="7bit"))  # no server has to know 8BITMIME (RFC 6152)
    mail["From"] = _address(sender, "bouncehandler")
    mail["To"] = [_address(recipient) for recipient in letterhead.recipients]
    mail["Date"] = datetime.fromtimestamp(now, UTC)
    mail["Message-ID"] = _message_id(digest, domain if domain.isascii() else host)
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834 5
    mail["X-Auto-Response-Suppress"] = "All"
    return mail


def _message_id(digest: Digest, domain: str) -> str:
    return f"<notices.{digest.first}-{digest.last}.{digest.fingerprint}@{domain}>"


def _address(address: str, name: str = "") -> Address:
    local, _, domain = address.rpartition("@")
    return Address(name, local[1:-1] if local.startswith('"') else local, domain)


def _usable(host: str) -> str:
    """The host's name, if it can stand behind an @."""
    is_name = host.isascii() and host.replace("-", "").replace(".", "").isalnum() and not host.startswith((".", "-"))
    return host if is_name else "localhost"
