"""Word to the postmaster by mail: from the queue in the spool to an SMTP server, in a thread that nothing waits for.

`sender` claims what is due, and tries again later what failed; `reports` knows when a report is due; `digest` counts
many notices and keeps a few of them; `words` is what each kind is called; `sanitizer` makes hostile text fit to be
shown; `plain` and `markup` write the two forms of a mail, `letter` puts them into one; `smtp` talks to the server,
and `trouble` says what went wrong there.
"""

from bouncehandler.notifications.message import MailEnvelope
from bouncehandler.notifications.outcome_log import NotificationLog
from bouncehandler.notifications.report_schedule import RenderedReport, ReportSchedule, ReportScheduler
from bouncehandler.notifications.sanitize import TextSanitizer
from bouncehandler.notifications.smtp import SmtpClient, SmtpServer
from bouncehandler.notifications.smtp_errors import SmtpFailure, explained
from bouncehandler.notifications.worker import NotificationSettings, NotificationWorker

__all__ = [
    "MailEnvelope",
    "NotificationLog",
    "NotificationSettings",
    "NotificationWorker",
    "RenderedReport",
    "ReportSchedule",
    "ReportScheduler",
    "SmtpClient",
    "SmtpFailure",
    "SmtpServer",
    "TextSanitizer",
    "explained",
]
