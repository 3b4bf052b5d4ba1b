"""kill -9 at any moment: of the pipe process, of `work`, of `unsubscribe`."""

import random
import time
from pathlib import Path

from tests.acceptance.faults.feeding import Feeder
from tests.acceptance.faults.ledger import balance
from tests.acceptance.faults.table import Fault, Line, Scale
from tests.acceptance.harness import Program, accounting, bounce
from tests.fakes.webhook import SECRET, FakeReceiver


def _pipe(folder: Path, scale: Scale) -> Line:
    """Kill the pipe process while rows come; then feed the operator's recovery file, as the README says."""
    tries, each = scale.of(6, 220), 300
    chance = random.Random(1)  # noqa: S311  # the same instants on every machine
    program = Program(folder)
    longest, fed = 0.0, 0
    with FakeReceiver() as receiver:
        program.configure(
            {"dispatch": {"lease": "2s"}},
            crm={"type": "webhook", "url": receiver.hook, "secret": SECRET, "concurrency": 4},
        )
        for number in range(tries):
            rows = accounting(bounce(f"r{fed + n}@example.net") for n in range(each))
            fed += each
            with program.start() as running:
                feeder = Feeder(running, rows, ends=False)
                time.sleep(chance.uniform(0, 0.6))
                running.process.kill()
                running.process.wait()
                feeder.join()
                longest = max(longest, feeder.longest)
            if number % 10 == 0:
                program.feed(rows)
        everything = accounting(bounce(f"r{n}@example.net") for n in range(fed))
        _until_done(program, everything)
        found = balance(receiver, [f"r{n}@example.net" for n in range(fed)])
    return Line(tries, fed, found.lost, found.repeated, found.wrong, longest)


def _until_done(program: Program, rows: bytes) -> None:
    """Feed the recovery file, and wait for the claims of the killed to run out."""
    deadline = time.monotonic() + 300
    while program.feed(rows).status and time.monotonic() < deadline:
        time.sleep(1)


FAULTS = (Fault("kill -9 of the pipe process", _pipe),)
