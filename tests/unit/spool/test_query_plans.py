"""SQLite's plans for the spool's queries: which indexes they use, and what they never scan."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest

from bouncehandler.spool.sqlite.connection import Connection
from bouncehandler.spool.sqlite.queries import FOLDER, parse, queries
from bouncehandler.spool.sqlite.store import SqliteSpool
from tests.contract.spool.examples import CLOCK, NOW, at_time, dead, done, people, put, take

_ABOUT_A_SUBJECT = (
    "history_suppressions",
    "undo_suppressions",
    "undo_dispatches",
    "active_suppressions",
    "erasure_rows",
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
        spool = SqliteSpool(connection, clock=CLOCK, new_token=lambda: f"claim {next(tokens)}")
        put(spool, *people(300), to=("news", "crm"))
        claimed = take(spool, 200)
        at_time(spool, NOW).settle([done(one) for one in claimed[:150]] + [dead(one) for one in claimed[150:]])
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
        "statement",
        ["claim_carried_out", "claim_first", "settle_repeats", "settle_next", "dead_letters", "insert_dispatch"],
    )
    def test_no_scan(self, filled: Connection, statement: str) -> None:
        """A recipient's dispatches, a page of dead letters and a known record are found, not looked for."""
        steps = plan(filled, statement)
        assert any(step.startswith("SEARCH") for step in steps)
        assert not [step for step in steps if step.startswith("SCAN") and step not in _SCANS_OF_NO_TABLE]

    @pytest.mark.parametrize("statement", _ABOUT_A_SUBJECT)
    def test_a_subject_is_found_bucket_by_bucket(self, filled: Connection, statement: str) -> None:
        """A subject is found with one search for each id bucket, without a scan."""
        steps = plan(filled, statement)
        search = "USING INDEX suppression_subject (<expr>=? AND recipient=?"
        assert [step for step in steps if search in step]
        assert not [step for step in steps if re.match("SCAN (suppression|dispatch|s|d|o)( |$)", step)]

    @pytest.mark.parametrize(
        "statement", ["soft_bounce_candidates", "soft_bounces_of", "history_soft_bounces", "erasure_soft_bounces"]
    )
    def test_soft_bounces_are_found_day_by_day(self, filled: Connection, statement: str) -> None:
        """Soft bounces are found with one search for each day, without reading those of other recipients."""
        steps = plan(filled, statement)
        assert [step for step in steps if "soft_bounce_by_day (day=? AND recipient=?)" in step]
        assert not [step for step in steps if re.match("SCAN (soft_bounce|delivery|s|b|d)( |$)", step)]

    @pytest.mark.parametrize(
        "statement", ["prune_window", "prune_found", "prune_attempts_window", "prune_attempts_found", "prune_attempts"]
    )
    def test_a_step_of_pruning_scans_no_table(self, filled: Connection, statement: str) -> None:
        """A step of pruning finds its rows by number, and scans no other."""
        steps = plan(filled, statement)
        assert [step for step in steps if step.startswith("SEARCH")]
        assert not [step for step in steps if re.match("SCAN (suppression|dispatch|attempt|s|d|o)$", step)]

    def test_every_query_is_sound(self, filled: Connection) -> None:
        """Each named query compiles against the schema, and the program uses it."""
        program = "".join(file.read_text() for file in FOLDER.parent.glob("*.py"))
        for name in queries():
            plan(filled, name)
            assert f'"{name}"' in program, name


class TestNames:
    """The files of named queries."""

    def test_no_name_twice(self) -> None:
        """Each name stands for one query, whatever the file, and gives the reason it is as it is."""
        texts = [file.read_text() for file in FOLDER.glob("*.sql")]
        names = [name for text in texts for name, _ in parse(text)]
        assert len(names) == len(set(names)) == len(queries())
        assert all(text.count("-- \n") == 0 and re.match(r"-- \w+ --\n-- \S", text) for text in texts)
        assert sum(len(re.findall(r"^-- \w+ --\n-- \S", text, re.MULTILINE)) for text in texts) == len(names)

    def test_form(self) -> None:
        """A name, why, and the statement, which may be of several lines."""
        assert parse("-- one --\n-- why\n-- so\nSELECT 1\n\n-- two --\n-- why\nSELECT\n    2\n") == [
            ("one", "SELECT 1"),
            ("two", "SELECT\n    2"),
        ]

    def test_unknown_name(self, tmp_path: Path) -> None:
        """A name that no file has is a mistake of the program."""
        with (
            closing(Connection.open(tmp_path / "spool.db", wait=60, version=sqlite3.sqlite_version_info)) as connection,
            pytest.raises(KeyError),
        ):
            connection.sql("nothing")


def plan(connection: Connection, statement: str) -> list[str]:
    """SQLite's plan for a named statement."""

    class Anything(dict[str, object]):
        def __missing__(self, _: str) -> object:
            return 1

    sql = connection.sql(statement)
    values: object = [1] * sql.count("?") if "?" in sql else Anything()
    with connection.reading() as raw:
        return [row[3] for row in raw.execute("EXPLAIN QUERY PLAN " + sql, values)]  # type: ignore[arg-type]  # either
