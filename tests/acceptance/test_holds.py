"""A spike of hard bounces is held, shown, and released or discarded, by the time in the rows."""

import json
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.acceptance.harness import Event, Program, bounce
from tests.acceptance.shell import delivered, recipients, trail, with_trail
from tests.acceptance.test_complaints import report

START = datetime(2026, 3, 1, tzinfo=UTC)
FALSE = {"dsnDiag": "smtp;550-5.1.1 The email account that you tried to reach does not exist. q7si1234 - gsmtp"}


@pytest.fixture(scope="module")
def seasoned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an installation with a history of two ordinary days, to be copied."""
    program = with_trail(tmp_path_factory.mktemp("seasoned"))
    ordinary(program)
    return program.folder


@pytest.fixture
def program(seasoned: Path, tmp_path: Path) -> Program:
    """An installation with one provider, and a history of two ordinary days."""
    shutil.copytree(seasoned, tmp_path, dirs_exist_ok=True)
    return with_trail(tmp_path)


def row(subject: str, minutes: float, **cells: str) -> Mapping[str, str]:
    """A hard bounce so many minutes after the start."""
    at = (START + timedelta(minutes=minutes)).strftime("%Y-%m-%d %H:%M:%S%z")
    return bounce(subject, timeLogged=at, timeQueued=at, **cells)


def ordinary(program: Program) -> None:
    """Two days with a few bounces each hour, at Gmail and elsewhere."""
    rows = []
    for hour in range(48):
        rows += [row(f"usual{hour}.{n}@gmail.com", hour * 60 + n) for n in range(4)]
        rows += [row(f"usual{hour}.{n}@yahoo.com", hour * 60 + n) for n in range(8)]
    program.feed(rows)


def spike(name: str = "good", count: int = 120) -> list[Mapping[str, str]]:
    """Many bounces at Gmail within minutes, three days after the start."""
    return [row(f"{name}{n}@gmail.com", 3 * 1440 + n / 10, **FALSE) for n in range(count)]


def spikes(program: Program, *args: str) -> list[Event]:
    """What `holds list` shows."""
    finished = program.run("holds", "list", "--format", "jsonl", *args)
    assert finished.status == 0, finished.stderr
    return [json.loads(line) for line in finished.stdout.splitlines()]


def test_ordinary_days(program: Program) -> None:
    """Nothing was held, and all were delivered."""
    assert spikes(program, "--all") == []
    assert len(delivered(program)) == 576


def test_a_spike_is_held_until_a_person_decides(program: Program) -> None:
    """Bounces of the spike wait; others, and complaints of the same recipients, do not."""
    before = len(delivered(program))
    finished = program.feed([*spike(), row("jane@yahoo.com", 3 * 1440)])
    assert finished.status == 0, finished.stderr
    assert recipients(delivered(program)[before:]) == ["jane@yahoo.com"]
    (held,) = spikes(program)
    assert (held["mailbox_provider"], held["held"], held["verdict"]) == ("gmail", 120, "")
    assert "does not exist" in held["example"]
    assert program.status()["dispatches"]["held"] == 120
    shown = program.run("holds", "show", str(held["id"]), "--match", "DOES NOT", "--format", "jsonl").stdout
    assert len(shown.splitlines()) == 120
    program.feed([report("good7@gmail.com")])
    assert recipients(delivered(program)[before:]) == ["jane@yahoo.com", "good7@gmail.com"]


def test_released(program: Program) -> None:
    """A released spike is dispatched."""
    before = len(delivered(program))
    program.feed(spike())
    assert "120 held suppressions released" in program.run("holds", "release", "1").stdout
    program.feed([])
    assert len(delivered(program)) == before + 120
    assert spikes(program) == []
    assert [one["verdict"] for one in spikes(program, "--all")] == ["released"]


def test_discarded(program: Program) -> None:
    """A discarded spike has no effect, also when the file is fed again; a bounce weeks later counts."""
    before = len(delivered(program))
    program.feed(spike())
    assert "120 held suppressions discarded" in program.run("holds", "discard", "--mailbox-provider", "gmail").stdout
    program.feed(spike())
    assert len(delivered(program)) == before
    assert "discarded" in program.run("explain", "good7@gmail.com").stdout
    program.feed([row("good7@gmail.com", 30 * 1440)])
    assert recipients(delivered(program)[before:]) == ["good7@gmail.com"]


def test_nothing_chosen(program: Program) -> None:
    """Releasing everything has to be asked for."""
    assert program.run("holds", "release").status == program.run("holds", "discard", "--all", "1").status == 64


def test_switched_off(program: Program) -> None:
    """`enabled = false` holds nothing."""
    program.configure({"hold": {"enabled": False}}, trail=trail(program.folder))
    before = len(delivered(program))
    program.feed(spike())
    assert len(delivered(program)) == before + 120


def test_decided_by_itself(program: Program) -> None:
    """A hold is decided after `decide_after`, as `decision` sets."""
    program.feed(spike())
    program.configure({"hold": {"decide_after": "1ms", "decision": "discard"}}, trail=trail(program.folder))
    with program.start("work") as work:
        work.wait_for("hold_ended")
        work.process.terminate()
        assert work.wait().logged("hold_ended", decision="discard", suppressions=120)
    assert spikes(program) == []
