"""The spool in numbers: dispatches by state and provider, all read in one short transaction."""

import json
from dataclasses import asdict

from bouncehandler.spool.models import Counts, Status
from bouncehandler.spool.sqlite.connection import Row, SpoolPart
from bouncehandler.spool.sqlite.providers import provider_states

_QUERIES = {
    "suppressions": "status_suppressions",
    "pruned": "status_pruned",
    "waiting": "status_waiting",
    "held": "status_held",
    "dead": "status_dead",
    "done": "status_done",
    "notices": "status_notices",
}


class SqliteStatus(SpoolPart):
    """The spool in numbers."""

    def status(self) -> Status:
        sql = self._connection.sql
        with self._connection.reading() as raw:
            rows = {name: raw.execute(sql(query)).fetchall() for name, query in _QUERIES.items()}
            held = raw.execute(sql("provider_held"), {"provider": None}).fetchall()
            oldest = min((row[-1] for row in [*(r[:4] for r in rows["waiting"]), *rows["held"]]), default=None)
            firsts = {row[0]: row[3] for row in rows["waiting"]}
            ages = {name: raw.execute(sql("dispatch_recorded_at"), {"id": first}) for name, first in firsts.items()}
            oldest_at = {name: age.fetchone()[0] for name, age in ages.items()}
            asked = raw.execute(sql("status_requested_at"), {"oldest": json.dumps([*firsts.values()])}).fetchone()
            pending_at = raw.execute(sql("dispatch_recorded_at"), {"id": oldest}).fetchone() if oldest else None
        newest, recorded_at = rows["suppressions"][0] if rows["suppressions"] else (0, None)
        providers = _counts(rows)
        return Status(
            suppressions=max(0, newest - rows["pruned"][0][0]),
            dispatches=_sum(providers),
            providers=providers,
            states=provider_states(held),
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
