"""Makes the reports that are sent by mail."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bouncehandler.spool import Notice, Spool

if TYPE_CHECKING:  # mail libraries take a while to import
    from bouncehandler.notices import Enclosed
    from bouncehandler.settings.model import Settings


def enclosing(settings: "Settings", spool: Spool) -> Callable[[Notice], "Enclosed"]:
    """What makes the report that a queued notice stands for.

    Raises:
        SpoolError: of what is returned; the spool can't be read.
    """

    def enclosed(notice: Notice) -> "Enclosed":
        from bouncehandler.cli.report import report_of  # noqa: PLC0415  # imports are lazy at the edges
        from bouncehandler.notices import Enclosed  # noqa: PLC0415  # as above
        from bouncehandler.report.page import as_html  # noqa: PLC0415  # as above
        from bouncehandler.report.plain import as_text, subject  # noqa: PLC0415  # as above

        since, until = float(notice.about["since"]), float(notice.about["until"])
        report = report_of(settings, spool, since, until)
        day = datetime.fromtimestamp(until, UTC).strftime("%Y-%m-%d")
        return Enclosed(subject(report), as_text(report), as_html(report), f"bouncehandler-{day}.html")

    return enclosed
