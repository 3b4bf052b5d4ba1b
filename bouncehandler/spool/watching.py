"""Sees waves of hard bounces among what is recorded, and holds what belongs to them; within the same transaction."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from bouncehandler.record import epoch
from bouncehandler.spool.batch import Batch
from bouncehandler.spool.connection import Connection
from bouncehandler.spool.data import Owed
from bouncehandler.spool.kinds import kind_of
from bouncehandler.waves import SLOT, Tally, Usual, Wave, WaveSettings, usual, waves

EVERYWHERE = "*"
"""Stands for the sum over all operators."""

REACH = 12
"""Slots of silence after which what follows is another wave."""

_LATELY = 100_000
"""So many of the newest suppressions are looked through for what belongs to a wave that has just been noticed."""
_RELEARNT = 72
"""Slots for which what is usual at an operator is remembered."""
_REMEMBERED = 1000
"""Operators."""
_EXAMPLE = 300
"""Characters of a diagnostic."""


class Noticed(NamedTuple):
    """A wave that was seen in a slot."""

    operator: str
    shape: str
    slot: int
    wave: Wave
    example: str
    """A diagnostic: hostile text."""


def about_noticed(found: Noticed) -> dict[str, str]:
    """What a notice says of a wave when it is noticed."""
    return {
        "operator": found.operator,
        "bounces": str(found.wave.bounces),
        "expected": f"{found.wave.expected:.0f}",
        "diagnostic": found.example,
    }


class Watch:
    """What one process knows of what is usual, beside what the spool keeps for all.

    Args:
        grace: seconds that new hard bounces wait before they are due.
    """

    def __init__(self, connection: Connection, settings: WaveSettings, grace: float = 0.0) -> None:
        self._connection, self._settings, self._grace = connection, settings, grace
        self._usual: dict[tuple[str, int], Usual] = {}
        self._all: tuple[int, list[Tally]] = (-1, [])
        self._lately: dict[int, list[Tally]] = {}
        """The tallies of all operators up to a slot, while one transaction lasts."""
        self._going_on: dict[str, list[tuple[str, int]]] = {}
        self._least = max(1, settings.minimum * SLOT // max(SLOT, int(settings.window)))
        """Bounces in one slot below which it is not worth looking: a wave has slots with more."""

    def look(self, raw: sqlite3.Connection, new: Batch[Owed], newest: int, now: float) -> list[Noticed]:
        """Tally what is new, numbered above `newest`, and hold what belongs to a wave; the waves noticed now."""
        latest = int(now) // SLOT  # a clock that is ahead makes no future
        if not any(new.column("sighting")):
            return []
        if self._grace:
            raw.execute(self._sql("wave_grace"), {"now": now, "newest": newest, "grace": self._grace})
        noticed = []
        self._lately.clear()
        for operator, slot in self._worth_a_look(raw, new, latest):
            for shape, wave in self._judge(raw, operator, slot).items():
                found = Noticed(operator, shape, slot, wave, _example(new, operator, shape))
                if self._keep_back(raw, found, newest, now):
                    noticed.append(found)
        return noticed

    def _worth_a_look(self, raw: sqlite3.Connection, new: Batch[Owed], latest: int) -> list[tuple[str, int]]:
        """Tally, and return the operators and slots that have many, in the order of the time."""
        tallies: Counter[tuple[str, int, str]] = Counter()
        alike = Counter(zip(new.column("sighting"), map(_slot, new.column("occurred_at")), strict=True))
        for (sighting, at), bounces in alike.items():
            if sighting:
                slot = latest if at is None else min(at, latest)
                tallies[sighting.operator, slot, sighting.shape] += bounces
                tallies[EVERYWHERE, slot, ""] += bounces
        told = json.dumps([(*key, bounces) for key, bounces in tallies.items()])
        counts: Counter[tuple[int, str]] = Counter()
        for operator, slot, bounces in raw.execute(self._sql("wave_tally"), {"tallies": told}):
            if operator != EVERYWHERE:
                counts[slot, operator] += bounces
        self._going_on = self._waves_going_on(raw, min(slot for slot, _ in counts))
        places = sorted(counts.items())
        return [(name, slot) for (slot, name), bounces in places if bounces >= self._least or name in self._going_on]

    def _waves_going_on(self, raw: sqlite3.Connection, slot: int) -> dict[str, list[tuple[str, int]]]:
        """By operator, the kinds of its waves that may go on in a slot or later, and their last slots."""
        found: dict[str, list[tuple[str, int]]] = {}
        for operator, shape, last in raw.execute(self._sql("wave_on"), {"slot": slot, "reach": REACH}):
            found.setdefault(operator, []).append((shape, last))
        return found

    def _judge(self, raw: sqlite3.Connection, operator: str, slot: int) -> Mapping[str, Wave]:
        settings = self._settings
        after = slot - int(settings.window) // SLOT
        going_on = {shape for shape, last in self._going_on.get(operator, ()) if last >= slot - REACH}
        own = self._slots(raw, operator, slot - settings.looks_back, slot)
        if not going_on and sum(tally.bounces for tally in own if tally.slot > after) < settings.minimum:
            return {}
        if slot not in self._lately:
            self._lately[slot] = self._slots(raw, EVERYWHERE, slot - settings.looks_back, slot)
        return waves(self._usual_of(raw, operator, after), own, self._lately[slot], slot, settings, going_on)

    def _usual_of(self, raw: sqlite3.Connection, operator: str, slot: int) -> Usual:
        upto = slot // _RELEARNT * _RELEARNT
        key = operator, upto
        if key not in self._usual:
            if len(self._usual) >= _REMEMBERED:
                self._usual.clear()
            after = upto - int(self._settings.history) // SLOT
            own = self._slots(raw, operator, after, upto)
            self._usual[key] = usual(own, self._everywhere(raw, after, upto), self._settings)
        return self._usual[key]

    def _everywhere(self, raw: sqlite3.Connection, after: int, upto: int) -> list[Tally]:
        """The history of all operators together, which is the same for each of them."""
        if self._all[0] != upto:
            self._all = upto, self._slots(raw, EVERYWHERE, after, upto)
        return self._all[1]

    def _slots(self, raw: sqlite3.Connection, operator: str, after: int, upto: int) -> list[Tally]:
        values = {"operator": operator, "after": after, "upto": upto}
        return [Tally._make(row) for row in raw.execute(self._sql("wave_slots"), values)]

    def _keep_back(self, raw: sqlite3.Connection, found: Noticed, newest: int, now: float) -> bool:
        """Hold what belongs to a wave, unless a person has released it; whether it was not known before."""
        values = {"operator": found.operator, "shape": found.shape, "slot": found.slot, "reach": REACH}
        near = raw.execute(self._sql("wave_near"), values).fetchone()
        values |= {"since_slot": found.wave.since_slot, "now": now, "example": found.example}
        values |= {"bounces": found.wave.bounces, "expected": found.wave.expected}
        if near is None or near[3] == "discarded":  # what follows a discarded wave is as doubtful as that was
            number = raw.execute(self._sql("wave_open"), values).lastrowid or 0
            newest, is_new = max(0, newest - _LATELY), True
        else:
            number, is_new = near[0], False
            raw.execute(self._sql("wave_extend"), {**values, "id": number})
        if is_new or near[3] is None:
            self._hold(raw, number, found, newest)
        return is_new

    def _hold(self, raw: sqlite3.Connection, number: int, found: Noticed, newest: int) -> None:
        values = {
            "kind": kind_of(found.operator, found.shape),
            "newest": newest,
            "since": found.wave.since_slot * SLOT,
            "until": (found.slot + 1) * SLOT,
        }
        rows = raw.execute(self._sql("wave_found"), values).fetchall()
        raw.execute(self._sql("wave_hold"), {"wave": number, "found": json.dumps([row[0] for row in rows])})
        count_held(self._connection, raw, found.operator, found.shape, [row[1] for row in rows], 1)
        self._lately.clear()  # what is held here explains nothing elsewhere

    def _sql(self, name: str) -> str:
        return self._connection.sql(name)


def count_held(  # noqa: PLR0913, PLR0917  # one statement's values
    connection: Connection, raw: sqlite3.Connection, operator: str, shape: str, times: Iterable[float], sign: int
) -> None:
    """Count bounces of these times as held, or (with -1) no longer, so that they are no evidence of what is usual."""
    slots = Counter(int(at) // SLOT for at in times)
    statement = connection.sql("wave_held")
    for name, kind in ((operator, shape), (EVERYWHERE, "")):
        rows = [{"operator": name, "shape": kind, "slot": slot, "held": sign * held} for slot, held in slots.items()]
        raw.executemany(statement, rows)


@lru_cache(maxsize=4096)
def _slot(at: datetime | None) -> int | None:
    """By the record's own time; None where it has none."""
    return epoch(at) // SLOT if at else None


def _example(new: Batch[Owed], operator: str, shape: str) -> str:
    """The diagnostic of one of them."""
    pairs = zip(new.column("sighting"), new.column("diagnostic"), strict=True)
    return str(next((text for sighting, text in pairs if sighting == (operator, shape)), shape))[:_EXAMPLE]
