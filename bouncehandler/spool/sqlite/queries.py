"""What is read from a spool: its numbers, its suppressions, its dead letters; every read is short."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from itertools import islice

from bouncehandler.spool import Counts, DeadLetter, ProviderState, Selection, Status
from bouncehandler.spool.sqlite.codec import suppression_of
from bouncehandler.spool.sqlite.connection import Connection, Row
from bouncehandler.suppression import Suppression

PAGE = 1000
"""Rows that one read looks at. Under a rollback journal a read that goes on and on keeps every writer waiting."""


def states(connection: Connection, provider: str | None = None) -> dict[str, ProviderState]:
    """The held providers, or the one that is named if it is held."""
    rows = connection.rows("held", {"provider": provider})
    return _states(rows)


def _states(rows: list[Row]) -> dict[str, ProviderState]:
    return {
        name: ProviderState(held=True, reason=reason, since=since, probe_at=probe_at)
        for name, reason, since, probe_at in rows
    }


def status(connection: Connection) -> Status:
    """See `Spool.status`."""
    names = ("suppressions", "pruned", "waiting", "held", "dead", "done", "notices")
    with connection.reading() as raw:
        rows = {name: raw.execute(connection.sql(f"status_{name}")).fetchall() for name in names}
        held = raw.execute(connection.sql("held"), {"provider": None}).fetchall()
        oldest = min((row[-1] for row in [*(r[:4] for r in rows["waiting"]), *rows["held"]]), default=None)
        firsts = {row[0]: row[3] for row in rows["waiting"]}
        ages = {name: raw.execute(connection.sql("recorded_at"), {"id": first}) for name, first in firsts.items()}
        oldest_at = {name: age.fetchone()[0] for name, age in ages.items()}
        asked = raw.execute(connection.sql("status_asked"), {"oldest": json.dumps([*firsts.values()])}).fetchone()
        pending_at = raw.execute(connection.sql("recorded_at"), {"id": oldest}).fetchone() if oldest else None
    newest, recorded_at = rows["suppressions"][0] if rows["suppressions"] else (0, None)
    providers = _counts(rows)
    return Status(
        suppressions=max(0, newest - rows["pruned"][0][0]),
        dispatches=_sum(providers),
        providers=providers,
        states=_states(held),
        oldest_pending_at=pending_at and pending_at[0],
        oldest_at=oldest_at,
        oldest_asked_at=asked and asked[0],
        next_due_at={row[0]: row[4] for row in rows["waiting"]},
        last_recorded_at=recorded_at,
        notices=rows["notices"][0][0],
    )


def _counts(rows: dict[str, list[Row]]) -> dict[str, Counts]:
    names = {row[0] for name in ("waiting", "held", "dead", "done") for row in rows[name]}
    counts = {name: Counts() for name in sorted(names)}
    for name, number, claimed, *_ in rows["waiting"]:
        counts[name].pending, counts[name].claimed = number - claimed, claimed
    for state in ("held", "dead", "done"):
        for name, number, *_ in rows[state]:
            setattr(counts[name], state, number)
    return counts


def _sum(counts: dict[str, Counts]) -> Counts:
    return Counts(*map(sum, zip(*(asdict(count).values() for count in counts.values()), strict=True)))


def suppressions(connection: Connection, selection: Selection) -> Iterator[Suppression]:
    """See `Spool.suppressions`."""
    pages = _pages_of_recipient if selection.recipient is not None else _pages_of_all
    left = selection.limit
    for page in pages(connection, selection):
        for row in page[:left]:
            yield suppression_of(row)
        if left is not None:
            left -= min(left, len(page))
            if not left:
                return


def _pages_of_all(connection: Connection, selection: Selection) -> Iterator[list[Row]]:
    newest = connection.rows("newest_suppression")[0][0]
    oldest = connection.rows("oldest_suppression")[0][0]  # what was pruned before it need not be paged through
    for after in range(oldest - 1, newest, PAGE):
        window = {"after": after, "upto": min(after + PAGE, newest)}
        yield connection.rows("suppressions", {**asdict(selection), **window})


def _pages_of_recipient(connection: Connection, selection: Selection) -> Iterator[list[Row]]:
    after = 0
    while page := connection.rows("suppressions_of_recipient", {**asdict(selection), "after": after, "most": PAGE}):
        yield page
        after = page[-1][-1]


def dead_letters(connection: Connection, selection: Selection) -> Iterator[DeadLetter]:
    """See `Spool.dead_letters`."""
    return _letters(connection, selection, "dead_letters", "dead_letters_page")


def dropped(connection: Connection, selection: Selection) -> Iterator[DeadLetter]:
    """See `Spool.dropped`."""
    return _letters(connection, selection, "dropped", "dropped_page")


def _letters(connection: Connection, selection: Selection, statement: str, pages: str) -> Iterator[DeadLetter]:
    error = (selection.error or "").casefold()  # SQLite knows the case of ASCII alone
    found = (
        DeadLetter(number, provider, suppression_of(tuple(fields)), attempts, died_at, answer, note)
        for page in _pages_of_letters(connection, selection, statement, pages)
        for number, provider, attempts, died_at, answer, note, *fields in page
        if error in answer.casefold()
    )
    return islice(found, selection.limit)


def _pages_of_letters(connection: Connection, selection: Selection, statement: str, pages: str) -> Iterator[list[Row]]:
    after = 0
    while upto := connection.rows(pages, {"after": after, "most": PAGE})[0][0]:
        yield connection.rows(statement, {**asdict(selection), "after": after, "upto": upto})
        after = upto
