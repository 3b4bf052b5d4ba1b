"""`bouncehandler ingest DIR` takes PowerMTA's moved files: each whole one once, oldest first, and no other."""

import gzip
import os
import signal
from pathlib import Path

import pytest

from tests.acceptance.harness import HEADER, Event, Finished, Program, accounting, bounce
from tests.acceptance.shell import has_read, recipients, without_privileges, writing_held_up

KILLED = """
import os, signal, sqlite3
def connect(*args, real=sqlite3.connect, **values):
    raw, left = real(*args, **values), iter(range(20, -1, -1))
    def look(sql):
        if sql.startswith("COMMIT") and not next(left):
            os.kill(os.getpid(), signal.SIGKILL)
    raw.set_trace_callback(look)
    return raw
sqlite3.connect = connect
"""
"""Python imports a module of the name sitecustomize before anything else: kill -9 at a commit, on any machine."""

LONG_AGO = 1_700_000_000
"""Seconds since the epoch."""


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """An installation beside an empty folder `in`."""
    (tmp_path / "in").mkdir()
    return Program(tmp_path)


def moved(program: Program, name: str | bytes, *people: str, age: int = 0, data: bytes | None = None) -> Path:
    """A file as PowerMTA moves it, last changed `age` seconds before `LONG_AGO`."""
    path = Path(os.fsdecode(os.path.join(os.fsencode(program.folder / "in"), os.fsencode(name))))  # noqa: PTH118  # bytes
    path.write_bytes(accounting(bounce(one) for one in people) if data is None else data)
    os.utime(path, (LONG_AGO - age, LONG_AGO - age))
    return path


def ingest(program: Program, *args: str) -> Finished:
    """One look into the folder."""
    return program.run("ingest", str(program.folder / "in"), *args)


def stays(finished: Finished) -> dict[str, str]:
    """The names of the files that stay, and why."""
    return {event["file"]: event["reason"] for event in finished.logged("file_skipped")}


def taken(events: list[Event]) -> list[str]:
    """The names of the files that were taken, in order."""
    return [event["file"] for event in events if event["event"] == "file_taken"]


def in_small_groups(program: Program) -> None:
    """Have a file committed in many groups, so that there is a middle of it."""
    program.configure({"spool": {"url": f"sqlite:///{program.spool}", "batch_rows": 100}})


def in_done(program: Program) -> list[str]:
    """What lies in `done`."""
    return sorted(path.name for path in (program.folder / "in" / "done").iterdir())


def test_each_file_is_taken_once_the_oldest_first(program: Program) -> None:
    """Whole files are recorded in the order of their last change, whatever their names, and moved into `done`."""
    moved(program, "a.csv", "new@example.com", age=10)
    moved(program, "b.csv", "old@example.com", age=30)
    (program.folder / "in" / "c.csv.gz").write_bytes(gzip.compress(accounting([bounce("packed@example.com")])))
    os.utime(program.folder / "in" / "c.csv.gz", (LONG_AGO, LONG_AGO))
    first, second = ingest(program), ingest(program)
    assert first.status == second.status == 0
    assert taken(first.events) == ["b.csv", "a.csv", "c.csv.gz"]
    assert first.finished["files"] == 3
    assert first.finished["suppressed"] == 3
    assert taken(second.events) == []
    assert in_done(program) == ["a.csv", "b.csv", "c.csv.gz"]
    assert recipients(program.suppressions()) == ["old@example.com", "new@example.com", "packed@example.com"]
    assert (program.folder / "in" / "done").stat().st_mode & 0o777 == 0o700


def test_what_is_still_written_stays(program: Program) -> None:
    """A file that a process has open for writing, or that was just changed, is left alone until it is whole."""
    writing, young = moved(program, "open.csv", "john@example.com"), moved(program, "young.csv", "jane@example.com")
    os.utime(young)
    with writing.open("ab"):
        finished = ingest(program, "--settled", "1h")
        assert finished.status == 75
        assert stays(finished) == {
            "open.csv": "is still being written",
            "young.csv": "was changed within the last 1h, and may not be whole",
        }
        assert "open.csv is still being written; 1 more stay" in finished.stderr
    assert ingest(program, "--settled", "0s").status == 0
    assert in_done(program) == ["open.csv", "young.csv"]


def test_names_and_kinds_of_files_do_no_harm(program: Program) -> None:
    """Any name is taken and logged escaped; links and pipes are not followed, folders and hidden files left alone."""
    outside = program.folder / "outside.csv"
    outside.write_bytes(accounting([bounce("outside@example.com")]))
    folder = program.folder / "in"
    (folder / "link.csv").symlink_to(outside)
    os.mkfifo(folder / "pipe.csv")
    (folder / "folder").mkdir()
    moved(program, ".part.csv", "part@example.com")
    moved(program, b"new\nline\x1b[2J.csv", "john@example.com")
    moved(program, b"latin\xe9.csv", "jane@example.com", age=1)
    finished = ingest(program)
    assert finished.status == 75
    assert stays(finished).keys() == {"link.csv", "pipe.csv"}
    assert taken(finished.events) == ["latin\\xe9.csv", "new\\nline\\x1b[2J.csv"]
    assert sorted(recipients(program.suppressions())) == ["jane@example.com", "john@example.com"]
    assert outside.exists()


def test_what_powermta_did_not_write_stays(program: Program) -> None:
    """A list of addresses, a foreign or damaged file and a bomb stay, each with its sentence; an empty file is done."""
    packed = gzip.compress(accounting(bounce(f"packed{at}@example.com") for at in range(5_000)))
    moved(program, "list.txt", data=b"email\njohn@example.com\n")
    moved(program, "photo.jpg", data=os.urandom(5000))
    moved(program, "torn.csv.gz", data=packed[: len(packed) // 2])
    moved(program, "bomb.csv.gz", data=gzip.compress(HEADER.encode() + b"\n" + bytes(20_000_000)))
    moved(program, "empty.csv", data=b"")
    finished = ingest(program)
    assert finished.status == 75
    reasons = stays(finished)
    assert reasons["list.txt"].startswith("is a list of addresses")
    assert reasons["photo.jpg"] == "holds no accounting records: remove it"
    assert reasons["torn.csv.gz"].startswith("is damaged")
    assert reasons["bomb.csv.gz"].startswith("unpacks to far more")
    assert taken(finished.events) == ["empty.csv"]
    assert 0 < len(program.suppressions()) < 5_000


def test_an_earlier_file_of_that_name_is_kept(program: Program) -> None:
    """Where `done` has a file of the name already, the later one gets a number."""
    for subject in ("john@example.com", "jane@example.com"):
        moved(program, "bounces.csv", subject)
        assert ingest(program).status == 0
    assert in_done(program) == ["bounces.csv", "bounces.csv.1"]


def test_a_folder_that_can_not_be_used_is_reported(program: Program) -> None:
    """No folder, or one that this user can't move files in: one sentence, and the configuration's exit status."""
    missing = program.run("ingest", "/nowhere")
    assert (missing.status, missing.stdout) == (78, "")
    assert "/nowhere can't be opened (No such file or directory): name the folder" in missing.sentences[0]
    moved(program, "bounces.csv", "john@example.com")
    folder = program.folder / "in"
    (folder / "done").mkdir()
    folder.chmod(0o500)
    refused = without_privileges(program, "ingest", str(folder))
    folder.chmod(0o700)
    assert refused.status == 78
    assert "let this user write to both" in refused.sentences[0]


def test_a_file_that_can_not_be_read_stays_until_it_can(program: Program) -> None:
    """A file without the right to read stays with its sentence, and the others are taken."""
    moved(program, "secret.csv", "john@example.com", age=5).chmod(0)
    moved(program, "other.csv", "jane@example.com")
    finished = without_privileges(program, "ingest", str(program.folder / "in"))
    assert finished.status == 75
    assert stays(finished) == {"secret.csv": "can't be opened (Permission denied): give this user the right to read it"}
    assert in_done(program) == ["other.csv"]


def test_watching_takes_what_comes_and_stops_when_asked(program: Program) -> None:
    """With --watch two processes take each file that comes, one of them each, until SIGTERM; both exit with 0."""
    folder = str(program.folder / "in")
    args = ("ingest", folder, "--watch", "--every", "10ms", "--settled", "0s")
    with program.start(*args) as one, program.start(*args) as other:
        one.wait_for("started")
        other.wait_for("started")
        for at in range(20):
            moved(program, f"new{at}.part", f"p{at}@example.com").rename(program.folder / "in" / f"{at:02}.csv")
        one.wait_until(lambda: len(taken(one.events + other.events)) >= 20)
        for running in (one, other):
            running.signal(signal.SIGTERM)
        ended = [one.wait(), other.wait()]
    assert [each.status for each in ended] == [0, 0]
    names = [name.partition(".")[0].removeprefix("new") for each in ended for name in taken(each.events)]
    assert sorted(map(int, names)) == list(range(20))
    assert len(program.suppressions()) == 20


@pytest.mark.parametrize("gone", ["in", "in/done"])
def test_a_folder_that_is_moved_away_is_not_watched_in_silence(program: Program, gone: str) -> None:
    """When the folder, or `done`, is no longer where it was, watching ends with 75, so that systemd starts it anew."""
    with program.start("ingest", str(program.folder / "in"), "--watch", "--every", "10ms") as running:
        running.wait_for("started")
        (program.folder / gone).rename(program.folder / "elsewhere")
        finished = running.wait()
    assert finished.status == 75
    assert f"{program.folder / gone} was moved away or removed" in finished.stderr


def test_a_kill_in_the_middle_loses_nothing(program: Program) -> None:
    """A file is read again after kill -9 within it; every recipient is recorded once, and the file is moved once."""
    people = [f"p{at}@example.com" for at in range(20_000)]
    in_small_groups(program)
    moved(program, "long.csv", *people)
    (program.folder / "sitecustomize.py").write_text(KILLED)
    with program.start("ingest", str(program.folder / "in"), environ={"PYTHONPATH": str(program.folder)}) as running:
        assert running.wait().status == -signal.SIGKILL
    assert (program.folder / "in" / "long.csv").exists()
    again = ingest(program)
    assert again.status == 0
    assert 0 < again.finished["duplicates"] < len(people)
    assert program.status()["suppressions"] == len(people)
    assert in_done(program) == ["long.csv"]


def test_a_stop_within_a_file_is_no_loss(program: Program) -> None:
    """SIGTERM within a long file ends the command there, with 75 and the file's name; the file stays."""
    in_small_groups(program)
    file = moved(program, "long.csv", *(f"p{at}@example.com" for at in range(20_000)))
    with writing_held_up(program) as go_on, program.start("ingest", str(program.folder / "in")) as running:
        running.wait_until(lambda: has_read(running, file))
        running.signal(signal.SIGTERM)
        go_on()
        finished = running.wait()
    assert finished.status == 75
    assert 0 < program.status()["suppressions"] < 20_000
    assert "stopped in the middle of long.csv, which is read again; nothing is done twice" in finished.stderr
    assert (program.folder / "in" / "long.csv").exists()
