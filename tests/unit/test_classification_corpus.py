"""What real-shaped diagnostics of many servers deserve, with the rules and the policy as they ship."""

import csv
from pathlib import Path

import pytest

from bouncehandler.classification import Rules
from bouncehandler.policy import Count, Ignore, Policy, Suppress
from bouncehandler.record import Address, Bounce, parse_status
from bouncehandler.settings.rules import read_rules

_TEXT = Path(__file__).with_name("diagnostics").joinpath("corpus.csv").read_text("utf-8")
_ROWS = list(csv.DictReader(_TEXT.splitlines()))
_VERDICTS = {"suppress": Suppress, "count": Count, "ignore": Ignore}


@pytest.fixture(scope="module")
def policy() -> Policy:
    """As it ships."""
    rules = read_rules().rules
    return Policy(rules=lambda matters: Rules(rules, matters))


@pytest.mark.parametrize("row", _ROWS, ids=[f"{n} {row['operator']}" for n, row in enumerate(_ROWS, 2)])
def test_verdict(policy: Policy, row: dict[str, str]) -> None:
    """As a person who knows the server would decide; the line's number in the file comes first in the test's name."""
    bounce = Bounce(
        "b",
        Address(f"jane@{row['domain']}"),
        category=row["category"],
        status=parse_status(row["status"]),
        status_text=row["status"],
        diagnostic=row["diagnostic"],
        remote_mta=f"{row['host']} (192.0.2.7)",
    )
    verdict = policy.decide(bounce)
    assert isinstance(verdict, _VERDICTS[row["verdict"]]), (verdict, policy.refined(bounce))


def test_the_corpus_is_broad() -> None:
    """Every verdict, and every operator that the README names, is in it."""
    assert {row["verdict"] for row in _ROWS} == _VERDICTS.keys()
    named = {"Gmail", "Microsoft", "Yahoo", "Apple", "GMX", "mail.ru", "Proofpoint", "Mimecast", "Barracuda"}
    assert named | {"Postfix", "Exim", "Exchange"} <= {row["operator"] for row in _ROWS}
