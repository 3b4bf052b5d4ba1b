"""The spool against a model of plain dictionaries: record, claim, settle and crash, in any order.

The model does not know which dispatches the spool settles as repeats, so it is exact only where a recipient was never
dealt with; of the others it knows what must not happen. At the end everything has to come to an end.
"""

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bouncehandler.spool import DeadLetter, QueuedSuppression, Recorded, Selection, Settlement
from bouncehandler.spool.sqlite.store import SqliteSpool
from bouncehandler.suppression import Dispatch
from tests.contract.spool.examples import CLOCK, NOW, again, at_time, dead, done, due_at, returned, suppression, take
from tests.examples import many

PROVIDERS = ("crm", "news")
REPEAT_AFTER = 100.0
CLAIM = 50.0

entries = st.builds(
    QueuedSuppression,
    st.builds(suppression, st.sampled_from(["ann@example.com", "bob@example.com"]), st.integers(0, 4)),
    st.sampled_from([(), ("news",), ("crm",), ("crm", "news")]),
)
endings = st.sampled_from(["unsubscribed", "already", "unknown", "again", "dead", "returned"])


@dataclass
class ModelDispatch:
    """What the model knows of one dispatch."""

    number: int = 0
    """The spool's; 0 until it is claimed for the first time."""
    state: str = "waiting"
    due_at: float = 0.0
    """Waiting: the earliest time for a call; claimed: when the claim ends."""
    attempts: int = 0
    claim: Dispatch | None = None


@dataclass
class Group:
    """One recipient's work at one provider, by suppression id, in the order in which it was recorded."""

    pieces: dict[str, ModelDispatch] = field(default_factory=dict)
    carried_out_at: float | None = None

    def unsettled(self) -> list[str]:
        """Ids of what waits or is under way."""
        return [key for key, piece in self.pieces.items() if piece.state in {"waiting", "claimed"}]

    def expected(self, now: float) -> list[str]:
        """The id that a claim has to find, where nothing was ever carried out; none while a call is under way."""
        live = [p for p in self.pieces.values() if p.state == "claimed" and p.due_at > now]
        return [key for key in self.unsettled()[:1] if not live and self.pieces[key].due_at <= now]


class SpoolMachine(RuleBasedStateMachine):
    """State machine that does the same to the spool and to the model, and compares."""

    @initialize()
    def begin(self) -> None:
        """An empty spool."""
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "spool.db"
        self.spool = SqliteSpool.open(self.path, clock=CLOCK)
        self.known: set[str] = set()
        self.groups: dict[tuple[str, str], Group] = {}
        self.claims: list[Dispatch] = []
        self.now = NOW

    @rule(batch=st.lists(entries, max_size=5))
    def record(self, batch: list[QueuedSuppression]) -> None:
        """New and known suppressions, repeated inside the batch or not."""
        first = [one for n, one in enumerate(batch) if one.suppression.id not in self._ids(batch[:n]) | self.known]
        known = [one for one in batch if not any(one is other for other in first)]
        for one, providers, *_ in [*first, *known]:  # what is new is enqueued before what is known
            for provider in providers:
                group = self.groups.setdefault((provider, one.recipient), Group())
                group.pieces.setdefault(one.id, ModelDispatch(due_at=self.now))
        self.known |= self._ids(batch)
        assert at_time(self.spool, self.now).record(batch) == Recorded(new=len(first), duplicates=len(known))

    def _ids(self, batch: list[QueuedSuppression]) -> set[str]:
        return {one.suppression.id for one in batch}

    @rule(seconds=st.sampled_from([1.0, 10.0, 60.0, 200.0]))
    def pass_time(self, seconds: float) -> None:
        """Claims end, retries come due, what was done is long ago."""
        self.now += seconds

    @rule(provider=st.sampled_from(PROVIDERS), limit=st.sampled_from([1, 2, 100]))
    def claim(self, provider: str, limit: int) -> None:
        """A claim finds exactly what is due; it never doubles a call, and never repeats one too early."""
        mine = {recipient: group for (name, recipient), group in self.groups.items() if name == provider}
        exact = {recipient for recipient, group in mine.items() if group.carried_out_at is None}
        expected = {key for recipient in exact for key in mine[recipient].expected(self.now)}
        claimed = take(self.spool, limit, provider=provider, now=self.now, seconds=CLAIM, repeat_after=REPEAT_AFTER)
        for one in claimed:
            self._claimed(mine[one.suppression.recipient], one)
        found = {one.suppression.id for one in claimed if one.suppression.recipient in exact}
        assert found <= expected
        assert len(claimed) <= limit
        if len(claimed) < limit:
            assert found == expected
            due = due_at(at_time(self.spool, self.now), provider)
            assert due is None or due > self.now

    def _claimed(self, group: Group, one: Dispatch) -> None:
        piece = group.pieces[one.suppression.id]
        assert group.carried_out_at is None or group.carried_out_at <= self.now - REPEAT_AFTER
        assert not [p for p in group.pieces.values() if p.state == "claimed" and p.due_at > self.now]
        assert piece.state in {"waiting", "claimed"}
        assert piece.due_at <= self.now
        assert piece.number in {0, one.id}
        piece.attempts += 1
        assert one.attempts == piece.attempts
        piece.number, piece.state, piece.due_at, piece.claim = one.id, "claimed", self.now + CLAIM, one
        self.claims.append(one)

    @rule(data=st.data(), ending=endings)
    def settle(self, data: st.DataObject, ending: str) -> None:
        """Claims end in every way, also those that were lost meanwhile or settled before."""
        if not self.claims:
            return
        one = data.draw(st.sampled_from(self.claims))
        group = self.groups[one.provider, one.suppression.recipient]
        piece = group.pieces[one.suppression.id]
        if piece.claim is one and piece.state == "claimed":
            self._settled(group, piece, ending)
        at_time(self.spool, self.now).settle([self._settlement(one, ending)])

    def _settlement(self, one: Dispatch, ending: str) -> Settlement:
        match ending:
            case "again":
                return again(one, self.now + 30)
            case "dead":
                return dead(one)
            case "returned":
                return returned(one, self.now + 5)
            case _:
                return done(one, ending)

    def _settled(self, group: Group, piece: ModelDispatch, ending: str) -> None:
        """A claim that ran out in a group that was dealt with may be a repeat by now: nothing is known of it then."""
        surely_ours = group.carried_out_at is None or piece.due_at > self.now
        match ending:
            case "again":
                piece.state, piece.due_at = "waiting", self.now + 30
            case "returned":
                piece.state, piece.due_at = "waiting", self.now + 5
                piece.attempts -= 1
            case "dead":
                piece.state = "dead"
            case "unknown":
                piece.state = "done"
            case _:
                piece.state = "done"
                group.carried_out_at = self.now if surely_ours else group.carried_out_at
                for key in group.unsettled():
                    if group.pieces[key].state == "waiting" and surely_ours:
                        group.pieces[key].state = "done"

    @rule(data=st.data())
    def extend(self, data: st.DataObject) -> None:
        """Claims are renewed, also those that were lost meanwhile."""
        if not self.claims:
            return
        one = data.draw(st.sampled_from(self.claims))
        at_time(self.spool, self.now).extend([one], 2 * CLAIM)
        piece = self.groups[one.provider, one.suppression.recipient].pieces[one.suppression.id]
        if piece.claim is one and piece.state == "claimed":
            piece.due_at = self.now + 2 * CLAIM

    @rule()
    def crash(self) -> None:
        """The process ends without settling, and its claims expire."""
        self.claims.clear()
        self.spool.close()
        self.spool = SqliteSpool.open(self.path, clock=CLOCK)

    @rule(provider=st.sampled_from(PROVIDERS))
    def revive(self, provider: str) -> None:
        """Dead letters are retried, where nothing else of their recipient waits."""
        for dead_letter in list(self.spool.dead_letters(Selection(provider=provider))):
            group = self.groups[provider, dead_letter.suppression.recipient]
            if not group.unsettled():
                assert at_time(self.spool, self.now).retry_dead_letters([dead_letter.dispatch]) == 1
                piece = group.pieces[dead_letter.suppression.id]
                piece.state, piece.due_at = "waiting", self.now

    @invariant()
    def numbers_agree(self) -> None:
        """Nothing is lost, nothing is there twice, and what is dead is known."""
        if not hasattr(self, "spool"):
            return
        status = self.spool.status()
        counts = status.dispatches
        assert status.suppressions == len(self.known)
        assert counts.waiting + counts.done + counts.dead == sum(len(group.pieces) for group in self.groups.values())
        dead = {(one.provider, one.suppression.recipient, one.suppression.id) for one in self._dead_letters()}
        for (provider, recipient), group in self.groups.items():
            if group.carried_out_at is None:
                for key, piece in group.pieces.items():
                    assert ((provider, recipient, key) in dead) == (piece.state == "dead")

    def _dead_letters(self) -> list[DeadLetter]:
        return list(self.spool.dead_letters(Selection()))

    def teardown(self) -> None:
        """Once every call succeeds, everything that is not dead is done, and by a call for each recipient."""
        if not hasattr(self, "spool"):
            return
        self.now += 10_000
        waiting = {key for key, group in self.groups.items() if group.carried_out_at is None and group.unsettled()}
        called = set()
        for provider in PROVIDERS:
            while claimed := take(self.spool, provider=provider, now=self.now):
                called |= {(provider, one.suppression.recipient) for one in claimed}
                at_time(self.spool, self.now).settle([done(one) for one in claimed])
        assert self.spool.status().dispatches.waiting == 0
        assert waiting <= called
        self.spool.close()
        self.folder.cleanup()


TestSpoolState = SpoolMachine.TestCase
TestSpoolState.settings = settings(
    max_examples=many(60), stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
