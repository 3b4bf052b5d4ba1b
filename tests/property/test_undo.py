"""Undo after suppressing restores every list, whatever comes in between, and in whatever order."""

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from bouncehandler.spool import Completed, QueuedSuppression, Released, RetryLater, Selection, Settlement
from bouncehandler.spool.sqlite.store import SqliteSpool
from bouncehandler.suppression import Dispatch, Outcome, Suppression
from tests.contract.spool.examples import CLOCK, NOW, at_time, attempt, suppression
from tests.examples import many

LISTS = {"ann@example.com": frozenset("12"), "bob@example.com": frozenset("2"), "cat@example.com": frozenset()}
"""The lists that each person is on at first; the last is on none."""
PROVIDERS = ("crm", "news")

people = st.sampled_from(["ann@example.com", "ann@example.com", *sorted(LISTS)])
reasons = st.sampled_from(["bounce", "bounce", "bounce", "complaint"])
owners = st.sampled_from([("news",), ("news",), ("crm",), ("crm", "news")])


class UndoMachine(RuleBasedStateMachine):
    """Two list managers, the spool between them and what is suppressed, undone and suppressed again."""

    @initialize()
    def begin(self) -> None:
        """The model starts empty."""
        self.folder = tempfile.TemporaryDirectory()
        self.spool = SqliteSpool.open(Path(self.folder.name) / "spool.db", clock=CLOCK)
        self.now = NOW
        self.standing: dict[str, tuple[Suppression, tuple[str, ...]]] = {}
        self.active = {provider: dict(LISTS) for provider in PROVIDERS}
        self.under_way: list[Dispatch] = []
        self.number = 0

    @rule(subject=people, reason=reasons, providers=owners)
    def suppress(self, subject: str, reason: str, providers: tuple[str, ...]) -> None:
        """A new record about a recipient; a complaint goes to every provider."""
        self.number += 1
        one = suppression(subject, self.number)._replace(reason=reason)
        wanted_by = PROVIDERS if reason == "complaint" else providers
        at_time(self.spool, self.now).record([QueuedSuppression(one, wanted_by)])
        self.standing[one.id] = (one, wanted_by)

    @rule(provider=st.sampled_from(["news", *PROVIDERS]), limit=st.sampled_from([1, 9]))
    def claim(self, provider: str, limit: int) -> None:
        """Calls begin."""
        self.under_way += at_time(self.spool, self.now).claim(
            provider, limit, repeat_after=1e5, per_campaign=False, lease_for=1e6
        )

    @rule(how=st.sampled_from(["well", "well", "again", "half-way", "returned"]), back=st.booleans())
    def answer(self, how: str, back: bool) -> None:  # noqa: FBT001  # Hypothesis passes by name
        """A call comes back, first or last, well or badly; badly also after it has changed a list."""
        self.now += 1
        if self.under_way:
            self._settle(self.under_way.pop(-1 if back else 0), how)

    @rule(subject=st.one_of(st.none(), people), forced=st.booleans())
    def undo(self, subject: str | None, forced: bool) -> None:  # noqa: FBT001  # as above
        """One person, or all, are to be as before; complaints only when forced."""
        self.now += 1
        asked = Selection(recipient=subject)
        for _ in at_time(self.spool, self.now).undo(asked, restoring=PROVIDERS, asked_by="", forced=forced):
            pass
        for key, (one, _) in list(self.standing.items()):
            if subject in {None, one.recipient} and (forced or one.reason == "bounce"):
                del self.standing[key]

    @rule(seconds=st.sampled_from([10.0, 1e6]))
    def pass_time(self, seconds: float) -> None:
        """Retries come due; what was done may be long ago. Claims are renewed, as a worker does."""
        self.now += seconds
        at_time(self.spool, self.now).extend(self.under_way, 1e6)

    def _settle(self, dispatch: Dispatch, how: str = "well") -> None:
        settlement: Settlement
        if how == "well":
            outcome = self._called(dispatch)
            settlement = Completed(dispatch, attempt(outcome.kind), outcome)
        elif how == "returned":
            settlement = Released(dispatch, changed=self._half_way(dispatch))
        else:
            changed = self._half_way(dispatch) if how == "half-way" else ()
            settlement = RetryLater(dispatch, attempt("temporary"), 5, dispatch.retry_index + 1, changed)
        at_time(self.spool, self.now).settle([settlement])

    def _half_way(self, dispatch: Dispatch) -> tuple[str, ...]:
        """Change one list before a failure; returns it."""
        active, subject = self.active[dispatch.provider], dispatch.suppression.recipient
        if dispatch.restores:
            active[subject] |= set(dispatch.restores.lists[:1])
            return ()
        changed = tuple(sorted(active[subject]))[:1]
        active[subject] -= set(changed)
        return changed

    def _called(self, dispatch: Dispatch) -> Outcome:
        """Carry out a call at the list manager; returns the outcome."""
        active, subject = self.active[dispatch.provider], dispatch.suppression.recipient
        if dispatch.restores:
            active[subject] |= set(dispatch.restores.lists)
            return Outcome("restored", dispatch.restores.lists)
        changed, active[subject] = active[subject], frozenset()
        return Outcome("unsubscribed", tuple(sorted(changed))) if changed else Outcome("already")

    def teardown(self) -> None:
        """At the end recipients with a standing suppression are off all lists, others as before."""
        if not hasattr(self, "spool"):
            return
        for _ in range(100):
            self.now += 100
            for provider in PROVIDERS:
                self.claim(provider, 100)
            if not self.under_way:
                break
            while self.under_way:
                self._settle(self.under_way.pop())
        assert not self.spool.status().dispatches.waiting
        for provider in PROVIDERS:
            off = {one.recipient for one, wanted_by in self.standing.values() if provider in wanted_by}
            assert self.active[provider] == {
                subject: frozenset() if subject in off else lists for subject, lists in LISTS.items()
            }
        self.spool.close()
        self.folder.cleanup()


TestUndo = UndoMachine.TestCase
TestUndo.settings = settings(
    max_examples=many(50), stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
