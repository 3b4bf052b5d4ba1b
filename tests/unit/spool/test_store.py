"""The SQLite store: damage, full disks, short reads."""

import sqlite3
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest

from bouncehandler.spool import Selection, SpoolError
from bouncehandler.spool.sqlite.connection import Connection
from bouncehandler.spool.sqlite.errors import describe_error
from bouncehandler.spool.sqlite.store import SqliteSpool
from tests.contract.spool.examples import CLOCK, NOW, at_time, dead, people, put, suppression, take
from tests.unit.spool.processes import ROOT, run

MODULE = ROOT / "bouncehandler" / "spool"
WITH_WAL = (3, 51, 3)


@pytest.fixture
def spool(connection: Connection) -> SqliteSpool:
    """An empty spool."""
    tokens = count()
    return SqliteSpool(connection, clock=CLOCK, new_token=lambda: f"claim {next(tokens)}")


def test_sent_notices_leave_no_rows(connection: Connection) -> None:
    """However many were sent, none of their texts stays in the file."""
    spool = SqliteSpool(connection, clock=CLOCK, notices=frozenset({"held"}))
    for number in range(1001):
        spool.enqueue_notice("held", {"provider": f"p{number}"})
    batch = spool.claim_notices(every=0.0, lease_for=60.0)
    assert batch is not None
    spool.settle_notices(batch, through=batch.through)
    with connection.reading() as raw:
        assert raw.execute("SELECT count(*) FROM notice").fetchone()[0] == 0


class TestFailures:
    """Failures of files and disks."""

    def test_not_a_database(self, tmp_path: Path) -> None:
        """A file of another kind is refused and left alone."""
        (tmp_path / "spool.db").write_text("type,timeLogged\n" * 100)
        with pytest.raises(SpoolError, match=r"spool\.db is not a SQLite database"):
            SqliteSpool.open(tmp_path / "spool.db", clock=CLOCK)
        assert (tmp_path / "spool.db").read_text() == "type,timeLogged\n" * 100

    def test_damaged(self, tmp_path: Path) -> None:
        """A damaged spool is reported with how to rescue it."""
        path = tmp_path / "spool.db"
        with closing(SqliteSpool.open(path, clock=CLOCK)) as opened:
            put(opened, *people(500))
        size = path.stat().st_size
        with path.open("r+b") as file:
            file.seek(4096)
            file.write(b"\xa5" * (size - 4096))
        for use in (lambda spool: list(spool.suppressions(Selection())), lambda spool: put(spool, *people(600))):
            with (
                pytest.raises(SpoolError, match=r"is damaged .*recover"),
                closing(SqliteSpool.open(path, clock=CLOCK)) as opened,
            ):
                use(opened)

    def test_full_disk(self, connection: Connection, spool: SqliteSpool) -> None:
        """A disk that is full costs the batch that did not fit, nothing before it, and nothing after it is mended."""
        put(spool, *people(10))
        connection.pragma(f"max_page_count = {connection.pragma('page_count')}")
        with pytest.raises(SpoolError, match="disk is full: make room"):
            put(spool, *people(5000))
        assert spool.status().suppressions == 10
        connection.pragma("max_page_count = 1000000")
        put(spool, *people(5000))
        assert spool.status().suppressions == 5000

    def test_write_that_fails(self, tmp_path: Path) -> None:
        """After a write that the system refused the spool takes no more, and what was committed is there afterwards."""
        path = tmp_path / "spool.db"
        code = """
            import resource, sys
            from bouncehandler.spool import QueuedSuppression, SpoolError
            from bouncehandler.spool.sqlite.store import SqliteSpool
            from tests.contract.spool.examples import people, put
            spool = SqliteSpool.open(sys.argv[1])
            put(spool, *people(100))
            unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (spool.path.stat().st_size + 9000, unlimited[1]))
            for _ in range(2):
                try:
                    put(spool, *people(20000))
                except SpoolError as error:
                    print(error)
                resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
            print(spool.status().suppressions)
            """
        first, second, count = run(code, str(path)).stdout.splitlines()
        assert "met a disk error" in first
        assert "takes no more since the disk failed" in second
        assert count == "100"
        with closing(SqliteSpool.open(path, clock=CLOCK)) as opened:
            assert opened.status().suppressions == 100
            put(opened, *people(20000))

    def test_killed_in_the_middle(self, tmp_path: Path) -> None:
        """A process that is killed inside a transaction leaves the spool as it was before it."""
        path = tmp_path / "spool.db"
        code = """
            import os, signal, sys
            from pathlib import Path
            from bouncehandler.spool.sqlite.connection import Connection
            from bouncehandler.spool.sqlite.store import SqliteSpool
            from tests.contract.spool.examples import people, put
            connection = Connection.open(Path(sys.argv[1]), wait=60, version=(3, 40, 1))
            put(SqliteSpool(connection), *people(100))
            with connection.writing() as raw:
                raw.execute("PRAGMA cache_size = 1")
                raw.execute("UPDATE suppression SET diagnostic = hex(randomblob(4000))")
                os.kill(os.getpid(), signal.SIGKILL)
            """
        assert run(code, str(path)).returncode == -9
        with closing(SqliteSpool.open(path, clock=CLOCK)) as opened:
            assert list(opened.suppressions(Selection())) == people(100)

    def test_read_only(self, connection: Connection, spool: SqliteSpool) -> None:
        """A file that can't be written is reported with the right that is missing."""
        with connection.reading() as raw:
            raw.execute("PRAGMA query_only = ON")
        with pytest.raises(SpoolError, match="can't be written: give this user the right"):
            put(spool, *people(1))

    def test_moved_away(self, tmp_path: Path, spool: SqliteSpool) -> None:
        """Nothing is written into a file that was moved away under the program."""
        put(spool, *people(1))
        spool.path.rename(tmp_path / "elsewhere.db")
        with pytest.raises(SpoolError, match="was moved or deleted while it was open"):
            put(spool, *people(2))

    def test_locked_for_too_long(self, tmp_path: Path) -> None:
        """When another program holds the spool beyond the wait, the error explains how to find it."""
        with (
            closing(SqliteSpool.open(tmp_path / "spool.db", wait=0.05, clock=CLOCK)) as opened,
            closing(sqlite3.connect(tmp_path / "spool.db", isolation_level=None)) as shell,
        ):
            shell.execute("BEGIN IMMEDIATE")
            with pytest.raises(SpoolError, match=r"stayed locked for 0\.05 s: .*fuser"):
                put(opened, *people(1))
            shell.execute("ROLLBACK")
            put(opened, *people(1))

    def test_any_other_error(self) -> None:
        """An error without a sentence of its own is passed on in SQLite's words."""
        error = describe_error(sqlite3.DataError("string or blob too big"), Path("/x/spool.db"), 60)
        assert str(error) == "the spool /x/spool.db failed: string or blob too big"

    def test_exception_inside_a_transaction(self, connection: Connection, spool: SqliteSpool) -> None:
        """A bug inside a transaction undoes it and leaves the spool usable."""
        with pytest.raises(ZeroDivisionError), connection.writing() as raw:
            raw.execute("INSERT INTO provider (name) VALUES (?)", (f"half{1 // 0}",))
        put(spool, *people(1))
        assert spool.status().suppressions == 1
        with connection.reading() as raw:
            assert raw.execute("SELECT count(*) FROM provider").fetchone() == (0,)


class TestReading:
    """Reads are short."""

    def test_a_slow_reader_blocks_no_other(self, tmp_path: Path, spool: SqliteSpool) -> None:
        """Between two suppressions, and two dead letters, another process can write."""
        put(spool, *people(2500))
        at_time(spool, NOW).settle([dead(one) for one in take(spool, 1500)])
        suppressions, dead_letter_rows = spool.suppressions(Selection()), spool.dead_letters(Selection())
        next(suppressions)
        next(dead_letter_rows)
        with closing(SqliteSpool.open(tmp_path / "spool.db", wait=0, clock=CLOCK)) as other:
            put(other, suppression("new@example.org"))
        assert len(list(suppressions)) == 2499
        assert len(list(dead_letter_rows)) == 1499

    def test_an_idle_claim_takes_no_lock(self, tmp_path: Path, spool: SqliteSpool) -> None:
        """Looking for work while another process writes does not wait when there is none."""
        put(spool, *people(1))
        take(spool)
        with (
            closing(SqliteSpool.open(tmp_path / "spool.db", wait=0, clock=CLOCK)) as other,
            closing(sqlite3.connect(tmp_path / "spool.db", isolation_level=None)) as shell,
        ):
            shell.execute("BEGIN IMMEDIATE")
            assert take(other) == []


def test_a_key_is_made_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk leaves no half of the key behind, by which erased subjects are recognised."""
    with closing(SqliteSpool.open(tmp_path / "spool.db", clock=CLOCK)) as spool:
        put(spool, suppression("ann@example.com"))
        before = set(tmp_path.iterdir())
        with monkeypatch.context() as full:
            full.setattr("os.write", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
            with pytest.raises(SpoolError, match=r"spool\.key can't be read \(No space left"):
                at_time(spool, NOW).forget("ann@example.com", asked_by="root")
        assert set(tmp_path.iterdir()) == before
        first = at_time(spool, NOW).forget("ann@example.com", asked_by="root")
        assert len((tmp_path / "spool.key").read_bytes()) == 32
        assert at_time(spool, NOW).forget("ann@example.com", asked_by="root").name == first.name
    assert {path.name for path in set(tmp_path.iterdir()) - before} == {"spool.key"}
