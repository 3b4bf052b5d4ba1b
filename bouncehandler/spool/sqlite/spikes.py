"""Spike detection: finds spikes among recorded hard bounces, and holds their members, within the same transaction."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from bouncehandler.record import epoch
from bouncehandler.spikes.detector import (
    SLOT_SECONDS,
    Baseline,
    SlotCount,
    Spike,
    SpikeSettings,
    build_baseline,
    find_spikes,
)
from bouncehandler.spool.models import QueuedSuppression
from bouncehandler.spool.queue_batch import QueueBatch
from bouncehandler.spool.sqlite.connection import Connection
from bouncehandler.spool.sqlite.hashes import fingerprint_hash

ALL = "*"
"""Stands for the sum over all mailbox providers."""

MAX_GAP = 12
"""Slots of silence after which further bounces are another spike."""

_RECENT = 100_000
"""Newest suppressions that are looked through for members of a spike that has just been detected."""
_RELEARNT = 72
"""Slots for which a baseline is kept in memory."""
_REMEMBERED = 1000
"""Baselines in memory."""
_EXAMPLE = 300
"""Characters of a diagnostic."""


class DetectedSpike(NamedTuple):
    """A spike that was detected in a slot."""

    mailbox_provider: str
    fingerprint: str
    slot: int
    spike: Spike
    example: str
    """A diagnostic: hostile text."""


def about_detected(found: DetectedSpike) -> dict[str, str]:
    """The values of a notice about a newly detected spike."""
    return {
        "mailbox_provider": found.mailbox_provider,
        "bounces": str(found.spike.bounces),
        "expected": f"{found.spike.expected:.0f}",
        "diagnostic": found.example,
    }


class SpikeDetector:
    """Detects spikes; keeps baselines in memory, beside the counts in the spool.

    Args:
        initial_delay: seconds that new hard bounces wait before they are due.
    """

    def __init__(self, connection: Connection, settings: SpikeSettings, initial_delay: float = 0.0) -> None:
        self._connection, self._settings, self._initial_delay = connection, settings, initial_delay
        self._sql = connection.sql
        self._baselines: dict[tuple[str, int], Baseline] = {}
        self._all: tuple[int, list[SlotCount]] = (-1, [])
        self._recent: dict[int, list[SlotCount]] = {}
        """The counts of all mailbox providers up to a slot, while one transaction lasts."""
        self._active: dict[str, list[tuple[str, int]]] = {}
        self._least = max(1, settings.minimum * SLOT_SECONDS // max(SLOT_SECONDS, int(settings.window)))
        """Bounces in one slot below which it is not worth looking: a spike has slots with more."""

    def detect(
        self, raw: sqlite3.Connection, new: QueueBatch[QueuedSuppression], newest: int, now: float
    ) -> list[DetectedSpike]:
        """Count new hard bounces, with ids above `newest`, and hold members of spikes; returns the new spikes."""
        latest = int(now) // SLOT_SECONDS  # a clock that is ahead makes no future
        if not any(new.column("fingerprint")):
            return []
        if self._initial_delay:
            raw.execute(self._sql("spike_delay"), {"now": now, "newest": newest, "initial_delay": self._initial_delay})
        detected = []
        self._recent.clear()
        for mailbox_provider, slot in self._candidates(raw, new, latest):
            for fingerprint, spike in self._judge(raw, mailbox_provider, slot).items():
                found = DetectedSpike(
                    mailbox_provider, fingerprint, slot, spike, _example(new, mailbox_provider, fingerprint)
                )
                if self._hold(raw, found, newest, now):
                    detected.append(found)
        return detected

    def _candidates(
        self, raw: sqlite3.Connection, new: QueueBatch[QueuedSuppression], latest: int
    ) -> list[tuple[str, int]]:
        """Count, and return the mailbox providers and slots that have many, in the order of the time."""
        tallies: Counter[tuple[str, int, str]] = Counter()
        alike = Counter(zip(new.column("fingerprint"), map(_slot, new.column("occurred_at")), strict=True))
        for (fingerprint, at), bounces in alike.items():
            if fingerprint:
                slot = latest if at is None else min(at, latest)
                tallies[fingerprint.mailbox_provider, slot, fingerprint.fingerprint] += bounces
                tallies[ALL, slot, ""] += bounces
        rows = json.dumps([(*key, bounces) for key, bounces in tallies.items()])
        counts: Counter[tuple[int, str]] = Counter()
        for mailbox_provider, slot, bounces in raw.execute(self._sql("spike_add"), {"tallies": rows}):
            if mailbox_provider != ALL:
                counts[slot, mailbox_provider] += bounces
        self._active = self._active_spikes(raw, min(slot for slot, _ in counts))
        ranked = sorted(counts.items())
        return [(name, slot) for (slot, name), bounces in ranked if bounces >= self._least or name in self._active]

    def _active_spikes(self, raw: sqlite3.Connection, slot: int) -> dict[str, list[tuple[str, int]]]:
        """Fingerprints of spikes that may go on in a slot or later, and their last slots, by mailbox provider."""
        found: dict[str, list[tuple[str, int]]] = {}
        for mailbox_provider, fingerprint, last in raw.execute(
            self._sql("spike_active"), {"slot": slot, "max_gap": MAX_GAP}
        ):
            found.setdefault(mailbox_provider, []).append((fingerprint, last))
        return found

    def _judge(self, raw: sqlite3.Connection, mailbox_provider: str, slot: int) -> Mapping[str, Spike]:
        settings = self._settings
        after = slot - int(settings.window) // SLOT_SECONDS
        active = {fingerprint for fingerprint, last in self._active.get(mailbox_provider, ()) if last >= slot - MAX_GAP}
        own = self._slots(raw, mailbox_provider, slot - settings.looks_back, slot)
        if not active and sum(tally.bounces for tally in own if tally.slot > after) < settings.minimum:
            return {}
        if slot not in self._recent:
            self._recent[slot] = self._slots(raw, ALL, slot - settings.looks_back, slot)
        return find_spikes(
            self._baseline(raw, mailbox_provider, after), own, self._recent[slot], slot, settings, active
        )

    def _baseline(self, raw: sqlite3.Connection, mailbox_provider: str, slot: int) -> Baseline:
        through = slot // _RELEARNT * _RELEARNT
        key = mailbox_provider, through
        if key not in self._baselines:
            if len(self._baselines) >= _REMEMBERED:
                self._baselines.clear()
            after = through - int(self._settings.history) // SLOT_SECONDS
            own = self._slots(raw, mailbox_provider, after, through)
            self._baselines[key] = build_baseline(own, self._all_slots(raw, after, through), self._settings)
        return self._baselines[key]

    def _all_slots(self, raw: sqlite3.Connection, after: int, through: int) -> list[SlotCount]:
        """The history of all mailbox providers together, which is the same for each of them."""
        if self._all[0] != through:
            self._all = through, self._slots(raw, ALL, after, through)
        return self._all[1]

    def _slots(self, raw: sqlite3.Connection, mailbox_provider: str, after: int, through: int) -> list[SlotCount]:
        values = {"mailbox_provider": mailbox_provider, "after": after, "through": through}
        return [SlotCount._make(row) for row in raw.execute(self._sql("spike_slots"), values)]

    def _hold(self, raw: sqlite3.Connection, found: DetectedSpike, newest: int, now: float) -> bool:
        """Hold the members of a spike, unless it was released; returns whether it is new."""
        values = {
            "mailbox_provider": found.mailbox_provider,
            "fingerprint": found.fingerprint,
            "slot": found.slot,
            "max_gap": MAX_GAP,
        }
        near = raw.execute(self._sql("spike_near"), values).fetchone()
        values |= {"since_slot": found.spike.since_slot, "now": now, "example": found.example}
        values |= {"bounces": found.spike.bounces, "expected": found.spike.expected}
        if near is None or near[3] == "discarded":  # a spike that follows a discarded one is as doubtful
            number = raw.execute(self._sql("spike_open"), values).lastrowid or 0
            newest, is_new = max(0, newest - _RECENT), True
        else:
            number, is_new = near[0], False
            raw.execute(self._sql("spike_extend"), {**values, "id": number})
        if is_new or near[3] is None:
            self._hold_members(raw, number, found, newest)
        return is_new

    def _hold_members(self, raw: sqlite3.Connection, number: int, found: DetectedSpike, newest: int) -> None:
        values = {
            "fingerprint_hash": fingerprint_hash(found.mailbox_provider, found.fingerprint),
            "newest": newest,
            "since": found.spike.since_slot * SLOT_SECONDS,
            "until": (found.slot + 1) * SLOT_SECONDS,
        }
        rows = raw.execute(self._sql("spike_members"), values).fetchall()
        raw.execute(self._sql("spike_hold"), {"spike": number, "found": json.dumps([row[0] for row in rows])})
        count_held(self._connection, raw, found.mailbox_provider, found.fingerprint, [row[1] for row in rows], 1)
        self._recent.clear()  # held bounces explain nothing elsewhere


def count_held(  # noqa: PLR0913, PLR0917  # one statement's values
    connection: Connection,
    raw: sqlite3.Connection,
    mailbox_provider: str,
    fingerprint: str,
    times: Iterable[float],
    sign: int,
) -> None:
    """Count bounces of these times as held, or (with -1) no longer, so that they are no evidence for the baseline."""
    slots = Counter(int(at) // SLOT_SECONDS for at in times)
    statement = connection.sql("spike_count_held")
    for name, kind in ((mailbox_provider, fingerprint), (ALL, "")):
        rows = [
            {"mailbox_provider": name, "fingerprint": kind, "slot": slot, "held": sign * held}
            for slot, held in slots.items()
        ]
        raw.executemany(statement, rows)


@lru_cache(maxsize=4096)
def _slot(at: datetime | None) -> int | None:
    """Slot of a record's own time; None where it has none."""
    return epoch(at) // SLOT_SECONDS if at else None


def _example(new: QueueBatch[QueuedSuppression], mailbox_provider: str, fingerprint: str) -> str:
    """The diagnostic of one of them."""
    pairs = zip(new.column("fingerprint"), new.column("diagnostic"), strict=True)
    wanted = mailbox_provider, fingerprint
    return str(next((text for one, text in pairs if one == wanted), fingerprint))[:_EXAMPLE]
