"""What a report needs beside figures: what people took back or decided; and that each report is queued once."""

from collections import Counter

from bouncehandler.spool.connection import Connection
from bouncehandler.spool.notices import tell
from bouncehandler.spool.review import Taken

_PAGE = 5000
"""Events that one read looks at."""

REPORT = "report"
"""The kind of notice that stands for a report by mail."""


def taken(connection: Connection, since: float, until: float) -> list[Taken]:
    """See `Review.taken`."""
    counts: Counter[tuple[str, str, str]] = Counter()
    upto = connection.rows("newest_event")[0][0]
    while upto > 0:
        window = {"after": max(0, upto - _PAGE), "upto": upto, "since": since, "until": until}
        rows = connection.rows("taken", window)
        for event, asked_by, provider, number, _ in rows:
            counts[event, asked_by, provider] += number
        if rows and max(row[-1] for row in rows) < since:
            break
        upto -= _PAGE
    return [Taken(*key, number) for key, number in counts.most_common() if number]


def queue_report(connection: Connection, since: float, until: float, now: float) -> bool:
    """See `Spool.queue_report`."""
    values = {"until": until, "now": now}
    if not connection.rows("report_due", values):  # looked up without the lock for writing
        return False
    with connection.writing() as raw:
        if not raw.execute(connection.sql("report_queued"), values).rowcount:
            return False
        tell(connection, raw, [(REPORT, {"since": repr(since), "until": repr(until)})], now)
    return True
