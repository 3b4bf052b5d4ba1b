"""Notices to the postmaster by mail: from the queue in the spool to an SMTP server, in a thread of their own.

`worker` claims the queued notices and retries failed mails; `report_schedule` queues reports when they are due;
`kinds` is the registry of notice kinds; `digest` groups and counts many notices; `sanitize` makes hostile text safe to
show; `rendering` renders the two forms of a mail, `message` builds it; `smtp` is the client, and
`smtp_errors` describes its failures.
"""
