"""Runs the program's commands in processes of their own that are spared the start.

A test asks several commands what came of something, and each start costs nearly half a second, which shows nothing that
the hundreds of other starts don't. So a process waits here that has loaded what all commands have in common, and forks
for each: what a command alone needs is loaded by that command, as ever.
"""

import atexit
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path

from bouncehandler.cli import entry

_ROOT = Path(__file__).resolve().parents[2]
_LONGEST = 180
"""Seconds after which a command that has not ended is killed."""
_COMMON = ("cli.app", "cli.session", "settings.loading")


class ForkedProgram:
    """The process that waits, as its tests see it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=_ROOT,
            env=os.environ | {"LC_ALL": "C"},
        )
        self._turn = threading.Lock()

    def run(
        self, folder: Path, argv: Sequence[str], environ: Mapping[str, str], output: Path, given: bytes = b""
    ) -> int:
        """Run a command in a folder, with nothing but this environment; returns its exit status.

        Args:
            output: where its output goes, with the suffixes `.out` and `.err`.
            given: its stdin, no more than a pipe holds.
        """
        place = {"folder": str(folder), "output": str(output), "umask": _umask()}
        asked = {"argv": list(argv), "environ": dict(environ), "given": given.decode("latin-1"), **place}
        assert self._process.stdin
        assert self._process.stdout
        with self._turn:
            self._process.stdin.write(f"{json.dumps(asked)}\n")
            self._process.stdin.flush()
            return int(self._process.stdout.readline())

    def close(self) -> None:
        """End it."""
        self._process.communicate()


@cache
def forked_program() -> ForkedProgram:
    """The one of this process, started when it is first asked for."""
    made = ForkedProgram()
    atexit.register(made.close)
    return made


def _umask() -> int:
    """This process's, which can't be asked for without changing it for all threads."""
    status = Path("/proc/self/status").read_text("ascii")
    return int(status.partition("Umask:")[2].split()[0], 8)


def _wait() -> None:
    """Answer every line that comes with an exit status."""
    for name in _COMMON:
        import_module(f"bouncehandler.{name}")
    for line in sys.stdin:
        child = os.fork()
        if not child:
            _become_the_program(**json.loads(line))
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _become_the_program(  # noqa: PLR0913  # all that a process inherits
    *, folder: str, argv: list[str], environ: Mapping[str, str], output: str, given: str, umask: int
) -> None:
    signal.alarm(_LONGEST)
    os.umask(umask)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environ)
    time.tzset()
    source, end = os.pipe()
    os.write(end, given.encode("latin-1"))
    os.close(end)
    for number, file in enumerate((source, _new(f"{output}.out"), _new(f"{output}.err"))):
        os.dup2(file, number)
        os.close(file)
    sys.argv = argv
    entry()
    sys.exit()  # as after a start, should it return: this process never waits for commands itself


def _new(name: str) -> int:
    return os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)


if __name__ == "__main__":
    _wait()
