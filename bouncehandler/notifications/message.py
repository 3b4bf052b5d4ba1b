"""Builds the mail of a digest or a report: its headers, and its two forms."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from bouncehandler.notifications.digest import Digest
from bouncehandler.notifications.rendering import render_html, render_text
from bouncehandler.notifications.report_schedule import RenderedReport


@dataclass(frozen=True, slots=True)
class MailEnvelope:
    """Sender and recipients of the mails."""

    recipients: Sequence[str]
    """Mail addresses."""
    sender: str | None
    """A mail address; None: bouncehandler@ this host's name."""
    hostname: Callable[[], str]
    """Looks up the name of this host, which may block for a while."""


def compose(digest: Digest, envelope: MailEnvelope, now: float) -> EmailMessage:
    """Build the mail of a digest.

    Its Message-ID is derived from the notices, so that the same notices, sent twice, are the same mail.

    Args:
        now: seconds since the epoch, the Date.
    """
    host = _mail_domain(envelope.hostname())
    mail = _with_headers(digest, envelope, host, now)
    mail["Subject"] = digest.subject
    mail.set_content(render_text(digest, host))
    mail.add_alternative(render_html(digest, host), subtype="html")
    return mail


def compose_report(rendered_report: RenderedReport, digest: Digest, envelope: MailEnvelope, now: float) -> EmailMessage:
    """Build the mail with a rendered report as its attachment; see `compose`."""
    mail = _with_headers(digest, envelope, _mail_domain(envelope.hostname()), now)
    mail["Subject"] = rendered_report.subject
    mail.set_content(rendered_report.text)
    mail.add_attachment(  # as bytes: unchanged, since the page contains hashes of its own style and script
        rendered_report.page.encode(),
        maintype="text",
        subtype="html",
        filename=rendered_report.filename,
        params={"charset": "utf-8"},
    )
    return mail


def _with_headers(digest: Digest, envelope: MailEnvelope, host: str, now: float) -> EmailMessage:
    """Build a mail without subject and content."""
    sender = envelope.sender or f"bouncehandler@{host}"
    domain = sender.rpartition("@")[2]
    notices = f"{digest.first}-{digest.last}.{digest.fingerprint}"
    mail = EmailMessage(SMTP.clone(cte_type="7bit"))  # no server has to know 8BITMIME (RFC 6152)
    mail["From"] = _address(sender, "bouncehandler")
    mail["To"] = [_address(recipient) for recipient in envelope.recipients]
    mail["Date"] = datetime.fromtimestamp(now, UTC)
    mail["Message-ID"] = f"<notices.{notices}@{domain if domain.isascii() else host}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834 5
    mail["X-Auto-Response-Suppress"] = "All"
    return mail


def _address(address: str, name: str = "") -> Address:
    local, _, domain = address.rpartition("@")
    return Address(name, local[1:-1] if local.startswith('"') else local, domain)


def _mail_domain(host: str) -> str:
    """Validate a host name as a mail domain; `localhost` in place of any other."""
    is_name = host.isascii() and host.replace("-", "").replace(".", "").isalnum() and not host.startswith((".", "-"))
    return host if is_name else "localhost"
