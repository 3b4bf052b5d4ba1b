"""Builds reports out of a spool, for the command and for scheduled mail."""

import socket
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bouncehandler.spool import Notice, Selection, Spool

if TYPE_CHECKING:  # reports and mail take a while to import
    from bouncehandler.notifications.report_schedule import RenderedReport
    from bouncehandler.report import Report
    from bouncehandler.settings.model import Settings


def build_report_from_settings(settings: "Settings", spool: Spool, since: float, until: float) -> "Report":
    """Build the report of a period, in seconds since the epoch.

    Raises:
        SpoolError: the spool can't be read.
    """
    from bouncehandler.notifications.sanitize import TextSanitizer  # noqa: PLC0415  # imports are lazy at the edges
    from bouncehandler.redaction import mask_addresses  # noqa: PLC0415  # as above
    from bouncehandler.report import Scope, Sources, build_report  # noqa: PLC0415  # as above

    sources = Sources(
        spool.hourly_counts(since, until),
        spool.status(),
        spool.counters(),
        spool.spikes(Selection()),
        spool.manual_actions(since, until),
    )
    scope = Scope(since, until, time.time(), socket.gethostname(), list(settings.providers))
    return build_report(scope, sources, TextSanitizer(mask_addresses))


def render_report(settings: "Settings", spool: Spool, notice: Notice) -> "RenderedReport":
    """Render the report of a queued notice. Raises as `build_report_from_settings` does."""
    from bouncehandler.notifications.report_schedule import RenderedReport  # noqa: PLC0415  # imports are lazy at the edges
    from bouncehandler.report.page import render_html  # noqa: PLC0415  # as above
    from bouncehandler.report.text import render_text, subject  # noqa: PLC0415  # as above

    since, until = float(notice.about["since"]), float(notice.about["until"])
    report = build_report_from_settings(settings, spool, since, until)
    day = datetime.fromtimestamp(until, UTC).strftime("%Y-%m-%d")
    return RenderedReport(subject(report), render_text(report), render_html(report), f"bouncehandler-{day}.html")
