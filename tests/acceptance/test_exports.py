"""`suppressions` and `dead-letters`: whole, selected, and harmless wherever they are opened."""

import csv
import io
import json
import subprocess
from pathlib import Path

import pytest

from tests.acceptance.harness import LONGEST, MODULE, Event, Program, accounting, bounce
from tests.acceptance.shell import alone, with_dead_letters

HOSTILE = "\x1b[2J\x1b]0;owned\x07\x9b31m\r\n\u202egnp.exe"
"""Clears a terminal, renames it, colours it, begins a new line, and turns text round."""
FIELDS = ("recipient", "reason", "category", "status", "originator", "job_id", "occurred_at", "rule")


def table(text: str) -> list[Event]:
    """A CSV export, read."""
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """A spool with bounces of several days and domains, one of them hostile, and a list fed by hand."""
    program = Program(tmp_path_factory.mktemp("exported"))
    hostile = {"orig": f"=cmd|'/c calc'!A1{HOSTILE}", "jobId": "@SUM(1)", "dsnDiag": HOSTILE}
    program.feed(
        [
            bounce("jane@example.com", jobId="spring", timeLogged="2026-03-01 09:30:05-0400"),
            bounce("joe@sub.example.com", "inactive-mailbox", timeLogged="2026-03-02 09:30:05+0000", orig=""),
            bounce("jürgen@müller.example", **hostile, timeLogged="2026-03-03 09:30:05+0000"),
        ]
    )
    program.feed(b"listed@example.com\n")
    return program


def test_suppressions_as_json_lines(exported: Program) -> None:
    """`--format jsonl` gives one object a line with the fields that the contract names, times in UTC."""
    first, *_, last = exported.suppressions()
    assert tuple(first) == FIELDS
    assert first == {
        "recipient": "jane@example.com",
        "reason": "bounce",
        "category": "bad-mailbox",
        "status": "5.1.1",
        "originator": "news@lists.example",
        "job_id": "spring",
        "occurred_at": "2026-03-01T13:30:05+00:00",
        "rule": 'policy.bounce.bad-mailbox = "suppress"',
    }
    assert (last["recipient"], last["reason"], last["occurred_at"]) == ("listed@example.com", "list", None)


def test_suppressions_as_json(exported: Program) -> None:
    """`--format json` is one array of the same objects; `[]` when there is none."""
    listed = json.loads(exported.run("suppressions", "--format", "json").stdout)
    assert listed == exported.suppressions()
    assert json.loads(exported.run("suppressions", "--format", "json", "--domain", "none.example").stdout) == []


def test_json_is_exact_and_harmless_on_a_terminal(exported: Program) -> None:
    """JSON holds what was recorded to the letter, and yet no character that a terminal obeys."""
    text = exported.run("suppressions", "--format", "jsonl").stdout
    assert all(line.isprintable() for line in text.splitlines())
    assert "jürgen@müller.example" in text
    (hostile,) = (found for found in map(json.loads, text.splitlines()) if found["job_id"] == "@SUM(1)")
    assert hostile["originator"] == f"=cmd|'/c calc'!A1{HOSTILE}"


def test_suppressions_as_csv(exported: Program) -> None:
    """`--format csv` has a heading, the same fields, and no cell that a spreadsheet would run."""
    text = exported.run("suppressions", "--format", "csv").stdout
    rows = table(text)
    assert tuple(rows[0]) == FIELDS
    assert [row["recipient"] for row in rows] == [found["recipient"] for found in exported.suppressions()]
    assert rows[2]["originator"].startswith("'=cmd|")
    assert rows[2]["job_id"] == "'@SUM(1)"
    assert all(line.isprintable() for line in text.splitlines())


def test_suppressions_as_a_table(exported: Program) -> None:
    """The table is aligned, one line each, and holds nothing that moves a terminal's cursor."""
    heading, *lines = exported.run("suppressions").stdout.splitlines()
    assert heading.split() == list(FIELDS)
    assert len(lines) == 4
    assert all(line.isprintable() for line in lines)
    assert lines[0].index("bad-mailbox") == heading.index("category") == lines[1].index("inactive-mailbox")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--domain", "example.com"), ["jane", "listed"]),
        (("--domain", "@EXAMPLE.com"), ["jane", "listed"]),
        (("--domain", "müller.example"), ["jürgen"]),
        (("--recipient", "<JANE@example.com>"), ["jane"]),
        (("--recipient", "unknown@example.com"), []),
        (("--reason", "list"), ["listed"]),
        (("--reason", "bounce", "--limit", "2"), ["jane", "joe"]),
        (("--since", "2026-03-02"), ["joe", "jürgen", "listed"]),
        (("--since", "2026-03-02", "--until", "2026-03-03T09:30:05Z"), ["joe"]),
        (("--until", "2026-03-01T09:30:06-04:00"), ["jane"]),
        (("--since", "1d", "--reason", "list"), ["listed"]),
        (("--until", "1d", "--reason", "list"), []),
    ],
    ids=str,
)
def test_suppressions_that_are_selected(exported: Program, options: tuple[str, ...], expected: list[str]) -> None:
    """Domain, recipient, reason, time and limit select, alone and together."""
    assert [found["recipient"].partition("@")[0] for found in exported.suppressions(*options)] == expected


def test_utf8_whatever_the_locale(exported: Program) -> None:
    """An export is UTF-8 even where the terminal is not; a table shows what the terminal can."""
    arguments = ("--config", str(exported.config), "suppressions")
    export = alone(exported.folder, *arguments, "--format", "csv", PYTHONIOENCODING="latin-1")
    assert "jürgen@müller.example" in export.stdout
    shown = alone(exported.folder, *arguments, PYTHONIOENCODING="ascii")
    assert shown.status == 0
    assert r"j\xfcrgen@m\xfcller.example" in shown.stdout


def test_output_into_head(tmp_path: Path) -> None:
    """A reader that has seen enough ends the command quietly, with 0."""
    program = Program(tmp_path)
    program.feed("".join(f"user{number}@example.com\n" for number in range(5000)).encode())
    command = [*MODULE, "--config", str(program.config), "suppressions"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline().startswith(b"recipient")
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(LONGEST) == 0


def test_output_that_cannot_be_written(exported: Program) -> None:
    """A full disk under an export is one sentence and 75, never a file that looks whole."""
    with Path("/dev/full").open("wb") as full:
        finished = subprocess.run(
            [*MODULE, "--config", str(exported.config), "suppressions"],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            timeout=LONGEST,
        )
    assert finished.returncode == 75
    assert finished.stderr == b"bouncehandler: the output can't be written: No space left on device\n"


def test_dead_letters_are_listed(program: Program) -> None:
    """`dead-letters list` shows who, where, after how many attempts, when, and the provider's last answer."""
    with_dead_letters(program, "jane@example.com", answer=f"400 no such list {HOSTILE}")
    (lost,) = program.dead_letters()
    assert (lost["provider"], lost["recipient"], lost["attempts"]) == (
        "trail",
        "jane@example.com",
        1,
    )
    assert lost["answer"] == f"400 no such list {HOSTILE}"
    shown = program.run("dead-letters", "list").stdout
    assert "400 no such list" in shown
    assert all(line.isprintable() for line in shown.splitlines())
    assert program.dead_letters("--provider", "another") == []
    assert program.dead_letters("--recipient", "joe@example.com") == []


def test_dead_letters_are_tried_again(program: Program) -> None:
    """`retry` makes the named ones, or all that are selected, due at once; the next run carries them out."""
    with_dead_letters(program, "jane@example.com", "joe@example.com", "jim@other.example")
    first = str(program.dead_letters()[0]["id"])
    assert program.run("dead-letters", "retry", first).stdout == "1 dead letter will be tried again\n"
    assert program.run("dead-letters", "retry", first).stdout == "0 dead letters will be tried again\n"
    output = program.run("dead-letters", "retry", "--all", "--domain", "example.com").stdout
    assert output == "1 dead letter will be tried again\n"
    assert program.feed(accounting([])).status == 0
    done = [json.loads(line)["recipient"] for line in (program.folder / "trail.jsonl").read_text().splitlines()]
    assert sorted(done) == ["jane@example.com", "joe@example.com"]
    assert [lost["recipient"] for lost in program.dead_letters()] == ["jim@other.example"]


def test_dead_letters_are_dropped(program: Program) -> None:
    """`drop` settles dead letters without a call; the suppressions stay recorded."""
    with_dead_letters(program, "jane@example.com", "joe@example.com")
    assert program.run("dead-letters", "drop", "--all").stdout == "2 dead letters dropped\n"
    assert program.dead_letters() == []
    assert program.feed(accounting([])).status == 0
    assert not (program.folder / "trail.jsonl").exists()
    assert len(program.suppressions()) == 2


def test_dead_letters_alone(tmp_path: Path) -> None:
    """A group of commands without a command shows its help, as wrong usage."""
    finished = alone(tmp_path, "dead-letters")
    assert finished.status == 64
    assert "Usage: bouncehandler dead-letters" in finished.stderr
