"""Word to the postmaster by mail: from the queue in the spool to an SMTP server, in a thread that nothing waits for.

`sender` claims what is due, and tries again later what failed; `reports` knows when a report is due; `digest` counts
many notices and keeps a few of them; `words` is what each kind is called; `readable` makes hostile text fit to be
shown; `plain` and `markup` write the two forms of a mail, `letter` puts them into one; `courier` talks to the server,
and `trouble` says what went wrong there.
"""

from bouncehandler.notices.courier import Courier, Server
from bouncehandler.notices.journal import Log
from bouncehandler.notices.letter import Letterhead
from bouncehandler.notices.readable import Readable
from bouncehandler.notices.reports import Enclosed, Secretary, Timetable
from bouncehandler.notices.sender import Sender, SenderSettings
from bouncehandler.notices.trouble import Trouble, explained

__all__ = [
    "Courier",
    "Enclosed",
    "Letterhead",
    "Log",
    "Readable",
    "Secretary",
    "Sender",
    "SenderSettings",
    "Server",
    "Timetable",
    "Trouble",
    "explained",
]
