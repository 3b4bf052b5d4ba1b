"""What is done to many bounces at once is what is done to each alone, whatever stands beside it."""

from datetime import UTC, datetime
from itertools import product

import pytest

from bouncehandler.classification import Rule, Rules
from bouncehandler.policy import Policy
from bouncehandler.record import Address, Bounce, parse_status
from bouncehandler.record.several import Bounces
from bouncehandler.routing import Routes

AT = datetime(2026, 1, 5, 9, tzinfo=UTC)
SAID = ("550 unknown user", "550 5.7.1 recipient is in suppression list", "550 blocked by a list", "")
CATEGORIES = ("bad-mailbox", "quota-issues", "spam-related", "unheard-of")
BOUNCES = [
    Bounce("b", Address("ann@example.net"), at, None, sender, category, parse_status(status), status, said)
    for at, sender, category, status, said in product(
        (AT, None), ("news@example.com", "a\x1fb"), CATEGORIES, ("5.1.1", "4.2.2", ""), SAID
    )
]


@pytest.mark.parametrize("hits", ["suppress", "ignore"])
def test_verdicts(hits: str) -> None:
    """With rules of classification that fit some, and hits of PowerMTA's own list among them."""
    rules = [Rule(name="blocked", becomes="policy-related", text=("blocked",))]
    policy = Policy(suppression_list_hit=hits, rules=lambda matters: Rules(rules, matters))  # type: ignore[arg-type]  # as drawn
    together = policy.decide_several(Bounces.of(BOUNCES))
    assert together == [policy.decide(bounce) for bounce in BOUNCES]
    assert len({verdict.rule for verdict in together}) > len(CATEGORIES)


def test_ids() -> None:
    """Also where one of them holds what stands between the fields."""
    assert Bounces.of(BOUNCES).ids == [bounce.id for bounce in BOUNCES]
    assert Bounces.of([]).ids == []


@pytest.mark.parametrize("pattern", ["*@example.com", "news@example.com", "n*s@example.com"])
def test_routes(pattern: str) -> None:
    """By domain, by address, and by another pattern."""
    routes = Routes({"crm": [pattern], "all": []})
    senders = ["news@example.com", "NEWS@EXAMPLE.COM", "<news@example.com>", "news@example.net", "", "x"]
    assert routes.of_several(senders) == [routes.of(sender) for sender in senders]
    assert routes.of_several(senders)[:4] == [("crm", "all")] * 3 + [("all",)]
