"""Spool and dispatcher together, with providers that fail in every way and processes that hang or are killed.

What the spool states is held against the calls that were really made: each attempt carries the number of its call.
"""

import re
import sqlite3
import tempfile
from collections import Counter, defaultdict
from contextlib import closing
from pathlib import Path
from random import Random
from typing import NamedTuple

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bouncehandler.spool import QueuedSuppression, Selection
from bouncehandler.spool.sqlite.store import SqliteSpool
from bouncehandler.suppression import Suppression
from tests.contract.spool.examples import NOW, suppression
from tests.examples import many
from tests.property.failing_providers import (
    BEHAVIOURS,
    LEARNED,
    LEASE,
    MISTAKES,
    PROBE_EVERY,
    PROVIDERS,
    RESOLVERS,
    WAITS,
    Behaviour,
    Call,
    Process,
    SharedState,
)

_MISTAKEN = {*MISTAKES, "few"}
_CARRIED_OUT = {"unsubscribed", "already"}
_DAY = 86_400.0


def _hidden(number: int, subscriber: str) -> Suppression:
    """A complaint by ids, without an address."""
    ids = {"list_manager": "mailwizz", "list_id": "ab123cd456ef7", "subscriber_id": subscriber}
    return suppression("", number + 100 * int(subscriber[1:]), reason="complaint", **ids)


subsets = st.sets(st.sampled_from(PROVIDERS)).map(lambda names: tuple(sorted(names)))
addressed = st.builds(suppression, st.sampled_from(["ann@example.com", "bob@example.com"]), st.integers(0, 3))
hidden = st.builds(_hidden, st.integers(0, 2), st.sampled_from(sorted(LEARNED)))
entries = st.builds(QueuedSuppression, addressed, subsets) | st.builds(
    lambda one, wanting: QueuedSuppression(one, wanting, tuple(name for name in wanting if name in RESOLVERS)),
    hidden,
    subsets,
)


def _script(seed: int) -> list[Behaviour]:
    """Up to five behaviours, each as likely: Hypothesis on its own would try few of them."""
    random = Random(f"script {seed}")  # noqa: S311  # no secrets
    return random.choices([*BEHAVIOURS, 0.0, 5.0, 1000.0, 1e9], k=random.randint(1, 5))


scripts = st.integers(0, 10_000).map(_script)


class Row(NamedTuple):
    """A row of the table `dispatch`."""

    id: int
    provider: str
    record: str
    subject: str
    state: str
    outcome: str | None
    attempts: int


class StoredAttempt(NamedTuple):
    """A row of the table `attempt`."""

    number: int
    result: str
    call: int | None
    """None where the answer was an author's mistake."""


class FaultyDispatch(RuleBasedStateMachine):
    """State machine: record, call, hang, kill, mend; after each step the spool must agree with what happened."""

    @initialize(
        suspect_after=st.sampled_from([2, 20]),
        concurrency=st.sampled_from([1, 2]),
        first=st.fixed_dictionaries(dict.fromkeys(PROVIDERS, scripts)),
        batch=st.lists(entries, min_size=3, max_size=8),
    )
    def begin(
        self, suspect_after: int, concurrency: int, first: dict[str, list[Behaviour]], batch: list[QueuedSuppression]
    ) -> None:
        """An empty spool, and providers that are well or not."""
        self.folder = tempfile.TemporaryDirectory()
        self.world = SharedState(Path(self.folder.name) / "spool.db", NOW, dict(first))
        self.spool = SqliteSpool.open(self.world.path, clock=lambda: self.world.now)
        self.suspect_after, self.concurrency = suspect_after, concurrency
        self.hung: list[Process] = []
        self.wanted: dict[str, tuple[str, ...]] = {}
        """By suppression, who wanted it when it was recorded first."""
        self.entries: set[tuple[str, str, str]] = set()
        """Provider, suppression and person."""
        self.lost: Counter[int] = Counter()
        """Claims that were not given back, by dispatch."""
        self.record(batch)

    @rule(batch=st.lists(entries, min_size=1, max_size=5))
    def record(self, batch: list[QueuedSuppression]) -> None:
        """New and known suppressions."""
        self.spool.record(batch)
        for one, providers, id_providers, *_ in batch:
            self.wanted.setdefault(one.id, providers)
            self.entries |= {(name, one.id, one.subject) for name in (providers if one.recipient else id_providers)}

    @rule(provider=st.sampled_from(PROVIDERS), script=scripts, failing_checks=st.sampled_from([0, 1, 3]))
    def change(self, provider: str, script: list[Behaviour], failing_checks: int) -> None:
        """Calls of a provider fail from now on, or are answered in one of several ways."""
        self.world.scripts[provider] = script
        self.world.failing_checks = failing_checks

    @rule(seconds=st.sampled_from([0.0, 1.0, 61.0, 301.0, 4000.0, _DAY]), is_killed=st.booleans())
    def work(self, seconds: float, is_killed: bool) -> None:  # noqa: FBT001  # drawn by name
        """Later a process carries out what is due; if a call hangs it is killed, or stopped and left hanging."""
        self.world.now += seconds
        process = Process(self.world, suspect_after=self.suspect_after, concurrency=self.concurrency)
        if process.carry_out():
            return
        if is_killed:
            self.lost.update(process.kill())
        else:
            process.give_back()
            self.hung.append(process)

    @precondition(lambda self: self.hung)
    @rule()
    def take_over(self) -> None:
        """The claims of what hangs run out, and another process takes its place."""
        self.work(LEASE + 1, is_killed=True)

    @precondition(lambda self: self.hung)
    @rule()
    def answer_late(self) -> None:
        """The call that has hung for longest is answered."""
        self.hung.pop(0).answer()

    @rule(provider=st.sampled_from(PROVIDERS))
    def revive(self, provider: str) -> None:
        """An operator retries dead letters."""
        dead = [dropped.dispatch for dropped in self.spool.dead_letters(Selection(provider=provider))]
        assert self.spool.retry_dead_letters(dead) == len(dead)

    @invariant()
    def agrees(self) -> None:
        """Nothing has vanished, nothing is done without a call, and every attempt is one call."""
        if not hasattr(self, "world"):
            return
        assert not self.world.doubles, "two calls for one person at once"
        rows, attempts = self._rows(), self._attempts()
        accepted = {one.call for kept in attempts.values() for one in kept}
        self._learn(accepted)
        assert {(row.provider, row.record, row.subject) for row in rows} == self.entries
        assert len(rows) == len(self.entries)
        carried_out = {(row.provider, row.subject) for row in rows if row.outcome in _CARRIED_OUT}
        for row in rows:
            self._agrees(row, attempts[row.id], carried_out)
        self._record_accepted(accepted)

    def _learn(self, accepted: set[int | None]) -> None:
        """Record which providers get the addresses that were returned."""
        for call in self.world.calls:
            if call.behaviour == "resolves" and call.number in accepted:
                for one in call.suppressions:
                    if not one.recipient:
                        address, wanting = LEARNED[one.subscriber_id], self.wanted[one.id]
                        self.entries |= {(name, one.id, address) for name in wanting if name != call.provider}

    def _agrees(self, row: Row, attempts: list[StoredAttempt], carried_out: set[tuple[str, str]]) -> None:
        last = attempts[-1].result if attempts else ""
        temporary = sum(one.result == "temporary" for one in attempts)
        if row.state == "dead":
            assert last == "permanent" or (last == "temporary" and temporary > len(WAITS)), row
        elif row.state == "done" and row.outcome == "repeat":
            assert (row.provider, row.subject) in carried_out, row
        elif row.state == "done":
            assert row.outcome == last, row
        else:
            assert row.outcome is None, row
        for one in attempts:
            if one.call is not None:
                self._is_kept_rightly(self.world.calls[one.call], row, one)
        self._are_counted(row, attempts)

    def _is_kept_rightly(self, call: Call, row: Row, attempt: StoredAttempt) -> None:
        """It shows the call's result; a late answer counts only while no other has taken over."""
        _assert_same(call, row, attempt)
        meanwhile = self.world.calls[call.number + 1 : call.answered_before]
        assert not any(each.provider == row.provider and _is_about(each, row) for each in meanwhile), call

    def _are_counted(self, row: Row, attempts: list[StoredAttempt]) -> None:
        """Each call is counted once; what hangs, hung or was killed may be counted although nothing is kept of it."""
        numbers = [one.number for one in attempts]
        assert numbers == sorted(set(numbers))
        assert not numbers or numbers[-1] <= row.attempts
        mine = [c for c in self.world.calls if c.provider == row.provider and _is_about(c, row)]
        hanging = sum(call.is_running or call.is_lost for call in mine)
        assert len(attempts) <= row.attempts <= len(attempts) + hanging + self.lost[row.id], row
        assert len(attempts) <= sum(call.behaviour != "unavailable" for call in mine), row

    def _record_accepted(self, accepted: set[int | None]) -> None:
        """Every answer that came in time is on record."""
        for call in self.world.calls:
            if not (call.is_running or call.is_lost or call.behaviour in _MISTAKEN | {"unavailable"}):
                assert call.number in accepted, call

    def _rows(self) -> list[Row]:
        sql = """SELECT d.id, d.provider, s.record, s.recipient, d.state, d.outcome, d.attempts
                 FROM dispatch AS d JOIN suppression AS s ON s.id = d.suppression"""
        with closing(sqlite3.connect(self.world.path)) as raw:
            return [Row(*fields) for fields in raw.execute(sql)]

    def _attempts(self) -> dict[int, list[StoredAttempt]]:
        found: dict[int, list[StoredAttempt]] = defaultdict(list)
        sql = "SELECT dispatch, number, result, answer FROM attempt ORDER BY dispatch, number"
        with closing(sqlite3.connect(self.world.path)) as raw:
            for dispatch, number, result, answer in raw.execute(sql):
                call = re.search(r"call (\d+)", answer)
                found[dispatch].append(StoredAttempt(number, result, int(call[1]) if call else None))
        return found

    def teardown(self) -> None:
        """Once the providers are well, holds end, everything is settled, and dead letters can be carried out."""
        if not hasattr(self, "world"):
            return
        while self.hung:
            self.answer_late()
        self.world.scripts.clear()
        self.world.failing_checks = 0
        for _ in range(2):
            self._finish()
            for provider in PROVIDERS:
                self.revive(provider)
        self.agrees()
        assert {row.state for row in self._rows()} <= {"done"}
        self.spool.close()
        self.folder.cleanup()

    def _finish(self) -> None:
        """Work whenever something is due, or a hold may be probed, until nothing waits."""
        for _ in range(30):
            now = self.world.now
            due_at = [now + wait for name in PROVIDERS if (wait := self.spool.due_in(name)) is not None]
            is_held = any(self.spool.state(name).held for name in ("old_news", *(p for p in PROVIDERS if due_at)))
            if not due_at and not is_held:
                return
            self.world.now = max(self.world.now + 1, *due_at, self.world.now + PROBE_EVERY * is_held)
            self.work(0.0, is_killed=True)
        raise AssertionError(f"it does not come to an end: {self.spool.status()}")


def _is_about(call: Call, row: Row) -> bool:
    return any((one.id, one.subject) == (row.record, row.subject) for one in call.suppressions)


def _assert_same(call: Call, row: Row, attempt: StoredAttempt) -> None:
    """The attempt shows the call's result."""
    assert call.provider == row.provider
    assert _is_about(call, row)
    meant = {"resolves": "unsubscribed", "hangs": "unsubscribed", "few": "unsubscribed"}
    temporary = isinstance(call.behaviour, float) or call.behaviour in {"temporary", "transport", "bug", "exit"}
    assert attempt.result == ("temporary" if temporary else meant.get(str(call.behaviour), call.behaviour))


TestFaultyDispatch = FaultyDispatch.TestCase
TestFaultyDispatch.settings = settings(
    max_examples=many(25), stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
