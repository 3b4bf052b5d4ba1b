"""Queue of notices to the postmaster: enqueue, claim, settle, postpone; and of reports by mail."""

import json
import sqlite3
from collections.abc import Iterable, Mapping

from bouncehandler.spool import Notice, NoticeBatch, QueuedSuppression
from bouncehandler.spool.sqlite.codec import sanitize_text
from bouncehandler.spool.sqlite.connection import Connection, SpoolPart
from bouncehandler.spool.sqlite.retention import delete_in_groups

MAX_VALUE = 1000
"""Characters of a value that are kept: subjects and header lines are hostile, and of any length."""

MAX_NAME = 100
"""Characters of a value's name that are kept: some names are headers'."""

MAX_WAIT = 3600.0
"""Seconds that a claim, or a wait after a failure, may last: a later time was written before the clock was
set back, and would keep every process waiting for as long as it was set back."""

REPORT = "report"
"""The kind of notice that stands for a report by mail."""

About = Mapping[str, str]


class SqliteNoticeQueue(SpoolPart):
    """Queue of notices and reports."""

    def enqueue_notice(self, kind: str, about: About) -> None:
        if kind in self._notices:
            with self._connection.writing() as raw:
                enqueue_notices(self._connection, raw, [(kind, about)], self._clock())

    def queue_report(self, since: float, until: float) -> bool:
        now = self._clock()
        values = {"until": until, "now": now}
        if not self._connection.rows("report_due", values):  # looked up without the lock for writing
            return False
        with self._connection.writing() as raw:
            if not raw.execute(self._connection.sql("report_enqueue"), values).rowcount:
                return False
            enqueue_notices(self._connection, raw, [(REPORT, {"since": repr(since), "until": repr(until)})], now)
        return True

    def claim_notices(self, *, every: float, lease_for: float) -> NoticeBatch | None:
        if not 0 < lease_for <= MAX_WAIT:
            raise ValueError(f"a claim lasts at most {MAX_WAIT:g} seconds, and at least some: {lease_for:g}")
        now, claim = self._clock(), self._new_token()
        values: dict[str, object] = {"now": now, "every": every, "longest": MAX_WAIT}
        if not self._connection.rows("notices_due", values):  # looked up without the lock for writing
            return None
        with self._connection.writing() as raw:
            newest = raw.execute(self._connection.sql("notices_due"), values).fetchone()
            if newest is None:
                return None
            raw.execute(self._connection.sql("notices_claim"), {"claim": claim, "until": now + lease_for})
        return NoticeBatch(claim, newest[0])

    def notices(self, batch: NoticeBatch, *, after: int, limit: int) -> list[Notice]:
        rows = self._connection.rows("notices_read", {"after": after, "through": batch.through, "limit": limit})
        return [Notice(number, kind, at, json.loads(about)) for number, kind, at, about in rows]

    def settle_notices(self, batch: NoticeBatch, *, through: int) -> None:
        values = {"claim": batch.claim, "through": min(through, batch.through), "now": self._clock()}
        with self._connection.writing() as raw:
            if not raw.execute(self._connection.sql("notices_sent"), values).rowcount:
                return
            if through >= batch.through:
                raw.execute(self._connection.sql("notices_all_sent"), values)
        delete_in_groups(self._connection, "notices_delete", {}, rest=lambda: False)

    def postpone_notices(self, batch: NoticeBatch, pause_for: float) -> None:
        with self._connection.writing() as raw:
            raw.execute(
                self._connection.sql("notices_postpone"), {"claim": batch.claim, "until": self._clock() + pause_for}
            )


def about_suppression(entry: QueuedSuppression) -> dict[str, str]:
    """The values of a notice about a complaint or an unsubscribe request."""
    suppression = entry.suppression
    at = suppression.occurred_at
    values = {
        "person": suppression.subject,
        "rule": suppression.rule,
        "category": suppression.category,
        "occurred_at": at.isoformat() if at else "",
        "originator": suppression.originator,
        "job_id": suppression.job_id,
        "campaign_id": suppression.campaign_id,
        "diagnostic": suppression.diagnostic,
    }
    return {name: value for name, value in [*values.items(), *entry.evidence] if value}


def enqueue_notices(
    connection: Connection, raw: sqlite3.Connection, notices: Iterable[tuple[str, About]], now: float
) -> None:
    """Queue notices within a transaction that has begun."""
    rows = [{"kind": kind, "now": now, "about": _as_json(about)} for kind, about in notices]
    if rows:
        raw.executemany(connection.sql("notice_insert"), rows)


def _as_json(about: About) -> str:
    return json.dumps(
        {sanitize_text(name[:MAX_NAME]): sanitize_text(value[:MAX_VALUE]) for name, value in about.items()}
    )
