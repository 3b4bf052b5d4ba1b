"""What a report is made of: sums in bounded memory, steps of the timeline, readable numbers, harmless text."""

import pytest

from bouncehandler.notifications import TextSanitizer
from bouncehandler.redaction import mask_addresses
from bouncehandler.report import Report, Scope, Sources, build_report
from bouncehandler.report.aggregates import added, timeline
from bouncehandler.report.export import as_json
from bouncehandler.report.formatting import seconds, share
from bouncehandler.report.page import render_html
from bouncehandler.report.provider_table import within
from bouncehandler.report.text import render_text, subject
from bouncehandler.spool import Counts, HourlyCount, Status
from bouncehandler.spool.models import OTHERS

HOUR, DAY = 3600, 86_400
START = 1_767_225_600
"""2026-01-01T00:00:00Z."""


def bounce(
    hour: int = 0, dimension: str = "", value: str = "", number: int = 1, verdict: str = "ignore"
) -> HourlyCount:
    """A figure of bounces, so many hours after the start."""
    return HourlyCount(START // HOUR + hour, "bounce", verdict, dimension, value, number)


def build_report_from_settings(*hourly_counts: HourlyCount) -> Report:
    """The report of a day."""
    scope = Scope(START, START + DAY, START + DAY, "mta1", ())
    sources = Sources(hourly_counts, Status(0, Counts()), (), (), ())
    return build_report(scope, sources, TextSanitizer(mask_addresses))


@pytest.mark.parametrize(
    ("days", "step", "count"), [(1, HOUR, 24), (4, HOUR, 96), (7, 6 * HOUR, 28), (30, DAY, 30), (400, 7 * DAY, 58)]
)
def test_steps(days: int, step: int, count: int) -> None:
    """Hours, six of them, days or weeks, so that a chart has at most some hundred steps; nothing falls between them."""
    sums = added(bounce(hour) for hour in range(days * 24))
    line = timeline(sums, START, START + days * DAY)
    assert line.step == step
    assert len(line.starts) == pytest.approx(count, abs=1)
    assert sum(line.series["ignored"]) == days * 24


def test_a_time_before_anything_was_known() -> None:
    """The timeline begins with the first hour of which something is known."""
    line = timeline(added([bounce(hour) for hour in (0, 23)]), 0, START + DAY)
    assert line.starts[0] == START
    assert line.step == HOUR


def test_others_are_one_row() -> None:
    """A table has 200 rows at most; what is rarer, here or in the spool, is one sum, and nothing is lost."""
    hourly_counts = [bounce(0, "job", f"job{n}", 1 + n) for n in range(1000)]
    table = build_report_from_settings(bounce(0, number=9), *hourly_counts, bounce(0, "job", OTHERS, 5)).table("jobs")
    assert table is not None
    assert len(table.rows) == 200
    assert table.rows[0][:2] == ("job999", 1000)
    assert table.rest is not None
    assert table.rest[0] == OTHERS
    assert sum(table.part(row, "bounces") for row in (*table.rows, table.rest)) == 5 + sum(range(1, 1001))


def test_memory_is_bounded() -> None:
    """Of more values than anybody reads the most frequent are kept, and the sum stays right."""
    numbers = [1 + n % 3 + (n < 5) * 1000 for n in range(50_000)]
    sums = added(bounce(0, "job", f"job{n}", number) for n, number in enumerate(numbers))
    assert len(sums.by["job"]) <= 20_002
    assert {f"job{n}" for n in range(5)} <= sums.by["job"].keys()
    assert sum(cell.total() for cell in sums.by["job"].values()) == sum(numbers)


@pytest.mark.parametrize(
    "text",
    ["<script>alert(1)</script>", "]]>", "\"'`", "\u202egnp", "\0", "x" * 10_000, "joe@example.com", "{{ 7 * 7 }}"],
    ids=["markup", "cdata", "quotes", "direction", "nul", "long", "address", "template"],
)
def test_hostile_text(text: str) -> None:
    """Whatever stands in a record is text: escaped, readable, masked and short in every form."""
    dimensions = ("category", "rule", "mailbox_provider", "originator", "vmta", "source", "job", "diagnostic")
    report = build_report_from_settings(bounce(), *(bounce(0, dimension, text) for dimension in dimensions))
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
    """A length in the unit in which people would say it."""
    assert seconds(length) == expected


def test_shares() -> None:
    """Small shares have a digit more: what matters of complaints is 0.1 % and 0.3 %."""
    assert [share(part) for part in (0.5, 0.0012, 0.0, 1.0)] == ["50.0 %", "0.12 %", "0.0 %", "100.0 %"]


def test_within() -> None:
    """The bound within which a part of all calls ended; nothing is told where it lies beyond the last one."""
    buckets = {"0.1": 50.0, "0.5": 94.0, "1.0": 95.0, "+Inf": 100.0}
    assert [within(buckets, part) for part in (0.5, 0.9, 0.95, 0.99)] == [0.1, 0.5, 1.0, None]
    assert within({}, 0.5) is None


def test_subject() -> None:
    """What a mail is called says what came."""
    assert (
        subject(build_report_from_settings(bounce(number=1204)))
        == "bouncehandler report, 1 Jan 2026 to 2 Jan 2026: 1,204 bounces"
    )
    assert subject(build_report_from_settings()).endswith("nothing was read")
