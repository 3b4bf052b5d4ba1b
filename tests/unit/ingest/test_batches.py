"""Batch functions give each bounce the result that it has alone, whatever stands beside it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from itertools import cycle, product
from pathlib import Path

import pytest

from bouncehandler.ingest.fingerprints import BounceFingerprinter
from bouncehandler.ingest.stats.batch import group_by_verdict
from bouncehandler.ingest.suppression_builder import SuppressionBuilder
from bouncehandler.policy import Ignore, Policy, Suppress
from bouncehandler.policy.classification import Rule, Rules
from bouncehandler.record import MAX_ADDRESS, Address, Bounce, parse_status
from bouncehandler.record.bounce_batch import BounceBatch
from bouncehandler.routing import Routes
from bouncehandler.spikes.mailbox_providers import MailboxProviders
from bouncehandler.spool import BounceFingerprint, QueuedSuppression, Recorded
from bouncehandler.spool.sqlite.store import SqliteSpool
from tests.contract.spool.examples import CLOCK, NOW, at_time, people, suppression
from tests.contract.spool.test_soft_bounces import soft
from tests.unit.accounting.examples import HEADER, read, row

AT = datetime(2026, 1, 5, 9, tzinfo=UTC)
ANSWER = ("550 unknown user", "550 5.7.1 recipient is in suppression list", "550 blocked by a list", "")
CATEGORIES = ("bad-mailbox", "quota-issues", "spam-related", "unheard-of")
BOUNCES = [
    Bounce("b", Address("ann@example.net"), at, None, sender, category, parse_status(status), status, message)
    for at, sender, category, status, message in product(
        (AT, None), ("news@example.com", "a\x1fb"), CATEGORIES, ("5.1.1", "4.2.2", ""), ANSWER
    )
]


@pytest.mark.parametrize("hits", ["suppress", "ignore"])
def test_verdicts(hits: str) -> None:
    """Verdicts, with rules of classification that match some, and hits of PowerMTA's own list among them."""
    rules = [Rule(name="blocked", becomes="policy-related", text=("blocked",))]
    policy = Policy(suppression_list_hit=hits, rules=lambda matters: Rules(rules, matters))  # type: ignore[arg-type]  # as drawn
    together = policy.decide_batch(BounceBatch.from_rows(BOUNCES))
    assert together == [policy.decide(bounce) for bounce in BOUNCES]
    assert len({verdict.rule for verdict in together}) > len(CATEGORIES)


def test_ids() -> None:
    """Record ids, also where a field holds the separator."""
    assert BounceBatch.from_rows(BOUNCES).ids == [bounce.id for bounce in BOUNCES]
    assert BounceBatch.from_rows([]).ids == []


@pytest.mark.parametrize("pattern", ["*@example.com", "news@example.com", "n*s@example.com"])
def test_routes(pattern: str) -> None:
    """Routes by domain, by address, and by another pattern."""
    routes = Routes({"crm": [pattern], "all": []})
    senders = ["news@example.com", "NEWS@EXAMPLE.COM", "<news@example.com>", "news@example.net", "", "x"]
    assert routes.match_batch(senders) == [routes.of(sender) for sender in senders]
    assert routes.match_batch(senders)[:4] == [("crm", "all")] * 3 + [("all",)]


def test_routes_by_domain_and_by_address() -> None:
    """A domain that is routed whole to one provider does not hide a route of one address of it to another."""
    routes = Routes({"crm": ["news@example.com"], "all": ["*@example.com"]})
    assert routes.match_batch(["news@example.com", "x@example.com", "x@example.net"]) == [("crm", "all"), ("all",), ()]


def test_verdicts_that_report_the_same() -> None:
    """Verdicts with the same text are grouped in their order, also where they are different objects."""
    one, other = Suppress("a rule"), Suppress("a rule")
    assert group_by_verdict([one, other, one, Ignore("a rule")]) == {
        ("suppress", "a rule"): [0, 1, 2],
        ("ignore", "a rule"): [3],
    }


def test_a_header_without_originators() -> None:
    """A header without originators is reported once, before the first bounce, and the bounces are read."""
    reading = read("type,rcpt,bounceCat,dsnStatus\n" + "b,ann@example.net,bad-mailbox,5.1.1\n" * 2)
    assert [missing.columns for missing in reading.missing] == [("orig",)]
    assert len(reading.bounces) == 2


def test_a_recipient_that_is_too_long() -> None:
    """A recipient that is too long is no address, and its row is kept as it came."""
    local = "a" * (MAX_ADDRESS - len("@example.net"))
    reading = read(HEADER + row(rcpt=f"{local}@example.net") + row(rcpt=f"a{local}@example.net"))
    assert [bounce.recipient for bounce in reading.bounces] == [f"{local}@example.net"]
    assert reading.reasons == [(3, "not-an-address")]


def test_entries() -> None:
    """Entries with their providers, and the fingerprints by which spikes are detected."""
    builder = SuppressionBuilder(
        Routes({"crm": ["news@example.com"], "all": []}), fingerprinter=BounceFingerprinter(MailboxProviders())
    )
    verdict = Suppress("a rule")
    together = builder.bounces(BounceBatch.from_rows(BOUNCES), [verdict] * len(BOUNCES))
    alone = [builder.bounces(BounceBatch.from_rows([bounce]), [verdict])[0] for bounce in BOUNCES]
    assert list(together) == alone
    assert list(together[3:5]) == alone[3:5]
    assert len({entry.fingerprint for entry in together}) > 1


@pytest.fixture
def spools(tmp_path: Path) -> Iterator[tuple[SqliteSpool, SqliteSpool]]:
    """Two empty spools."""
    with (
        closing(SqliteSpool.open(tmp_path / "a.db", clock=CLOCK)) as one,
        closing(SqliteSpool.open(tmp_path / "b.db", clock=CLOCK)) as other,
    ):
        yield one, other


def test_what_is_recorded(spools: tuple[SqliteSpool, SqliteSpool]) -> None:
    """Rows that are inserted by one statement are the same as those inserted one by one."""
    odd = [
        suppression("", list_manager="mailwizz", list_id="ab", subscriber_id="cd"),
        suppression("long@example.com", diagnostic="x" * 10_000),
        suppression("nul@example.com", diagnostic="a\0b"),
        suppression("half@example.com", originator="\udc80"),
        suppression("when@example.com", occurred_at=datetime.fromtimestamp(NOW, UTC)),
    ]
    ones = [*people(300), *odd, *people(300)]
    to, seen = cycle([("news",), ("news", "crm"), ()]), cycle([BounceFingerprint("example", "full"), None])
    entry = [QueuedSuppression(one, next(to), fingerprint=next(seen)) for one in ones]
    together, alone = spools
    assert at_time(together, NOW).record(entry) == Recorded(new=305, duplicates=300)
    assert sum(at_time(alone, NOW).record([one]).new for one in entry) == 305
    owes = (
        "SELECT s.*, d.provider, d.due_at FROM suppression AS s LEFT JOIN dispatch AS d ON d.suppression = s.id"
        " ORDER BY s.id, d.provider"
    )
    assert rows_of(together, owes) == rows_of(alone, owes)


def test_what_is_counted(spools: tuple[SqliteSpool, SqliteSpool]) -> None:
    """Soft bounces of a batch give the same counts and suppressions as one by one."""
    times = (0, 0.5, 0.25, 2)
    softs = [soft(day, f"user{number}@example.com", after=2) for number in range(100) for day in times]
    together, alone = spools
    assert at_time(together, NOW).count(softs).new == 100
    assert sum(at_time(alone, NOW).count([one]).new for one in softs) == 100
    for query in ("SELECT * FROM soft_bounce ORDER BY id", "SELECT * FROM suppression ORDER BY id"):
        assert rows_of(together, query) == rows_of(alone, query)


def rows_of(spool: SqliteSpool, query: str) -> list[object]:
    """All rows of a spool's tables."""
    with closing(sqlite3.connect(spool.path)) as raw:
        return raw.execute(query).fetchall()
