"""Verdicts on real-shaped diagnostics of many servers, with the shipped rules and policy."""

import csv
from datetime import datetime
from pathlib import Path

import pytest

from bouncehandler.policy import Count, Ignore, Policy, Suppress
from bouncehandler.policy.classification import Rules
from bouncehandler.record import Address, Bounce, parse_status
from bouncehandler.settings.classification_rules import read_rules

_VERDICTS = {"suppress": Suppress, "count": Count, "ignore": Ignore}

Row = dict[str, str]


def _rows(file: Path) -> list[Row]:
    return list(csv.DictReader(file.read_text("utf-8").splitlines()))


_CORPUS = {
    f"{file.stem} {number} {row['operator']}": row
    for file in sorted(Path(__file__).with_name("diagnostics").glob("*.csv"))
    for number, row in enumerate(_rows(file), 2)
}
"""By file, number of the line, and operator."""


@pytest.fixture(scope="module")
def policy() -> Policy:
    """The shipped policy."""
    rules = read_rules().rules
    return Policy(rules=lambda matters: Rules(rules, matters))


@pytest.mark.parametrize("row", _CORPUS.values(), ids=_CORPUS)
def test_verdict(policy: Policy, row: Row) -> None:
    """The verdict is that of the corpus; where a line names them, with its category and time."""
    bounce = Bounce(
        "b",
        Address(f"jane@{row['domain']}"),
        datetime.fromisoformat(row["at"]) if row.get("at") else None,
        category=row["category"],
        status=parse_status(row["status"]),
        status_text=row["status"],
        diagnostic=row["diagnostic"],
        remote_mta=f"{row['host']} (192.0.2.7)",
    )
    verdict, refined = policy.decide(bounce), policy.refined(bounce)
    assert isinstance(verdict, _VERDICTS[row["verdict"]]), (verdict, refined)
    decided = refined.category if refined else bounce.category
    assert decided == row.get("decided", decided), refined


def test_the_corpus_is_broad() -> None:
    """Every verdict, every operator that the README names, and most shipped rules, are in it."""
    assert len(_CORPUS) >= 200
    assert {row["verdict"] for row in _CORPUS.values()} == _VERDICTS.keys()
    named = {"Gmail", "Microsoft", "Yahoo", "Apple", "GMX", "mail.ru", "Proofpoint", "Mimecast", "Barracuda"}
    assert named | {"Postfix", "Exim", "Exchange"} <= {row["operator"] for row in _CORPUS.values()}


def test_no_diagnostic_stands_twice() -> None:
    """A line that stands there twice tests nothing the second time."""
    seen = [tuple(sorted(row.items())) for row in _CORPUS.values()]
    assert len(seen) == len(set(seen))
