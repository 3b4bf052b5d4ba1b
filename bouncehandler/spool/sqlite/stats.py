"""Hourly counts: added up on disk, bounded, read and removed; and metric counters, which stay."""

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from operator import attrgetter

from bouncehandler.spool.models import OTHERS, HourlyCount, MetricCounter
from bouncehandler.spool.sqlite.codec import sanitize_text
from bouncehandler.spool.sqlite.connection import Connection, Row

MAX_VALUES = 200
"""Of a dimension, within an hour and a kind."""
MAX_VALUE = 120
"""Characters of a value."""
_HOUR = 3600
_PAGE = 24
"""Hours that one read looks at."""
_PRUNED = 500
"""Rows deleted in one transaction: the pipe waits for none of them long."""

_AN_HOUR_OF_A_KIND = attrgetter("hour", "kind")


def add_hourly_counts(
    connection: Connection, hourly_counts: Sequence[HourlyCount], counters: Sequence[MetricCounter]
) -> None:
    """See `StatsStore.add_hourly_counts`."""
    if not (hourly_counts or counters):
        return
    groups = groupby(sorted(hourly_counts, key=_AN_HOUR_OF_A_KIND), key=_AN_HOUR_OF_A_KIND)
    with connection.writing() as raw:
        for (hour, kind), group in groups:
            known = raw.execute(connection.sql("hourly_count_values"), {"hour": hour, "kind": kind}).fetchall()
            raw.executemany(connection.sql("hourly_count_add"), _bounded(list(group), known))
        put_counters(connection, raw, counters)


def _bounded(hourly_counts: Sequence[HourlyCount], known: Sequence[Row]) -> list[Row]:
    """The rows to add: those with the greatest numbers keep their values, as long as there is room for values."""
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


def hourly_counts(connection: Connection, since: float, until: float) -> Iterator[HourlyCount]:
    """See `StatsStore.hourly_counts`."""
    last = -int(-until // _HOUR)
    hour: int | None = -int(-since // _HOUR)
    while (hour := connection.rows("hourly_count_first", {"since": hour, "until": last})[0][0]) is not None:
        page = {"since": hour, "until": min(hour + _PAGE, last)}
        yield from map(HourlyCount._make, connection.rows("hourly_counts", page))
        hour += _PAGE


def prune_hourly_counts(connection: Connection, before: float, rest: Callable[[], bool] = lambda: False) -> int:
    """See `StatsStore.prune_hourly_counts`."""
    bounds = {"before": int(before // _HOUR), "limit": _PRUNED}
    pruned, deleted = 0, _PRUNED
    while deleted == _PRUNED and not rest():
        with connection.writing() as raw:
            deleted = raw.execute(connection.sql("prune_hourly_counts"), bounds).rowcount
        pruned += deleted
    return pruned


def put_counters(connection: Connection, raw: sqlite3.Connection, counters: Sequence[MetricCounter]) -> None:
    """Add to counters within a transaction that has begun."""
    for statement, is_latest in (("metric_counter_add", False), ("metric_counter_latest", True)):
        rows = [(one.name, json.dumps(one.labels), one.number) for one in counters if one.is_latest == is_latest]
        if rows:
            raw.executemany(connection.sql(statement), rows)


def counters(connection: Connection) -> list[MetricCounter]:
    """See `StatsStore.counters`."""
    return [
        MetricCounter(name, tuple((label, value) for label, value in json.loads(labels)), number)
        for name, labels, number in connection.rows("metric_counters")
    ]
