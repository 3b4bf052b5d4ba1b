"""All kinds of processes at once on one spool: mails, two pipes, `work`, `status` and `retry` in a loop."""

import itertools
import json
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.acceptance.faults.ledger import balance
from tests.acceptance.faults.pipe_writer import PipeWriter
from tests.acceptance.faults.table import Line, Scale
from tests.acceptance.harness import LONGEST, SCRIPT, Finished, Program, Running, accounting, bounce
from tests.acceptance.unsubscribing import MAIL, SIGNING, cache_files, signed
from tests.acceptance.unsubscribing import SECRET as SIGNING_SECRET
from tests.fakes.server import Answer, Request, wait_until
from tests.fakes.webhook import SECRET, FakeReceiver

_AT_ONCE = 32
_LOOKS = (("status", "--json"), ("suppressions", "--format", "csv"), ("dead-letters", "retry", "--all"))
_PIPES = "ab"
_WAITS = 75
"""What a pipe ends with while another process still has something in hand."""
_ATTEMPTS = 2
_REFUSED = {"7", "77", "777"}
"""Numbers of mails, and of rows of each pipe."""
_PATIENCE = 120.0
"""Seconds until all that was retried has to be done."""


def concurrent_processes(folder: Path, scale: Scale) -> Line:
    """Send mails, 32 at a time, and rows into two pipes, while `work` dispatches and the operator looks and retries."""
    mails, slices, size = scale.of(64, 5_000), scale.of(4, 50), scale.of(100, 200)
    program = Program(folder, SCRIPT)
    expected = [f"m{number}@example.net" for number in range(mails)]
    expected += [f"{pipe}{number}@example.net" for pipe in _PIPES for number in range(slices * size)]
    with FakeReceiver() as receiver:
        receiver.fail_when = _Refusal()
        _configure(program, receiver)
        with program.start("work") as work, program.start() as first, program.start("--no-dispatch") as second:
            _await_start(program, work, first, second)
            with ThreadPoolExecutor(_AT_ONCE + len(_PIPES)) as threads:
                pipes = zip((first, second), _PIPES, strict=True)
                fed = [threads.submit(_feed, running, pipe, slices, size) for running, pipe in pipes]
                sent = [threads.submit(_send, program, recipient) for recipient in expected[1:mails]]
                looks = _look(program, [*fed, *sent])
            output = {one.result() for one in sent}
            assert output == {(0, "")}, output
            for running in (first, second):
                _assert_calm(running.finish(), is_pipe=True)
            _settle(program, len(expected))
            work.signal(signal.SIGTERM)
            _assert_calm(work.wait())
        found = balance(receiver, expected)
    unread = max(one.result() for one in fed)
    note = f"{mails:,} mails; {looks:,} looks and retries; no process met a lock"
    return Line(1, len(expected), found.lost, found.repeated, found.wrong, unread, note)


class _Refusal:
    """Refuses some recipients as often as the schedule has attempts: so there are dead letters to retry.

    Fewer than so many in a row that the provider would be held.
    """

    def __init__(self) -> None:
        self._refused: Counter[str] = Counter()

    def __call__(self, request: Request) -> Answer | None:
        recipient = json.loads(request.body)["data"]["recipient"]
        is_refused = recipient.partition("@")[0][1:] in _REFUSED and self._refused[recipient] < _ATTEMPTS
        self._refused[recipient] += is_refused
        return Answer(500, b"no") if is_refused else None


def _configure(program: Program, receiver: FakeReceiver) -> None:
    program.configure(
        {"dispatch": {"lease": "5s", "schedule": ["100ms"] * (_ATTEMPTS - 1)}},
        crm={"type": "webhook", "url": receiver.hook, "secret": SECRET, "concurrency": 4},
    )
    with program.config.open("a", encoding="utf-8") as file:
        file.write(f'[[unsubscribe]]\ndomain = "{SIGNING}"\nsecret = "{SIGNING_SECRET}"\n')


def _await_start(program: Program, work: Running, *pipes: Running) -> None:
    """Return when all have begun, and one mail is kept: how long a start takes among 32 others is not the question."""
    work.wait_for("started")
    for running, pipe in zip(pipes, _PIPES, strict=True):
        running.write(accounting([bounce(f"{pipe}0@example.net")]))
    wait_until(lambda: len(program.suppressions()) == len(pipes), LONGEST)
    wait_until(lambda: _send(program, "m0@example.net")[0] == 0 and bool(cache_files(program)), LONGEST)


def _feed(running: Running, pipe: str, slices: int, size: int) -> float:
    """Feed slice by slice; returns the longest time that stdin was not read, in seconds."""
    longest = 0.0
    for number in range(slices):
        rows = [bounce(f"{pipe}{number * size + one}@example.net") for one in range(size)]
        writer = PipeWriter(running, accounting(rows, has_header=False), ends=False)
        writer.join()
        longest = max(longest, writer.longest)
    return longest


def _send(program: Program, recipient: str) -> tuple[int, str]:
    """Hand over a mail as PowerMTA does; returns the exit status, and the output."""
    command = [*SCRIPT, "--config", str(program.config), "unsubscribe", "--from", "", "--to", signed(recipient)]
    environ = os.environ | {"HOME": str(program.folder)}
    done = subprocess.run(command, input=MAIL, capture_output=True, env=environ, timeout=LONGEST, check=False)
    return done.returncode, done.stderr.decode()


def _look(program: Program, until: Sequence[Future[Any]]) -> int:
    """Run the operator's commands in a loop, until all is done; returns how often."""
    for count, command in enumerate(itertools.cycle(_LOOKS)):
        if count >= len(_LOOKS) and all(one.done() for one in until):
            return count
        _assert_calm(program.run(*command))
    raise AssertionError("a cycle has no end")  # pragma: no cover


def _settle(program: Program, most: int) -> None:
    """Retry what was refused until so many dispatches are done: one that waits now may be dead at the next look."""
    deadline = time.monotonic() + _PATIENCE
    while (counts := program.status()["dispatches"])["done"] < most:
        assert time.monotonic() < deadline, counts
        program.run("dead-letters", "retry", "--all")
        time.sleep(0.2)


def _assert_calm(finished: Finished, *, is_pipe: bool = False) -> None:
    """No failure was reported; a pipe may report waiting entries, which another process carries out."""
    errors = [event for event in finished.events if event["level"] == "error" and event["event"] != "dead_letter"]
    assert not errors, errors
    if is_pipe and finished.status == _WAITS:
        assert all("wait" in sentence for sentence in finished.sentences), finished.sentences
        return
    assert (finished.status, finished.sentences) == (0, []), finished.stderr[-2000:]
