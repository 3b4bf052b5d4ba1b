"""Counting soft bounces against a slow and obvious model, in any order, repeated, with deliveries between."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from bouncehandler.spool import Selection
from bouncehandler.spool.sqlite import SqliteSpool
from tests.contract.spool_examples import DAY, NOW
from tests.contract.test_spool_counting import soft
from tests.examples import many

WITHIN = 4 * DAY
"""A short window, so that small examples leave it."""

Event = tuple[str, float]
"""`bounce` or `delivery`, and its time in days."""


class Model:
    """All that was seen of one recipient, and what came of it, found by looking at everything each time."""

    def __init__(self) -> None:
        self.bounces: set[float] = set()
        self.deliveries: set[float] = set()
        self.spent: set[int] = set()
        self.suppressions: list[tuple[float, ...]] = []
        """The times of the bounces that each was made of."""

    def see(self, kind: str, at: float) -> None:
        """A record comes."""
        (self.bounces if kind == "bounce" else self.deliveries).add(at)
        if kind == "bounce" and (found := self._enough()):
            self.suppressions.append(found)
            self.spent |= {int(one) for one in found}

    def _enough(self) -> tuple[float, ...]:
        latest = {day: max(at for at in self.bounces if int(at) == day) for day in map(int, self.bounces)}
        delivered = max(self.deliveries, default=-1.0)
        counting = sorted(at for day, at in latest.items() if day not in self.spent and at > delivered)
        for last in counting:
            window = tuple(at for at in counting if last - WITHIN / DAY < at <= last)
            if len(window) >= 3:
                return window
        return ()


times = st.integers(0, 12 * 4 - 1).map(lambda quarter: quarter / 4)
events = st.tuples(st.sampled_from(["bounce", "bounce", "bounce", "delivery"]), times)


@settings(max_examples=many(80), deadline=None)
@given(st.lists(events, max_size=30))
def test_as_the_model_says(seen: Sequence[Event]) -> None:
    """Whatever comes in whatever order, and however often, a spool finds the suppressions that the model finds."""
    model = Model()
    with TemporaryDirectory() as folder:
        spool = SqliteSpool.open(Path(folder) / "spool.db")
        for kind, at in seen:
            model.see(kind, at)
            if kind == "bounce":
                spool.count([soft(at, within=WITHIN)], NOW)
            else:
                spool.delivered({"ann@example.com": int(NOW + at * DAY)}, NOW)
        found = list(spool.suppressions(Selection()))
        spool.close()
    assert [one.occurred_at and (one.occurred_at.timestamp() - NOW) / DAY for one in found] == [
        times[-1] for times in model.suppressions
    ]
    assert [one.diagnostic.count("full") for one in found] == [len(times) for times in model.suppressions]
