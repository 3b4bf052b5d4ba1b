"""Small helpers for tests that look at the program from outside: a provider that is a file, and a bare environment."""

import ctypes
import json
import os
import pty
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from bouncehandler.spool import DeadLettered, QueuedSuppression
from bouncehandler.spool.sqlite.store import SqliteSpool
from bouncehandler.suppression import Attempt, Suppression
from tests.acceptance.forked_program import forked_program
from tests.acceptance.harness import LONGEST, MODULE, SCRIPT, Event, Finished, Program, Running


def trail(folder: Path, **more: object) -> dict[str, object]:
    """A provider that writes its suppressions into `trail.jsonl`; `more` are further keys of its section."""
    return {"type": "file", "path": str(folder / "trail.jsonl"), **more}


def with_trail(folder: Path) -> Program:
    """An installation with that provider."""
    program = Program(folder)
    program.configure(trail=trail(folder))
    return program


def delivered(program: Program) -> list[Event]:
    """Lines that the provider has received so far."""
    file = program.folder / "trail.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def recipients(events: list[Event]) -> list[str]:
    """Recipients of suppressions, of dead letters, or of a provider's lines."""
    return [event["recipient"] for event in events]


def alone(folder: Path, *args: str, stdin: bytes = b"", **environ: str) -> Finished:
    """The program with no --config, and nothing in its environment but a home and these variables."""
    found = subprocess.run(
        [*SCRIPT, *args],
        input=stdin,
        capture_output=True,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), **environ},
        timeout=LONGEST,
        check=False,
    )
    return Finished(found.returncode, found.stdout.decode(), found.stderr.decode())


def unstarted(folder: Path, *args: str, stdin: bytes = b"", **environ: str) -> Finished:
    """The same, spared its start: see `forked_program`."""
    output = folder / "output"
    delivered = {"PATH": os.environ["PATH"], "HOME": str(folder), **environ}
    status = forked_program().run(folder, [*SCRIPT, *args], delivered, output, stdin)
    return Finished(status, *(output.with_suffix(suffix).read_text() for suffix in (".out", ".err")))


def on_terminal(program: Program, answer: bytes, *args: str) -> tuple[int, str]:
    """Run a command on a terminal where a person answers; exit status and what stdout had."""
    ours, theirs = pty.openpty()
    try:
        with subprocess.Popen(
            [*MODULE, "--config", str(program.config), *args],
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as process:
            os.write(ours, answer)
            out, _ = process.communicate(timeout=LONGEST)
    finally:
        os.close(ours)
        os.close(theirs)
    return process.returncode, out.decode()


def with_dead_letters(program: Program, *recipients: str, answer: str = "400 no such list") -> None:
    """Put dead letters of the provider `trail` into the spool."""
    spool = SqliteSpool.open(program.spool)
    now = time.time()
    entries = [
        QueuedSuppression(Suppression(f"{at:024x}", recipient, "bounce"), ("trail",))
        for at, recipient in enumerate(recipients)
    ]
    spool.record(entries)
    claimed = spool.claim("trail", 100, repeat_after=0, per_campaign=False, lease_for=60)
    spool.settle([DeadLettered(dispatch, Attempt(now, 0.1, "permanent", answer)) for dispatch in claimed])
    spool.close()


@contextmanager
def writing_held_up(program: Program) -> Iterator[Callable[[], None]]:
    """Let the program commit nothing, as beside any other that writes; until what this yields is called, or the end."""
    SqliteSpool.open(program.spool).close()
    with closing(sqlite3.connect(program.spool, isolation_level=None)) as spool:
        spool.execute("BEGIN IMMEDIATE")
        yield spool.rollback


def has_read(running: Running, file: Path) -> bool:
    """Whether the program has begun to read a file: where it is in it, proc(5)."""
    process = Path(f"/proc/{running.process.pid}")
    with suppress(FileNotFoundError):  # a file that it has closed meanwhile
        for number in (process / "fd").iterdir():
            if number.readlink() == file:
                return not (process / "fdinfo" / number.name).read_text().startswith("pos:\t0\n")
    return False


def without_privileges(program: Program, *args: str) -> Finished:
    """The program as a user who may do only what the modes of files allow, which root otherwise does not heed."""
    found = subprocess.run(
        [*MODULE, "--config", str(program.config), *args],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        preexec_fn=_heed_modes,
        timeout=LONGEST,
        check=False,
    )
    return Finished(found.returncode, found.stdout.decode(), found.stderr.decode())


def _heed_modes() -> None:
    drop, override, read_search = 24, 1, 2  # PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH: capabilities(7)
    for capability in (override, read_search):
        ctypes.CDLL(None).prctl(drop, capability, 0, 0, 0)
