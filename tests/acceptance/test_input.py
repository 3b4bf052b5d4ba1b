"""Standard input: nothing, noise, damage, a hundred megabytes; and rows one at a time."""

import os
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.harness import HEADER, LONGEST, MODULE, OLD_ORDER, Program, accounting, bounce
from tests.acceptance.shell import delivered, recipients

NOT_RECOGNISED = "not one row of the input was recognised"


@pytest.mark.parametrize(
    "noise",
    [b"", b"\n\n\n", b"hello\nworld\n", bytes(range(256)) * 40, b"\0" * 100_000, b'"' * 1001, b"<html>\n<p>\n</html>"],
    ids=["nothing", "empty lines", "words", "bytes", "NULs", "quotes", "a page"],
)
def test_input_without_a_row(program: Program, noise: bytes) -> None:
    """Input that ends without one row recognised is reported in one sentence, with 65; the noise is kept."""
    finished = program.feed(noise)
    assert finished.status == 65
    (sentence,) = finished.sentences
    assert sentence.startswith(f"bouncehandler: {NOT_RECOGNISED}")
    assert finished.stdout == ""
    assert finished.finished["suppressed"] == 0
    assert (finished.finished["exit_status"], NOT_RECOGNISED in finished.finished["reason"]) == (65, True)
    rejected = program.folder / "spool.rejected.csv"
    kept = rejected.read_bytes() if rejected.exists() else b""
    assert kept.replace(b"\n", b"") == noise.replace(b"\n", b"")


@pytest.mark.parametrize("header", [HEADER, OLD_ORDER, f"\ufeff{HEADER}\r"], ids=["all", "old", "Windows"])
def test_header_alone(program: Program, header: str) -> None:
    """A header without rows is what PowerMTA sends at first: nothing to do, 0."""
    finished = program.feed(f"{header}\n".encode())
    assert (finished.status, finished.stdout, finished.sentences) == (0, "", [])
    assert finished.finished["records"] == {}


def test_closed_input(program: Program) -> None:
    """A closed stdin is wrong usage, reported in one sentence; the spool is not touched."""
    command = ["sh", "-c", 'exec "$@" <&-', "sh", *MODULE, "--config", str(program.config)]
    finished = subprocess.run(command, capture_output=True, check=False, timeout=LONGEST)
    assert finished.returncode == 64
    assert finished.stderr.startswith(b"bouncehandler: standard input is closed")
    assert finished.stderr.count(b"\n") == 1
    assert not program.spool.exists()


def test_all_streams_closed(program: Program) -> None:
    """Without any of the three streams `status` still works, and no file of ours takes their numbers."""
    command = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *MODULE, "--config", str(program.config), "status"]
    assert subprocess.run(command, check=False, timeout=LONGEST).returncode == 0
    assert b"suppressions" not in program.spool.read_bytes()[:16]


def test_input_that_cannot_be_read(program: Program) -> None:
    """An input that fails is one sentence, with 75: what came before it is safe, the rest can be fed again."""
    with (program.folder / "output").open("wb") as not_readable:
        finished = subprocess.run(
            [*MODULE, "--config", str(program.config)],
            stdin=not_readable,
            capture_output=True,
            check=False,
            timeout=LONGEST,
        )
    assert finished.returncode == 75
    *_, sentence = finished.stderr.decode().splitlines()
    assert sentence.startswith("bouncehandler: standard input can't be read (Bad file descriptor); feed it again")
    assert finished.stdout == b""


DAMAGED = {
    3: (
        "too-many-cells",
        b"b,2026-03-01 09:30:00+0000,bad-mailbox,v,o@x.example,three@example.com,,,,5.1.1,,550 a,b\n",
    ),
    4: ("not-an-address", b"b,2026-03-01 09:30:00+0000,bad-mailbox,v,o@x.example,no address,,,,5.1.1,,\xe9\xff\r\n"),
    5: ("no-recipient", b"b,2026-03-01 09:30:00+0000,bad-mailbox,v,o@x.example,,,,,5.1.1,,\n"),
    6: ("unknown-type", b"quux,2026-03-01 09:30:00+0000,bad-mailbox\n"),
    7: ("stray-quote", b'b,2026-03-01 09:30:00+0000,"bad"-mailbox,v,o@x.example,seven@example.com,,,,5.1.1,,\n'),
    9: ("unclosed-quote", b'b,2026-03-01 09:30:00+0000,bad-mailbox,v,o@x.example,nine@example.com,,,,5.1.1,,"550\n'),
}
"""By line: why it can't be read, and the row."""


def damaged() -> bytes:
    """A file with the damaged rows, and good ones in the lines between."""
    good = "b,2026-03-01 09:30:00+0000,bad-mailbox,v,o@x.example,good{}@example.com,,,,5.1.1,,\n"
    lines = [DAMAGED[at][1] if at in DAMAGED else good.format(at).encode() for at in range(2, 11)]
    return OLD_ORDER.encode() + b"\n" + b"".join(lines)


def test_damaged_rows_cost_themselves_alone(program: Program) -> None:
    """Each damaged row is counted by its reason and logged with its line; every good one is suppressed."""
    finished = program.feed(damaged())
    assert finished.status == 0, finished.stderr
    assert finished.finished["unreadable"] == Counter(reason for reason, _ in DAMAGED.values())
    logged = {event["line"]: event["reason"] for event in finished.logged("unreadable")}
    assert logged == {line: reason for line, (reason, _) in DAMAGED.items()}
    good = [f"good{line}@example.com" for line in (2, 8, 10)]
    assert recipients(program.suppressions()) == good
    assert sorted(recipients(delivered(program))) == sorted(good)


def test_damaged_rows_are_kept(program: Program) -> None:
    """Damaged rows are kept to the byte, under their header, for the owner alone; mended, the file can be fed."""
    program.feed(damaged())
    rejected = program.folder / "spool.rejected.csv"
    assert rejected.read_bytes() == b"".join([OLD_ORDER.encode() + b"\n", *(row for _, row in DAMAGED.values())])
    assert rejected.stat().st_mode & 0o777 == 0o600

    mended = rejected.read_bytes().replace(b"550 a,b", b'"550 a,b"').replace(b'"bad"-', b"bad-")
    mended = mended.replace(b'"550\n', b"550\n")
    finished = program.feed(mended)
    assert finished.finished["unreadable"] == {"not-an-address": 1, "no-recipient": 1, "unknown-type": 1}
    found = recipients(program.suppressions())[3:]
    assert found == ["three@example.com", "seven@example.com", "nine@example.com"]


def test_torn_last_row(program: Program) -> None:
    """A last row that was cut off is not believed, but counted and kept; the whole one may come again later."""
    data = accounting([bounce("jane@example.com"), bounce("joe@example.com.au")])
    cut = data[: data.index(b"example.com.au") + len(b"example.com")]
    finished = program.feed(cut)
    assert finished.finished["unreadable"] == {"torn": 1}
    lines = cut.splitlines(keepends=True)
    assert (program.folder / "spool.rejected.csv").read_bytes() == lines[0] + lines[-1] + b"\n"
    assert recipients(program.suppressions()) == ["jane@example.com"]
    assert program.feed(data).finished["duplicates"] == 1
    assert recipients(program.suppressions()) == ["jane@example.com", "joe@example.com.au"]


def test_damage_without_end(program: Program) -> None:
    """A file of nothing but damage does not fill the log: a hundred rows of a kind are logged, and all are kept."""
    rows = b"".join(b"b,,bad-mailbox,,,unknown%d,,,,,,\n" % number for number in range(2000))
    finished = program.feed(OLD_ORDER.encode() + b"\n" + rows)
    assert finished.finished["unreadable"] == {"not-an-address": 2000}
    assert len(finished.logged("unreadable")) == 100
    kept = (program.folder / "spool.rejected.csv").read_bytes()
    assert kept.startswith(OLD_ORDER.encode() + b"\n")
    assert kept.replace(OLD_ORDER.encode() + b"\n", b"") == rows


def test_dry_run(program: Program) -> None:
    """--dry-run reads, decides and counts; it writes nothing and makes no call."""
    finished = program.feed(damaged(), "--dry-run")
    assert finished.status == 0
    assert (finished.finished["suppressed"], finished.finished["dry_run"]) == (3, True)
    assert {path.name for path in program.folder.iterdir()} == {"bouncehandler.toml", "run1.out", "run1.err"}


def many(rows: int) -> Iterator[bytes]:
    """So many rows of 500 bytes, in blocks: a quarter suppressed, the others ignored, all recipients different."""
    yield f"{OLD_ORDER}\n".encode()
    row = (
        "b,2026-03-01 09:30:00+0000,{category},v,n@x.example,user{at}@example.com,,,j,5.1.1 (no),mx,smtp;550 {output}\n"
    )
    output = "x" * 400
    for start in range(0, rows, 1000):
        yield "".join(
            row.format(category="spam-related" if at % 4 else "bad-mailbox", at=at, output=output)
            for at in range(start, start + 1000)
        ).encode()


def most_memory(program: Program, rows: int) -> int:
    """The most memory, in kB, that the program had while it read so many rows from a pipe."""
    with program.start() as running:

        def pour() -> None:
            for block in many(rows):
                running.write(block)
            running.end_input()

        thread = threading.Thread(target=pour, daemon=True)
        thread.start()
        _, status, usage = os.wait4(running.process.pid, 0)
        running.process.returncode = os.waitstatus_to_exitcode(status)
        thread.join(LONGEST)
    assert running.process.returncode == 0, running.events
    (finished,) = [event for event in running.events if event["event"] == "finished"]
    assert finished["records"] == {"b": rows}
    assert finished["suppressed"] == rows // 4
    return usage.ru_maxrss


def test_memory_stays_flat(tmp_path: Path) -> None:
    """Reading 240,000 rows (120 MB) through a pipe takes as much memory as 80,000, within a tenth.

    Fewer would not fill the 16 MB that SQLite keeps of the spool.
    """
    few, lots = tmp_path / "few", tmp_path / "many"
    few.mkdir()
    lots.mkdir()
    assert most_memory(Program(lots), 240_000) < 1.1 * most_memory(Program(few), 80_000)
