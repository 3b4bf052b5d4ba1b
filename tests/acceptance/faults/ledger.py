"""Compares what was fed in with what a webhook's receiver and the spool ended up with."""

from collections import Counter
from collections.abc import Collection
from typing import NamedTuple

from tests.acceptance.harness import Program
from tests.fakes.webhook import FakeReceiver


class Balance(NamedTuple):
    """What is missing, and what is too much."""

    lost: int
    repeated: int
    wrong: int


def balance(receiver: FakeReceiver, expected: Collection[str]) -> Balance:
    """Compare the receiver with the recipients that it should have received, each once."""
    delivered, wanted = Counter(receiver.recipients), set(expected)
    strangers = sum(count for recipient, count in delivered.items() if recipient not in wanted)
    doubles = sum(count - 1 for recipient, count in delivered.items() if count > 1)
    return Balance(
        lost=len(wanted - delivered.keys()),
        repeated=len(receiver.ids) - len(set(receiver.ids)),
        wrong=strangers + doubles,
    )


def waiting(program: Program) -> int:
    """Dispatches that are not settled yet."""
    counts = program.status()["dispatches"]
    return int(counts["pending"] + counts["claimed"] + counts["held"])
