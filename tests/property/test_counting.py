"""Counting soft bounces against a slow and obvious model, in any order, repeated, with deliveries between."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from bouncehandler.spool import Selection
from bouncehandler.spool.sqlite.store import SqliteSpool
from tests.contract.spool.examples import CLOCK, DAY, NOW, at_time
from tests.contract.spool.test_soft_bounces import soft
from tests.examples import many

WITHIN = 4 * DAY
"""A short window, so that small examples leave it."""

Event = tuple[str, float]
"""`bounce` or `delivery`, and its time in days."""


class Model:
    """Model of one recipient: all records, and the suppressions, computed anew from everything each time."""

    def __init__(self) -> None:
        self.bounces: set[float] = set()
        self.deliveries: set[float] = set()
        self.spent: set[int] = set()
        self.suppressions: list[tuple[float, ...]] = []
        """The times of the bounces that each was made of."""

    def see(self, kind: str, at: float) -> None:
        """Add a record."""
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
def test_as_the_model_states(seen: Sequence[Event]) -> None:
    """A spool makes the suppressions of the model, for any records in any order, also repeated."""
    model = Model()
    with TemporaryDirectory() as folder:
        spool = SqliteSpool.open(Path(folder) / "spool.db", clock=CLOCK)
        for kind, at in seen:
            model.see(kind, at)
            if kind == "bounce":
                at_time(spool, NOW).count([soft(at, within=WITHIN)])
            else:
                at_time(spool, NOW).record_deliveries({"ann@example.com": int(NOW + at * DAY)})
        found = list(spool.suppressions(Selection()))
        spool.close()
    assert [one.occurred_at and (one.occurred_at.timestamp() - NOW) / DAY for one in found] == [
        times[-1] for times in model.suppressions
    ]
    assert [one.diagnostic.count("full") for one in found] == [len(times) for times in model.suppressions]


class Soft(NamedTuple):
    """A soft bounce of a batch, with a rule of its own."""

    subject: str
    at: float
    """In days."""
    after: int
    within: float
    """In days."""


soft_bounces = st.builds(
    Soft,
    st.sampled_from(["ann@example.com", "bob@example.com"]),
    st.integers(-30 * 4, 30 * 4).map(lambda quarter: quarter / 4),
    st.integers(1, 4),
    st.sampled_from([1.5, 6.0, 40.0]),
)


class Days:
    """Model of one recipient's bounces by day, computed anew from all of them each time."""

    def __init__(self) -> None:
        self.unspent: dict[int, Soft] = {}
        self.spent: set[int] = set()

    def put(self, bounce: Soft) -> None:
        """The latest of a day stands for it; the same time again changes nothing, and a spent day stays spent."""
        day = int(bounce.at // 1)
        if day not in self.spent and (day not in self.unspent or bounce.at > self.unspent[day].at):
            self.unspent[day] = bounce

    def take(self) -> Iterator[int]:
        """How many bounces were counted for each suppression."""
        while found := self._enough():
            for day in found:
                del self.unspent[day]
                self.spent.add(day)
            yield len(found)

    def _enough(self) -> list[int]:
        for _, last in sorted(self.unspent.items()):
            window = [day for day, one in self.unspent.items() if last.at - last.within < one.at <= last.at]
            if len(window) >= last.after:
                return window
        return []


@settings(max_examples=many(120), deadline=None)
@given(st.lists(st.lists(soft_bounces, min_size=1, max_size=8), max_size=8))
def test_batches_of_several_people(batches: Sequence[Sequence[Soft]]) -> None:
    """Bounces of a batch count for their own recipient alone, however far apart they are, and whatever their rules."""
    people: dict[str, Days] = {}
    expected: Counter[tuple[str, int]] = Counter()
    with TemporaryDirectory() as folder:
        spool = SqliteSpool.open(Path(folder) / "spool.db", clock=CLOCK)
        for batch in batches:
            at_time(spool, NOW).count([soft(s.at, s.subject, after=s.after, within=s.within * DAY) for s in batch])
            for bounce in batch:
                people.setdefault(bounce.subject, Days()).put(bounce)
            for subject in {bounce.subject for bounce in batch}:
                expected.update((subject, number) for number in people[subject].take())
        found = Counter((one.recipient, one.diagnostic.count("full")) for one in spool.suppressions(Selection()))
        spool.close()
    assert found == expected
