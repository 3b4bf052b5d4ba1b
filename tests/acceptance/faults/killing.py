"""kill -9 at any moment: of the pipe process, of `work`, of `unsubscribe`.

What was acknowledged is what another process could see in the spool before the kill, what the program's log reported as
done, and what a provider received: all of it must be in the file that the kill left behind, and stay as it is.
"""

import random
import subprocess
import time
from functools import partial
from pathlib import Path

from tests.acceptance.faults.scene import Scene, assert_calm
from tests.acceptance.faults.slow_writer import SlowWriter
from tests.acceptance.faults.spool_observer import Content, SpoolObserver
from tests.acceptance.faults.table import Fault, Line, Scale
from tests.acceptance.harness import LONGEST, SCRIPT, Running, accounting
from tests.acceptance.unsubscribing import MAIL, signed
from tests.fakes.server import wait_until

_START = 0.6
"""Seconds that the program takes to start, and a little more."""
_WHILE = 0.3
"""Seconds that the rows of one try take to come and to be carried out, and a little more."""
_COMMIT = 0.004
"""Seconds that a commit takes on a slow disk."""
_JOURNAL = bytes.fromhex("d9d505f920a163d7")
"""What a rollback journal in use begins with: SQLite's file format, 3."""
_PATIENCE = 10
"""So often a mail's process is killed; then it may live."""
_LIFE = 1.3
"""The instants are taken from so much of the life of a process that was let live."""


def _pipe(folder: Path, scale: Scale) -> Line:
    """Kill the pipe process while rows come; after each kill feed the recovery file, as documented."""
    tries, each, chance = scale.of(4, 220), 150, _chance(1)
    longest, lost, in_commit, before = 0.0, 0, 0, Content.none()
    with Scene(folder) as scene:
        file = scene.program.spool
        for number in range(tries):
            data = accounting(scene.bounces(each))
            with SpoolObserver(file, before) as observer, scene.program.start() as running:
                writer = SlowWriter(running, data, chance, after=observer.saw if number % 4 else None)
                if number % 4:
                    running.wait_until(observer.saw.is_set)
                if number % 4 > 1:
                    _until_commit(file)
                _kill(running, chance, (_START, _WHILE, _COMMIT, _COMMIT)[number % 4])
                writer.join()
            in_commit += _is_committing(file)
            longest = max(longest, writer.longest if number % 4 else 0)
            left = Content.left_behind(file)
            lost += left.lacks(before) + observer.misses(left) + left.belies(running.events)
            lost += len(set(scene.receiver.recipients) - set(left.recipients.values()))
            assert not scene.recover().finished["unreadable"]
            before = Content.of(file)
            lost += before.lacks(left) + len(scene.expected.keys() - set(before.recipients.values()))
        scene.settle()
        lost += Content.of(file).lacks(before)
        found = scene.compare()
    note = f"the recovery file after each; {in_commit} in the middle of a commit"
    return Line(tries, tries * each, lost + found.lost, found.repeated, found.wrong, longest, note)


def _work(folder: Path, scale: Scale) -> Line:
    """Kill `work` again and again, while a pipe that leaves the work to it fills the spool; nothing is fed again."""
    tries, each, chance = scale.of(4, 220), 120, _chance(2)
    longest, lost, before = 0.0, 0, Content.none()
    with Scene(folder) as scene, scene.program.start("--no-dispatch") as pipe:
        file = scene.program.spool
        pipe.write(accounting(first := scene.bounces(each)))
        pipe.wait_until(partial(scene.has_any, first))  # it reads
        for number in range(tries):
            data = accounting(scene.bounces(each), has_header=False)
            calls = len(scene.receiver.requests)
            with SpoolObserver(file, before) as observer, scene.program.start("work") as running:
                writer = SlowWriter(pipe, data, chance)
                if number % 4:
                    running.wait_until(lambda: len(scene.receiver.requests) > calls)  # noqa: B023  # called at once
                _kill(running, chance, _WHILE if number % 4 else _START)
                writer.join()
            longest = max(longest, writer.longest)
            left = Content.of(file)
            lost += left.lacks(before) + observer.misses(left) + left.belies(running.events)
            lost += len(set(scene.receiver.recipients) - set(left.recipients.values()))
            before = left
        assert_calm(pipe.finish())
        scene.settle()
        lost += Content.of(file).lacks(before)
        found = scene.compare()
    return Line(tries, (tries + 1) * each, lost + found.lost, found.repeated, found.wrong, longest)


def _unsubscribe(folder: Path, scale: Scale) -> Line:
    """Kill `unsubscribe`, and hand it the same mail again, as PowerMTA does, until it ends with 0; also kill `work`."""
    enough, a_work, chance, life = scale.of(12, 400), scale.of(3, 4), _chance(3), _START
    kills, works, lost, before = 0, 0, 0, Content.none()
    with Scene(folder, SCRIPT) as scene:
        while kills < enough or works < 2:  # each way once
            with scene.program.start("work") as running:
                for _ in range(a_work):
                    killed, life = _hand_over(scene, scene.requester(), chance, life)
                    kills += killed
                if works % 2:
                    wait_until(lambda: not list(scene.maildrop.glob("*.message")))
                _kill(running, chance, 0 if works % 2 else _START)
            works += 1
            left = Content.of(scene.program.spool)
            lost += left.lacks(before) + left.belies(running.events)
            before = left
        scene.settle()
        found = scene.compare()
    note = f"`work`, which takes the mails in, killed {works} times"
    return Line(kills, works * a_work, lost + found.lost, found.repeated, found.wrong, note=note)


def _hand_over(scene: Scene, recipient: str, chance: random.Random, life: float) -> tuple[int, float]:
    """Hand a mail over until it is taken; returns the kills, and seconds that the one which took it lived."""
    arguments = ("unsubscribe", "--from", "jane@example.com", "--to", signed(recipient))
    for kills in range(_PATIENCE + 1):
        began = time.monotonic()
        with scene.program.start(*arguments) as running:
            running.write(MAIL)
            running.end_input()
            try:
                status = running.process.wait(chance.uniform(0, _LIFE * life) if kills < _PATIENCE else LONGEST)
            except subprocess.TimeoutExpired:
                running.process.kill()
                status = running.process.wait()
        if status == 0:
            return kills, time.monotonic() - began
        assert status < 0, running.wait().stderr
    raise AssertionError("the mail was not taken")


def _kill(running: Running, chance: random.Random, within: float) -> None:
    """Kill it at a random instant of so many seconds."""
    time.sleep(chance.uniform(0, within))
    running.process.kill()
    running.process.wait()


def _until_commit(file: Path) -> None:
    """Return as soon as a commit is under way; without one, and where SQLite has no rollback journal, after a while."""
    deadline = time.monotonic() + _WHILE
    while not _is_committing(file) and time.monotonic() < deadline:
        pass


def _is_committing(file: Path) -> bool:
    """Whether the rollback journal holds what a process has yet to commit, or left so."""
    try:
        with file.with_name(f"{file.name}-journal").open("rb") as journal:
            return journal.read(len(_JOURNAL)) == _JOURNAL
    except FileNotFoundError:
        return False


def _chance(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311  # the same instants on every machine


FAULTS = (
    Fault("kill -9 of the pipe process", _pipe),
    Fault("kill -9 of `work`, while a pipe fills the spool", _work),
    Fault("kill -9 of `unsubscribe`, the mail handed over again", _unsubscribe),
)
