"""Held spikes: their lists, and the decisions about them."""

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from typing import NamedTuple

from bouncehandler.spikes import SLOT_SECONDS
from bouncehandler.spool.admin import HeldSpike, Selection
from bouncehandler.spool.sqlite.codec import sanitize_text, suppression_of
from bouncehandler.spool.sqlite.connection import Connection, Row
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

_EVENTS = {"released": "held_release", "discarded": "held_discard"}


class HoldDecision(NamedTuple):
    """Arguments of `Spool.decide_held`."""

    verdict: str
    """`released` or `discarded`."""
    asked_by: str
    now: float


def held_spikes(connection: Connection, selection: Selection) -> list[HeldSpike]:
    """See `Spool.spikes`."""
    values = {"spike": selection.spike, "mailbox_provider": selection.mailbox_provider}
    return [_spike(row) for row in connection.rows("held_spikes", values)]


def _spike(row: Row) -> HeldSpike:
    (
        number,
        mailbox_provider,
        fingerprint,
        since_slot,
        last_slot,
        opened_at,
        notified_at,
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
        notified_at=notified_at,
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
            for row in connection.rows("held_suppressions", {"found": json.dumps(found)}):
                yield spike, suppression_of(row)


def _pages(connection: Connection, selection: Selection, spike: HeldSpike) -> Iterator[Sequence[int]]:
    after = 0
    values = {**asdict(selection), "spike": spike.id, "limit": _PAGE}
    while found := [row[0] for row in connection.rows("held_page", {**values, "after": after})]:
        yield found
        after = found[-1]


def decide(connection: Connection, selection: Selection, decision: HoldDecision) -> int:
    """See `Spool.decide_held`."""
    count = 0
    for spike in held_spikes(connection, selection):
        for found in _pages(connection, selection, spike):
            with connection.writing() as raw:
                _decide_page(connection, raw, spike, found, decision)
            count += len(found)
        if is_whole(selection):
            with connection.writing() as raw:
                raw.execute(connection.sql("spike_verdict"), {"id": spike.id, "verdict": decision.verdict})
    return count


def is_whole(selection: Selection) -> bool:
    """Whether whole spikes are selected, so that later bounces of them are decided likewise."""
    part = (selection.recipient, selection.domain, selection.match, selection.since, selection.until)
    return part == (None,) * len(part)


def _decide_page(
    connection: Connection, raw: sqlite3.Connection, spike: HeldSpike, found: Sequence[int], decision: HoldDecision
) -> None:
    sql = connection.sql
    numbers = {"found": json.dumps(found), "now": decision.now}
    raw.execute(sql(_EVENTS[decision.verdict]), numbers)
    values = {
        "provider": "",
        "event": decision.verdict,
        "asked_by": sanitize_text(decision.asked_by),
        "now": decision.now,
    }
    detail = f"spike {spike.id} at {spike.mailbox_provider}"
    raw.executemany(sql("insert_event"), [{**values, "suppression": number, "detail": detail} for number in found])
    if decision.verdict == "discarded":
        raw.executemany(sql("undo_suppression"), [{"id": number, "now": decision.now} for number in found])
    else:
        times = [row[0] for row in raw.execute(sql("held_times"), numbers)]
        count_held(connection, raw, spike.mailbox_provider, spike.fingerprint, times, -1)


def remind(connection: Connection, before: float, now: float, *, is_notified: bool) -> int:
    """See `Spool.remind`."""
    due = [spike for spike in held_spikes(connection, Selection()) if spike.held and spike.notified_at < before]
    for spike in due:
        with connection.writing() as raw:
            raw.execute(connection.sql("spike_notified"), {"id": spike.id, "now": now})
            if is_notified:
                enqueue_notices(connection, raw, [("spike", about_spike(spike))], now)
    return len(due)


def about_spike(spike: HeldSpike) -> dict[str, str]:
    """The values of a notice about a spike."""
    return {
        "spike": str(spike.id),
        "mailbox_provider": spike.mailbox_provider,
        "bounces": str(spike.bounces),
        "expected": f"{spike.expected:.0f}",
        "held": str(spike.held),
        "diagnostic": spike.example,
    }


def prune_hard_bounces(connection: Connection, rest: Callable[[], bool]) -> int:
    """See `Spool.prune_spikes`."""
    bounds = {"keep": _LONG, "keep_small": _SHORT, "small": _SMALL}
    return delete_in_groups(connection, "prune_hard_bounces", bounds, rest)
