"""The pipe as PowerMTA runs it: rows one at a time, two processes at once, and a kill in the middle."""

import sqlite3
import threading
from collections import Counter
from contextlib import suppress

from tests.acceptance.harness import LONGEST, Program, Running, accounting, bounce
from tests.acceptance.shell import delivered, recipients
from tests.fakes.server import wait_until


def test_rows_one_at_a_time(program: Program) -> None:
    """A row is on disk, and at the provider, soon after it was written into the open pipe; stdout is silent."""
    with program.start() as running:
        running.write(accounting([]))
        for number in range(3):
            recipient = f"user{number}@example.com"
            running.write(accounting([bounce(recipient)], has_header=False))
            wait_until(lambda: len(delivered(program)) == number + 1)  # noqa: B023  # called before the next round
            assert recipients(program.suppressions())[-1] == recipient
            assert running.process.poll() is None
        running.write(accounting([bounce("late@example.com")], has_header=False)[:-1])
        finished = running.finish()
    assert finished.status == 0, finished.stderr
    assert finished.stdout == ""
    assert finished.finished["suppressed"] == 4
    assert finished.finished["providers"] == {"trail": {"done": 4, "waiting": 0, "dead": 0}}


def test_row_in_two_halves(program: Program) -> None:
    """A row that arrives in two writes is one row."""
    row = accounting([bounce("jane@example.com")], has_header=False)
    with program.start() as running:
        running.write(accounting([bounce("first@example.com")]))
        running.wait_for("unsubscribed")
        running.write(row[:40])
        running.write(row[40:])
        running.wait_for("unsubscribed", 2)
        finished = running.finish()
    assert finished.finished["unreadable"] == {}
    assert recipients(delivered(program)) == ["first@example.com", "jane@example.com"]


def test_two_instances_on_one_spool(program: Program) -> None:
    """While PowerMTA reloads, two processes share the spool: every row is there, each is dispatched once."""
    with program.start() as one, program.start() as other:
        for running in (one, other):
            running.write(accounting([]))
        for number in range(60):
            row = accounting([bounce(f"user{number}@example.com")], has_header=False)
            (one, other)[number % 2].write(row)
            if number % 3 == 0:
                (other, one)[number % 2].write(row)  # and to both
        first, second = one.finish(), other.finish()
    # The first may have ended while the other still called: it reports that something waits, and that nothing is lost.
    assert (first.status in {0, 75}, second.status) == (True, 0), first.stderr + second.stderr
    addresses = sorted(f"user{number}@example.com" for number in range(60))
    assert sorted(recipients(program.suppressions())) == addresses
    assert sorted(recipients(delivered(program))) == addresses
    assert first.finished["duplicates"] + second.finished["duplicates"] == 20


def later(program: Program) -> None:
    """Let the minute pass after which the claims of a dead process expire."""
    with sqlite3.connect(program.spool) as spool:
        spool.execute("UPDATE dispatch SET due_at = due_at - 120 WHERE state = 'claimed'")
    spool.close()


def pour(running: Running, data: bytes) -> None:
    """Write until the other end is closed."""
    with suppress(OSError):
        running.write(data)


def test_killed_in_the_middle(program: Program) -> None:
    """After kill -9 in the middle the same file again completes it: nothing is lost or delivered twice."""
    data = accounting(bounce(f"user{number}@example.com") for number in range(3000))
    with program.start() as running:
        part = data[: len(data) * 2 // 3]
        threading.Thread(target=pour, args=(running, part), daemon=True).start()
        running.wait_until(lambda: len(delivered(program)) > 20)
        running.process.kill()
        running.process.wait(LONGEST)
    before = Counter(event["id"] for event in delivered(program))
    assert 0 < len(before) < 3000
    assert max(before.values()) == 1

    later(program)
    finished = program.feed(data)
    assert finished.status == 0, finished.stderr
    suppressed = program.suppressions()
    assert len(suppressed) == len(set(recipients(suppressed))) == 3000
    after = Counter(event["id"] for event in delivered(program))
    assert len(after) == 3000
    repeated = [number for number, times in after.items() if times > 1]
    assert set(repeated) <= set(before), "only a call that was cut off may be made again"
    assert len(repeated) < 50, "a process claims little more than its eight calls in flight"
    assert finished.finished["providers"]["trail"] == {
        "done": sum(after.values()) - len(before),
        "waiting": 0,
        "dead": 0,
    }
