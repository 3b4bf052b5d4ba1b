"""People are found shelf by shelf, and by numbers of their own: over any number of shelves, and in old spools."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bouncehandler.spool.admin import Selection
from bouncehandler.spool.sqlite.hashes import subject_hash
from bouncehandler.spool.sqlite.schema import migrate
from bouncehandler.spool.sqlite.store import SqliteSpool
from tests.contract.spool_examples import DAY, NOW, before, done, put, recipients, returned, suppression, take
from tests.contract.test_spool_counting import soft

MIGRATIONS = Path(__file__).parents[2] / "bouncehandler" / "spool" / "sqlite" / "migrations"
SHELF = 8192
ANN = "ann@example.com"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A spool in which Ann stands at the ends of shelves, with empty shelves between them."""
    path = tmp_path / "spool.db"
    SqliteSpool.open(path).close()
    with closing(sqlite3.connect(path)) as raw, raw:
        for number in (SHELF - 1, SHELF, 2 * SHELF - 1, 9 * SHELF):
            raw.execute(
                "INSERT INTO suppression (id, record, recipient, reason, wanted_by, recorded_at)"
                " VALUES (?, ?, ?, 'bounce', 'news', ?)",
                (number, f"{number:024x}", ANN, NOW - 9 * DAY),
            )
    return path


def test_everything_of_a_person_is_found(path: Path) -> None:
    """On the first shelf and the last, on one that is full and beside one that is empty; and nothing of others."""
    with closing(SqliteSpool.open(path)) as spool:
        put(spool, suppression("bob@example.com"), suppression(ANN))
        assert [one.recipient for one in spool.suppressions(Selection(recipient=ANN))] == [ANN] * 5
        assert sum(happening.event == "bounced" for happening in spool.history(ANN)) == 5
        assert spool.forget(ANN, now=NOW, asked_by="somebody").waiting == 1
        (claimed,) = [one for one in take(spool) if one.suppression.recipient == ANN]
        spool.settle([done(claimed)], NOW)
        assert spool.forget_rest(NOW) == 1
        assert list(spool.suppressions(Selection(recipient=ANN))) == []


def test_shelves_that_were_pruned_are_not_gone_through(path: Path) -> None:
    """The first shelf is the one with the oldest suppression that is left."""
    with closing(SqliteSpool.open(path)) as spool:
        spool.prune(before(NOW), now=NOW, after=0, most=3 * SHELF)
        assert [one.recipient for one in spool.suppressions(Selection(recipient=ANN))] == [ANN]
    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute("SELECT min(number), max(number) FROM shelf").fetchone() == (9, 9)


def test_a_spool_from_before_knows_whose_turn_it_is(tmp_path: Path) -> None:
    """Who is under way keeps others waiting, and who was carried out is not called again, from the first claim on."""
    path = old_spool(tmp_path, version=10)
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        for number, (subject, state, outcome, due_at, settled_at) in enumerate(
            [
                (ANN, "claimed", None, NOW + 60, None),
                ("bob@example.com", "done", "unsubscribed", NOW - 60, NOW - 60),
                ("cem@example.com", "done", "unknown", NOW - 60, NOW - 60),
            ],
            start=1,
        ):
            raw.execute(
                "INSERT INTO suppression (id, record, recipient, reason, wanted_by, recorded_at)"
                " VALUES (?, ?, ?, 'bounce', 'news', ?)",
                (number, f"old {number}", subject, NOW - 90),
            )
            raw.execute(
                "INSERT INTO dispatch (suppression, provider, state, outcome, due_at, recorded_at, attempts, claim,"
                " settled_at) VALUES (?, 'news', ?, ?, ?, ?, 1, 'token', ?)",
                (number, state, outcome, due_at, NOW - 90, settled_at),
            )
    with closing(SqliteSpool.open(path)) as spool:
        put(spool, *(suppression(f"{name}@example.com") for name in ("ann", "bob", "cem", "dan")))
        assert recipients(take(spool)) == ["cem@example.com", "dan@example.com"]
        counts = spool.status().providers["news"]
        assert (counts.claimed, counts.pending, counts.done) == (3, 1, 1)  # the last of them is Bob's repeat


def test_a_spool_from_before_goes_on_counting(tmp_path: Path) -> None:
    """What bounced softly before the spool was brought up to date counts with what bounces later."""
    path = old_spool(tmp_path, version=11)
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        for day in (0, 1):
            at = int(NOW) + day * int(DAY)
            cells = (ANN, at // int(DAY), at, f"old {day}", 3, 21 * int(DAY), "quota-issues", "full", "news", at)
            raw.execute(
                "INSERT INTO soft_bounce (recipient, day, at, record, suppress_after, within, category, diagnostic,"
                " wanted_by, seen_at, rule, record_type, status, originator, job_id)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', '', '', '', '')",
                cells,
            )
    with closing(SqliteSpool.open(path)) as spool:
        assert spool.count([soft(2, within=DAY)], NOW).new == 0, "of a rule that looks back for one day"
        assert spool.count([soft(3)], NOW).new == 1, "the two from before are in its window"
        (found,) = spool.suppressions(Selection())
        assert found.diagnostic.count("full") == 4


def test_dispatches_from_before_stay_as_they_were(tmp_path: Path) -> None:
    """In every column, with their triggers and indexes."""
    path = old_spool(tmp_path, version=11)
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute("INSERT INTO suppression (record, recipient, recorded_at) VALUES ('old', ?, 1)", (ANN,))
        values = (7, 1, "news", "held", 2, 3, 4, 5, "token", "already", '["a"]', "a note", 6, 1, 8, 9)
        raw.execute("INSERT INTO dispatch VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
        as_it_was = dispatches(raw), beside_dispatches(raw)
    SqliteSpool.open(path).close()
    with closing(sqlite3.connect(path)) as raw:
        assert (dispatches(raw), beside_dispatches(raw)) == as_it_was


def old_spool(folder: Path, *, version: int) -> Path:
    """An empty spool of an earlier version."""
    steps, path = folder / "migrations", folder / "spool.db"
    steps.mkdir()
    for file in MIGRATIONS.glob("[0-9]*.sql"):
        if int(file.name[:4]) <= version:
            shutil.copy(file, steps)
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        migrate(raw, path, steps)
    return path


def dispatches(raw: sqlite3.Connection) -> list[dict[str, object]]:
    """Every dispatch, by the names of its columns."""
    found = raw.execute("SELECT * FROM dispatch")
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found]


def beside_dispatches(raw: sqlite3.Connection) -> set[tuple[str, ...]]:
    """Indexes and triggers."""
    return set(raw.execute("SELECT name, sql FROM sqlite_schema WHERE tbl_name = 'dispatch' AND type <> 'table'"))


def test_two_people_with_one_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A number only finds people faster: who shares it is somebody else, at claims as at settling."""
    for module in ("claim", "settle"):
        monkeypatch.setattr(f"bouncehandler.spool.sqlite.{module}.subject_hash", lambda _: 7)
    bob, later = suppression("bob@example.com"), suppression(ANN, 2)
    with closing(SqliteSpool.open(tmp_path / "spool.db")) as spool:
        put(spool, suppression(ANN), bob, later)
        ann, other = take(spool)
        assert spool.settle([done(ann), returned(other)], NOW) == 1
        assert recipients(take(spool, now=NOW + 1)) == [bob.recipient]
        put(spool, suppression("cem@example.com"), now=NOW + 2)
        assert recipients(take(spool, now=NOW + 2)) == ["cem@example.com"]


def test_numbers_of_people_never_change() -> None:
    """They are in spools all over the world; with others, people who were carried out lately would be called again."""
    assert subject_hash(ANN) == 20425834008768575
    assert subject_hash("\udcff") == subject_hash("?")
