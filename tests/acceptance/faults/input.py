"""Input: a large file with damaged rows of every kind, of which every good row is read and every other one is kept."""

import time
from collections import Counter
from io import BytesIO
from itertools import islice
from pathlib import Path

from tests.acceptance.faults.damaged_rows import HEADER, SWALLOWED, blocks, pieces
from tests.acceptance.faults.pipe_writer import PipeWriter
from tests.acceptance.faults.table import Fault, Line, Scale
from tests.acceptance.harness import Finished, Program, Running
from tests.fakes.server import Answer, Request
from tests.fakes.webhook import SECRET, FakeReceiver

_MB = 1_000_000
_PATIENCE = 3600.0
"""Seconds until everything has to be carried out."""


class _Receiver(FakeReceiver):
    """Counts the recipients that it gets, and keeps no bodies: millions of rows would fill the memory."""

    def __init__(self) -> None:
        super().__init__()
        self.delivered: Counter[str] = Counter()

    def respond(self, request: Request) -> Answer:
        answer = super().respond(request)
        self.delivered.update(event["data"]["recipient"] for event in self.events)
        self.events.clear()
        self.requests.clear()
        self._seen = {seen for seen in self._seen if not seen.startswith("event ")}
        return answer


def _damage(folder: Path, scale: Scale) -> Line:
    """Feed it as fast as it is read, then hold the receiver, the counts and the rejected file against what was fed."""
    size = scale.of(5, 1000) * _MB
    program = Program(folder)
    with _Receiver() as receiver:
        program.configure(
            crm={"type": "webhook", "url": receiver.hook, "secret": SECRET, "batch_size": 1000, "concurrency": 2},
        )
        with program.start() as running:
            running.wait_until(program.spool.exists)  # how long a start takes is no part of the reading
            began = time.monotonic()
            unread, written = _feed(running, size)
            fed = time.monotonic() - began
            running.end_input()
            finished = running.wait(_PATIENCE)
        assert finished.status == 0, finished.stderr[-2000:]
        ended = time.monotonic() - began
        return _compared(size, receiver, finished, program.spool.with_suffix(".rejected.csv"))._replace(
            unread=unread, note=f"{written / fed / _MB:.1f} MB/s read, {written / ended / _MB:.1f} MB/s with all calls"
        )


def _feed(running: Running, size: int) -> tuple[float, int]:
    """The longest time that stdin was not read, in seconds, and the bytes that were written."""
    longest, written = 0.0, 0
    for block in blocks(size):
        writer = PipeWriter(running, block, ends=False)
        writer.join()
        assert writer.written == len(block), "the program has gone"
        longest, written = max(longest, writer.longest), written + len(block)
    return longest, written


def _compared(size: int, receiver: _Receiver, finished: Finished, rejected: Path) -> Line:
    """Rows that are missing (not received, counted or kept), and rows that are too many."""
    expected: Counter[str] = Counter()
    rows = lost = delivered = 0
    with rejected.open("rb") as file:
        kept = (line for line in file if line != HEADER)
        for rows, piece in enumerate(pieces(size), 1):
            expected[piece.reason or piece.record_type] += piece.reason != SWALLOWED
            if piece.reason:
                lost += [*islice(kept, piece.kept.count(b"\n"))] != list(BytesIO(piece.kept))
            elif piece.is_delivered:
                lost, delivered = lost + (not receiver.delivered[f"r{rows - 1}@example.net"]), delivered + 1
        surplus = sum(1 for _ in kept)
    output: Counter[str] = Counter(finished.finished["records"]) + Counter(finished.finished["unreadable"])
    return Line(
        tries=1,
        rows=rows,
        lost=lost + (expected - output).total(),
        repeated=len(receiver.ids) - len(set(receiver.ids)),
        wrong=receiver.delivered.total() - delivered + surplus + (output - expected).total(),
    )


FAULTS = (Fault("damaged rows of every kind, 1 % of each", _damage),)
