"""`forget` erases a subject: no file of the program names it, and it stays off the lists."""

from tests.acceptance.harness import Program, accounting, bounce
from tests.acceptance.shell import delivered, recipients, trail

ANN = "ann.who.is.gone@example.net"


def ours(program: Program) -> bytes:
    """Content of the spool and of the files beside it."""
    return b"".join(file.read_bytes() for file in program.folder.glob("spool*") if file.is_file())


def test_no_file_has_the_address(program: Program) -> None:
    """The address is in neither spool, journal nor rejected rows; what was done is still counted."""
    soft = bounce(ANN, "quota-issues", dsnStatus="5.2.2 (full)")
    program.feed([bounce(ANN, dsnDiag=f"550 <{ANN}> unknown"), bounce("bob@example.org"), soft])
    program.feed(accounting([bounce(ANN)]) + b'b,"2026-03-01",' + ANN.upper().encode() + b"\n")
    assert ANN.encode() in ours(program)
    assert ANN.upper().encode() in ours(program)
    finished = program.run("forget", ANN.upper())
    assert finished.status == 0, finished.stderr
    assert "erased: 1 suppressions, 1 soft bounces" in finished.stdout
    assert "blotted out 1 times" in finished.stdout
    assert ANN.encode() not in ours(program).lower()
    assert program.status()["dispatches"]["done"] == 2
    assert len(program.suppressions()) == 2
    key = program.folder / "spool.key"
    assert key.stat().st_mode & 0o777 == 0o600
    assert ANN not in program.run("explain", ANN).stdout.partition(":")[2]


def test_they_stay_suppressed(program: Program) -> None:
    """Erased subjects stay unsubscribed; a new bounce is carried out, and erased after it."""
    program.feed([bounce(ANN)])
    program.run("forget", ANN)
    assert "nothing to undo" in program.run("undo", "--address", ANN).stdout
    program.feed([bounce(ANN, timeQueued="2026-04-01 09:30:00+0000")])
    assert recipients(delivered(program)) == [ANN, ANN]
    (program.folder / "trail.jsonl").unlink()
    with program.start("work") as work:
        work.wait_for("started")
        work.process.terminate()
        work.wait()
    program.run("forget", "unknown@example.org")
    assert ANN.encode() not in ours(program)


def test_delivered_first(program: Program) -> None:
    """Dispatches that still wait are carried out first, and erased then."""
    program.feed([bounce(ANN)], "--no-dispatch")
    assert "1 suppressions are erased as soon as" in program.run("forget", ANN).stdout
    with program.start("work") as work:
        work.wait_for("unsubscribed")
        work.process.terminate()
        work.wait()
    with program.start("work") as work:
        work.wait_for("started")
        work.process.terminate()
        work.wait()
    assert recipients(delivered(program)) == [ANN]
    program.configure(trail=trail(program.folder))
    assert ANN.encode() not in ours(program)
