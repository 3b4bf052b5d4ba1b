"""Sees spikes of hard bounces among what is recorded, and holds what belongs to them; within the same transaction."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from bouncehandler.record import epoch
from bouncehandler.spikes import SLOT_SECONDS, Baseline, SlotCount, Spike, SpikeSettings, build_baseline, find_spikes
from bouncehandler.spool.models import QueuedSuppression
from bouncehandler.spool.queue_batch import QueueBatch
from bouncehandler.spool.sqlite.connection import Connection
from bouncehandler.spool.sqlite.hashes import fingerprint_hash

EVERYWHERE = "*"
"""Stands for the sum over all operators."""

REACH = 12
"""Slots of silence after which what follows is another spike."""

_LATELY = 100_000
"""So many of the newest suppressions are looked through for what belongs to a spike that has just been noticed."""
_RELEARNT = 72
"""Slots for which what is usual at an operator is remembered."""
_REMEMBERED = 1000
"""Operators."""
_EXAMPLE = 300
"""Characters of a diagnostic."""


class DetectedSpike(NamedTuple):
    """A spike that was seen in a slot."""

    mailbox_provider: str
    fingerprint: str
    slot: int
    spike: Spike
    example: str
    """A diagnostic: hostile text."""


def about_spike(found: DetectedSpike) -> dict[str, str]:
    """What a notice says of a spike when it is noticed."""
    return {
        "mailbox_provider": found.mailbox_provider,
        "bounces": str(found.spike.bounces),
        "expected": f"{found.spike.expected:.0f}",
        "diagnostic": found.example,
    }


class SpikeDetector:
    """What one process knows of what is usual, beside what the spool keeps for all.

    Args:
        grace: seconds that new hard bounces wait before they are due.
    """

    def __init__(self, connection: Connection, settings: SpikeSettings, grace: float = 0.0) -> None:
        self._connection, self._settings, self._grace = connection, settings, grace
        self._usual: dict[tuple[str, int], Baseline] = {}
        self._all: tuple[int, list[SlotCount]] = (-1, [])
        self._lately: dict[int, list[SlotCount]] = {}
        """The tallies of all operators up to a slot, while one transaction lasts."""
        self._going_on: dict[str, list[tuple[str, int]]] = {}
        self._least = max(1, settings.minimum * SLOT_SECONDS // max(SLOT_SECONDS, int(settings.window)))
        """Bounces in one slot below which it is not worth looking: a spike has slots with more."""

    def look(
        self, raw: sqlite3.Connection, new: QueueBatch[QueuedSuppression], newest: int, now: float
    ) -> list[DetectedSpike]:
        """Tally what is new, numbered above `newest`, and hold what belongs to a spike; the spikes noticed now."""
        latest = int(now) // SLOT_SECONDS  # a clock that is ahead makes no future
        if not any(new.column("fingerprint")):
            return []
        if self._grace:
            raw.execute(self._sql("spike_grace"), {"now": now, "newest": newest, "grace": self._grace})
        noticed = []
        self._lately.clear()
        for mailbox_provider, slot in self._worth_a_look(raw, new, latest):
            for fingerprint, spike in self._judge(raw, mailbox_provider, slot).items():
                found = DetectedSpike(
                    mailbox_provider, fingerprint, slot, spike, _example(new, mailbox_provider, fingerprint)
                )
                if self._keep_back(raw, found, newest, now):
                    noticed.append(found)
        return noticed

    def _worth_a_look(
        self, raw: sqlite3.Connection, new: QueueBatch[QueuedSuppression], latest: int
    ) -> list[tuple[str, int]]:
        """Tally, and return the operators and slots that have many, in the order of the time."""
        tallies: Counter[tuple[str, int, str]] = Counter()
        alike = Counter(zip(new.column("fingerprint"), map(_slot, new.column("occurred_at")), strict=True))
        for (fingerprint, at), bounces in alike.items():
            if fingerprint:
                slot = latest if at is None else min(at, latest)
                tallies[fingerprint.mailbox_provider, slot, fingerprint.fingerprint] += bounces
                tallies[EVERYWHERE, slot, ""] += bounces
        told = json.dumps([(*key, bounces) for key, bounces in tallies.items()])
        counts: Counter[tuple[int, str]] = Counter()
        for mailbox_provider, slot, bounces in raw.execute(self._sql("spike_tally"), {"tallies": told}):
            if mailbox_provider != EVERYWHERE:
                counts[slot, mailbox_provider] += bounces
        self._going_on = self._spikes_going_on(raw, min(slot for slot, _ in counts))
        places = sorted(counts.items())
        return [(name, slot) for (slot, name), bounces in places if bounces >= self._least or name in self._going_on]

    def _spikes_going_on(self, raw: sqlite3.Connection, slot: int) -> dict[str, list[tuple[str, int]]]:
        """By operator, the kinds of its spikes that may go on in a slot or later, and their last slots."""
        found: dict[str, list[tuple[str, int]]] = {}
        for mailbox_provider, fingerprint, last in raw.execute(self._sql("spike_on"), {"slot": slot, "reach": REACH}):
            found.setdefault(mailbox_provider, []).append((fingerprint, last))
        return found

    def _judge(self, raw: sqlite3.Connection, mailbox_provider: str, slot: int) -> Mapping[str, Spike]:
        settings = self._settings
        after = slot - int(settings.window) // SLOT_SECONDS
        going_on = {
            fingerprint for fingerprint, last in self._going_on.get(mailbox_provider, ()) if last >= slot - REACH
        }
        own = self._slots(raw, mailbox_provider, slot - settings.looks_back, slot)
        if not going_on and sum(tally.bounces for tally in own if tally.slot > after) < settings.minimum:
            return {}
        if slot not in self._lately:
            self._lately[slot] = self._slots(raw, EVERYWHERE, slot - settings.looks_back, slot)
        return find_spikes(
            self._usual_of(raw, mailbox_provider, after), own, self._lately[slot], slot, settings, going_on
        )

    def _usual_of(self, raw: sqlite3.Connection, mailbox_provider: str, slot: int) -> Baseline:
        upto = slot // _RELEARNT * _RELEARNT
        key = mailbox_provider, upto
        if key not in self._usual:
            if len(self._usual) >= _REMEMBERED:
                self._usual.clear()
            after = upto - int(self._settings.history) // SLOT_SECONDS
            own = self._slots(raw, mailbox_provider, after, upto)
            self._usual[key] = build_baseline(own, self._everywhere(raw, after, upto), self._settings)
        return self._usual[key]

    def _everywhere(self, raw: sqlite3.Connection, after: int, upto: int) -> list[SlotCount]:
        """The history of all operators together, which is the same for each of them."""
        if self._all[0] != upto:
            self._all = upto, self._slots(raw, EVERYWHERE, after, upto)
        return self._all[1]

    def _slots(self, raw: sqlite3.Connection, mailbox_provider: str, after: int, upto: int) -> list[SlotCount]:
        values = {"mailbox_provider": mailbox_provider, "after": after, "upto": upto}
        return [SlotCount._make(row) for row in raw.execute(self._sql("spike_slots"), values)]

    def _keep_back(self, raw: sqlite3.Connection, found: DetectedSpike, newest: int, now: float) -> bool:
        """Hold what belongs to a spike, unless a person has released it; whether it was not known before."""
        values = {
            "mailbox_provider": found.mailbox_provider,
            "fingerprint": found.fingerprint,
            "slot": found.slot,
            "reach": REACH,
        }
        near = raw.execute(self._sql("spike_near"), values).fetchone()
        values |= {"since_slot": found.spike.since_slot, "now": now, "example": found.example}
        values |= {"bounces": found.spike.bounces, "expected": found.spike.expected}
        if near is None or near[3] == "discarded":  # what follows a discarded spike is as doubtful as that was
            number = raw.execute(self._sql("spike_open"), values).lastrowid or 0
            newest, is_new = max(0, newest - _LATELY), True
        else:
            number, is_new = near[0], False
            raw.execute(self._sql("spike_extend"), {**values, "id": number})
        if is_new or near[3] is None:
            self._hold(raw, number, found, newest)
        return is_new

    def _hold(self, raw: sqlite3.Connection, number: int, found: DetectedSpike, newest: int) -> None:
        values = {
            "kind": fingerprint_hash(found.mailbox_provider, found.fingerprint),
            "newest": newest,
            "since": found.spike.since_slot * SLOT_SECONDS,
            "until": (found.slot + 1) * SLOT_SECONDS,
        }
        rows = raw.execute(self._sql("spike_found"), values).fetchall()
        raw.execute(self._sql("spike_hold"), {"spike": number, "found": json.dumps([row[0] for row in rows])})
        count_held(self._connection, raw, found.mailbox_provider, found.fingerprint, [row[1] for row in rows], 1)
        self._lately.clear()  # what is held here explains nothing elsewhere

    def _sql(self, name: str) -> str:
        return self._connection.sql(name)


def count_held(  # noqa: PLR0913, PLR0917  # one statement's values
    connection: Connection,
    raw: sqlite3.Connection,
    mailbox_provider: str,
    fingerprint: str,
    times: Iterable[float],
    sign: int,
) -> None:
    """Count bounces of these times as held, or (with -1) no longer, so that they are no evidence of what is usual."""
    slots = Counter(int(at) // SLOT_SECONDS for at in times)
    statement = connection.sql("spike_held")
    for name, kind in ((mailbox_provider, fingerprint), (EVERYWHERE, "")):
        rows = [
            {"mailbox_provider": name, "fingerprint": kind, "slot": slot, "held": sign * held}
            for slot, held in slots.items()
        ]
        raw.executemany(statement, rows)


@lru_cache(maxsize=4096)
def _slot(at: datetime | None) -> int | None:
    """By the record's own time; None where it has none."""
    return epoch(at) // SLOT_SECONDS if at else None


def _example(new: QueueBatch[QueuedSuppression], mailbox_provider: str, fingerprint: str) -> str:
    """The diagnostic of one of them."""
    pairs = zip(new.column("fingerprint"), new.column("diagnostic"), strict=True)
    return str(
        next((text for fingerprint, text in pairs if fingerprint == (mailbox_provider, fingerprint)), fingerprint)
    )[:_EXAMPLE]
