"""The program with the file adapter: the trail of suppressions that any other program can read."""

import json
from pathlib import Path

import pytest

from tests.acceptance.bounce_scenarios import LOWER_CASE, SUPPRESSED, Case, feed_bounces
from tests.acceptance.harness import Event, Program, bounce
from tests.fakes.server import FakeServer


def _lines(path: Path) -> list[Event]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture(scope="module", params=["header", "no header"])
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case[FakeServer]:
    """One file; bounces with and without a header."""
    program = Program(tmp_path_factory.mktemp("file"))
    program.configure(None, archive={"type": "file", "path": str(program.folder / "archive.jsonl")})
    return feed_bounces(program, {}, has_header=request.param == "header")


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """An installation with a provider of type file; the folder of its file is not there yet."""
    program = Program(tmp_path)
    program.configure(None, archive={"type": "file", "path": str(tmp_path / "missing" / "archive.jsonl")})
    return program


def test_every_suppression_is_a_line(case: Case[FakeServer]) -> None:
    """The hard categories' recipients, each on one line, however often the file is fed or they bounce again."""
    assert (case.first.status, case.again.status) == (0, 0), case.first.stderr
    written = _lines(case.program.folder / "archive.jsonl")
    assert sorted(line["recipient"] for line in written) == sorted(SUPPRESSED)
    assert case.first.finished["providers"] == {"archive": {"done": len(SUPPRESSED), "waiting": 0, "dead": 0}}


def test_a_line_gives_the_reason(case: Case[FakeServer]) -> None:
    """A line holds the reason, the rule and the evidence."""
    (line,) = (x for x in _lines(case.program.folder / "archive.jsonl") if x["recipient"] == LOWER_CASE)
    assert (line["reason"], line["category"], line["status"]) == ("bounce", "bad-mailbox", "5.1.1")
    assert "policy.bounce.bad-mailbox" in line["rule"]


def test_a_file_that_cannot_be_written_holds_the_provider(program: Program) -> None:
    """Held with every dispatch pending until there is a folder to write to; then everything is written, once."""
    recipients = ["one@example.com", "o'brien+x@example.com"]
    finished = program.feed(map(bounce, recipients))
    assert finished.status == 75
    assert "2 dispatches wait for archive, which is held" in " ".join(finished.sentences)
    state = program.status()["providers"]["archive"]
    assert (state["state"], state["pending"], state["done"]) == ("held", 2, 0)
    assert "archive.jsonl" in state["reason"]

    (program.folder / "missing").mkdir()
    mended = program.feed(map(bounce, recipients))
    assert mended.status == 0, mended.stderr
    assert sorted(x["recipient"] for x in _lines(program.folder / "missing" / "archive.jsonl")) == sorted(recipients)
    assert [event["attempt"] for event in mended.logged("unsubscribed")] == [1, 1]


def test_a_list_without_a_heading_is_written(program: Program) -> None:
    """A plain list suppresses every address on it; a line that is none costs itself alone."""
    (program.folder / "missing").mkdir()
    finished = program.feed(b"one@example.com\nnot an address\n\ntwo@example.com")
    assert finished.status == 0, finished.stderr
    assert finished.finished["records"] == {"list": 2}
    assert sum(finished.finished["unreadable"].values()) == 1
    written = _lines(program.folder / "missing" / "archive.jsonl")
    assert {x["recipient"]: x["reason"] for x in written} == {"one@example.com": "list", "two@example.com": "list"}
    assert b"not an address\n" in (program.folder / "spool.rejected.csv").read_bytes()
