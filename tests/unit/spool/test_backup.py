"""A copy of the spool: whole, proved, private, and made while others write."""

import os
import sqlite3
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bouncehandler.spool import Selection, SpoolError
from bouncehandler.spool.sqlite import backup
from bouncehandler.spool.sqlite.backup import back_up
from bouncehandler.spool.sqlite.retention import vacuum
from bouncehandler.spool.sqlite.store import SqliteSpool
from tests.contract.spool.examples import CLOCK, NOW, at_time, before, dead, done, people, put, suppression, take
from tests.fakes.server import wait_until


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[SqliteSpool]:
    """A spool with something of everything."""
    opened = SqliteSpool.open(tmp_path / "spool.db", clock=CLOCK)
    put(opened, *people(10))
    first, second = take(opened, 2)
    at_time(opened, NOW).settle([done(first), dead(second)])
    yield opened
    opened.close()


def copy(spool: SqliteSpool, target: Path, *, overwrite: bool = False) -> tuple[int, ...]:
    """Copy the spool; what the copy holds without its size."""
    return back_up(spool.path, target, overwrite=overwrite, monotonic=time.monotonic)[1:]


def test_the_copy_is_the_spool(spool: SqliteSpool, tmp_path: Path) -> None:
    """The copy is a spool with the same content, with a true description."""
    target = tmp_path / "copy.db"
    assert copy(spool, target) == (10, 8, 1, 1)
    with closing(SqliteSpool.open(target, clock=CLOCK)) as other:
        assert list(other.suppressions(Selection())) == list(spool.suppressions(Selection()))
        assert other.status() == spool.status()


def test_the_copy_is_private(spool: SqliteSpool, tmp_path: Path) -> None:
    """The copy is its owner's alone whatever the umask, and nothing is left beside it."""
    umask = os.umask(0)
    try:
        copy(spool, tmp_path / "copy.db")
    finally:
        os.umask(umask)
    assert stat.S_IMODE((tmp_path / "copy.db").stat().st_mode) == 0o600
    assert {path.name for path in tmp_path.iterdir()} - {"spool.db-journal"} == {"spool.db", "copy.db"}


def test_nothing_is_overwritten(spool: SqliteSpool, tmp_path: Path) -> None:
    """An existing file stays, unless it may be replaced."""
    target = tmp_path / "copy.db"
    target.write_text("precious")
    with pytest.raises(SpoolError, match="is there already: name another file, or add --force"):
        copy(spool, target)
    assert target.read_text() == "precious"
    assert copy(spool, target, overwrite=True)[0] == 10


@pytest.mark.parametrize("link", [False, True])
def test_the_spool_is_not_replaced(spool: SqliteSpool, tmp_path: Path, *, link: bool) -> None:
    """The spool itself is never the target, by whatever name."""
    target = tmp_path / "link.db" if link else spool.path
    if link:
        target.symlink_to(spool.path)
    with pytest.raises(SpoolError, match="is the spool itself"):
        copy(spool, target, overwrite=True)


@pytest.mark.parametrize("name", ["gone/copy.db", "folder"])
def test_a_place_that_is_none(spool: SqliteSpool, tmp_path: Path, name: str) -> None:
    """A place that can't be written is one sentence, and nothing is left of it."""
    (tmp_path / "folder").mkdir()
    with pytest.raises(SpoolError, match=name):
        copy(spool, tmp_path / name, overwrite=True)
    assert not list(tmp_path.glob(".*"))


def test_under_a_writer(spool: SqliteSpool, tmp_path: Path) -> None:
    """Copies that are made while another connection writes all the time are sound, and hold whole batches."""
    done_copying = threading.Event()
    recorded: list[int] = []

    def write() -> None:
        with closing(SqliteSpool.open(spool.path, clock=CLOCK)) as writer:
            while not done_copying.is_set():
                batch = len(recorded)
                put(writer, *(suppression(f"late{batch}.{n}@example.com") for n in range(10)))
                recorded.append(batch)
                done_copying.wait(0.002)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        wait_until(lambda: bool(recorded))
        counts = [copy(spool, tmp_path / f"copy{number}.db")[0] for number in range(2)]
    finally:
        done_copying.set()
        thread.join()
    assert counts == sorted(counts)
    assert all(count % 10 == 0 for count in counts)


def test_a_commit_between_every_two_steps(spool: SqliteSpool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often copying starts over, steps get longer until one is enough; it does not go on at the same place."""
    put(spool, *(suppression(f"n{n}@example.com", diagnostic="x" * 500) for n in range(1000)))
    at_time(spool, NOW).hold("news", " " * 9, probe_in=0)
    monkeypatch.setattr(backup, "_PAGES", 1)
    looks = 0

    def commit_and_look() -> float:
        nonlocal looks
        looks += 1
        assert looks < 1000
        at_time(spool, NOW).hold("news", f"{looks:9}", probe_in=0)  # a commit that leaves the file as large as it is
        return float(looks) / 1000

    saved = back_up(spool.path, tmp_path / "copy.db", overwrite=False, monotonic=commit_and_look)
    assert saved.suppressions == 1010


def test_a_damaged_spool(spool: SqliteSpool, tmp_path: Path) -> None:
    """A damaged spool is not copied under the target's name."""
    spool.close()
    with spool.path.open("r+b") as file:
        file.seek(8192)
        file.write(os.urandom(spool.path.stat().st_size - 8192))
    with pytest.raises(SpoolError, match=str(spool.path)):
        back_up(spool.path, tmp_path / "copy.db", overwrite=False, monotonic=time.monotonic)
    assert not (tmp_path / "copy.db").exists()
    assert not list(tmp_path.glob(".*"))


def test_the_file_shrinks(spool: SqliteSpool) -> None:
    """Pages that pruning freed go back to the file system, and nothing else is gone."""
    put(spool, *(suppression(f"n{n}@example.com", diagnostic="x" * 500) for n in range(1000)), to=())
    put(spool, suppression("newest@example.com"))
    at_time(spool, NOW + 2).prune(before(NOW + 1), after=0, limit=2000)
    size = spool.path.stat().st_size
    assert vacuum(spool.path, time.monotonic, 20.0) > size / 2
    assert (spool.status().suppressions, len(list(spool.suppressions(Selection())))) == (10, 10)


def test_shrinking_takes_too_long(spool: SqliteSpool, tmp_path: Path) -> None:
    """Shrinking that takes longer than a writer may wait is given up, and the spool is as before."""
    put(spool, *(suppression(f"n{n}@example.com") for n in range(2000)))
    before = list(spool.suppressions(Selection()))
    with pytest.raises(SpoolError, match="takes longer than 0 s to shrink"):
        vacuum(spool.path, iter(range(10**9)).__next__, 0.0)
    assert list(spool.suppressions(Selection())) == before
    with closing(sqlite3.connect(tmp_path / "spool.db")) as raw:
        assert raw.execute("PRAGMA quick_check").fetchone() == ("ok",)
