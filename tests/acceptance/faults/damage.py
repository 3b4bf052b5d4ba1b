"""The spool's file is cut off, overwritten, deleted, moved or replaced, or another version of the program wrote it."""

import os
import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from tests.acceptance.faults.site import Site, assert_stopped
from tests.acceptance.faults.table import Fault, Line, Scale
from tests.fakes.webhook import FakeReceiver

_Harm = Callable[[Path, random.Random], None]
_PEOPLE = 300
_NAMED = ("is damaged", "is not a SQLite database", "lacks what belongs into it", "another program's database")
_GONE = ("was moved or deleted while it was open",)


def _cut(spool: Path, chance: random.Random) -> None:
    os.truncate(spool, chance.randrange(1, spool.stat().st_size * 9 // 10))


def _empty(spool: Path, _: random.Random) -> None:
    os.truncate(spool, 0)


def _noise(spool: Path, chance: random.Random) -> None:
    """Over up to a third of the file, anywhere."""
    size = spool.stat().st_size
    with spool.open("r+b") as file:
        file.seek(chance.randrange(size))
        file.write(chance.randbytes(min(chance.randrange(1, size // 3), size - file.tell())))


def _noisy_head(spool: Path, chance: random.Random) -> None:
    with spool.open("r+b") as file:
        file.write(chance.randbytes(4096))


def _delete(spool: Path, _: random.Random) -> None:
    spool.unlink()


def _move(spool: Path, _: random.Random) -> None:
    spool.rename(spool.with_suffix(".moved"))


def _replace(spool: Path, _: random.Random) -> None:
    shutil.copy(spool, spool.with_suffix(".copy"))
    spool.with_suffix(".copy").replace(spool)


def _damaged(folder: Path, scale: Scale) -> Line:
    """Under a running process, or before the next start; the operator then moves the file away."""
    harms: tuple[_Harm, ...] = (_noisy_head, _cut, _noise)
    tries, chance, noticed = scale.of(2, 45), random.Random(4), 0  # noqa: S311  # the same damage on every machine
    with FakeReceiver() as receiver:
        site = Site(folder, receiver)
        for number in range(tries):
            harm, is_open = harms[number % len(harms)], number // len(harms) % 2 == 0
            with site.serve(_PEOPLE) as running:
                if is_open:
                    harm(site.spool, chance)
                    running.pour(site.rows(_PEOPLE))
                    finished = running.wait()
                else:
                    running.finish()
                    harm(site.spool, chance)
                    finished = site.feed(site.rows(_PEOPLE))
            if finished.status:  # a part that was not read is not noticed
                assert_stopped(finished, *_NAMED)
                site.assert_named(*_NAMED)
                noticed += 1
            _move_away(site)
            site.settle()
        return site.line(tries, note=f"{noticed} met in the run itself")


def _gone(folder: Path, scale: Scale) -> Line:
    """Under a running process, which must not go on writing into a file that is unlinked."""
    harms: tuple[_Harm, ...] = (_delete, _move, _replace, _empty)
    tries, chance = scale.of(1, 24), random.Random(5)  # noqa: S311  # as above
    with FakeReceiver() as receiver:
        site = Site(folder, receiver)
        for number in range(tries):
            with site.serve(20) as running:
                harms[number % len(harms)](site.spool, chance)
                running.write(site.rows(20))
                running.end_input()
                assert_stopped(running.wait(), *_GONE, *_NAMED)
            site.settle()
        return site.line(tries)


def _move_away(site: Site) -> None:
    for file in site.spool.parent.glob("spool.db*"):
        file.rename(file.with_name(f"damaged-{file.name}"))


def _newer(folder: Path, _: Scale) -> Line:
    """A newer program wrote it: this one touches nothing, and works again when the newer one has gone."""
    with FakeReceiver() as receiver:
        site = Site(folder, receiver)
        site.feed(site.rows(20))
        ours = _version(site.spool, 9999)
        before = site.spool.read_bytes()
        assert_stopped(site.feed(site.rows(20)), "a newer bouncehandler")
        site.assert_named("a newer bouncehandler")
        assert site.spool.read_bytes() == before
        _version(site.spool, ours)
        site.settle()
        return site.line(1)


def _version(spool: Path, number: int) -> int:
    """Set a spool's version; returns the one it had."""
    with closing(sqlite3.connect(spool)) as raw:
        before = int(raw.execute("PRAGMA user_version").fetchone()[0])
        raw.execute(f"PRAGMA user_version = {number}")
        return before


FAULTS = (
    Fault("spool file cut off or overwritten with noise", _damaged),
    Fault("spool file deleted, moved, replaced or emptied while open", _gone),
    Fault("spool of a newer version", _newer),
)
