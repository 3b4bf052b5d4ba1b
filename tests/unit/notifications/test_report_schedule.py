"""Reports by mail: when they are due; a dead mail server delays them, and loses none."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bouncehandler.notifications.report_schedule import RenderedReport, ReportSchedule, ReportScheduler
from bouncehandler.spool import Notice
from tests.fakes.smtp import FakeSmtp
from tests.unit.notifications.sending import Bench, counted, server_at

HOUR, DAY = 3600.0, 86_400.0
MONDAY = 1_767_571_200.0
"""2026-01-05T00:00:00Z."""


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Sets this process's time zone."""

    def to(name: str) -> None:
        monkeypatch.setenv("TZ", name)
        time.tzset()

    yield to
    monkeypatch.undo()
    time.tzset()


class TestReportSchedule:
    """When a report is due."""

    @pytest.mark.parametrize(
        ("every", "now", "since", "until"),
        [
            ("daily", MONDAY + 8 * HOUR, MONDAY - 17 * HOUR, MONDAY + 7 * HOUR),
            ("daily", MONDAY + 7 * HOUR, MONDAY - 17 * HOUR, MONDAY + 7 * HOUR),
            ("daily", MONDAY + 6 * HOUR, MONDAY - 41 * HOUR, MONDAY - 17 * HOUR),
            ("weekly", MONDAY + 8 * HOUR, MONDAY - 7 * DAY + 7 * HOUR, MONDAY + 7 * HOUR),
            ("weekly", MONDAY + 6 * DAY, MONDAY - 7 * DAY + 7 * HOUR, MONDAY + 7 * HOUR),
            ("weekly", MONDAY + 6 * HOUR, MONDAY - 14 * DAY + 7 * HOUR, MONDAY - 7 * DAY + 7 * HOUR),
        ],
    )
    def test_spans(  # a table
        self, zone: Callable[[str], None], every: str, now: float, since: float, until: float
    ) -> None:
        """A day until the last time of day, or a week until the last such time of a Monday."""
        zone("UTC0")
        table = ReportSchedule("weekly" if every == "weekly" else "daily", 7, 0)
        assert table.span(now) == (since, until)

    def test_by_the_wall_clock(self, zone: Callable[[str], None]) -> None:
        """A report is due by the wall clock, also after a day of 23 hours."""
        zone("CET-1CEST,M3.5.0,M10.5.0/3")
        since, until = ReportSchedule("daily", 7, 0).span(1_774_764_000.0)  # 2026-03-29 08:00 CEST
        assert until == 1_774_760_400.0
        assert until - since == 23 * HOUR


@pytest.fixture
def bench(tmp_path: Path, smtp: FakeSmtp, zone: Callable[[str], None]) -> Iterator[Bench]:
    """A spool between a sender and that server, at eight on a Monday."""
    zone("UTC0")
    with Bench(tmp_path, server_at(smtp.port)) as bench:
        bench.clock.now = MONDAY + 8 * HOUR
        yield bench


def rendered_report(notice: Notice) -> RenderedReport:
    """A report of nothing."""
    until = notice.about["until"]
    return RenderedReport(f"a report until {until}", "In short.\n", "<!DOCTYPE html><title>ü</title>", "report.html")


def pass_once(bench: Bench) -> None:
    """Run a worker that enqueues and sends the due report."""
    scheduler = ReportScheduler(bench.spool, ReportSchedule("daily", 7, 0), bench.clock)
    bench.start(scheduler=scheduler, render_report=rendered_report).stop(20)


def test_a_mail_of_its_own(bench: Bench, smtp: FakeSmtp) -> None:
    """The text is a summary, the page an attachment; other notices come in another mail."""
    bench.enqueue_notice()
    pass_once(bench)
    notices, report = smtp.taken
    assert counted(smtp) == [1]
    assert report.subject == f"a report until {MONDAY + 7 * HOUR}"
    (attachment,) = report.mail.iter_attachments()
    assert attachment.get_filename() == "report.html"
    assert attachment.get_content_type() == "text/html"
    assert attachment.get_content() == "<!DOCTYPE html><title>ü</title>"
    assert report.text() == "In short.\n"
    assert notices.subject != report.subject


def test_once_a_day(bench: Bench, smtp: FakeSmtp) -> None:
    """One report a day, however often something starts; after days without anything the last one alone."""
    for hours in (0, 1, 12, 23, 24, 24 * 5):
        bench.clock.now = MONDAY + (8 + hours) * HOUR
        pass_once(bench)
    days = [0, 1, 5]
    assert smtp.subjects == [f"a report until {MONDAY + 7 * HOUR + day * DAY}" for day in days]


def test_one_that_can_not_be_made(bench: Bench, smtp: FakeSmtp) -> None:
    """A bug in the report delays no notice: the postmaster gets a notice of it, and the log has the error."""

    def broken(_: Notice) -> RenderedReport:
        raise KeyError("hour")

    bench.enqueue_notice()
    bench.start(
        scheduler=ReportScheduler(bench.spool, ReportSchedule("daily", 7, 0), bench.clock), render_report=broken
    ).stop(20)
    assert len(smtp.taken) == 2
    period = "from 2026-01-04 07:00:00 UTC to 2026-01-05 07:00:00 UTC"
    message = f"the report {period} could not be rendered: the log has the reason"
    assert message in " ".join(smtp.taken[1].text().split())
    assert bench.log.reasons("report_failed") == ["KeyError: 'hour'"]
    assert bench.spool.status().notices == 0


def test_a_dead_server_delays_it(bench: Bench, smtp: FakeSmtp) -> None:
    """Reports that could not be sent are sent when the server is back: each day's, in order."""
    smtp.answers["MAIL"] = "451 not now"
    pass_once(bench)
    bench.clock.now += DAY
    pass_once(bench)
    assert not smtp.taken
    smtp.answers.clear()
    bench.clock.now += 2 * HOUR
    pass_once(bench)
    assert smtp.subjects == [f"a report until {MONDAY + 7 * HOUR + day * DAY}" for day in (0, 1)]
