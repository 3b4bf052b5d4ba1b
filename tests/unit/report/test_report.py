"""Parts of a report: aggregates in bounded memory, steps of the timeline, readable numbers, harmless text."""

import pytest

from bouncehandler.notifications.sanitize import TextSanitizer
from bouncehandler.redaction import mask_addresses
from bouncehandler.report import Report, Scope, Sources, build_report
from bouncehandler.report.aggregates import aggregate, build_timeline
from bouncehandler.report.export import as_json
from bouncehandler.report.formatting import format_seconds, format_share
from bouncehandler.report.page import render_html
from bouncehandler.report.provider_table import percentile
from bouncehandler.report.text import render_text, subject
from bouncehandler.spool import Counts, HourlyCount, Status
from bouncehandler.spool.models import OTHERS

HOUR, DAY = 3600, 86_400
START = 1_767_225_600
"""2026-01-01T00:00:00Z."""


def bounce(
    hour: int = 0, dimension: str = "", value: str = "", number: int = 1, verdict: str = "ignore"
) -> HourlyCount:
    """Count bounces, so many hours after the start."""
    return HourlyCount(START // HOUR + hour, "bounce", verdict, dimension, value, number)


def report_of(*hourly_counts: HourlyCount) -> Report:
    """Build the report of a day."""
    scope = Scope(START, START + DAY, START + DAY, "mta1", ())
    sources = Sources(hourly_counts, Status(0, Counts()), (), (), ())
    return build_report(scope, sources, TextSanitizer(mask_addresses))


@pytest.mark.parametrize(
    ("days", "step", "count"), [(1, HOUR, 24), (4, HOUR, 96), (7, 6 * HOUR, 28), (30, DAY, 30), (400, 7 * DAY, 58)]
)
def test_steps(days: int, step: int, count: int) -> None:
    """Hours, six of them, days or weeks, so that a chart has at most some hundred steps; nothing falls between them."""
    aggregates = aggregate(bounce(hour) for hour in range(days * 24))
    line = build_timeline(aggregates, START, START + days * DAY)
    assert line.step == step
    assert len(line.starts) == pytest.approx(count, abs=1)
    assert sum(line.series["ignored"]) == days * 24


def test_a_time_before_anything_was_known() -> None:
    """The timeline begins with the first hour that has records."""
    line = build_timeline(aggregate([bounce(hour) for hour in (0, 23)]), 0, START + DAY)
    assert line.starts[0] == START
    assert line.step == HOUR


def test_others_are_one_row() -> None:
    """A table has 200 rows at most; rarer values, here or in the spool, are one sum, and none is lost."""
    hourly_counts = [bounce(0, "job", f"job{n}", 1 + n) for n in range(1000)]
    table = report_of(bounce(0, number=9), *hourly_counts, bounce(0, "job", OTHERS, 5)).table("jobs")
    assert table is not None
    assert len(table.rows) == 200
    assert table.rows[0][:2] == ("job999", 1000)
    assert table.rest is not None
    assert table.rest[0] == OTHERS
    assert sum(table.part(row, "bounces") for row in (*table.rows, table.rest)) == 5 + sum(range(1, 1001))


def test_memory_is_bounded() -> None:
    """The most frequent of too many values are kept, and the sum stays right."""
    numbers = [1 + n % 3 + (n < 5) * 1000 for n in range(50_000)]
    aggregates = aggregate(bounce(0, "job", f"job{n}", number) for n, number in enumerate(numbers))
    assert len(aggregates.by_dimension["job"]) <= 20_002
    assert {f"job{n}" for n in range(5)} <= aggregates.by_dimension["job"].keys()
    assert sum(counts.total() for counts in aggregates.by_dimension["job"].values()) == sum(numbers)


@pytest.mark.parametrize(
    "text",
    ["<script>alert(1)</script>", "]]>", "\"'`", "\u202egnp", "\0", "x" * 10_000, "joe@example.com", "{{ 7 * 7 }}"],
    ids=["markup", "cdata", "quotes", "direction", "nul", "long", "address", "template"],
)
def test_hostile_text(text: str) -> None:
    """Hostile text is escaped, readable, masked and short in every form."""
    dimensions = ("category", "rule", "mailbox_provider", "originator", "vmta", "source", "job", "diagnostic")
    report = report_of(bounce(), *(bounce(0, dimension, text) for dimension in dimensions))
    for form in (render_html(report), as_json(report), render_text(report), subject(report)):
        assert not {"\0", "\u202e"} & set(form)
        assert "joe@" not in form
        assert "x" * 400 not in form
    assert render_html(report).count("<script>") == 1
    assert "<script>alert" not in render_html(report)


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (0.05, "50 ms"),
        (1.25, "1.2 s"),
        (12.0, "12 s"),
        (90, "1.5 min"),
        (3600, "1.0 h"),
        (100_000, "1.2 d"),
        (10**6, "12 d"),
    ],
)
def test_seconds(length: float, expected: str) -> None:
    """A duration has a suitable unit."""
    assert format_seconds(length) == expected


def test_shares() -> None:
    """Small shares have a digit more: the limits of complaints are 0.1 % and 0.3 %."""
    assert [format_share(part) for part in (0.5, 0.0012, 0.0, 1.0)] == ["50.0 %", "0.12 %", "0.0 %", "100.0 %"]


def test_percentile() -> None:
    """The bound within which a part of all calls ended; None beyond the last one."""
    buckets = {"0.1": 50.0, "0.5": 94.0, "1.0": 95.0, "+Inf": 100.0}
    assert [percentile(buckets, part) for part in (0.5, 0.9, 0.95, 0.99)] == [0.1, 0.5, 1.0, None]
    assert percentile({}, 0.5) is None


def test_subject() -> None:
    """The subject of a mail has the counts."""
    assert subject(report_of(bounce(number=1204))) == "bouncehandler report, 1 Jan 2026 to 2 Jan 2026: 1,204 bounces"
    assert subject(report_of()).endswith("no records")
