"""Shadow mode, `--dry-run`: it decides as a run would, compares with what was done, and leaves nothing behind."""

import json
import signal
import sqlite3
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.acceptance.harness import Event, Finished, Program, Row, Running, accounting, bounce
from tests.acceptance.shell import delivered, trail, with_trail
from tests.acceptance.test_complaints import feed as reports
from tests.acceptance.test_complaints import report
from tests.acceptance.test_holds import FALSE, ordinary, row, spike

IDS = {"header_X_Mailer_LID": "8", "header_X_Mailer_RecptId": "501"}
OTHER_POLICY = {"bounce": {"bad-mailbox": "ignore", "our-own-category": "suppress"}}


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    """An installation with one provider, and a folder for temporary files that is empty at the end."""
    (tmp_path / "temporary").mkdir()
    (tmp_path / "site").mkdir()
    yield with_trail(tmp_path / "site")
    assert list((tmp_path / "temporary").iterdir()) == []


def soft(day: int, subject: str = "soft@example.com") -> Row:
    """A soft bounce on a day in March."""
    at = f"2026-03-0{day} 09:00:05+0000"
    return bounce(subject, "quota-issues", dsnStatus="5.2.2 (full)", timeLogged=at, timeQueued=at)


ROWS = [bounce("hard@example.com"), bounce("other@example.com", "our-own-category"), *(soft(day) for day in (1, 2, 3))]


def temporary(program: Program) -> Path:
    """Where temporary files go."""
    return program.folder.parent / "temporary"


def started(program: Program, *args: str) -> Running:
    """Start a dry run, with its temporary files in that folder."""
    return program.start("--dry-run", *args, environ={"TMPDIR": str(temporary(program))})


def dry_run(program: Program, rows: list[Row] | bytes, *args: str) -> Finished:
    """Result of a dry run over rows."""
    with started(program, *args) as running:
        running.pour(rows if isinstance(rows, bytes) else accounting(rows))
        return running.wait()


def baseline() -> list[Row]:
    """The rows that `ordinary` feeds."""
    gmail = [row(f"usual{hour}.{n}@gmail.com", hour * 60 + n) for hour in range(48) for n in range(4)]
    return gmail + [row(f"usual{hour}.{n}@yahoo.com", hour * 60 + n) for hour in range(48) for n in range(8)]


def with_policy(program: Program, policy: Mapping[str, object]) -> None:
    """Another policy, all else as it was."""
    program.configure({"policy": policy}, trail=trail(program.folder))


def output(finished: Finished, event: str) -> set[tuple[str, str]]:
    """Recipients, and what was done, of the events of that name."""
    return {(one["recipient"], one["was"]) for one in finished.logged(event)}


def test_beside_another_handler(program: Program) -> None:
    """Everything is different without a spool, which is reported once; and there is none afterwards."""
    finished = dry_run(program, ROWS)
    assert finished.status == 0, finished.stderr
    assert len(finished.logged("no_spool", level="info")) == 1
    assert output(finished, "would_suppress") == {
        ("h***@example.com", "not suppressed"),
        ("s***@example.com", "not suppressed"),
    }
    assert finished.finished["differences"] == {"not suppressed -> suppress": 2}
    assert finished.finished["compared_with"] is None
    assert {path.name for path in program.folder.iterdir()} == {"bouncehandler.toml", "run1.out", "run1.err"}


def test_each_line_names_its_rule(program: Program) -> None:
    """A decision is reported with reason and rule, and addresses masked as in every log."""
    finished = dry_run(program, [bounce("jane@example.com")])
    (one,) = finished.logged("would_suppress", level="info")
    assert (one["reason"], one["rule"]) == ("bounce", 'policy.bounce.bad-mailbox = "suppress"')
    assert "jane@" not in finished.stderr


def test_beside_a_spool_that_did_the_same(program: Program) -> None:
    """Nothing is different: hard bounces, those that were counted, complaints by address and by ids, and lists."""
    for rows in (accounting(ROWS), reports([report("angry@example.com"), report(**IDS)])):
        program.feed(rows)
        finished = dry_run(program, rows)
        assert finished.finished["differences"] == {}, finished.stderr
        assert {one["was"] for one in finished.logged("would_suppress")} == {"suppressed"}
        assert not finished.logged("no_spool")
    assert finished.finished["compared_with"] == str(program.spool)
    program.feed(b"email\nlisted@example.com\n")
    assert dry_run(program, b"email\nlisted@example.com\n").finished["differences"] == {}


def test_another_policy(program: Program) -> None:
    """Both directions are reported as they come, and counted at the end."""
    program.feed(ROWS)
    with_policy(program, OTHER_POLICY)
    finished = dry_run(program, ROWS)
    assert output(finished, "would_suppress") == {
        ("o***@example.com", "not suppressed"),
        ("s***@example.com", "suppressed"),
    }
    (spared,) = finished.logged("would_not_suppress")
    assert (spared["recipient"], spared["was"], spared["verdict"]) == ("h***@example.com", "suppressed", "ignore")
    assert spared["rule"] == 'policy.bounce.bad-mailbox = "ignore"'
    assert finished.finished["differences"] == {"not suppressed -> suppress": 1, "suppressed -> ignore": 1}


def test_soft_bounces_that_suppressed(program: Program) -> None:
    """A suppression by soft bounces is a difference where they are ignored, or where more are needed."""
    program.feed(ROWS)
    for policy, would in (("ignore", "ignore"), ({"suppress_after": 5, "within": "21d"}, "count")):
        with_policy(program, {"bounce": {"quota-issues": policy}})
        assert dry_run(program, ROWS).finished["differences"] == {f"suppressed -> {would}": 1}


def test_soft_bounces_come_to_their_threshold(program: Program) -> None:
    """The third soft bounce suppresses, also when they come one by one; the same rows again report nothing more."""
    with started(program) as running:
        running.write(accounting([soft(1), soft(2)]))
        running.wait_for("no_spool")
        running.write(accounting([soft(3)], has_header=False))
        running.wait_for("would_suppress")
        running.write(accounting([soft(day) for day in (1, 2, 3)], has_header=False))
        finished = running.finish()
    (one,) = finished.logged("would_suppress")
    assert one["rule"] == 'policy.bounce.quota-issues = { suppress_after = 3, within = "21d" }'
    assert (finished.finished["suppressed"], finished.finished["differences"]) == (1, {"not suppressed -> suppress": 1})


def test_a_spike_would_be_held(program: Program) -> None:
    """A spike in the dry run's own history is reported when it is detected, and counted."""
    ordinary(program)  # in the real spool, and in the dry run's input
    finished = dry_run(program, [*baseline(), *spike()])
    (seen,) = finished.logged("would_hold_spike")
    assert (seen["mailbox_provider"], "does not exist" in seen["diagnostic"]) == ("gmail", True)
    assert finished.finished["differences"] == {"not suppressed -> hold": 120}


def test_a_spike_that_is_held(program: Program) -> None:
    """Where the real spool holds it as well, nothing is different; without holding it would be suppressed."""
    ordinary(program)
    program.feed(spike())
    finished = dry_run(program, [*baseline(), *spike(), row("late@gmail.com", 3 * 1440 + 5, **FALSE)])
    assert finished.finished["differences"] == {"not suppressed -> hold": 1}
    program.configure({"hold": {"enabled": False}}, trail=trail(program.folder))
    assert dry_run(program, [*baseline(), *spike()]).finished["differences"] == {"held -> suppress": 120}


def test_the_real_spool_is_a_moment_behind(program: Program) -> None:
    """Suppressions that the real spool records after the decision are known at the end."""
    program.feed([bounce("first@example.com")])
    with started(program) as running:
        running.write(accounting(ROWS))
        running.wait_for("would_suppress", 2)
        program.feed(ROWS)
        finished = running.finish()
    assert output(finished, "would_suppress") >= {("h***@example.com", "not suppressed")}
    assert finished.finished["differences"] == {}


def test_the_real_spool_came_later(program: Program) -> None:
    """A spool that is made meanwhile is looked at, and what it suppresses alone is reported."""
    with started(program) as running:
        running.wait_for("no_spool")
        with_policy(program, OTHER_POLICY)
        program.feed([])
        running.write(accounting(ROWS[:2]))
        running.wait_for("would_suppress")
        program.feed(ROWS)
        finished = running.finish()
    assert finished.finished["differences"] == {"not suppressed -> suppress": 1, "suppressed -> ignore": 1}


def test_nothing_is_written(program: Program) -> None:
    """Not the spool, nor its journal, nor a row that can't be read; and no provider is called."""
    program.feed(ROWS)
    before, calls = contents(program), delivered(program)
    with_policy(program, OTHER_POLICY)
    assert dry_run(program, accounting(ROWS) + b"torn").status == 0
    assert (contents(program), delivered(program)) == (before, calls)


def contents(program: Program) -> dict[str, tuple[bytes, int]]:
    """Every file that the program could have touched: what is in it, and when it was changed."""
    mine = [
        path for path in program.folder.rglob("*") if path.is_file() and path.suffix not in {".out", ".err", ".toml"}
    ]
    return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in mine}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_stopped(program: Program, number: signal.Signals) -> None:
    """A signal ends it in good order: what was read is compared, and the temporary folder is gone."""
    with started(program) as running:
        running.write(accounting(ROWS))
        running.wait_for("would_suppress", 2)
        assert list(temporary(program).iterdir())
        running.signal(number)
        finished = running.wait()
    assert finished.status == 0, "nothing was left in the pipe"
    assert finished.finished["differences"] == {"not suppressed -> suppress": 2}
    assert list(temporary(program).iterdir()) == []


def test_replay_stopped(program: Program) -> None:
    """A replay that is stopped leaves no temporary folder either."""
    archive = program.folder / "archive.csv"
    archive.write_bytes(accounting(bounce(f"user{number}@example.com") for number in range(100_000)) * 5)
    with program.start("replay", str(archive), environ={"TMPDIR": str(temporary(program))}) as running:
        running.wait_until(lambda: any(temporary(program).glob("bouncehandler-*")))
        running.signal(signal.SIGTERM)
        assert running.wait().status == 75


STOPPED = """
import os, signal
def mkdir(path, *args, real=os.mkdir):
    real(path, *args)
    if "bouncehandler-" in str(path):
        os.kill(os.getpid(), signal.SIGTERM)
os.mkdir = mkdir
"""
"""Python imports a module of the name sitecustomize before anything else: SIGTERM as soon as the folder is there."""


def test_replay_stopped_at_once(program: Program) -> None:
    """A temporary folder is removed even where the signal comes before the program knows that it has made it."""
    (program.folder / "sitecustomize.py").write_text(STOPPED)
    (program.folder / "archive.csv").write_bytes(accounting(ROWS))
    environ = {"TMPDIR": str(temporary(program)), "PYTHONPATH": str(program.folder)}
    with program.start("replay", str(program.folder / "archive.csv"), environ=environ) as running:
        assert running.wait().status == 75


def test_no_room(tmp_path: Path) -> None:
    """A temporary folder without room is one sentence; the exit status means: try again."""
    (tmp_path / "temporary").mkdir()
    limited = ("sh", "-c", 'ulimit -f 1000; exec "$0" "$@"', sys.executable, "-m", "bouncehandler")
    program = Program(tmp_path, limited)
    logfile = str(tmp_path / "log")
    finished = dry_run_in_its_folder(
        program, accounting(bounce(f"user{at}@example.com") for at in range(5000)), "--logfile", logfile
    )
    assert finished.status == 75
    (sentence,) = finished.stderr.splitlines()
    assert "the temporary folder fails" in sentence
    assert "TMPDIR" in sentence
    assert list((tmp_path / "temporary").iterdir()) == []


def dry_run_in_its_folder(program: Program, data: bytes, *args: str) -> Finished:
    """The same where the temporary folder lies in the program's own."""
    with program.start("--dry-run", *args, environ={"TMPDIR": str(program.folder / "temporary")}) as running:
        running.pour(data)
        return running.wait()


def test_a_spool_of_another_version(program: Program) -> None:
    """A newer spool is refused by a reader too: a sentence names the remedy."""
    program.feed(ROWS)
    with sqlite3.connect(program.spool) as raw:
        raw.execute("PRAGMA user_version = 99")
    raw.close()
    finished = dry_run(program, ROWS)
    assert finished.status == 78
    assert "install the newer program" in finished.sentences[-1]


def test_replay_and_dry_run_report_the_same(program: Program) -> None:
    """The same rows through the same policy differ in the same way."""
    program.feed([*ROWS, report("angry@example.com")])
    with_policy(program, OTHER_POLICY)
    archive = program.folder / "archive.csv"
    archive.write_bytes(accounting(ROWS))
    found: list[Event] = [
        json.loads(line) for line in program.run("replay", str(archive), "--format", "jsonl").stdout.splitlines()
    ]
    counts = dry_run(program, ROWS).finished["differences"]
    assert sorted(f"{one['was']} -> {one['would']}" for one in found) == sorted(counts)
