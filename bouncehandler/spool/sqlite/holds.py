"""Held spikes: their lists, and the decisions about them."""

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict

from bouncehandler.spikes.detector import SLOT_SECONDS
from bouncehandler.spool.admin import HeldSpike, Selection
from bouncehandler.spool.sqlite.codec import sanitize_text, suppression_of
from bouncehandler.spool.sqlite.connection import SpoolPart
from bouncehandler.spool.sqlite.notifications import enqueue_notices
from bouncehandler.spool.sqlite.retention import delete_in_groups
from bouncehandler.spool.sqlite.spikes import count_held
from bouncehandler.suppression import Suppression

_PAGE = 500
"""Suppressions that are dealt with in one transaction: the pipe waits for none of them long."""

_LONG, _SHORT = 35 * 86_400 // SLOT_SECONDS, 2 * 86_400 // SLOT_SECONDS
"""Slots for which counts are kept: longer than any baseline; and small ones, of small mailbox providers."""
_SMALL = 3
"""Bounces in a slot that hardly matter for the baseline, of mailbox providers that are a company's own."""


class SqliteHolds(SpoolPart):
    """Held spikes."""

    def spikes(self, selection: Selection) -> list[HeldSpike]:
        values = {
            "slot_seconds": SLOT_SECONDS,
            "spike": selection.spike,
            "mailbox_provider": selection.mailbox_provider,
        }
        return [HeldSpike(*row) for row in self._connection.rows("held_spikes", values)]

    def on_hold(self, selection: Selection) -> Iterator[tuple[HeldSpike, Suppression]]:
        for spike in self.spikes(selection):
            for found in self._pages(selection, spike):
                for row in self._connection.rows("held_suppressions", {"found": json.dumps(found)}):
                    yield spike, suppression_of(row)

    def decide_held(self, selection: Selection, *, is_released: bool, asked_by: str) -> int:
        verdict = "released" if is_released else "discarded"
        event = {"provider": "", "event": verdict, "asked_by": sanitize_text(asked_by), "now": self._clock()}
        count = 0
        for spike in self.spikes(selection):
            for found in self._pages(selection, spike):
                with self._connection.writing() as raw:
                    self._decide_page(raw, spike, found, event)
                count += len(found)
            if _is_whole(selection):
                with self._connection.writing() as raw:
                    raw.execute(self._connection.sql("spike_verdict"), {"id": spike.id, "verdict": verdict})
        return count

    def remind(self, older_than: float) -> int:
        now = self._clock()
        due = [one for one in self.spikes(Selection()) if one.held and one.notified_at < now - older_than]
        for spike in due:
            with self._connection.writing() as raw:
                raw.execute(self._connection.sql("spike_notified"), {"id": spike.id, "now": now})
                if "spike" in self._notices:
                    enqueue_notices(self._connection, raw, [("spike", _about_spike(spike))], now)
        return len(due)

    def prune_spikes(self, rest: Callable[[], bool] = lambda: False) -> int:
        bounds = {"keep": _LONG, "keep_small": _SHORT, "small": _SMALL}
        return delete_in_groups(self._connection, "prune_hard_bounces", bounds, rest)

    def _pages(self, selection: Selection, spike: HeldSpike) -> Iterator[Sequence[int]]:
        after = 0
        values = {**asdict(selection), "spike": spike.id, "limit": _PAGE}
        while found := [row[0] for row in self._connection.rows("held_page", {**values, "after": after})]:
            yield found
            after = found[-1]

    def _decide_page(
        self, raw: sqlite3.Connection, spike: HeldSpike, found: Sequence[int], event: Mapping[str, object]
    ) -> None:
        sql, now = self._connection.sql, event["now"]
        numbers = {"found": json.dumps(found), "now": now}
        raw.execute(sql("held_release" if event["event"] == "released" else "held_discard"), numbers)
        detail = f"spike {spike.id} at {spike.mailbox_provider}"
        raw.executemany(sql("insert_event"), [{**event, "suppression": number, "detail": detail} for number in found])
        if event["event"] == "discarded":
            raw.executemany(sql("undo_suppression"), [{"id": number, "now": now} for number in found])
        else:
            times = [row[0] for row in raw.execute(sql("held_times"), numbers)]
            count_held(self._connection, raw, spike.mailbox_provider, spike.fingerprint, times, -1)


def _is_whole(selection: Selection) -> bool:
    """Whether whole spikes are selected, so that later bounces of them are decided likewise."""
    part = (selection.recipient, selection.domain, selection.match, selection.since, selection.until)
    return part == (None,) * len(part)


def _about_spike(spike: HeldSpike) -> dict[str, str]:
    """The values of a notice about a spike."""
    return {
        "spike": str(spike.id),
        "mailbox_provider": spike.mailbox_provider,
        "bounces": str(spike.bounces),
        "expected": f"{spike.expected:.0f}",
        "held": str(spike.held),
        "diagnostic": spike.example,
    }
