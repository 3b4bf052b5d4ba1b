"""The program on a terminal: progress and a summary on stderr, nothing on stdout."""

import os
import pty
import re
import subprocess
import termios
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import pytest

from tests.acceptance.harness import LONGEST, MODULE, OLD_ORDER, Program, accounting, bounce
from tests.fakes.server import wait_until

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")
_TAKEN_AWAY = re.compile(r"[^\n]*\r(?:\n(?:\x1b\[\?25h)?\r\x1b\[1A)?\x1b\[2K")
COLOUR = re.compile(r"\x1b\[(?:[0-9]+;)*(?:3[0-8]|4[0-8]|9[0-7])[;m]")


class TerminalOutput(NamedTuple):
    """Result of a run on a terminal."""

    status: int
    stdout: str
    screen: str
    """Everything that was sent to the terminal, escapes included."""

    @property
    def shown(self) -> str:
        """Everything without escapes, erased lines included."""
        return _ESCAPES.sub("", self.screen)

    @property
    def text(self) -> str:
        """The final text, without erased lines."""
        return _ESCAPES.sub("", _TAKEN_AWAY.sub("", self.screen))


class Terminal:
    """A terminal that keeps what the program shows, and types."""

    def __init__(self) -> None:
        self._ours, self.theirs = pty.openpty()
        termios.tcsetwinsize(self.theirs, (50, 200))
        self._shown = b""
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    @property
    def screen(self) -> str:
        """What was shown so far."""
        return self._shown.decode()

    def type(self, text: str) -> None:
        """Press keys."""
        os.write(self._ours, text.encode())

    def close(self) -> None:
        """After the program's end: read what is left."""
        os.close(self.theirs)
        self._thread.join(LONGEST)
        os.close(self._ours)

    def _read(self) -> None:
        try:
            while shown := os.read(self._ours, 65536):
                self._shown += shown
        except OSError:  # EIO: the other end is closed
            return


@contextmanager
def terminal() -> Iterator[Terminal]:
    """A terminal, closed at the end of the block."""
    screen = Terminal()
    try:
        yield screen
    finally:
        screen.close()


def start(
    program: Program, screen: Terminal, args: Sequence[str], environ: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """The program with the terminal as its stderr, and pipes as its stdin and stdout."""
    return subprocess.Popen(
        [*MODULE, "--config", str(program.config), *args],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=screen.theirs,
        env={"PATH": os.environ["PATH"], "HOME": str(program.folder), "TERM": "xterm-256color", **environ},
    )


def run_on_terminal(program: Program, data: bytes, *args: str, **environ: str) -> TerminalOutput:
    """A run over this input, seen on a terminal."""
    with terminal() as screen:
        process = start(program, screen, args, environ)
        out, _ = process.communicate(data, LONGEST)
    return TerminalOutput(process.returncode, out.decode(), screen.screen)


ROWS = accounting(
    [
        *(bounce(f"user{number}@example.com") for number in range(1200)),
        *(bounce("spam@example.com", "spam-related") for _ in range(3)),
        bounce("no address"),
    ]
)


def test_progress_and_summary(program: Program) -> None:
    """On a terminal there is a progress line, then a summary of what was done and why; stdout stays empty."""
    displayed = run_on_terminal(program, ROWS)
    assert (displayed.status, displayed.stdout) == (0, "")
    assert re.search(r"\d[\d,]* rows read, \d[\d,]* suppressed|dispatching, \d[\d,]* done", displayed.shown)
    lines = [" ".join(line.split()) for line in displayed.text.splitlines()]
    for line in (
        "rows of type b 1,203",
        "suppressed 1,200",
        'ignored by policy.bounce.spam-related = "ignore" 3',
        "unreadable, not-an-address 1",
        "provider done waiting dead",
        "trail 1,200 0 0",
    ):
        assert line in lines
    assert "{" not in displayed.text, "no JSON on a terminal"


def test_progress_goes_on_while_the_input_is_open(program: Program) -> None:
    """While rows come slowly, the line shows how many there were."""
    with terminal() as screen:
        process = start(program, screen, (), {})
        assert process.stdin
        process.stdin.write(accounting([bounce("jane@example.com")]))
        process.stdin.flush()
        wait_until(lambda: "1 rows read, 1 suppressed" in screen.screen)
        process.communicate(timeout=LONGEST)
    assert process.returncode == 0


def test_summary_of_what_waits(program: Program) -> None:
    """Waiting dispatches are in the summary, and the sentence gives the reason and until when."""
    program.configure(trail={"type": "file", "path": str(program.folder / "missing" / "trail.jsonl")})
    displayed = run_on_terminal(program, accounting([bounce("jane@example.com")]))
    assert displayed.status == 75
    lines = [" ".join(line.split()) for line in displayed.text.splitlines()]
    assert "provider done waiting dead why" in lines
    assert any(line.startswith("trail 0 1 0 can't append to") for line in lines)
    assert "bouncehandler: 1 dispatch waits for trail, which is held" in displayed.text


def test_second_time(program: Program) -> None:
    """A file that is fed again is reported as known."""
    run_on_terminal(program, ROWS)
    assert "1,200, 1,200 of them known" in run_on_terminal(program, ROWS).text


def test_dry_run(program: Program) -> None:
    """A dry run shows what would be suppressed, what of it is different, and reports that nothing was written."""
    displayed = run_on_terminal(program, ROWS, "--dry-run")
    assert displayed.status == 0
    assert re.search(r"different: not suppressed -> suppress\s+1,200", displayed.text)
    assert "nothing, there is no spool" in displayed.text
    assert "nothing was written, no provider was called" in displayed.text
    assert not program.spool.exists()


def test_list(program: Program) -> None:
    """A plain list is counted as such."""
    assert re.search(r"listed addresses\s+2", run_on_terminal(program, b"email\na@example.com\nb@example.com\n").text)


def test_no_color(program: Program) -> None:
    """With NO_COLOR set nothing is coloured; without it the progress line is."""
    assert COLOUR.search(run_on_terminal(program, ROWS).screen)
    assert not COLOUR.search(run_on_terminal(program, ROWS, NO_COLOR="1").screen)


def test_dumb_terminal(program: Program) -> None:
    """A terminal that knows no escapes gets none."""
    displayed = run_on_terminal(program, ROWS, TERM="dumb")
    assert "\x1b" not in displayed.screen
    assert re.search(r"trail +1,200 +0 +0", displayed.text)


def test_hostile_names(program: Program) -> None:
    """Categories and senders from the input can neither move the cursor nor pass for markup in the summary."""
    program.configure(
        {"policy.bounce": {"\x1b[2Jsite\x9b1m": "ignore"}},
        trail={"type": "file", "path": str(program.folder / "trail.jsonl"), "originators": ["news@lists.example"]},
    )
    rows = [
        bounce("a@example.com", "\x1b[2Jsite\x9b1m"),
        bounce("b@example.com", orig="\x1b]0;owned\x07[bold]x[/bold]:bomb:@evil.example"),
    ]
    displayed = run_on_terminal(program, accounting(rows))
    assert displayed.status == 0
    for command in ("\x1b[2J", "\x9b", "\x1b]0", "\x07"):
        assert command not in displayed.screen
    assert "[bold]x[/bold]:bomb:@evil.example" in displayed.text


def test_log_is_quiet_on_a_terminal(program: Program) -> None:
    """On a terminal the log shows only what a person has to look at, in lines for people."""
    displayed = run_on_terminal(program, ROWS)
    (line,) = [line for line in displayed.text.splitlines() if "line=1205" in line]
    assert re.match(r"\d{4}-\d\d-\d\dT\S+Z \[warning *\] unreadable ", line), "the progress line makes way for it"
    assert "unsubscribed" not in displayed.text


def test_debug(program: Program) -> None:
    """--debug shows each row and why, and each outcome, instead of the progress line."""
    rows = [bounce("jane@example.com"), bounce("joe@example.com", "spam-related")]
    displayed = run_on_terminal(program, accounting(rows), "--debug")
    assert displayed.status == 0
    (jane, joe) = [line for line in displayed.text.splitlines() if "[debug" in line]
    assert "recipient=j***@example.com" in jane
    assert "verdict=suppress" in jane
    assert "rule='policy.bounce.bad-mailbox = \"suppress\"'" in jane
    assert "verdict=ignore" in joe
    assert 'spam-related = "ignore"' in joe
    assert "unsubscribed" in displayed.text
    assert "finished" in displayed.text
    assert "\x1b" not in displayed.screen


def test_typed_input(program: Program) -> None:
    """A start on a terminal prints how to end the input; what is typed is read when it ends."""
    with terminal() as screen:
        command = [*MODULE, "--config", str(program.config)]
        environ = {"PATH": os.environ["PATH"], "HOME": str(program.folder), "TERM": "xterm"}
        process = subprocess.Popen(
            command, stdin=screen.theirs, stdout=subprocess.PIPE, stderr=screen.theirs, env=environ
        )
        wait_until(lambda: "end the input with Ctrl-D" in screen.screen)
        screen.type("jane@example.com\n")
        screen.type("\x04")
        out, _ = process.communicate(timeout=LONGEST)
    assert (process.returncode, out) == (0, b"")
    assert [found["recipient"] for found in program.suppressions()] == ["jane@example.com"]
    assert "listed addresses" in screen.screen


@pytest.mark.parametrize("keys", ["\x03", f"{OLD_ORDER}\n\x03"], ids=["at once", "after a header"])
def test_interrupted_while_typing(program: Program, keys: str) -> None:
    """Ctrl-C before the first row ends it without a traceback, and with nothing to complain about."""
    with terminal() as screen:
        process = subprocess.Popen(
            [*MODULE, "--config", str(program.config)],
            stdin=screen.theirs,
            stdout=subprocess.PIPE,
            stderr=screen.theirs,
            preexec_fn=_take_terminal,  # noqa: PLW1509  # no threads of ours touch it between fork and exec
            env={"PATH": os.environ["PATH"], "HOME": str(program.folder), "TERM": "xterm"},
        )
        wait_until(lambda: "end the input with Ctrl-D" in screen.screen)
        screen.type(keys)
        process.communicate(timeout=LONGEST)
    assert process.returncode == 0
    assert "Traceback" not in screen.screen


def _take_terminal() -> None:
    """Make stdin the controlling terminal, so that Ctrl-C becomes a signal."""
    import fcntl  # noqa: PLC0415  # in the child alone

    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
