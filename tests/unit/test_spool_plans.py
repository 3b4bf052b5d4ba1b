"""SQLite's plans for the spool's queries: which indexes they use, and what they never scan."""

import re
import sqlite3
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from bouncehandler.spool.sqlite.connection import Connection
from bouncehandler.spool.sqlite.store import SqliteSpool
from tests.contract.spool_examples import NOW, dead, done, people, put, take

MODULE = Path(__file__).parents[2] / "bouncehandler" / "spool"
_ABOUT_A_PERSON = (
    "history_suppressions",
    "undo_suppressions",
    "undo_dispatches",
    "standings",
    "forget_rows",
    "suppressions_of_recipient",
    "prune_found",
)
_SCANS_OF_NO_TABLE = {"SCAN CONSTANT ROW", "SCAN day VIRTUAL TABLE INDEX 1:"}


class TestPlans:
    """The queries use the indexes that they were made for."""

    @pytest.fixture
    def filled(self, tmp_path: Path) -> Iterator[Connection]:
        """A spool with something of everything, and SQLite's statistics about it."""
        connection = Connection.open(tmp_path / "spool.db", wait=60, version=sqlite3.sqlite_version_info)
        tokens = count()
        spool = SqliteSpool(connection, lambda: f"claim {next(tokens)}", frozenset())
        put(spool, *people(300), to=("news", "crm"))
        claimed = take(spool, 200)
        spool.settle([done(one) for one in claimed[:150]] + [dead(one) for one in claimed[150:]], NOW)
        with connection.writing() as raw:
            raw.execute("ANALYZE")
        yield connection
        connection.close()

    @pytest.mark.parametrize(
        ("statement", "expected"),
        [
            (
                "claim_due",
                [
                    "SEARCH d USING INDEX dispatch_waiting (provider=? AND due_at<?)",
                    "SEARCH s USING INTEGER PRIMARY KEY (rowid=?)",
                ],
            ),
            ("next_due", ["SEARCH dispatch USING COVERING INDEX dispatch_waiting (provider=?)"]),
            ("status_waiting", ["SCAN dispatch USING COVERING INDEX dispatch_waiting"]),
            ("status_dead", ["SCAN dispatch USING COVERING INDEX dispatch_dead", "USE TEMP B-TREE FOR GROUP BY"]),
            ("status_held", ["SCAN dispatch USING COVERING INDEX dispatch_held"]),
            ("status_suppressions", ["SCAN suppression"]),
            ("suppressions", ["SEARCH suppression USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"]),
        ],
    )  # fmt: skip
    def test_plan(self, filled: Connection, statement: str, expected: list[str]) -> None:
        """Neither a scan of what is done nor a sort of the queue."""
        assert plan(filled, statement) == expected

    @pytest.mark.parametrize(
        "statement", ["claim_carried_out", "claim_first", "settle_repeats", "settle_next", "dead_letters", "owe_known"]
    )
    def test_no_scan(self, filled: Connection, statement: str) -> None:
        """A recipient's dispatches, a page of dead letters and a known record are found, not looked for."""
        steps = plan(filled, statement)
        assert any(step.startswith("SEARCH") for step in steps)
        assert not [step for step in steps if step.startswith("SCAN") and step not in _SCANS_OF_NO_TABLE]

    @pytest.mark.parametrize("statement", _ABOUT_A_PERSON)
    def test_a_person_is_found_shelf_by_shelf(self, filled: Connection, statement: str) -> None:
        """With one search for each shelf, and no table is scanned."""
        steps = plan(filled, statement)
        search = "USING INDEX suppression_person (<expr>=? AND recipient=?"
        assert [step for step in steps if search in step]
        assert not [step for step in steps if re.match("SCAN (suppression|dispatch|s|d|o)( |$)", step)]

    @pytest.mark.parametrize("statement", ["count_enough", "count_of", "history_soft_bounces", "forget_bounces"])
    def test_soft_bounces_are_found_day_by_day(self, filled: Connection, statement: str) -> None:
        """With one search for each day, and no bounce is looked at that is of nobody who was asked for."""
        steps = plan(filled, statement)
        assert [step for step in steps if "soft_bounce_day (day=? AND recipient=?)" in step]
        assert not [step for step in steps if re.match("SCAN (soft_bounce|delivery|s|b|d)( |$)", step)]

    @pytest.mark.parametrize(
        "statement", ["prune_window", "prune_found", "prune_answers_window", "prune_answers_found", "prune_answers"]
    )
    def test_a_step_of_pruning_scans_no_table(self, filled: Connection, statement: str) -> None:
        """What it looks at is found by number; it scans nothing but what it found."""
        steps = plan(filled, statement)
        assert [step for step in steps if step.startswith("SEARCH")]
        assert not [step for step in steps if re.match("SCAN (suppression|dispatch|attempt|s|d|o)$", step)]

    def test_every_statement_is_sound(self, filled: Connection) -> None:
        """Each SQL file compiles against the schema, and each is used by the program."""
        program = "".join(file.read_text() for file in MODULE.glob("*.py"))
        for file in (MODULE / "sql").glob("*.sql"):
            plan(filled, file.stem)
            assert f'"{file.stem}"' in program or file.stem.startswith("status_"), file.name


def plan(connection: Connection, statement: str) -> list[str]:
    """SQLite's plan for a named statement."""

    class Anything(dict[str, object]):
        def __missing__(self, _: str) -> object:
            return 1

    sql = connection.sql(statement)
    values: object = [1] * sql.count("?") if "?" in sql else Anything()
    with connection.reading() as raw:
        return [row[3] for row in raw.execute("EXPLAIN QUERY PLAN " + sql, values)]  # type: ignore[arg-type]  # either
