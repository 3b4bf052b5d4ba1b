"""`replay` shows what another policy would have made of archived files, and does nothing."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.acceptance.harness import Event, Program, accounting, bounce
from tests.acceptance.shell import delivered, with_trail
from tests.acceptance.test_complaints import report

SOFT = {"dsnStatus": "5.2.2 (full)"}


def at(time: str) -> dict[str, str]:
    """Both columns of a record's time."""
    return {"timeLogged": time, "timeQueued": time}


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """An installation that has been fed an archive."""
    program = with_trail(tmp_path)
    archive(program).write_bytes(
        accounting(
            [
                bounce("hard@example.com"),
                bounce("other@example.com", "our-own-category"),
                *(
                    bounce("soft@example.com", "quota-issues", **SOFT, **at(f"2026-03-0{day} 09:00:05+0000"))
                    for day in (1, 2, 3)
                ),
            ]
        )
    )
    program.feed(archive(program).read_bytes() + accounting([report("angry@example.com")], has_header=False))
    return program


def archive(program: Program) -> Path:
    """The file."""
    return program.folder / "archive.csv"


def replayed(program: Program, policy: Mapping[str, object]) -> list[Event]:
    """Differences under a policy, given as the table of another configuration."""
    before = program.config.read_text()
    program.configure({"policy": policy}, trail={"type": "file", "path": str(program.folder / "trail.jsonl")})
    finished = program.run("replay", str(archive(program)), "--format", "jsonl")
    program.config.write_text(before)
    assert finished.status == 0, finished.stderr
    return [json.loads(line) for line in finished.stdout.splitlines()]


def test_the_same_policy(program: Program) -> None:
    """Nothing differs: hard bounces and those that were counted are known."""
    assert replayed(program, {}) == []
    assert "no decision is different" in program.run("replay", str(archive(program))).stdout


def test_another_policy(program: Program) -> None:
    """Who would be suppressed, and who would not have been, with the rule; no call is made and nothing recorded."""
    before = delivered(program), program.suppressions()
    policy = {"bounce": {"bad-mailbox": "ignore", "our-own-category": "suppress", "quota-issues": "ignore"}}
    found = {(row["recipient"], row["was"], row["would"]) for row in replayed(program, policy)}
    assert found == {
        ("hard@example.com", "suppressed", "ignore"),
        ("other@example.com", "not suppressed", "suppress"),
        ("soft@example.com", "suppressed", "ignore"),
    }
    assert before == (delivered(program), program.suppressions())


def test_what_was_undone(program: Program) -> None:
    """An undone suppression counts as not suppressed."""
    program.run("undo", "--address", "hard@example.com")
    (row,) = replayed(program, {})
    assert (row["recipient"], row["was"], row["would"]) == ("hard@example.com", "not suppressed", "suppress")
    assert row["rule"] == 'policy.bounce.bad-mailbox = "suppress"'


def test_no_such_file(tmp_path: Path) -> None:
    """A file that is not there is reported in a sentence."""
    finished = with_trail(tmp_path).run("replay", "none.csv")
    assert finished.status == 64
    assert "none.csv" in finished.stderr
