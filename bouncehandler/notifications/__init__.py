"""Notices to the postmaster by mail: from the queue in the spool to an SMTP server, in a thread of their own.

`worker` claims the queued notices and retries failed mails; `report_schedule` queues reports when they are due;
`kinds` is the registry of notice kinds; `digest` groups and counts many notices; `sanitize` makes hostile text safe to
show; `rendering` renders the two forms of a mail, `message` builds it; `smtp` is the client, and
`smtp_errors` describes its failures.
"""

from bouncehandler.notifications.message import MailEnvelope
from bouncehandler.notifications.outcome_log import NotificationLog
from bouncehandler.notifications.report_schedule import RenderedReport, ReportSchedule, ReportScheduler
from bouncehandler.notifications.sanitize import TextSanitizer
from bouncehandler.notifications.smtp import SmtpClient, SmtpServer
from bouncehandler.notifications.smtp_errors import SmtpFailure, describe_smtp_error
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
    "describe_smtp_error",
]
