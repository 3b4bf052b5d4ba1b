"""What `bouncehandler check` finds of the SMTP server that notices go through."""

import smtplib

from bouncehandler.cli.findings import Finding, Mark
from bouncehandler.notifications import explained
from bouncehandler.runtime.notifier import build_smtp_client
from bouncehandler.settings.mail import NotifySettings


def check_post(settings: NotifySettings) -> Finding:
    """Whether the SMTP server greets, speaks TLS where it should, and accepts the login; no mail is sent."""
    courier = build_smtp_client(settings)
    try:
        return Finding(Mark.FINE, "notify", courier.check())
    except (smtplib.SMTPException, OSError, ValueError) as error:
        trouble = explained(error, courier.server)
        return Finding(Mark.WRONG if trouble.is_lasting else Mark.LATER, "notify", trouble.sentence)
