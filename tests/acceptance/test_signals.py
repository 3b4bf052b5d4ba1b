"""Signals to the pipe and to `work`: no row written before is lost, and the end comes soon."""

import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest

from bouncehandler.spool.sqlite.store import SqliteSpool
from tests.acceptance.harness import LONGEST, MODULE, Finished, Program, Running, accounting, bounce
from tests.acceptance.shell import delivered, has_read, writing_held_up
from tests.fakes.server import Answer, wait_until
from tests.fakes.webhook import SECRET, FakeReceiver

STOPS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
GRACE = 1.0
"""Seconds that calls in flight are given in these tests."""


@pytest.fixture
def silent(tmp_path: Path) -> tuple[Program, FakeReceiver]:
    """An installation with a provider that takes calls and does not answer them."""
    receiver = FakeReceiver()
    receiver.always = Answer(202, delay=10 * LONGEST)
    program = Program(tmp_path)
    crm = {"type": "webhook", "url": receiver.hook, "secret": SECRET, "timeout": "1h"}
    program.configure({"dispatch": {"grace": f"{GRACE:g}s"}}, crm=crm)
    return program, receiver


def listens(running: Running) -> bool:
    """Whether the process handles signals."""
    status = Path(f"/proc/{running.process.pid}/status").read_text()
    (caught,) = (line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(caught, 16) >> (signal.SIGHUP - 1) & 1)  # Python itself catches SIGINT, and nothing catches SIGHUP


def waiting(program: Program) -> int:
    """Dispatches that are not settled."""
    counts = program.status()["dispatches"]
    return int(counts["pending"] + counts["claimed"] + counts["held"])


def assert_status_lists_pending(finished: Finished, program: Program) -> None:
    """0 when nothing waits; else 75, and the sentence with how many."""
    count = waiting(program)
    assert finished.status == (75 if count else 0), finished.stderr
    assert finished.finished["exit_status"] == finished.status
    assert finished.stdout == ""
    if count:
        (sentence,) = finished.sentences
        assert f"{count:,} dispatch" in sentence
        assert "nothing is lost" in sentence
    else:
        assert finished.sentences == []


@pytest.mark.parametrize("number", STOPS)
def test_rows_in_the_pipe_are_not_lost(program: Program, number: signal.Signals) -> None:
    """Rows written before the signal are suppressed, even if the program had not begun to read."""
    rows = [bounce(f"user{number}@example.com") for number in range(200)]
    with program.start() as running:
        wait_until(lambda: listens(running))
        running.write(accounting(rows))
        running.signal(number)
        finished = running.wait()
    assert finished.finished["suppressed"] == 200
    assert len(program.suppressions()) == 200
    assert_status_lists_pending(finished, program)


def test_what_waits_after_a_signal_is_done_by_the_next_run(program: Program) -> None:
    """The next run, or the same rows again, completes what a signal left; each recipient is delivered once."""
    data = accounting([bounce(f"user{number}@example.com") for number in range(150)])
    with program.start() as running:
        running.write(data)
        running.wait_for("unsubscribed")
        running.signal(signal.SIGTERM)
        finished = running.wait()
    assert_status_lists_pending(finished, program)
    again = program.feed(data)
    assert again.status == 0, again.stderr
    assert again.finished["duplicates"] == 150
    assert Counter(Counter(event["id"] for event in delivered(program)).values()) == {1: 150}


def test_torn_row_at_a_signal(program: Program) -> None:
    """A row of which the signal let only a half arrive is counted as torn and kept; the rows before it are safe."""
    row = accounting([bounce("late@example.com")], has_header=False)
    with program.start() as running:
        wait_until(lambda: listens(running))
        running.write(accounting([bounce("jane@example.com")]) + row[:70])
        running.signal(signal.SIGTERM)
        finished = running.wait()
    assert finished.finished["unreadable"] == {"torn": 1}
    assert [found["recipient"] for found in program.suppressions()] == ["jane@example.com"]
    header = accounting([]).splitlines(keepends=True)[0]
    assert (program.folder / "spool.rejected.csv").read_bytes() == header + row[:70] + b"\n"


def test_signal_before_anything_was_written(program: Program) -> None:
    """A pipe that is stopped before its first row has nothing to complain about: 0."""
    with program.start() as running:
        wait_until(lambda: listens(running))
        running.signal(signal.SIGTERM)
        finished = running.wait()
    assert (finished.status, finished.sentences) == (0, [])


def test_signal_while_the_pipe_is_idle(program: Program) -> None:
    """A pipe with all rows done ends at once, with 0."""
    with program.start() as running:
        running.write(accounting([bounce("jane@example.com")]))
        running.wait_for("unsubscribed")
        running.signal(signal.SIGTERM)
        finished = running.wait()
    assert (finished.status, finished.sentences) == (0, [])
    assert finished.finished["providers"]["trail"] == {"done": 1, "waiting": 0, "dead": 0}


def test_interrupt_at_the_very_start(program: Program) -> None:
    """Ctrl-C before the command has begun ends the program without a traceback, with 75."""
    (program.folder / "sitecustomize.py").write_text(
        "import os, signal, sys\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # which a shell's background processes ignore
        "class Finder:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'click':\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Finder())\n"
    )
    with program.start(environ={"PYTHONPATH": str(program.folder)}) as running:
        finished = running.wait()
    assert (finished.status, finished.stderr) == (75, "bouncehandler: interrupted\n")


def test_several_signals(program: Program) -> None:
    """Signals that follow the first change nothing."""
    with program.start() as running:
        wait_until(lambda: listens(running))
        running.write(accounting([bounce("jane@example.com")]))
        for number in STOPS * 3:
            running.signal(number)
        finished = running.wait()
    assert_status_lists_pending(finished, program)
    assert len(program.suppressions()) == 1


def test_signal_in_the_middle_of_a_file(tmp_path: Path) -> None:
    """A file is left where the signal came, with 75; fed again it is completed, and nothing is done twice."""
    program = Program(tmp_path)
    data = accounting([bounce(f"user{number}@example.com") for number in range(40_000)])
    (tmp_path / "bounce.csv").write_bytes(data)
    first = read_file(program, "bounce.csv", stops_early=True)
    assert first.status == 75
    assert first.sentences == [
        "bouncehandler: stopped before the end of the input; feed it again, nothing is done twice"
    ]
    done = first.finished["suppressed"]
    assert 0 < done < 40_000
    assert program.status()["suppressions"] == done
    again = read_file(program, "bounce.csv")
    assert again.status == 0
    assert again.finished["duplicates"] == done
    assert program.status()["suppressions"] == 40_000


def read_file(program: Program, name: str, *, stops_early: bool = False) -> Finished:
    """The program with the file itself as its stdin; stopped before it can commit what it has read first."""
    output = program.folder / "reading"
    with (
        writing_held_up(program) as go_on,
        (program.folder / name).open("rb") as source,
        output.with_suffix(".out").open("wb") as out,
        output.with_suffix(".err").open("wb") as err,
    ):
        command = [*MODULE, "--config", str(program.config)]
        process = subprocess.Popen(command, stdin=source, stdout=out, stderr=err)
        with Running(process, output) as running:
            if stops_early:
                running.wait_until(lambda: has_read(running, program.folder / name))
                running.signal(signal.SIGTERM)
            go_on()
            return running.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_hanging_provider(silent: tuple[Program, FakeReceiver], number: signal.Signals) -> None:
    """A provider that never answers holds the end up for the grace and no longer; its dispatch still waits.

    How long exactly, whatever else the machine does: `tests/unit/runtime/test_shutdown.py`.
    """
    program, receiver = silent
    with receiver, program.start() as running:
        running.write(accounting([bounce("jane@example.com")]))
        wait_until(lambda: len(receiver.requests) == 1)
        began = time.monotonic()
        running.signal(number)
        finished = running.wait()
        took = time.monotonic() - began
    assert took >= GRACE
    assert finished.status == 75
    assert waiting(program) == 1
    assert_status_lists_pending(finished, program)


def test_hanging_provider_does_not_stop_the_reader(silent: tuple[Program, FakeReceiver]) -> None:
    """While a provider hangs, rows are read and put on disk as if nothing were."""
    program, receiver = silent
    with receiver, program.start() as running:
        running.write(accounting([]))
        for number in range(300):
            running.write(accounting([bounce(f"user{number}@example.com")], has_header=False))
        wait_until(lambda: len(receiver.requests) > 0)
        spool = SqliteSpool.open(program.spool)
        wait_until(lambda: spool.status().suppressions == 300)
        spool.close()
        running.end_input()
        running.signal(signal.SIGTERM)
        assert running.wait().status == 75


def test_call_in_flight_is_finished(program: Program) -> None:
    """A call that ends within the grace counts: it is settled, and not made again."""
    with FakeReceiver() as receiver:
        receiver.latency = 0.5
        program.configure(
            {"dispatch": {"grace": "1h"}}, crm={"type": "webhook", "url": receiver.hook, "secret": SECRET}
        )
        with program.start() as running:
            running.write(accounting([bounce("jane@example.com")]))
            wait_until(lambda: len(receiver.requests) == 1)
            running.signal(signal.SIGTERM)
            finished = running.wait()
        assert finished.status == 0, finished.stderr
        assert finished.finished["providers"]["crm"] == {"done": 1, "waiting": 0, "dead": 0}
        assert program.feed(accounting([])).status == 0
        assert receiver.recipients == ["jane@example.com"]
        assert len(receiver.requests) == 1


@pytest.mark.parametrize("number", STOPS)
def test_work_that_is_done(program: Program, number: signal.Signals) -> None:
    """`work` carries out what the spool holds and what comes in meanwhile; when stopped with nothing waiting: 0."""
    program.feed([bounce("jane@example.com")], "--no-dispatch")
    with program.start("work") as running:
        running.wait_for("unsubscribed")
        program.feed([bounce("joe@example.com")], "--no-dispatch")
        running.wait_for("unsubscribed", 2)
        running.signal(number)
        finished = running.wait()
    assert (finished.status, finished.stdout, finished.sentences) == (0, "", [])
    assert finished.finished["providers"] == {"trail": {"done": 2, "waiting": 0, "dead": 0}}
    assert finished.finished["exit_status"] == 0


def test_work_that_is_not_done(silent: tuple[Program, FakeReceiver]) -> None:
    """`work` that is stopped while something waits ends with 75 and the sentence that a run would end with."""
    program, receiver = silent
    program.feed([bounce("jane@example.com"), bounce("joe@example.com")], "--no-dispatch")
    with receiver, program.start("work") as running:
        wait_until(lambda: len(receiver.requests) == 2)
        running.signal(signal.SIGTERM)
        finished = running.wait()
    assert finished.status == 75
    assert finished.sentences[0].startswith("bouncehandler: 2 dispatches wait for crm")
    assert_status_lists_pending(finished, program)
    assert finished.finished["providers"]["crm"]["waiting"] == 2


def test_no_dispatch_leaves_the_work_to_others(program: Program) -> None:
    """With --no-dispatch the job is done when the spool is filled: 0, with what waits in the numbers."""
    finished = program.feed([bounce("jane@example.com")], "--no-dispatch")
    assert (finished.status, finished.sentences) == (0, [])
    assert finished.finished["providers"] == {"trail": {"done": 0, "waiting": 1, "dead": 0}}
    assert delivered(program) == []
