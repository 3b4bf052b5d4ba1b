"""Waves that are held: what they hold, and how a person, or time, decides about them."""

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from typing import NamedTuple

from bouncehandler.spool.connection import Connection, Row
from bouncehandler.spool.notices import tell
from bouncehandler.spool.review import HeldWave, Selection
from bouncehandler.spool.rows import storable, suppression_of
from bouncehandler.spool.watching import count_held
from bouncehandler.suppression import Suppression
from bouncehandler.waves import SLOT

_PAGE = 500
"""Suppressions that are dealt with in one transaction: the pipe waits for none of them long."""

_LONG, _SHORT = 35 * 86_400 // SLOT, 2 * 86_400 // SLOT
"""Slots for which tallies are kept: longer than any history that is looked at; and small ones, of small operators."""
_SMALL = 3
"""Bounces in a slot that do not matter for what is usual, of the many operators that are a company's own."""

_EVENTS = {"released": "wave_release", "discarded": "wave_discard"}


class Deciding(NamedTuple):
    """What becomes of held suppressions, and who wants it."""

    verdict: str
    """`released` or `discarded`."""
    asked_by: str
    now: float


def held_waves(connection: Connection, selection: Selection) -> list[HeldWave]:
    """See `Spool.waves`."""
    values = {"wave": selection.wave, "operator": selection.operator}
    return [_wave(row) for row in connection.rows("waves", values)]


def _wave(row: Row) -> HeldWave:
    number, operator, shape, since_slot, last_slot, opened_at, told_at, bounces, expected, example, verdict, held = row
    return HeldWave(
        id=number,
        operator=operator,
        shape=shape,
        since=since_slot * SLOT,
        until=(last_slot + 1) * SLOT,
        noticed_at=opened_at,
        told_at=told_at,
        bounces=bounces,
        expected=expected,
        example=example,
        verdict=verdict or "",
        held=held,
    )


def on_hold(connection: Connection, selection: Selection) -> Iterator[tuple[HeldWave, Suppression]]:
    """See `Spool.on_hold`."""
    for wave in held_waves(connection, selection):
        for found in _pages(connection, selection, wave):
            for row in connection.rows("wave_suppressions", {"found": json.dumps(found)}):
                yield wave, suppression_of(row)


def _pages(connection: Connection, selection: Selection, wave: HeldWave) -> Iterator[Sequence[int]]:
    after = 0
    values = {**asdict(selection), "wave": wave.id, "most": _PAGE}
    while found := [row[0] for row in connection.rows("wave_page", {**values, "after": after})]:
        yield found
        after = found[-1]


def decide(connection: Connection, selection: Selection, deciding: Deciding) -> int:
    """See `Spool.decide_held`."""
    count = 0
    for wave in held_waves(connection, selection):
        for found in _pages(connection, selection, wave):
            with connection.writing() as raw:
                _decide_some(connection, raw, wave, found, deciding)
            count += len(found)
        if is_whole(selection):
            with connection.writing() as raw:
                raw.execute(connection.sql("wave_verdict"), {"id": wave.id, "verdict": deciding.verdict})
    return count


def is_whole(selection: Selection) -> bool:
    """Whether whole waves are meant, so that what still comes of them is decided like the rest."""
    part = (selection.recipient, selection.domain, selection.match, selection.since, selection.until)
    return part == (None,) * len(part)


def _decide_some(
    connection: Connection, raw: sqlite3.Connection, wave: HeldWave, found: Sequence[int], deciding: Deciding
) -> None:
    sql = connection.sql
    numbers = {"found": json.dumps(found), "now": deciding.now}
    raw.execute(sql(_EVENTS[deciding.verdict]), numbers)
    values = {"provider": "", "event": deciding.verdict, "asked_by": storable(deciding.asked_by), "now": deciding.now}
    detail = f"wave {wave.id} at {wave.operator}"
    raw.executemany(sql("event"), [{**values, "suppression": number, "detail": detail} for number in found])
    if deciding.verdict == "discarded":
        raw.executemany(sql("undo_suppression"), [{"id": number, "now": deciding.now} for number in found])
    else:
        times = [row[0] for row in raw.execute(sql("wave_times"), numbers)]
        count_held(connection, raw, wave.operator, wave.shape, times, -1)


def remind(connection: Connection, before: float, now: float, *, is_told: bool) -> int:
    """See `Spool.remind`; returns how many waves were told of again."""
    due = [wave for wave in held_waves(connection, Selection()) if wave.held and wave.told_at < before]
    for wave in due:
        with connection.writing() as raw:
            raw.execute(connection.sql("wave_told"), {"id": wave.id, "now": now})
            if is_told:
                tell(connection, raw, [("wave", about_wave(wave))], now)
    return len(due)


def about_wave(wave: HeldWave) -> dict[str, str]:
    """What a notice says of a wave."""
    return {
        "wave": str(wave.id),
        "operator": wave.operator,
        "bounces": str(wave.bounces),
        "expected": f"{wave.expected:.0f}",
        "held": str(wave.held),
        "diagnostic": wave.example,
    }


def prune_tallies(connection: Connection, rest: Callable[[], bool]) -> int:
    """See `Spool.prune_waves`."""
    values = {"long": _LONG, "short": _SHORT, "small": _SMALL}
    pruned, deleted = 0, _PAGE
    while deleted == _PAGE and not rest():
        with connection.writing() as raw:
            deleted = raw.execute(connection.sql("wave_prune"), {**values, "most": _PAGE}).rowcount
        pruned += deleted
    return pruned
