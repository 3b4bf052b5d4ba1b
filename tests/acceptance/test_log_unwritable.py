"""A log file that can't be written: rows and mails are taken all the same, and the log goes where it can be seen."""

import json
import os
import select
import signal
import subprocess
from pathlib import Path

import pytest

from tests.acceptance.harness import LONGEST, MODULE, SCRIPT, Event, Finished, Program, accounting, bounce
from tests.acceptance.shell import delivered, with_trail, without_privileges
from tests.acceptance.unsubscribing import BY_IDS, MAIL, PROVIDER, configure, maildrop_messages, send

UNWRITABLE = {
    "no folder": ("none/bounces.log", "No such file or directory", "make the folder"),
    "a folder": (".", "Is a directory", "name a file in it"),
    "below a file": ("bouncehandler.toml/bounces.log", "Not a directory", "correct the path"),
    "pipe without a reader": ("pipe", "No such device or address", "start the program that reads it"),
    "full disk": ("/dev/full", "No space left on device", "make room"),
}
"""By case, the log file, why it can't be written, and how that is mended."""


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """An installation with one provider, its spool in a folder of its own, and a pipe that nothing reads."""
    program = with_trail(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    return program


def spare(program: Program) -> list[Event]:
    """The log in the spool's folder."""
    return [json.loads(line) for line in (program.folder / "bouncehandler.log").read_text("ascii").splitlines()]


def assert_reported(program: Program, finished: Finished, case: str) -> None:
    """The log is on stderr and in the spool's folder, and begins with why and how to mend it, once."""
    name, why, mend = UNWRITABLE[case]
    assert finished.events == spare(program)
    first = finished.events[0]
    assert (first["event"], first["level"]) == ("log_file_unwritable", "error")
    assert first["file"] == str(program.folder / name)
    assert why in first["reason"]
    assert mend in first["mend"]
    assert len(finished.logged("log_file_unwritable")) == 1
    assert finished.events[1]["event"] == "started"
    assert finished.events[-1]["event"] == "finished"
    assert (program.folder / "bouncehandler.log").stat().st_mode & 0o777 == 0o640 & ~current_umask()


def current_umask() -> int:
    """This process's."""
    umask = os.umask(0)
    os.umask(umask)
    return umask


@pytest.mark.parametrize("case", UNWRITABLE)
def test_rows_are_taken(program: Program, case: str) -> None:
    """The pipe takes every row, logs to stderr and to the spool's folder, and reports once why, and how to mend it."""
    finished = program.feed([bounce("jane@example.com")], "--logfile", str(program.folder / UNWRITABLE[case][0]))
    assert finished.status == 0
    assert [event["recipient"] for event in delivered(program)] == ["jane@example.com"]
    assert_reported(program, finished, case)


def test_first_start_of_all(program: Program) -> None:
    """Where the spool's folder is made by this very start, the log is there as well."""
    program.configure({"spool": {"url": f"sqlite:///{program.folder}/new/deep/spool.db"}})
    finished = program.feed([bounce("jane@example.com")], "--logfile", str(program.folder / "none" / "log"))
    assert finished.status == 0
    lines = (program.folder / "new" / "deep" / "bouncehandler.log").read_text().splitlines()
    assert [json.loads(line)["event"] for line in lines] == ["log_file_unwritable", "started", "finished"]


@pytest.mark.parametrize("option", ["--dry-run", "--no-dispatch"])
def test_other_modes(program: Program, option: str) -> None:
    """Neither a dry run nor a pipe that only fills the spool is refused for its log."""
    finished = program.feed([bounce("jane@example.com")], option, "--logfile", str(program.folder / "none" / "log"))
    assert finished.status == 0
    assert [event["event"] for event in finished.events][:2] == ["log_file_unwritable", "started"]


def test_work_and_ingest(program: Program) -> None:
    """`work` and `ingest` go on likewise."""
    bad = ("--logfile", str(program.folder / "none" / "log"))
    folder = program.folder / "moved"
    folder.mkdir()
    (folder / "bounces.csv").write_bytes(accounting([bounce("jane@example.com")]))
    manual_actions = program.run("ingest", str(folder), "--settled", "0s", *bad)
    assert manual_actions.status == 0
    assert [event["event"] for event in manual_actions.events] == [
        "log_file_unwritable",
        "started",
        "file_taken",
        "finished",
    ]
    with program.start("work", *bad) as running:
        running.wait_for("unsubscribed")
        running.signal(signal.SIGTERM)
        assert running.wait().status == 0
    assert [event["recipient"] for event in delivered(program)] == ["jane@example.com"]
    assert len([event for event in spare(program) if event["event"] == "log_file_unwritable"]) == 2


def test_file_that_may_not_be_written(program: Program) -> None:
    """A log that this user may not write is reported with that reason; the rows are taken."""
    logfile = program.folder / "closed.log"
    logfile.touch(0o400)
    logfile.chmod(0o400)
    finished = without_privileges(program, "--no-dispatch", "--logfile", str(logfile))
    first = finished.events[0]
    assert (first["event"], first["reason"]) == ("log_file_unwritable", "Permission denied")
    assert "let this user write" in first["mend"]
    assert logfile.read_bytes() == b""


def test_folder_of_the_spool_that_takes_nothing_either(program: Program) -> None:
    """Where the spool's folder can't take a log either, stderr has it, and the rows are taken."""
    (program.folder / "bouncehandler.log").mkdir()
    finished = program.feed([bounce("jane@example.com")], "--logfile", str(program.folder / "none" / "log"))
    assert finished.status == 0
    assert [event["event"] for event in finished.events] == [
        "log_file_unwritable",
        "started",
        "unsubscribed",
        "finished",
    ]


def test_log_file_that_comes_back(program: Program) -> None:
    """As soon as the log file can be written it is, without a new start; lines are not in both."""
    logfile = program.folder / "none" / "bounces.log"
    with program.start("--logfile", str(logfile)) as running:
        running.wait_for("started")
        logfile.parent.mkdir()
        running.write(accounting([bounce("jane@example.com")]))
        running.wait_until(lambda: logfile.exists() and b"unsubscribed" in logfile.read_bytes())
        finished = running.finish()
    assert finished.status == 0
    assert [event["event"] for event in finished.events] == ["log_file_unwritable", "started"]
    assert [json.loads(line)["event"] for line in logfile.read_text().splitlines()] == ["unsubscribed", "finished"]


def test_log_file_that_is_lost_in_the_middle(program: Program) -> None:
    """A log with a folder that goes away while the pipe runs is reported once, and its lines go on elsewhere."""
    logfile = program.folder / "logs" / "bounces.log"
    logfile.parent.mkdir()
    with program.start("--logfile", str(logfile)) as running:
        running.wait_until(lambda: logfile.exists() and b"started" in logfile.read_bytes())
        logfile.parent.rename(program.folder / "moved")
        running.write(accounting([bounce("jane@example.com")]))
        running.wait_for("unsubscribed")
        finished = running.finish()
    assert [event["event"] for event in finished.events] == ["log_file_unwritable", "unsubscribed", "finished"]
    assert spare(program) == finished.events


def test_working_folder_that_is_gone(program: Program) -> None:
    """A log file named from a working folder that was removed is one that can't be written, and no bug."""
    gone = program.folder / "gone"
    command = ["sh", "-c", 'rmdir "$0" && exec "$@"', str(gone), *SCRIPT, "--config", str(program.config)]
    for more, status in (((), 0), (("status",), 78)):
        gone.mkdir()
        finished = subprocess.run(
            [*command, *more, "--logfile", "bounces.log"],
            cwd=gone,
            input=accounting([]),
            capture_output=True,
            timeout=LONGEST,
            check=False,
        )
        assert finished.returncode == status, finished.stderr
        assert b"No such file or directory" in finished.stderr


def test_with_debug(program: Program) -> None:
    """With --debug, which logs to stderr anyway, no line is there twice."""
    finished = program.feed([bounce("jane@example.com")], "--debug", "--logfile", str(program.folder / "none" / "log"))
    assert finished.status == 0
    assert len(finished.logged("started")) == len(finished.logged("log_file_unwritable")) == 1
    assert spare(program) == finished.events


def test_pipe_with_a_reader(program: Program) -> None:
    """A named pipe that a program reads is a log like any other; a reader that stands still holds up no row."""
    reader = os.open(program.folder / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    rows = accounting(bounce(f"r{number}@example.com", "spam-related") for number in range(2000))
    finished = program.feed(rows, "--no-dispatch", "--debug", "--logfile", str(program.folder / "pipe"))
    assert finished.status == 0
    assert select.select([reader], [], [], 0)[0]
    read = os.read(reader, 1 << 20).splitlines()
    os.close(reader)
    assert json.loads(read[0])["event"] == "started"
    assert finished.finished["records"] == {"b": 2000}
    assert len(finished.logged("log_file_unwritable")) == 1


def test_level_error(program: Program) -> None:
    """A level at which no start is logged hides no log file that can't be written."""
    program.configure({"log": {"level": "error"}})
    finished = program.feed([bounce("jane@example.com")], "--logfile", str(program.folder / "none" / "log"))
    assert [event["event"] for event in finished.events] == ["log_file_unwritable"]


@pytest.mark.parametrize("case", [case for case in UNWRITABLE if case != "full disk"])
def test_check_fails(program: Program, case: str) -> None:
    """`check` with such a log file has a FAIL for it beside all its other findings, in text and JSON; exit 78."""
    logfile = str(program.folder / UNWRITABLE[case][0])
    text, as_json = (program.run("check", "--logfile", logfile, *more) for more in ((), ("--json",)))
    assert (text.status, as_json.status) == (78, 78)
    (failed,) = [line for line in text.stdout.splitlines() if line.startswith("FAIL")]
    assert failed.startswith(f"FAIL  log: the log file {logfile} can't be written: {UNWRITABLE[case][1]}")
    assert "ok    provider trail" in text.stdout
    (wrong,) = [found for found in json.loads(as_json.stdout)["findings"] if found["mark"] == "wrong"]
    assert wrong["what"] == "log"


def test_other_commands(program: Program) -> None:
    """A command that takes no rows is refused as before, since it can wait."""
    finished = program.run("status", "--logfile", str(program.folder / "none" / "log"))
    assert finished.status == 78
    assert "can't be written" in finished.stderr


def test_wrong_configuration_and_no_log(program: Program) -> None:
    """Where the configuration is wrong as well, both are reported."""
    program.config.write_text("[spol]\n")
    finished = program.feed([], "--logfile", str(program.folder / "none" / "log"))
    assert finished.status == 78
    assert "did you mean spool?" in finished.stderr
    assert "can't be written" in finished.stderr


@pytest.mark.parametrize("case", UNWRITABLE)
def test_mail_is_taken(program: Program, case: str) -> None:
    """A List-Unsubscribe mail is kept; its line is on stderr and in the spool's folder, after why it is there."""
    configure(program, PROVIDER, BY_IDS)
    for _ in range(2):  # by the whole configuration, and by what is kept of it
        finished = send(program, MAIL, "--logfile", str(program.folder / UNWRITABLE[case][0]))
        assert finished.status == 0
        first, second = finished.events
        assert (first["event"], first["level"], second["event"]) == ("log_file_unwritable", "error", "unsubscribe_kept")
        assert (first["file"], first["reason"]) == (str(program.folder / UNWRITABLE[case][0]), UNWRITABLE[case][1])
        assert first["mend"]
    assert len(maildrop_messages(program)) == 2
    assert [event["event"] for event in spare(program)] == ["log_file_unwritable", "unsubscribe_kept"] * 2
    assert (program.folder / "bouncehandler.log").stat().st_mode & 0o007 == 0


def test_mail_and_no_log_at_all(program: Program) -> None:
    """A mail is kept where the spool's folder takes no log either."""
    configure(program, PROVIDER, BY_IDS)
    (program.folder / "bouncehandler.log").mkdir()
    finished = send(program, MAIL, "--logfile", str(program.folder / "none" / "log"))
    assert finished.status == 0
    assert [event["event"] for event in finished.events] == ["log_file_unwritable", "unsubscribe_kept"]


def test_terminal_without_clutter(program: Program) -> None:
    """On a terminal the start is not shown: progress is."""
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [*MODULE, "--config", str(program.config)], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=theirs
    )
    os.close(theirs)
    process.communicate(accounting([bounce("jane@example.com")]), timeout=LONGEST)
    output = b""
    try:
        while block := os.read(ours, 65_536):
            output += block
    except OSError:  # EIO: the other side is closed
        os.close(ours)
    assert process.returncode == 0
    assert b"started" not in output
