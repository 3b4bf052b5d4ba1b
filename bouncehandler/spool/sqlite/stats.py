"""Hourly counts: added up on disk, bounded, read and removed; and metric counters, which stay."""

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from operator import attrgetter

from bouncehandler.spool.models import OTHERS, HourlyCount, MetricCounter
from bouncehandler.spool.sqlite.codec import sanitize_text
from bouncehandler.spool.sqlite.connection import Connection, Row, SpoolPart
from bouncehandler.spool.sqlite.retention import delete_in_groups

MAX_VALUES = 200
"""Of a dimension, within an hour and a kind."""
MAX_VALUE = 120
"""Characters of a value."""
_HOUR = 3600
_PAGE = 24
"""Hours that one read looks at."""

_AN_HOUR_OF_A_KIND = attrgetter("hour", "kind")


class SqliteStats(SpoolPart):
    """Hourly counts and metric counters."""

    def add_hourly_counts(self, hourly_counts: Sequence[HourlyCount], counters: Sequence[MetricCounter] = ()) -> None:
        if not (hourly_counts or counters):
            return
        sql = self._connection.sql
        groups = groupby(sorted(hourly_counts, key=_AN_HOUR_OF_A_KIND), key=_AN_HOUR_OF_A_KIND)
        with self._connection.writing() as raw:
            for (hour, kind), group in groups:
                known = raw.execute(sql("hourly_count_values"), {"hour": hour, "kind": kind}).fetchall()
                raw.executemany(sql("hourly_count_add"), _bounded(list(group), known))
            put_counters(self._connection, raw, counters)

    def hourly_counts(self, since: float, until: float) -> Iterator[HourlyCount]:
        last = -int(-until // _HOUR)
        hour: int | None = -int(-since // _HOUR)
        while (hour := self._connection.rows("hourly_count_first", {"since": hour, "until": last})[0][0]) is not None:
            page = {"since": hour, "until": min(hour + _PAGE, last)}
            yield from map(HourlyCount._make, self._connection.rows("hourly_counts", page))
            hour += _PAGE

    def prune_hourly_counts(self, older_than: float, rest: Callable[[], bool] = lambda: False) -> int:
        before = int((self._clock() - older_than) // _HOUR)
        return delete_in_groups(self._connection, "prune_hourly_counts", {"before": before}, rest)

    def add_counters(self, counters: Sequence[MetricCounter]) -> None:
        self.add_hourly_counts((), counters)

    def counters(self) -> list[MetricCounter]:
        return [
            MetricCounter(name, tuple((label, value) for label, value in json.loads(labels)), number)
            for name, labels, number in self._connection.rows("metric_counters")
        ]


def _bounded(hourly_counts: Sequence[HourlyCount], known: Sequence[Row]) -> list[Row]:
    """The rows to add: the greatest numbers keep their values, as long as there is room for values."""
    names: dict[str, set[str]] = {}
    for dimension, value in known:
        names.setdefault(dimension, set()).add(value)
    rows: list[Row] = []
    for count in sorted(hourly_counts, key=attrgetter("number"), reverse=True):
        value = sanitize_text(count.value)[:MAX_VALUE]
        if count.dimension and value != OTHERS:
            known_here = names.setdefault(count.dimension, set())
            if value not in known_here and len(known_here - {OTHERS}) >= MAX_VALUES:
                value = OTHERS
            known_here.add(value)
        rows.append((*count[:4], value, count.number))
    return rows


def put_counters(connection: Connection, raw: sqlite3.Connection, counters: Sequence[MetricCounter]) -> None:
    """Add to counters within a transaction that has begun."""
    for statement, is_latest in (("metric_counter_add", False), ("metric_counter_latest", True)):
        rows = [(one.name, json.dumps(one.labels), one.number) for one in counters if one.is_latest == is_latest]
        if rows:
            raw.executemany(connection.sql(statement), rows)
