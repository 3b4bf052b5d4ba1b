"""Starts the program as a subprocess, with configuration, spool and logs in one folder."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tests.acceptance.forked_program import forked_program
from tests.fakes.server import wait_until

Row = Mapping[str, str]
Event = dict[str, Any]

MODULE = (sys.executable, "-m", "bouncehandler")
SCRIPT = (str(Path(sys.executable).with_name("bouncehandler")),)
"""The console script of the same installation."""

_STARTED = {"ingest", "work", "unsubscribe", "--version"}
"""Always by a start: what takes rows or mails, or lives long, and what compares two ways to start."""

LONGEST = 180.0
"""Seconds after which a process that has not ended is killed, and its test fails; a busy machine needs far less."""

HEADER = (
    "type,timeLogged,timeQueued,orig,rcpt,orcpt,dsnAction,dsnStatus,dsnDiag,dsnMta,bounceCat,srcType,srcMta,dlvType,"
    "dlvSourceIp,dlvDestinationIp,dlvEsmtpAvailable,dlvSize,vmta,jobId,envId,queue,vmtaPool,header_X-job"
)
"""What `record-fields b *` and `record-fields rb *, header_X-job` give together."""

OLD_ORDER = "type,timeQueued,bounceCat,vmta,orig,rcpt,srcMta,dlvSourceIp,jobId,dsnStatus,dsnMta,dsnDiag"
"""The old handler's columns, which a stream without a header is taken to have."""


def bounce(recipient: str, category: str = "bad-mailbox", **cells: str) -> Row:
    """A row as PowerMTA writes it for a hard bounce; `cells` by column name replace any of it."""
    return {
        "type": "b",
        "timeLogged": "2026-03-01 09:30:05+0000",
        "timeQueued": "2026-03-01 09:30:00+0000",
        "orig": "news@lists.example",
        "rcpt": recipient,
        "dsnAction": "failed",
        "dsnStatus": "5.1.1 (bad destination mailbox address)",
        "dsnDiag": "smtp;550 5.1.1 no such user here",
        "dsnMta": "mx.example.com (192.0.2.7)",
        "bounceCat": category,
        "srcMta": "out.lists.example (192.0.2.1)",
        "dlvSourceIp": "192.0.2.1",
        "vmta": "vmta1",
        **cells,
    }


def accounting(rows: Iterable[Row], columns: str = HEADER, *, has_header: bool = True) -> bytes:
    """The rows as a file of PowerMTA's; what no column takes is left out."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns.split(","), extrasaction="ignore", lineterminator="\n")
    if has_header:
        writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


@dataclass(frozen=True)
class Finished:
    """A process that has ended."""

    status: int
    stdout: str
    stderr: str

    @property
    def events(self) -> list[Event]:
        """The log lines on stderr."""
        return [json.loads(line) for line in self.stderr.splitlines() if line.startswith("{")]

    @property
    def sentences(self) -> list[str]:
        """Stderr of the program besides its log."""
        return [line for line in self.stderr.splitlines() if not line.startswith("{")]

    @property
    def finished(self) -> Event:
        """The only event `finished`, with which a run ends."""
        (event,) = self.logged("finished")
        return event

    def logged(self, name: str, **values: object) -> list[Event]:
        """The events of a name that have these values."""
        return [e for e in self.events if e["event"] == name and all(e.get(k) == v for k, v in values.items())]


class Running:
    """A process in the background; leaving the `with` block kills what still runs."""

    def __init__(self, process: subprocess.Popen[bytes], output: Path) -> None:
        self.process = process
        self._output = output

    @property
    def events(self) -> list[Event]:
        """The log lines so far."""
        lines = self._output.with_suffix(".err").read_text("utf-8").splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("\n")]

    @property
    def processor_seconds(self) -> float:
        """Seconds of a processor that it has used, as long as it runs; 0 where the machine does not show."""
        file = Path(f"/proc/{self.process.pid}/stat")
        if not file.exists():
            return 0.0
        fields = file.read_text("ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")  # proc(5): utime, stime

    def wait_for(self, name: str, count: int = 1) -> None:
        """Return as soon as so many events of a name were logged."""
        self.wait_until(lambda: sum(event["event"] == name for event in self.events) >= count)

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Return as soon as the condition holds, be it for a moment; fail the test when the process ends before."""
        found = [False]

        def is_over() -> bool:
            found[0] = condition()
            return found[0] or self.process.poll() is not None

        wait_until(is_over, LONGEST / 2)
        assert found[0] or condition(), self._output.with_suffix(".err").read_text()

    def write(self, data: bytes) -> None:
        """Write into the program's stdin at once, as PowerMTA does."""
        assert self.process.stdin
        left = memoryview(data)
        while left:  # a process that is stopped in the middle of it, and goes on, has written a part
            left = left[self.process.stdin.write(left) :]

    def pour(self, data: bytes) -> None:
        """Write into the program's stdin and close it, without waiting for either."""
        threading.Thread(target=_pour, args=(self, data), daemon=True).start()

    def end_input(self) -> None:
        """Close the pipe."""
        assert self.process.stdin
        self.process.stdin.close()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    def wait(self, seconds: float = LONGEST) -> Finished:
        """Wait for the end, which must come within so many seconds; `stdin` stays as it is."""
        return _output(self.process.wait(seconds), self._output)

    def finish(self) -> Finished:
        """Close the pipe and wait for the end."""
        self.end_input()
        return self.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(LONGEST)
        if self.process.stdin:
            with suppress(OSError):
                self.process.stdin.close()


class Program:
    """One installation: `configure` it, then `feed` it rows or `run` its commands, as often as wanted.

    Args:
        folder: empty, and this installation's own.
        program: how the program is started.
    """

    def __init__(self, folder: Path, program: Sequence[str] = MODULE) -> None:
        self.folder = folder
        self.config = folder / "bouncehandler.toml"
        self.spool = folder / "spool.db"
        self._program = program
        self._runs = 0
        self.configure()

    def configure(
        self, tables: Mapping[str, Mapping[str, object]] | None = None, **providers: Mapping[str, object]
    ) -> None:
        """Write the configuration: tables by name (`"dispatch"`, `"policy.bounce"`), and providers by name."""
        sections: dict[str, Mapping[str, object]] = {"spool": {"url": f"sqlite:///{self.spool}"}, **(tables or {})}
        sections |= {f"providers.{name}": settings for name, settings in providers.items()}
        lines = []
        for name, section in sections.items():
            lines.append(f"[{name}]")
            lines += [f"{json.dumps(key)} = {_toml(value)}" for key, value in section.items()]
        self.config.write_text("\n".join(lines) + "\n", "utf-8")

    def start(self, *args: str, environ: Mapping[str, str] | None = None) -> Running:
        """Start the program with a pipe as its stdin; without arguments it reads that."""
        self._runs += 1
        output = self.folder / f"run{self._runs}"
        with output.with_suffix(".out").open("wb") as out, output.with_suffix(".err").open("wb") as err:
            process = subprocess.Popen(
                [*self._program, "--config", str(self.config), *args],
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=err,
                bufsize=0,
                cwd=self.folder,
                env=self._environ() | dict(environ or {}),
            )
        return Running(process, output)

    def feed(self, rows: Iterable[Row] | bytes, *args: str) -> Finished:
        """Write rows, below a header, or bytes into the program's stdin, end it, and wait for the program's end."""
        data = rows if isinstance(rows, bytes) else accounting(rows)
        with self.start(*args) as running:
            running.pour(data)
            return running.wait()

    def run(self, *args: str) -> Finished:
        """Run a command to its end, with an empty stdin; in a new process where a start is part of it."""
        if not args or _STARTED & set(args) or self._program not in {MODULE, SCRIPT}:
            return self.feed(b"", *args)
        self._runs += 1
        output = self.folder / f"run{self._runs}"
        argv = [SCRIPT[0], "--config", str(self.config), *args]
        return _output(forked_program().run(self.folder, argv, self._environ(), output), output)

    def status(self) -> Event:
        """Values of `status --json`."""
        output: Event = json.loads(self._answer("status", "--json"))
        return output

    def suppressions(self, *args: str) -> list[Event]:
        """What `suppressions --format jsonl` lists."""
        return [json.loads(line) for line in self._answer("suppressions", "--format", "jsonl", *args).splitlines()]

    def dead_letters(self, *args: str) -> list[Event]:
        """What `dead-letters list --format jsonl` lists."""
        lines = self._answer("dead-letters", "list", "--format", "jsonl", *args).splitlines()
        return [json.loads(line) for line in lines]

    def _answer(self, *args: str) -> str:
        finished = self.run(*args)
        assert finished.status == 0, finished.stderr
        return finished.stdout

    def _environ(self) -> dict[str, str]:
        """This process's environment, without what would configure the program or lead it elsewhere."""
        ours = ("BOUNCEHANDLER_", "CREDENTIALS_DIRECTORY", "XDG_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        return kept | {"HOME": str(self.folder), "LC_ALL": "C"}


def _output(status: int, output: Path) -> Finished:
    """Output of a process that has ended."""
    out, err = (output.with_suffix(suffix).read_text("utf-8") for suffix in (".out", ".err"))
    return Finished(status, out, err)


def _toml(value: object) -> str:
    """A value as TOML writes it, which is as JSON does but for tables."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_toml(each)}" for key, each in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)


def _pour(running: Running, data: bytes) -> None:
    with suppress(OSError):  # a program that ends early leaves the rest
        running.write(data)
    with suppress(OSError):
        running.end_input()
