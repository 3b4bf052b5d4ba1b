"""Looks at an installation by the program's own commands, each in a process of its own that is spared its start.

What a test asks to see what came of something, `status`, `suppressions` or `dead-letters list`, would cost a start of
half a second, which shows nothing that the other starts don't. So a process that has loaded the program waits here, and
forks for each look.
"""

import atexit
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path

from bouncehandler.cli import entry

_ROOT = Path(__file__).resolve().parents[2]
_LONGEST = 60
"""Seconds after which a look that has not ended is killed."""


class Onlooker:
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

    def look(self, folder: Path, args: Sequence[str], environ: Mapping[str, str], said: Path) -> int:
        """Run a command in a folder, with nothing but this environment; returns its exit status.

        Args:
            said: where its output goes, with the suffixes `.out` and `.err`.
        """
        asked = {"folder": str(folder), "args": list(args), "environ": dict(environ), "said": str(said)}
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
def onlooker() -> Onlooker:
    """The one of this process, started when it is first asked for."""
    made = Onlooker()
    atexit.register(made.close)
    return made


def _wait() -> None:
    """Answer every line that comes with an exit status."""
    for name in ("cli.status", "cli.suppressions", "cli.dead_letters", "cli.session", "settings.loading"):
        import_module(f"bouncehandler.{name}")
    for line in sys.stdin:
        child = os.fork()
        if not child:
            _look(**json.loads(line))
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _look(folder: str, args: Sequence[str], environ: Mapping[str, str], said: str) -> None:
    """Become the program."""
    signal.alarm(_LONGEST)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environ)
    for number, name in enumerate((os.devnull, f"{said}.out", f"{said}.err")):
        file = os.open(name, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o666)
        os.dup2(file, number)
        os.close(file)
    sys.argv = ["bouncehandler", *args]
    entry()


if __name__ == "__main__":
    _wait()
