"""The SQLite store's file: its location, its modes, its journal, its versions."""

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bouncehandler.files import give_to_folders_owner
from bouncehandler.spool import Selection, SpoolError
from bouncehandler.spool.sqlite.connection import Connection, journal_mode
from bouncehandler.spool.sqlite.schema import migrate
from bouncehandler.spool.sqlite.store import SqliteSpool
from bouncehandler.spool.url import path_of
from tests.contract.spool.examples import people, put, take
from tests.unit.spool.processes import ROOT, run

MODULE = ROOT / "bouncehandler" / "spool" / "sqlite"
WITH_WAL = (3, 51, 3)


@pytest.fixture
def open_umask() -> Iterator[None]:
    """A umask that takes nothing away."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    """The rights of a file or folder."""
    return stat.S_IMODE(path.stat().st_mode)


class TestLocation:
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
        """A relative path stays where it is when the program changes its folder."""
        monkeypatch.chdir(tmp_path)
        for place in (path_of(f"sqlite:///{tmp_path}/a.db"), path_of("sqlite:///a.db"), "a.db", Path("a.db")):
            with closing(SqliteSpool.open(place)) as opened:
                assert opened.path == tmp_path / "a.db"

    @pytest.mark.usefixtures("open_umask")
    @pytest.mark.parametrize("version", [(3, 40, 1), WITH_WAL])
    def test_no_other_user_may_read(self, tmp_path: Path, version: tuple[int, ...]) -> None:
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
            assert mode(tmp_path / "spool.db") == 0o640

    def test_folder_can_not_be(self, tmp_path: Path) -> None:
        """A path through a file is refused in one sentence that names it."""
        (tmp_path / "file").write_text("")
        with pytest.raises(SpoolError, match=r"file/spool\.db can't be created"):
            SqliteSpool.open(tmp_path / "file" / "spool.db")

    def test_path_is_a_folder(self, tmp_path: Path) -> None:
        """A folder is no spool."""
        with pytest.raises(SpoolError, match="can't be opened"):
            SqliteSpool.open(tmp_path)

    def test_opening_twice_keeps_the_locks(self, connection: Connection) -> None:
        """Opening the spool again in one process leaves the first connection's lock in force for other processes."""
        with connection.writing():
            SqliteSpool.open(connection.path).close()
            other = run(
                """
                import sqlite3, sys
                raw = sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None)
                raw.execute("BEGIN IMMEDIATE")
                """,
                str(connection.path),
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
        with closing(Connection.open(tmp_path / "spool.db", wait=60, version=version)) as opened:
            assert opened.pragma("journal_mode") == journal_mode(version)
            assert opened.pragma("synchronous") == 2
            assert opened.pragma("busy_timeout") == 60_000

    def test_from_wal_back(self, tmp_path: Path) -> None:
        """A spool that a newer SQLite wrote in WAL mode is taken back to the rollback journal, with all it holds."""
        with closing(SqliteSpool.open(tmp_path / "spool.db", sqlite_version=WITH_WAL)) as opened:
            put(opened, *people(3))
        with closing(SqliteSpool.open(tmp_path / "spool.db", sqlite_version=(3, 40, 1))) as opened:
            assert opened.journal == "persist"
            assert len(take(opened)) == 3

    @pytest.mark.parametrize(("before", "after"), [(WITH_WAL, (3, 40, 1)), ((3, 40, 1), WITH_WAL)])
    def test_switch_waits_for_others(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: tuple[int, ...], after: tuple[int, ...]
    ) -> None:
        """The journal is switched as soon as another process has done with the file, which SQLite does not wait for."""
        Connection.open(tmp_path / "spool.db", wait=60, version=before).close()
        with closing(sqlite3.connect(tmp_path / "spool.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            waits: list[float] = []

            def sleep(seconds: float) -> None:
                waits.append(seconds)
                if len(waits) == 3:
                    other.execute("ROLLBACK")
                    other.close()

            monkeypatch.setattr(time, "sleep", sleep)
            with closing(Connection.open(tmp_path / "spool.db", wait=60, version=after)) as opened:
                assert opened.pragma("journal_mode") == journal_mode(after)
        assert waits == [0.02] * 3

    def test_old_sqlite(self, tmp_path: Path) -> None:
        """A SQLite without strict tables is refused in one sentence."""
        with pytest.raises(SpoolError, match=r"SQLite 3\.36\.0 is too old for the spool: it needs 3\.37\.0"):
            SqliteSpool.open(tmp_path / "spool.db", sqlite_version=(3, 36, 0))


class TestVersions:
    """The schema and its migrations."""

    def test_from_nothing(self, connection: Connection) -> None:
        """A new spool is at the version of the last migration, and its tables are strict."""
        newest = max(int(file.name[:4]) for file in (MODULE / "migrations").glob("*.sql"))
        assert connection.pragma("user_version") == newest
        with connection.reading() as raw:
            tables = raw.execute("SELECT name, strict FROM pragma_table_list WHERE type = 'table'").fetchall()
        assert {name for name, strict in tables if strict} == {
            "suppression",
            "dispatch",
            "attempt",
            "provider",
            "notice",
            "notice_queue",
            "soft_bounce",
            "soft_bounce_window",
            "delivery",
            "pruned",
            "event",
            "hard_bounce",
            "spike",
            "erased_subject",
            "pending_erasure",
            "hourly_count",
            "metric_counter",
        }

    def test_opened_again(self, tmp_path: Path) -> None:
        """Recorded suppressions are there when the spool is opened again."""
        with closing(SqliteSpool.open(tmp_path / "spool.db")) as opened:
            put(opened, *people(3))
        with closing(SqliteSpool.open(tmp_path / "spool.db")) as opened:
            assert list(opened.suppressions(Selection())) == people(3)

    def test_next_version(self, tmp_path: Path, connection: Connection) -> None:
        """A further migration runs once, and only it; triggers and comments in it are understood."""
        folder = tmp_path / "migrations"
        shutil.copytree(MODULE / "migrations", folder)
        last = int(str(connection.pragma("user_version")))
        (folder / f"{last + 1:04}_further.sql").write_text(
            "-- one; more\nALTER TABLE provider ADD COLUMN colour TEXT;\n"
            "CREATE TRIGGER t AFTER INSERT ON provider BEGIN\n  SELECT 1;\n  SELECT 2;\nEND;\n"
            "INSERT INTO provider (name, colour) VALUES ('news', 'red')\n"
        )
        with closing(sqlite3.connect(connection.path, isolation_level=None)) as raw:
            for _ in range(2):
                migrate(raw, connection.path, folder)
            assert raw.execute("SELECT colour FROM provider").fetchall() == [("red",)]
            assert raw.execute("PRAGMA user_version").fetchone() == (last + 1,)

    def test_failed_migration(self, tmp_path: Path, connection: Connection) -> None:
        """A migration that fails in the middle leaves the spool as it was."""
        folder = tmp_path / "migrations"
        shutil.copytree(MODULE / "migrations", folder)
        (folder / "9999_wrong.sql").write_text("CREATE TABLE half (x);\nSELECT * FROM nowhere;\n")
        with closing(sqlite3.connect(connection.path, isolation_level=None)) as raw:
            before = raw.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            with pytest.raises(sqlite3.OperationalError, match="nowhere"):
                migrate(raw, connection.path, folder)
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
            from bouncehandler.spool.sqlite.store import SqliteSpool
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
        assert [(one.communicate(timeout=180)[1], one.returncode) for one in several] == [("", 0)] * 4


def test_what_root_creates_belongs_to_the_folders_owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A spool that root creates by `check` belongs to the owner of its folder, PowerMTA's user."""
    given: list[tuple[int, int]] = []
    owner = os.stat_result((0o40700, 0, 0, 1, 4321, 1234, 0, 0, 0, 0))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(Path, "stat", lambda *_, **__: owner)
    monkeypatch.setattr(os, "fchown", lambda _, user, group: given.append((user, group)))
    give_to_folders_owner(0, tmp_path)
    assert given == [(4321, 1234)]
    monkeypatch.setattr(os, "geteuid", lambda: 4321)
    give_to_folders_owner(0, tmp_path)
    assert given == [(4321, 1234)]
