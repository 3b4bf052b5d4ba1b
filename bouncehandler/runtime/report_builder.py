"""Makes the reports that are sent by mail."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bouncehandler.spool import Notice, Spool

if TYPE_CHECKING:  # mail libraries take a while to import
    from bouncehandler.notifications import RenderedReport
    from bouncehandler.settings.model import Settings


def report_renderer(settings: "Settings", spool: Spool) -> Callable[[Notice], "RenderedReport"]:
    """What makes the report that a queued notice stands for.

    Raises:
        SpoolError: of what is returned; the spool can't be read.
    """

    def rendered_report(notice: Notice) -> "RenderedReport":
        from bouncehandler.cli.commands.report import build_report_from_settings  # noqa: PLC0415  # imports are lazy at the edges
        from bouncehandler.notifications import RenderedReport  # noqa: PLC0415  # as above
        from bouncehandler.report.page import render_html  # noqa: PLC0415  # as above
        from bouncehandler.report.text import render_text, subject  # noqa: PLC0415  # as above

        since, until = float(notice.about["since"]), float(notice.about["until"])
        report = build_report_from_settings(settings, spool, since, until)
        day = datetime.fromtimestamp(until, UTC).strftime("%Y-%m-%d")
        return RenderedReport(subject(report), render_text(report), render_html(report), f"bouncehandler-{day}.html")

    return rendered_report
