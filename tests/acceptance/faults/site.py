"""An installation with a webhook, which remembers what was fed to it, and what must come of that."""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from tests.acceptance.faults.ledger import balance
from tests.acceptance.faults.table import Line
from tests.acceptance.harness import HEADER, Finished, Program, Running, accounting, bounce
from tests.acceptance.unsubscribing import MAIL, SIGNING, signed
from tests.acceptance.unsubscribing import SECRET as SIGNING_SECRET
from tests.fakes.webhook import SECRET, FakeReceiver

_PATIENCE = 150.0
"""Seconds."""
_STOPPED = {75, 78}
"""Try again, or: the spool's place needs mending."""


class Site(Program):
    """One installation with a webhook.

    Args:
        spool: where it lies, if not in the folder.
        log: its least level; a log line for each row would itself meet a limit for the size of files.
    """

    def __init__(self, folder: Path, receiver: FakeReceiver, spool: Path | None = None) -> None:
        super().__init__(folder)
        self.receiver = receiver
        self.expected: list[str] = []
        """Recipients who must be suppressed in the end."""
        self.recovery = HEADER.encode() + b"\n"
        """The operator's recovery file: every row that was made, whatever came of it."""
        self.spool = spool or self.spool
        self.configure(
            {"dispatch": {"lease": "1s"}, "log": {"level": "warning"}},
            crm={"type": "webhook", "url": receiver.hook, "secret": SECRET, "batch_size": 100},
        )
        with self.config.open("a", encoding="utf-8") as file:
            file.write(f'[[unsubscribe]]\ndomain = "{SIGNING}"\nsecret = "{SIGNING_SECRET}"\n')

    @contextmanager
    def started_as(self, program: Sequence[str]) -> Iterator[None]:
        """Within it, the program is started in another way; see `machine.wrapped`."""
        before, self._program = self._program, program
        try:
            yield
        finally:
            self._program = before

    def rows(self, count: int, rubbish: Sequence[bytes] = ()) -> bytes:
        """Rows, below a header, of so many people who were not fed yet, with others among them that can't be read."""
        first = len(self.expected)
        people = [f"r{number}@example.net" for number in range(first, first + count)]
        self.expected += people
        lines = accounting(map(bounce, people), has_header=False).splitlines(keepends=True)
        for number, line in enumerate(rubbish):
            lines.insert((number + 1) * len(lines) // (len(rubbish) + 1), line)
        self.recovery += b"".join(lines)
        return HEADER.encode() + b"\n" + b"".join(lines)

    def mail(self, recipient: str) -> Finished:
        """Hand over a mail as PowerMTA does; a kept mail's sender must be suppressed in the end."""
        finished = self.feed(MAIL, "unsubscribe", "--from", "", "--to", signed(recipient))
        if finished.status == 0:
            self.expected.append(recipient)
        return finished

    def serve(self, count: int) -> Running:
        """A pipe process that has notified the receiver of so many people, has written that down, and reads on."""
        running = self.start()
        running.write(self.rows(count))
        running.wait_until(self._is_settled)
        return running

    def _is_settled(self) -> bool:
        """Asked of the file itself: a process that asks costs half a second."""
        if not set(self.expected) <= set(self.receiver.recipients):
            return False
        with closing(sqlite3.connect(f"{self.spool.as_uri()}?mode=ro", uri=True, timeout=_PATIENCE)) as raw:
            return not raw.execute("SELECT count(*) FROM dispatch WHERE state <> 'done'").fetchone()[0]

    def settle(self) -> None:
        """Start again and feed the recovery file, as documented, until nothing waits: claims have to run out."""
        deadline = time.monotonic() + _PATIENCE
        while self.feed(self.recovery).status and time.monotonic() < deadline:
            pass

    def assert_named(self, *words: str) -> None:
        """`check` fails, and names the cause with one of these."""
        finished = self.run("check")
        assert finished.status in _STOPPED, finished.stdout
        (line,) = [line for line in finished.stdout.splitlines() if line.startswith(("FAIL  spool", "wait  spool"))]
        assert any(word in line for word in words), line

    def line(self, tries: int, *, lost: int = 0, note: str = "") -> Line:
        """What came of it; `lost`: what was lost besides people."""
        found = balance(self.receiver, self.expected)
        return Line(tries, len(self.expected), lost + found.lost, found.repeated, found.wrong, note=note)


def assert_stopped(finished: Finished, *words: str) -> None:
    """It ended as documented, with one sentence that holds one of the words, and not as a bug."""
    assert finished.status in _STOPPED, (finished.status, finished.stderr[-2000:])
    assert len(finished.sentences) == 1, finished.sentences
    assert any(word in finished.sentences[0] for word in words), finished.sentences
