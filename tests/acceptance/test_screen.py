"""Output on a terminal: progress of files and pipes, `status --watch`, colours."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import termios
from functools import partial
from pathlib import Path

import pytest

from tests.acceptance.harness import LONGEST, MODULE, Program, accounting, bounce
from tests.acceptance.shell import alone, with_dead_letters
from tests.acceptance.test_terminal import COLOUR, ROWS, run_on_terminal, start, terminal
from tests.fakes.server import wait_until


def environ(program: Program, **more: str) -> dict[str, str]:
    """A terminal's environment, and a home of our own."""
    return {"PATH": os.environ["PATH"], "HOME": str(program.folder), "TERM": "xterm-256color", **more}


def test_progress_of_a_file(program: Program) -> None:
    """A file of known size has a rate, a bar, the share and the time left."""
    file = program.folder / "bounces.csv"
    file.write_bytes(accounting(bounce(f"user{number}@example.com") for number in range(12_000)))
    with terminal() as screen, file.open("rb") as stdin:
        command = [*MODULE, "--config", str(program.config), "--no-dispatch"]
        status = subprocess.run(
            command, stdin=stdin, stderr=screen.theirs, env=environ(program), timeout=LONGEST, check=False
        ).returncode
    assert status == 0
    assert re.search(r"[\d,]+ rows read, [\d,]+ suppressed, [\d,]+/s", screen.screen)
    assert re.search(r"\d+%", screen.screen)
    assert "left" in screen.screen
    assert re.search(r"time +\d", screen.screen), "the summary has the time taken"


def test_progress_of_what_is_left_of_a_file(program: Program) -> None:
    """Of a file that a shell has begun to read, the share is that of the rest: it ends with 100 %."""
    file = program.folder / "bounces.csv"
    rows = accounting(bounce(f"user{number}@example.com") for number in range(2000))
    file.write_bytes(b"#" * len(rows) * 9 + b"\n" + rows)
    with terminal() as screen, file.open("rb") as stdin:
        os.lseek(stdin.fileno(), len(rows) * 9 + 1, os.SEEK_SET)
        command = [*MODULE, "--config", str(program.config), "--no-dispatch"]
        subprocess.run(command, stdin=stdin, stderr=screen.theirs, env=environ(program), timeout=LONGEST, check=True)
    assert "100%" in screen.screen


def test_progress_of_a_pipe(program: Program) -> None:
    """A pipe, of unknown size, has a rate, and neither a share nor a time left."""
    with terminal() as screen:
        process = start(program, screen, ("--no-dispatch",), {})
        assert process.stdin
        process.stdin.write(ROWS)
        process.stdin.flush()
        wait_until(lambda: re.search(r"[\d,]+ rows read, [\d,]+ suppressed, [\d,]+/s", screen.screen) is not None)
        process.communicate(timeout=LONGEST)
    assert "%" not in screen.screen
    assert "left" not in screen.screen


@pytest.mark.parametrize(
    ("args", "more", "is_coloured"),
    [
        ((), {"NO_COLOR": ""}, True),
        (("--color", "auto"), {"NO_COLOR": "1"}, False),
        (("--color", "never"), {}, False),
        (("--color", "always"), {"NO_COLOR": "1"}, True),
        ((), {"TERM": "dumb"}, False),
    ],
    ids=["empty NO_COLOR", "NO_COLOR", "never", "always", "dumb"],
)
def test_colours_of_a_run(program: Program, args: tuple[str, ...], more: dict[str, str], *, is_coloured: bool) -> None:
    """A terminal has colours, unless --color, NO_COLOR or TERM decide otherwise; --color has the last word."""
    assert bool(COLOUR.search(run_on_terminal(program, ROWS, "--no-dispatch", *args, **more).screen)) == is_coloured


def test_colours_of_commands(program: Program) -> None:
    """Commands have them by the same rule: none in a pipe, unless --color always asks for them on either side."""
    with_dead_letters(program, "jane@example.com")
    config = ("--config", str(program.config))
    plain = alone(program.folder, "status", *config).stdout
    assert "1 dead" in plain
    assert "\x1b" not in plain
    for args in (("--color", "always", "status"), ("status", "--color", "always")):
        coloured = alone(program.folder, *config, *args, NO_COLOR="1").stdout
        assert "\x1b[31m1 dead\x1b[0m" in coloured
        assert re.sub(r"\x1b\[\d+m", "", coloured).splitlines()[1:] == plain.splitlines()[1:]  # the first has an age
    assert alone(program.folder, *config, "status", "--color", "blue").status == 64


def drawn(program: Program, *args: str, **more: str) -> tuple[subprocess.Popen[bytes], int]:
    """`status --watch` with a terminal as its stdout, and the other end of the terminal."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    process = subprocess.Popen(
        [*MODULE, "--config", str(program.config), "status", "--watch", *args],
        stdout=theirs,
        stderr=theirs,
        env=environ(program, **more),
    )
    os.close(theirs)
    return process, ours


def shown_until(ours: int, pattern: str) -> str:
    """Read the output up to where the pattern is found."""
    shown = ""
    while not re.search(pattern, shown, re.DOTALL):
        assert select.select([ours], [], [], LONGEST)[0], shown
        shown += os.read(ours, 65536).decode()
    return shown


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_watch(program: Program, number: signal.Signals) -> None:
    """On a terminal `status --watch` draws over what it showed, follows the spool, and ends at once, with 0."""
    program.feed(b"")
    process, ours = drawn(program, "0.1")
    shown_until(ours, "0 suppressions.*0 suppressions")
    with_dead_letters(program, "jane@example.com")
    shown = shown_until(ours, "1 dead")
    assert "\x1b[1A" in shown or "\x1b[2K" in shown, "it is drawn over"
    process.send_signal(number)
    assert process.wait(LONGEST) == 0
    os.close(ours)


def test_watch_on_a_dumb_terminal(program: Program) -> None:
    """A terminal that knows no escapes gets one status below the other."""
    program.feed(b"")
    process, ours = drawn(program, "0.1", TERM="dumb")
    assert "\x1b" not in shown_until(ours, "0 suppressions.*\n\r?\n.*0 suppressions")
    process.send_signal(signal.SIGINT)
    assert process.wait(LONGEST) == 0
    os.close(ours)


def test_watch_in_a_pipe(program: Program) -> None:
    """Where standard output is no terminal each status is appended; with --json that is one object a line."""
    program.feed(b"")
    for args, pattern in ((("--json",), r"\{[^\n]*\}\n\{[^\n]*\}\n"), ((), r"Ctrl-C ends it\n.*\n\n\d{4}-.*\n\n")):
        with program.start("status", "--watch", "100ms", *args) as running:
            output = program.folder / f"run{program._runs}.out"  # noqa: SLF001  # the harness names it so
            running.wait_until(partial(_has, output, pattern))
            running.signal(signal.SIGINT)
            finished = running.wait()
        assert (finished.status, finished.stderr) == (0, "")
        assert "\x1b" not in finished.stdout
        if args:
            assert [json.loads(line)["suppressions"] for line in finished.stdout.splitlines()][:2] == [0, 0]


def _has(file: Path, pattern: str) -> bool:
    return re.search(pattern, file.read_text(), re.DOTALL) is not None


@pytest.mark.parametrize("interval", ["0", "x", "2d", "1e9"])
def test_watch_needs_seconds(program: Program, interval: str) -> None:
    """An interval that is none is wrong usage."""
    finished = program.run("status", f"--watch={interval}")
    assert finished.status == 64
    assert "--watch" in finished.stderr


def test_colour_before_a_mail(program: Program) -> None:
    """An option with a value before `unsubscribe` does not hide that it is a mail: PowerMTA tries again."""
    assert program.run("--color", "never", "unsubscribe", "--none").status == 75
