"""Check of the SMTP server that notices go through."""

import smtplib

from bouncehandler.cli.checks.finding import CheckResult, fail, ok, wait
from bouncehandler.notifications.smtp_errors import describe_smtp_error
from bouncehandler.runtime.notifier import build_smtp_client
from bouncehandler.settings.mail import NotifySettings


def check_smtp(settings: NotifySettings) -> CheckResult:
    """Whether the SMTP server greets, speaks TLS where it should, and accepts the login; no mail is sent."""
    client = build_smtp_client(settings)
    try:
        return ok("notify", client.check())
    except (smtplib.SMTPException, OSError, ValueError) as error:
        failure = describe_smtp_error(error, client.server)
        return (fail if failure.is_permanent else wait)("notify", failure.sentence)
