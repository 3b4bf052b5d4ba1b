"""The disk: full, read-only, failing a sync; what lies on it is damaged in `damage`."""

import os
import random
from pathlib import Path

from tests.acceptance.faults.machine import (
    can_bind,
    can_mount,
    failing_sync,
    has_compiler,
    remount,
    small_disk,
    wrapped,
)
from tests.acceptance.faults.site import Site, assert_stopped
from tests.acceptance.faults.table import Fault, Line, Scale
from tests.fakes.webhook import FakeReceiver

_LARGE = 200_000
"""Kilobytes: more than anything here takes."""
_UNDONE = 4
"""Syncs with which SQLite undoes one transaction."""
_OFTEN = 10
_MANY = 4000
_ROWS = 1500
_SCHEMA = 312_000
"""Bytes that an empty spool has, about."""
_FULL = ("can't grow", "disk error", "can't be kept", "can't be created")
_RUBBISH = [b"rubbish,of,no,type,%d,%s\n" % (number, b"x" * 900) for number in range(450)]


def _limit(folder: Path, scale: Scale) -> Line:
    """A limit for the size of files stops the process wherever it is met; then the recovery file does the rest."""
    tries, chance = scale.of(1, 20), random.Random(2)  # noqa: S311  # the same limits on every machine
    with FakeReceiver() as receiver:
        site = Site(folder, receiver)
        for _ in range(tries):
            size = site.spool.stat().st_size if site.spool.exists() else _SCHEMA
            with site.started_as(wrapped(limit=size + chance.randrange(150_000))):
                assert_stopped(site.feed(site.rows(_ROWS)), *_FULL)
                site.assert_named(*_FULL)
            site.settle()
        return site.line(tries)


def _rejected(folder: Path, scale: Scale) -> Line:
    """The same limit, met by the file of the rows that can't be read: each row is there whole, and no half of one."""
    tries, chance = scale.of(1, 25), random.Random(3)  # noqa: S311  # as above
    with FakeReceiver() as receiver:
        site = Site(folder, receiver)
        file, lost = site.spool.with_suffix(".rejected.csv"), 0
        for number in range(tries):
            rubbish = [b"%d,%s" % (number, line) for line in _RUBBISH]
            size = file.stat().st_size if file.exists() else 0
            with site.started_as(wrapped(limit=max(_SCHEMA, size) + chance.randrange(1, 60_000))):
                assert_stopped(site.feed(site.rows(20, rubbish)), "can't be kept")
            site.settle()
            lines = file.read_bytes().splitlines(keepends=True)
            lost += len(set(rubbish) - set(lines))
            assert all(line.endswith(b"x\n") or line.startswith(b"type,") for line in lines), "half a row stays"
        return site.line(tries, lost=lost, note=f"and {len(_RUBBISH) * tries:,} rows that can't be read")


def _full(folder: Path, scale: Scale) -> Line:
    """A file system without room, for the spool, its journal, the log and the maildrop; later there is room again."""
    tries, kept = scale.of(1, 10), 0
    with FakeReceiver() as receiver, small_disk(folder / "disk", _LARGE) as disk:
        site = Site(folder, receiver, disk / "spool.db")
        assert site.mail("before@example.net").status == 0
        for number in range(tries):
            remount(disk, f"size={_used(disk) + 300}k")
            assert_stopped(site.feed(site.rows(_ROWS), f"--logfile={disk / 'log'}"), *_FULL)
            _fill(disk / "ballast")
            site.assert_named(*_FULL)
            assert_stopped(site.mail(f"m{number}@example.net"), "can't be kept in")
            (disk / "ballast").unlink()
            remount(disk, f"size={_LARGE}k")
            kept += site.mail(f"m{number}@example.net").status == 0
            site.settle()
        return site.line(tries, lost=tries - kept)


def _used(disk: Path) -> int:
    """Kilobytes."""
    found = os.statvfs(disk)
    return (found.f_blocks - found.f_bfree) * found.f_frsize // 1024


def _fill(file: Path) -> None:
    """Take what room there is left."""
    with file.open("wb", buffering=0) as ballast:
        try:
            while ballast.write(bytes(4096)):
                pass
        except OSError:
            return


def _read_only(folder: Path, scale: Scale) -> Line:
    """The spool's file, its folder, and the maildrop can't be written; then they can."""
    with FakeReceiver() as receiver:
        own = folder / "own"
        own.mkdir()
        site = Site(folder, receiver, own / "spool.db")
        site.feed(site.rows(20))
        assert site.mail("kept@example.net").status == 0
        locations, tries = [(site.spool, 0o444, 0o600), (own, 0o555, 0o700)][: scale.of(1, 2)], scale.of(1, 5)
        for place, bad, good in locations * tries:
            (
                own / "spool.db-journal"
            ).unlink()  # empty between two commits; where it is there, the folder is not needed
            place.chmod(bad)
            with site.started_as(wrapped(is_bound=True)):
                assert_stopped(site.feed(site.rows(20)), "can't be written", "can't be opened")
                site.assert_named("can't be written", "can't be opened")
            place.chmod(good)
            site.settle()
        refused = _maildrop(site, own / "spool.maildrop")
        return site.line(len(locations) * tries + 1, lost=refused)


def _maildrop(site: Site, maildrop: Path) -> int:
    """Make the maildrop read-only for a mail; returns how many the second try did not keep."""
    maildrop.chmod(0o500)
    with site.started_as(wrapped(is_bound=True)):
        assert_stopped(site.mail("again@example.net"), "can't be kept in")
    maildrop.chmod(0o700)
    status = site.mail("again@example.net").status
    site.settle()
    return int(status != 0)


def _mounted_read_only(folder: Path, scale: Scale) -> Line:
    """The file system is read-only, as ext4 becomes after an error; then it is mended."""
    tries = scale.of(1, 5)
    with FakeReceiver() as receiver, small_disk(folder / "disk", _LARGE) as disk:
        site = Site(folder, receiver, disk / "spool.db")
        assert site.mail("before@example.net").status == 0
        for number in range(tries):
            remount(disk, "ro")
            assert_stopped(site.feed(site.rows(20)), "can't be written", "can't be created", "can't be opened")
            site.assert_named("can't be written", "can't be created", "can't be opened")
            assert_stopped(site.mail(f"m{number}@example.net"), "can't be kept in")
            remount(disk, "rw")
            assert site.mail(f"m{number}@example.net").status == 0
            site.settle()
        return site.line(tries)


def _sync(folder: Path, scale: Scale) -> Line:
    """One sync of the spool, or of its journal, fails with EIO; that process commits nothing any more."""
    tries, library = scale.of(2, 30), failing_sync(folder)
    with FakeReceiver() as receiver:
        site, met = Site(folder, receiver), 0
        for number in range(tries):
            log = folder / f"syncs{number}"
            environ = {"LD_PRELOAD": str(library), "FAULT_SYNC_FILE": "spool.db", "FAULT_SYNC_LOG": str(log)}
            with site.start(environ=environ | {"FAULT_SYNC_AFTER": str(19 + number * 7 % 60)}) as running:
                running.pour(site.rows(_MANY))
                finished = running.wait()
            before, failed, after = log.read_text("ascii").partition("!")
            if not failed:  # it was done with fewer syncs
                assert finished.status in {0, 75}, finished.stderr  # 75: something waits
                continue
            assert_stopped(finished, "disk error")
            met += bool(before)
            assert len(after) <= _UNDONE, f"{len(after)} syncs after the one that failed"
            if number % _OFTEN == 0:
                site.settle()
        site.settle()
        assert met, "no sync failed after one that did not"
        return site.line(met)


FAULTS = (
    Fault("disk full: a limit for the size of a file", _limit),
    Fault("disk full: rows that can't be read", _rejected),
    Fault("disk full: a small file system", _full, "root, and mount", can_mount),
    Fault("read-only: file, folder, maildrop", _read_only, "rights that bind the program", can_bind),
    Fault("read-only: the file system", _mounted_read_only, "root, and mount", can_mount),
    Fault("a sync fails with EIO", _sync, "a C compiler", has_compiler),
)
