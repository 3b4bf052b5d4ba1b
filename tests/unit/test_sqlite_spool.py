"""What is SQLite's own about the spool: the file and its rights, journals, versions, damage, full disks, query plans."""

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bouncehandler.spool import Owed, Selection, SpoolError
from bouncehandler.spool.connection import journal_mode
from bouncehandler.spool.migrate import migrate
from bouncehandler.spool.place import path_of
from bouncehandler.spool.sqlite import SqliteSpool
from bouncehandler.spool.trouble import explained
from tests.contract.spool_examples import NOW, dead, done, people, put, suppression, take

ROOT = Path(__file__).parents[2]
MODULE = ROOT / "bouncehandler" / "spool"
WITH_WAL = (3, 51, 3)


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[SqliteSpool]:
    """An empty spool."""
    opened = SqliteSpool.open(tmp_path / "spool.db")
    yield opened
    opened.close()


@pytest.fixture
def open_umask() -> Iterator[None]:
    """A umask that takes nothing away."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    """The rights of a file or folder."""
    return stat.S_IMODE(path.stat().st_mode)


def run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Another process that can import what this one can."""
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *arguments],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


class TestPlace:
    """Where a spool lies."""

    def test_urls(self) -> None:
        """Four slashes begin an absolute path, three a relative one."""
        assert path_of("sqlite:////var/lib/spool.db") == Path("/var/lib/spool.db")
        assert path_of("sqlite:///here/spool.db") == Path("here/spool.db")

    @pytest.mark.parametrize(
        "url",
        ["", "spool.db", "postgresql:///spool", "sqlite://host/spool.db", "sqlite:///", "sqlite:////", "sqlite:///:memory:",
         "sqlite:///a\0b", "sqlite:/spool.db"],
    )  # fmt: skip
    def test_other_urls(self, url: str) -> None:
        """Anything else is refused with the form that is wanted."""
        with pytest.raises(SpoolError, match="sqlite:////absolute/path"):
            path_of(url)

    def test_url_and_path_are_the_same_place(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A spool is opened by URL or path; a relative one stays where it is when the program changes its folder."""
        monkeypatch.chdir(tmp_path)
        for place in (f"sqlite:///{tmp_path}/a.db", "sqlite:///a.db", "a.db", Path("a.db")):
            with closing(SqliteSpool.open(place)) as opened:
                assert opened.path == tmp_path / "a.db"

    @pytest.mark.usefixtures("open_umask")
    @pytest.mark.parametrize("version", [(3, 40, 1), WITH_WAL])
    def test_nobody_else_may_read(self, tmp_path: Path, version: tuple[int, ...]) -> None:
        """File, journal and new folders are for their user only, whatever the umask; an old folder keeps its mode."""
        tmp_path.chmod(0o755)
        with closing(SqliteSpool.open(tmp_path / "new" / "deeper" / "spool.db", sqlite_version=version)) as opened:
            put(opened, *people(3))
            files = sorted((tmp_path / "new" / "deeper").iterdir())
            assert len(files) >= 2
            assert {mode(file) for file in files} == {0o600}
        assert (mode(tmp_path), mode(tmp_path / "new"), mode(tmp_path / "new" / "deeper")) == (0o755, 0o700, 0o700)

    def test_tight_umask(self, tmp_path: Path) -> None:
        """A umask that takes away too much does not keep the program from its own spool."""
        before = os.umask(0o777)
        try:
            SqliteSpool.open(tmp_path / "new" / "spool.db").close()
        finally:
            os.umask(before)
        assert (mode(tmp_path / "new"), mode(tmp_path / "new" / "spool.db")) == (0o700, 0o600)

    @pytest.mark.usefixtures("open_umask")
    def test_mode_of_an_old_file_stays(self, tmp_path: Path) -> None:
        """An operator who gives a group the right to read keeps that decision."""
        SqliteSpool.open(tmp_path / "spool.db").close()
        (tmp_path / "spool.db").chmod(0o640)
        with closing(SqliteSpool.open(tmp_path / "spool.db")) as opened:
            put(opened, *people(1))
            assert {mode(file) for file in tmp_path.iterdir()} == {0o640}

    def test_folder_can_not_be(self, tmp_path: Path) -> None:
        """A path through a file is refused in one sentence that names it."""
        (tmp_path / "file").write_text("")
        with pytest.raises(SpoolError, match=r"file/spool\.db can't be created"):
            SqliteSpool.open(tmp_path / "file" / "spool.db")

    def test_path_is_a_folder(self, tmp_path: Path) -> None:
        """A folder is no spool."""
        with pytest.raises(SpoolError, match="can't be opened"):
            SqliteSpool.open(tmp_path)

    def test_opening_twice_keeps_the_locks(self, tmp_path: Path, spool: SqliteSpool) -> None:
        """Opening the spool again in one process leaves the first connection's lock in force for other processes."""
        with spool._connection.writing():
            SqliteSpool.open(tmp_path / "spool.db").close()
            other = run(
                """
                import sqlite3, sys
                raw = sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None)
                raw.execute("BEGIN IMMEDIATE")
                """,
                str(spool.path),
            )
        assert "database is locked" in other.stderr


class TestJournal:
    """Which journal, and what it promises."""

    def test_wal_only_where_it_is_safe(self) -> None:
        """WAL wants SQLite 3.51.3."""
        assert [journal_mode(v) for v in ((3, 37, 0), (3, 51, 2), WITH_WAL, (3, 52, 0), (4, 0, 0))] == [
            "persist", "persist", "wal", "wal", "wal",
        ]  # fmt: skip

    @pytest.mark.parametrize("version", [(3, 40, 1), WITH_WAL])
    def test_settings(self, tmp_path: Path, version: tuple[int, ...]) -> None:
        """The journal is the version's, every commit is synced, and a lock is waited for a minute."""
        with closing(SqliteSpool.open(tmp_path / "spool.db", sqlite_version=version)) as opened:
            assert opened.journal == journal_mode(version)
            assert opened._connection.pragma("synchronous") == 2
            assert opened._connection.pragma("busy_timeout") == 60_000

    def test_from_wal_back(self, tmp_path: Path) -> None:
        """A spool that a newer SQLite wrote in WAL mode is taken back to the rollback journal, with all it holds."""
        with closing(SqliteSpool.open(tmp_path / "spool.db", sqlite_version=WITH_WAL)) as opened:
            put(opened, *people(3))
        with closing(SqliteSpool.open(tmp_path / "spool.db", sqlite_version=(3, 40, 1))) as opened:
            assert opened.journal == "persist"
            assert len(take(opened)) == 3

    def test_old_sqlite(self, tmp_path: Path) -> None:
        """A SQLite without strict tables is refused in one sentence."""
        with pytest.raises(SpoolError, match=r"SQLite 3\.36\.0 is too old for the spool: it needs 3\.37\.0"):
            SqliteSpool.open(tmp_path / "spool.db", sqlite_version=(3, 36, 0))


class TestVersions:
    """The schema and its migrations."""

    def test_from_nothing(self, spool: SqliteSpool) -> None:
        """A new spool is at the version of the last migration, and its tables are strict."""
        newest = max(int(file.name[:4]) for file in (MODULE / "migrations").glob("*.sql"))
        assert spool._connection.pragma("user_version") == newest
        with spool._connection.reading() as raw:
            tables = raw.execute("SELECT name, strict FROM pragma_table_list WHERE type = 'table'").fetchall()
        assert {name for name, strict in tables if strict} == {"suppression", "dispatch", "attempt", "provider"}

    def test_opened_again(self, tmp_path: Path) -> None:
        """What was recorded is there when the spool is opened again."""
        with closing(SqliteSpool.open(tmp_path / "spool.db")) as opened:
            put(opened, *people(3))
        with closing(SqliteSpool.open(tmp_path / "spool.db")) as opened:
            assert list(opened.suppressions(Selection())) == people(3)

    def test_next_version(self, tmp_path: Path, spool: SqliteSpool) -> None:
        """A further migration runs once, and only it; triggers and comments in it are understood."""
        folder = tmp_path / "migrations"
        shutil.copytree(MODULE / "migrations", folder)
        last = int(str(spool._connection.pragma("user_version")))
        (folder / f"{last + 1:04}_further.sql").write_text(
            "-- one; more\nALTER TABLE provider ADD COLUMN colour TEXT;\n"
            "CREATE TRIGGER t AFTER INSERT ON provider BEGIN\n  SELECT 1;\n  SELECT 2;\nEND;\n"
            "INSERT INTO provider (name, colour) VALUES ('news', 'red')\n"
        )
        with closing(sqlite3.connect(spool.path, isolation_level=None)) as raw:
            for _ in range(2):
                migrate(raw, spool.path, folder)
            assert raw.execute("SELECT colour FROM provider").fetchall() == [("red",)]
            assert raw.execute("PRAGMA user_version").fetchone() == (last + 1,)

    def test_failed_migration(self, tmp_path: Path, spool: SqliteSpool) -> None:
        """A migration that fails in the middle leaves the spool as it was."""
        folder = tmp_path / "migrations"
        shutil.copytree(MODULE / "migrations", folder)
        (folder / "9999_wrong.sql").write_text("CREATE TABLE half (x);\nSELECT * FROM nowhere;\n")
        with closing(sqlite3.connect(spool.path, isolation_level=None)) as raw:
            before = raw.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            with pytest.raises(sqlite3.OperationalError, match="nowhere"):
                migrate(raw, spool.path, folder)
            assert not raw.in_transaction
            assert raw.execute("SELECT count(*) FROM sqlite_schema").fetchone() == before

    def test_newer_spool(self, tmp_path: Path) -> None:
        """A spool of a newer program is refused, and left untouched."""
        with closing(sqlite3.connect(tmp_path / "spool.db")) as raw:
            raw.execute("PRAGMA user_version = 9999")
        before = (tmp_path / "spool.db").read_bytes()
        with pytest.raises(SpoolError, match=r"newer bouncehandler \(version 9999"):
            SqliteSpool.open(tmp_path / "spool.db")
        assert (tmp_path / "spool.db").read_bytes() == before

    def test_another_programs_database(self, tmp_path: Path) -> None:
        """The spool is not mixed into a database that is there for something else."""
        with closing(sqlite3.connect(tmp_path / "other.db")) as raw:
            raw.execute("CREATE TABLE bookmarks (url TEXT)")
        with pytest.raises(SpoolError, match="another program's database"):
            SqliteSpool.open(tmp_path / "other.db")

    @pytest.mark.parametrize("version", [(3, 40, 1), WITH_WAL])
    def test_opened_by_several_at_once(self, tmp_path: Path, version: tuple[int, ...]) -> None:
        """Processes that open a new spool at the same moment all get it."""
        code = """
            import sys
            from bouncehandler.spool.sqlite import SqliteSpool
            print("ready", flush=True)
            sys.stdin.readline()
            SqliteSpool.open(sys.argv[1], sqlite_version=eval(sys.argv[2])).close()
            """
        command = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path / "new" / "spool.db"), str(version)]
        several = [subprocess.Popen(command, cwd=ROOT, stdin=-1, stdout=-1, stderr=-1, text=True) for _ in range(4)]
        for one in several:
            assert one.stdout
            assert one.stdout.readline() == "ready\n"
        for one in several:
            assert one.stdin
            one.stdin.write("\n")
            one.stdin.flush()
        assert [(one.communicate(timeout=60)[1], one.returncode) for one in several] == [("", 0)] * 4


class TestTrouble:
    """What goes wrong with files and disks."""

    def test_not_a_database(self, tmp_path: Path) -> None:
        """A file of another kind is refused and left alone."""
        (tmp_path / "spool.db").write_text("type,timeLogged\n" * 100)
        with pytest.raises(SpoolError, match=r"spool\.db is not a SQLite database"):
            SqliteSpool.open(tmp_path / "spool.db")
        assert (tmp_path / "spool.db").read_text() == "type,timeLogged\n" * 100

    def test_damaged(self, tmp_path: Path) -> None:
        """A damaged spool is reported with how to rescue it."""
        path = tmp_path / "spool.db"
        with closing(SqliteSpool.open(path)) as opened:
            put(opened, *people(500))
        size = path.stat().st_size
        with path.open("r+b") as file:
            file.seek(8192)
            file.write(b"\xa5" * (size - 8192))
        with closing(SqliteSpool.open(path)) as opened:
            with pytest.raises(SpoolError, match=r"is damaged .*recover"):
                list(opened.suppressions(Selection()))
            with pytest.raises(SpoolError, match="is damaged"):
                put(opened, *people(600))

    def test_full_disk(self, spool: SqliteSpool) -> None:
        """A disk that is full costs the batch that did not fit, nothing before it, and nothing after it is mended."""
        put(spool, *people(10))
        spool._connection.pragma(f"max_page_count = {spool._connection.pragma('page_count')}")
        with pytest.raises(SpoolError, match="disk is full: make room"):
            put(spool, *people(5000))
        assert spool.status().suppressions == 10
        spool._connection.pragma("max_page_count = 1000000")
        put(spool, *people(5000))
        assert spool.status().suppressions == 5000

    def test_write_that_fails(self, tmp_path: Path) -> None:
        """After a write that the system refused the spool takes no more, and what was committed is there afterwards."""
        path = tmp_path / "spool.db"
        code = """
            import resource, sys
            from bouncehandler.spool import Owed, SpoolError
            from bouncehandler.spool.sqlite import SqliteSpool
            from tests.contract.spool_examples import people, put
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
        with closing(SqliteSpool.open(path)) as opened:
            assert opened.status().suppressions == 100
            put(opened, *people(20000))

    def test_killed_in_the_middle(self, tmp_path: Path) -> None:
        """A process that is killed inside a transaction leaves the spool as it was before it."""
        path = tmp_path / "spool.db"
        code = """
            import os, signal, sys
            from bouncehandler.spool.sqlite import SqliteSpool
            from tests.contract.spool_examples import people, put
            spool = SqliteSpool.open(sys.argv[1])
            put(spool, *people(100))
            with spool._connection.writing() as raw:
                raw.execute("PRAGMA cache_size = 1")
                raw.execute("UPDATE suppression SET diagnostic = zeroblob(0) || hex(randomblob(4000))")
                os.kill(os.getpid(), signal.SIGKILL)
            """
        assert run(code, str(path)).returncode == -9
        with closing(SqliteSpool.open(path)) as opened:
            assert list(opened.suppressions(Selection())) == people(100)

    @pytest.mark.skipif(not hasattr(os, "geteuid"), reason="rights of this kind are POSIX's")
    def test_read_only(self, tmp_path: Path) -> None:
        """A file that can't be written is reported with the right that is missing."""
        path = tmp_path / "spool.db"
        SqliteSpool.open(path).close()
        with closing(SqliteSpool.open(path)) as opened:
            opened._connection.pragma("query_only = ON") if False else None
            with opened._connection._lock:
                opened._connection._raw.execute("PRAGMA query_only = ON")
            with pytest.raises(SpoolError, match="can't be written: give this user the right"):
                put(opened, *people(1))

    def test_moved_away(self, tmp_path: Path, spool: SqliteSpool) -> None:
        """Nothing is written into a file that was moved away under the program."""
        put(spool, *people(1))
        spool.path.rename(tmp_path / "elsewhere.db")
        with pytest.raises(SpoolError, match=r"moved or deleted|can't be"):
            put(spool, *people(2))

    def test_locked_for_too_long(self, tmp_path: Path) -> None:
        """When another program holds the spool beyond the wait, the error says how to find it."""
        with (
            closing(SqliteSpool.open(tmp_path / "spool.db", wait=0.05)) as opened,
            closing(sqlite3.connect(tmp_path / "spool.db", isolation_level=None)) as shell,
        ):
            shell.execute("BEGIN IMMEDIATE")
            with pytest.raises(SpoolError, match=r"stayed locked for 0\.05 s: .*fuser"):
                put(opened, *people(1))
            shell.execute("ROLLBACK")
            put(opened, *people(1))

    def test_any_other_error(self) -> None:
        """An error without a sentence of its own is passed on in SQLite's words."""
        error = explained(sqlite3.DataError("string or blob too big"), Path("/x/spool.db"), 60)
        assert str(error) == "the spool /x/spool.db failed: string or blob too big"

    def test_exception_inside_a_transaction(self, spool: SqliteSpool) -> None:
        """A bug inside a transaction undoes it and leaves the spool usable."""
        with pytest.raises(ZeroDivisionError), spool._connection.writing() as raw:
            raw.execute("INSERT INTO provider (name) VALUES ('half')")
            raise ZeroDivisionError
        put(spool, *people(1))
        assert spool.status().suppressions == 1
        with spool._connection.reading() as raw:
            assert raw.execute("SELECT count(*) FROM provider").fetchone() == (0,)


class TestReading:
    """Reads are short."""

    def test_a_slow_reader_blocks_nobody(self, tmp_path: Path, spool: SqliteSpool) -> None:
        """Between two suppressions, and two dead letters, another process can write."""
        put(spool, *people(2500))
        spool.settle([dead(one) for one in take(spool, 1500)], NOW)
        suppressions, letters = spool.suppressions(Selection()), spool.dead_letters(Selection())
        next(suppressions)
        next(letters)
        with closing(SqliteSpool.open(tmp_path / "spool.db", wait=0)) as other:
            put(other, suppression("new@example.org"))
        assert len(list(suppressions)) == 2499
        assert len(list(letters)) == 1499

    def test_an_idle_claim_takes_no_lock(self, tmp_path: Path, spool: SqliteSpool) -> None:
        """Looking for work while another process writes does not wait when there is none."""
        put(spool, *people(1))
        take(spool)
        with (
            closing(SqliteSpool.open(tmp_path / "spool.db", wait=0)) as other,
            closing(sqlite3.connect(tmp_path / "spool.db", isolation_level=None)) as shell,
        ):
            shell.execute("BEGIN IMMEDIATE")
            assert take(other) == []


class TestPlans:
    """The queries use the indexes that they were made for."""

    @pytest.fixture
    def filled(self, spool: SqliteSpool) -> SqliteSpool:
        """A spool with something of everything, and SQLite's statistics about it."""
        put(spool, *people(300), to=("news", "crm"))
        claimed = take(spool, 200)
        spool.settle([done(one) for one in claimed[:150]] + [dead(one) for one in claimed[150:]], NOW)
        with spool._connection.writing() as raw:
            raw.execute("ANALYZE")
        return spool

    @pytest.mark.parametrize(
        ("statement", "expected"),
        [
            ("claim_due", ["SEARCH d USING INDEX dispatch_waiting (provider=? AND due_at<?)", "SEARCH s USING INTEGER PRIMARY KEY (rowid=?)"]),
            ("next_due", ["SEARCH dispatch USING COVERING INDEX dispatch_waiting (provider=?)"]),
            ("status_waiting", ["SCAN dispatch USING COVERING INDEX dispatch_waiting"]),
            ("status_dead", ["SCAN dispatch USING COVERING INDEX dispatch_dead", "USE TEMP B-TREE FOR GROUP BY"]),
            ("status_held", ["SCAN dispatch USING COVERING INDEX dispatch_held"]),
            ("status_suppressions", ["SCAN suppression"]),
            ("suppressions", ["SEARCH suppression USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"]),
        ],
    )  # fmt: skip
    def test_plan(self, filled: SqliteSpool, statement: str, expected: list[str]) -> None:
        """Neither a scan of what is done nor a sort of the queue."""
        assert plan(filled, statement) == expected

    @pytest.mark.parametrize(
        "statement", ["claim_carried_out", "claim_first", "settle_repeats", "settle_next", "dead_letters", "owe_known"]
    )
    def test_no_scan(self, filled: SqliteSpool, statement: str) -> None:
        """A recipient's dispatches, a page of dead letters and a known record are found, not looked for."""
        steps = plan(filled, statement)
        assert any(step.startswith("SEARCH") for step in steps)
        assert not [step for step in steps if step.startswith("SCAN") and step != "SCAN CONSTANT ROW"]

    def test_every_statement_is_sound(self, filled: SqliteSpool) -> None:
        """Each SQL file compiles against the schema, and each is used by the program."""
        program = "".join(file.read_text() for file in MODULE.glob("*.py"))
        for file in (MODULE / "sql").glob("*.sql"):
            plan(filled, file.stem)
            assert f'"{file.stem}"' in program or file.stem.startswith("status_"), file.name


def plan(spool: SqliteSpool, statement: str) -> list[str]:
    """SQLite's plan for a named statement."""

    class Anything(dict[str, object]):
        def __missing__(self, _: str) -> object:
            return 1

    sql = spool._connection.sql(statement)
    values: object = [1] * sql.count("?") if "?" in sql else Anything()
    with spool._connection.reading() as raw:
        return [row[3] for row in raw.execute("EXPLAIN QUERY PLAN " + sql, values)]  # type: ignore[arg-type]  # either
