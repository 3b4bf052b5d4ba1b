"""How figures are added up on disk, bounded, read, and forgotten; and the totals, which never are."""

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from operator import attrgetter

from bouncehandler.spool.connection import Connection, Row
from bouncehandler.spool.data import OTHERS, Figure, Total
from bouncehandler.spool.rows import storable

NAMES = 200
"""So many names a dimension has within an hour and a kind."""
LONGEST = 120
"""Characters of a name."""
_HOUR = 3600
_PAGE = 24
"""Hours that one read looks at."""
_PRUNED = 500
"""Rows deleted in one transaction: the pipe waits for none of them long."""

_AN_HOUR_OF_A_KIND = attrgetter("hour", "kind")


def add_figures(connection: Connection, figures: Sequence[Figure], totals: Sequence[Total]) -> None:
    """See `Numbers.add_figures`."""
    if not (figures or totals):
        return
    groups = groupby(sorted(figures, key=_AN_HOUR_OF_A_KIND), key=_AN_HOUR_OF_A_KIND)
    with connection.writing() as raw:
        for (hour, kind), group in groups:
            known = raw.execute(connection.sql("figure_names"), {"hour": hour, "kind": kind}).fetchall()
            raw.executemany(connection.sql("figure_add"), _bounded(list(group), known))
        put_totals(connection, raw, totals)


def _bounded(figures: Sequence[Figure], known: Sequence[Row]) -> list[Row]:
    """The rows to add: those with the greatest numbers keep their names, as long as there is room for names."""
    names: dict[str, set[str]] = {}
    for dimension, value in known:
        names.setdefault(dimension, set()).add(value)
    rows: list[Row] = []
    for figure in sorted(figures, key=attrgetter("number"), reverse=True):
        value = storable(figure.value)[:LONGEST]
        if figure.dimension and value != OTHERS:
            known_here = names.setdefault(figure.dimension, set())
            if value not in known_here and len(known_here - {OTHERS}) >= NAMES:
                value = OTHERS
            known_here.add(value)
        rows.append((*figure[:4], value, figure.number))
    return rows


def figures(connection: Connection, since: float, until: float) -> Iterator[Figure]:
    """See `Numbers.figures`."""
    last = -int(-until // _HOUR)
    hour: int | None = -int(-since // _HOUR)
    while (hour := connection.rows("figure_next", {"since": hour, "until": last})[0][0]) is not None:
        page = {"since": hour, "until": min(hour + _PAGE, last)}
        yield from map(Figure._make, connection.rows("figures", page))
        hour += _PAGE


def prune_figures(connection: Connection, before: float, rest: Callable[[], bool] = lambda: False) -> int:
    """See `Numbers.prune_figures`."""
    bounds = {"before": int(before // _HOUR), "most": _PRUNED}
    pruned, deleted = 0, _PRUNED
    while deleted == _PRUNED and not rest():
        with connection.writing() as raw:
            deleted = raw.execute(connection.sql("figure_prune"), bounds).rowcount
        pruned += deleted
    return pruned


def put_totals(connection: Connection, raw: sqlite3.Connection, totals: Sequence[Total]) -> None:
    """Add totals within a transaction that has begun."""
    for statement, is_latest in (("total_add", False), ("total_latest", True)):
        rows = [(one.name, json.dumps(one.labels), one.number) for one in totals if one.is_latest == is_latest]
        if rows:
            raw.executemany(connection.sql(statement), rows)


def totals(connection: Connection) -> list[Total]:
    """See `Numbers.totals`."""
    return [
        Total(name, tuple((label, value) for label, value in json.loads(labels)), number)
        for name, labels, number in connection.rows("totals")
    ]
