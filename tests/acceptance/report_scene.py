"""A spool of a busy site after a week: hourly counts, counters, a held provider, a spike, and an undone suppression."""

import random
from collections.abc import Iterator
from pathlib import Path

from bouncehandler.spool import HourlyCount, MetricCounter, QueuedSuppression, Selection
from bouncehandler.spool.sqlite.store import SqliteSpool
from tests.acceptance.harness import Program
from tests.acceptance.shell import trail
from tests.contract.spool.examples import CLOCK, at_time, dead, people, suppression, take

HOUR = 3600
HOSTILE = "<script>alert(1)</script>]]>\"'\u202egnp.exe\x00</style>=cmd|' /c calc'!A1{{ 7*7 }}"
"""Markup, an end of style, a formula, a template, text turned round, and a NUL."""

OPERATORS = {"gmail": 40, "microsoft": 30, "yahoo": 18, "gmx": 9, "apple": 6, "comcast": 3, "mailbox.example": 2}
CATEGORIES = {
    "bad-mailbox": ("suppress", 40),
    "quota-issues": ("count", 14),
    "spam-related": ("ignore", 22),
    "policy-related": ("ignore", 12),
    "inactive-mailbox": ("suppress", 9),
    "no-answer-from-host": ("count", 7),
    HOSTILE: ("ignore", 1),
}
DIAGNOSTICS = {
    "5.1.1 the email account that you tried to reach does not exist": "bad-mailbox",
    "5.5.0 requested action not taken mailbox unavailable": "bad-mailbox",
    "5.7.1 unsolicited message blocked please visit": "spam-related",
    "4.2.2 mailbox full": "quota-issues",
    HOSTILE[:80]: HOSTILE,
}


def with_managers(folder: Path) -> Program:
    """An installation with two list managers."""
    program = Program(folder)
    program.configure(news=trail(folder), crm=trail(folder))
    return program


def fill(path: Path, now: float, hours: int = 168, distinct: int = 0) -> None:
    """Make the spool; the same every time but for the hour.

    Args:
        distinct: so many further jobs, in the course of the time.
    """
    spool = SqliteSpool.open(path, notices=frozenset(), clock=CLOCK)
    rng = random.Random(7)  # noqa: S311  # nothing is secret about it
    last = int(now) // HOUR
    spool.add_hourly_counts([figure for hour in range(last - hours + 1, last + 1) for figure in _hour(rng, hour)])
    spool.add_hourly_counts(list(_distinct(last, hours, distinct)))
    spool.add_counters(list(_totals()))
    at_time(spool, now - 40 * HOUR).record([QueuedSuppression(one, ("news", "crm")) for one in people(40)])
    at_time(spool, now).settle([dead(dispatch) for dispatch in take(spool, 3, now=now)])
    at_time(spool, now - 5 * HOUR).hold("crm", "HTTP 401: the key is not known", probe_in=5 * HOUR)
    at_time(spool, now).record([QueuedSuppression(suppression("joe@example.com"), ("news",))])
    list(spool.undo(Selection(recipient="joe@example.com"), restoring=(), asked_by="root"))
    spool.close()


def _distinct(last: int, hours: int, count: int) -> Iterator[HourlyCount]:
    for number in range(count):
        yield HourlyCount(last - number % hours, "bounce", "ignore", "job", f"job-{number}", 1 + number % 7)


def _hour(rng: random.Random, hour: int) -> Iterator[HourlyCount]:
    weight = 2.0 + rng.random() + 1.5 * (8 <= hour % 24 <= 18)
    for category, (verdict, share) in CATEGORIES.items():
        number = int(share * weight * (0.6 + rng.random()))
        yield HourlyCount(hour, "bounce", verdict, "", "", number)
        yield HourlyCount(hour, "bounce", verdict, "category", category, number)
        yield HourlyCount(hour, "bounce", verdict, "rule", f'policy.bounce.{category} = "{verdict}"', number)
        yield from _spread(rng, HourlyCount(hour, "bounce", verdict, "mailbox_provider", "", number), OPERATORS)
        names = [name for name, belongs in DIAGNOSTICS.items() if belongs == category]
        yield from (HourlyCount(hour, "bounce", verdict, "diagnostic", name, number // len(names)) for name in names)
        yield from _places(rng, hour, verdict, number)
    yield from _others(rng, hour)


def _places(rng: random.Random, hour: int, verdict: str, number: int) -> Iterator[HourlyCount]:
    for dimension, values in {
        "originator": {"news.shop.example": 5, "mail.shop.example": 2, "bounce.example.org": 1},
        "vmta": {f"vmta{n}": 5 - n for n in range(1, 5)},
        "source": {f"192.0.2.{n}": 9 - n for n in range(1, 9)},
        "job": {f"campaign-{number}": weight for number, weight in zip(rng.sample(range(40), 2), (3, 1), strict=True)},
    }.items():
        yield from _spread(rng, HourlyCount(hour, "bounce", verdict, dimension, "", number), values)


def _others(rng: random.Random, hour: int) -> Iterator[HourlyCount]:
    deliveries = HourlyCount(hour, "delivery", "", "mailbox_provider", "", 4000 + rng.randrange(900))
    yield deliveries._replace(dimension="")
    yield from _spread(rng, deliveries, OPERATORS)
    complaints = HourlyCount(hour, "complaint", "suppress", "mailbox_provider", "", 4 + rng.randrange(5))
    yield complaints._replace(dimension="")
    yield complaints._replace(dimension="category", value="abuse")
    yield from _spread(rng, complaints, {"yahoo": 3, "microsoft": 2})
    if hour % 9 == 0:
        yield HourlyCount(hour, "complaint", "ignore", "", "", 1)
        yield HourlyCount(hour, "complaint", "ignore", "category", "not-spam", 1)
        yield HourlyCount(hour, "complaint", "ignore", "rule", 'policy.complaint.not-spam = "ignore"', 1)
    yield HourlyCount(hour, "unsubscribe", "suppress", "", "", rng.randrange(12))
    if hour % 5 == 0:
        yield HourlyCount(hour, "unreadable", "", "", "", 2)
        yield HourlyCount(hour, "unreadable", "", "reason", "too many cells", 2)
    for mailbox_provider, output in (
        ("yahoo", "4.7.0 messages temporarily deferred due to user complaints"),
        ("gmail", HOSTILE),
    ):
        yield HourlyCount(
            hour,
            "transient",
            "",
            "mailbox_provider+diagnostic",
            f"{mailbox_provider}\t{output}"[:120],
            1 + rng.randrange(40),
        )


def _spread(rng: random.Random, whole: HourlyCount, weights: dict[str, int]) -> Iterator[HourlyCount]:
    total = sum(weights.values())
    for value, weight in weights.items():
        number = int(whole.number * weight / total * (0.7 + 0.6 * rng.random()))
        if number:
            yield whole._replace(value=value, number=number)


def _totals() -> Iterator[MetricCounter]:
    news = ("provider", "news")
    for bound, number in (("0.05", 900), ("0.1", 5100), ("0.25", 7200), ("0.5", 7500), ("1.0", 7540), ("+Inf", 7543)):
        yield MetricCounter("call_seconds", (news, ("le", bound)), number)
    for answer, number in (("unsubscribed", 6900), ("unknown", 500), ("temporary", 140), ("permanent", 3)):
        yield MetricCounter("attempts", (news, ("answer", answer)), number)
