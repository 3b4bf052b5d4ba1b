"""Spikes that are held: what they hold, and how a person, or time, decides about them."""

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from typing import NamedTuple

from bouncehandler.spikes import SLOT_SECONDS
from bouncehandler.spool.admin import HeldSpike, Selection
from bouncehandler.spool.sqlite.codec import sanitize_text, suppression_of
from bouncehandler.spool.sqlite.connection import Connection, Row
from bouncehandler.spool.sqlite.notifications import enqueue_notice
from bouncehandler.spool.sqlite.spikes import count_held
from bouncehandler.suppression import Suppression

_PAGE = 500
"""Suppressions that are dealt with in one transaction: the pipe waits for none of them long."""

_LONG, _SHORT = 35 * 86_400 // SLOT_SECONDS, 2 * 86_400 // SLOT_SECONDS
"""Slots for which tallies are kept: longer than any history that is looked at; and small ones, of small operators."""
_SMALL = 3
"""Bounces in a slot that do not matter for what is usual, of the many operators that are a company's own."""

_EVENTS = {"released": "spike_release", "discarded": "spike_discard"}


class HoldDecision(NamedTuple):
    """What becomes of held suppressions, and who wants it."""

    verdict: str
    """`released` or `discarded`."""
    asked_by: str
    now: float


def held_spikes(connection: Connection, selection: Selection) -> list[HeldSpike]:
    """See `Spool.spikes`."""
    values = {"spike": selection.spike, "mailbox_provider": selection.mailbox_provider}
    return [_spike(row) for row in connection.rows("spikes", values)]


def _spike(row: Row) -> HeldSpike:
    (
        number,
        mailbox_provider,
        fingerprint,
        since_slot,
        last_slot,
        opened_at,
        told_at,
        bounces,
        expected,
        example,
        verdict,
        held,
    ) = row
    return HeldSpike(
        id=number,
        mailbox_provider=mailbox_provider,
        fingerprint=fingerprint,
        since=since_slot * SLOT_SECONDS,
        until=(last_slot + 1) * SLOT_SECONDS,
        noticed_at=opened_at,
        told_at=told_at,
        bounces=bounces,
        expected=expected,
        example=example,
        verdict=verdict or "",
        held=held,
    )


def on_hold(connection: Connection, selection: Selection) -> Iterator[tuple[HeldSpike, Suppression]]:
    """See `Spool.on_hold`."""
    for spike in held_spikes(connection, selection):
        for found in _pages(connection, selection, spike):
            for row in connection.rows("spike_suppressions", {"found": json.dumps(found)}):
                yield spike, suppression_of(row)


def _pages(connection: Connection, selection: Selection, spike: HeldSpike) -> Iterator[Sequence[int]]:
    after = 0
    values = {**asdict(selection), "spike": spike.id, "most": _PAGE}
    while found := [row[0] for row in connection.rows("spike_page", {**values, "after": after})]:
        yield found
        after = found[-1]


def decide(connection: Connection, selection: Selection, deciding: HoldDecision) -> int:
    """See `Spool.decide_held`."""
    count = 0
    for spike in held_spikes(connection, selection):
        for found in _pages(connection, selection, spike):
            with connection.writing() as raw:
                _decide_some(connection, raw, spike, found, deciding)
            count += len(found)
        if is_whole(selection):
            with connection.writing() as raw:
                raw.execute(connection.sql("spike_verdict"), {"id": spike.id, "verdict": deciding.verdict})
    return count


def is_whole(selection: Selection) -> bool:
    """Whether whole spikes are meant, so that what still comes of them is decided like the rest."""
    part = (selection.recipient, selection.domain, selection.match, selection.since, selection.until)
    return part == (None,) * len(part)


def _decide_some(
    connection: Connection, raw: sqlite3.Connection, spike: HeldSpike, found: Sequence[int], deciding: HoldDecision
) -> None:
    sql = connection.sql
    numbers = {"found": json.dumps(found), "now": deciding.now}
    raw.execute(sql(_EVENTS[deciding.verdict]), numbers)
    values = {
        "provider": "",
        "event": deciding.verdict,
        "asked_by": sanitize_text(deciding.asked_by),
        "now": deciding.now,
    }
    detail = f"spike {spike.id} at {spike.mailbox_provider}"
    raw.executemany(sql("event"), [{**values, "suppression": number, "detail": detail} for number in found])
    if deciding.verdict == "discarded":
        raw.executemany(sql("undo_suppression"), [{"id": number, "now": deciding.now} for number in found])
    else:
        times = [row[0] for row in raw.execute(sql("spike_times"), numbers)]
        count_held(connection, raw, spike.mailbox_provider, spike.fingerprint, times, -1)


def remind(connection: Connection, before: float, now: float, *, is_told: bool) -> int:
    """See `Spool.remind`; returns how many spikes were told of again."""
    due = [spike for spike in held_spikes(connection, Selection()) if spike.held and spike.told_at < before]
    for spike in due:
        with connection.writing() as raw:
            raw.execute(connection.sql("spike_told"), {"id": spike.id, "now": now})
            if is_told:
                enqueue_notice(connection, raw, [("spike", about_spike(spike))], now)
    return len(due)


def about_spike(spike: HeldSpike) -> dict[str, str]:
    """What a notice says of a spike."""
    return {
        "spike": str(spike.id),
        "mailbox_provider": spike.mailbox_provider,
        "bounces": str(spike.bounces),
        "expected": f"{spike.expected:.0f}",
        "held": str(spike.held),
        "diagnostic": spike.example,
    }


def prune_tallies(connection: Connection, rest: Callable[[], bool]) -> int:
    """See `Spool.prune_spikes`."""
    values = {"long": _LONG, "short": _SHORT, "small": _SMALL}
    pruned, deleted = 0, _PAGE
    while deleted == _PAGE and not rest():
        with connection.writing() as raw:
            deleted = raw.execute(connection.sql("spike_prune"), {**values, "most": _PAGE}).rowcount
        pruned += deleted
    return pruned
