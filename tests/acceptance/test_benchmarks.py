"""The benchmarks still run, and what they print can be read by a program."""

import csv
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from bouncehandler.policy import DEFAULT_BOUNCE
from tests.benchmarks import corpus
from tests.benchmarks.measurement import Bar, Measurement, alternate

ROOT = Path(__file__).parents[2]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The benchmarks as `make bench` starts them."""
    command = [sys.executable, "-m", "tests.benchmarks", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def ended() -> subprocess.CompletedProcess[str]:
    """Result of all benchmarks in short form."""
    return run("--quick", "--json")


def test_every_benchmark_runs(ended: subprocess.CompletedProcess[str]) -> None:
    """Each gives figures, with nothing on stderr."""
    assert (ended.returncode, ended.stderr) == (0, "")
    figures = json.loads(ended.stdout)["figures"]
    assert {figure["benchmark"] for figure in figures} == {
        "reading", "growth", "counting", "claims", "dispatching", "draining", "processes",
        "pacing", "calls", "latency", "starting", "memory",
    }  # fmt: skip
    assert all(0 < figure["min"] <= figure["median"] <= figure["max"] for figure in figures)


def test_calls_keep_their_bars(ended: subprocess.CompletedProcess[str]) -> None:
    """What doesn't depend on the machine must hold everywhere: the calls that an address costs."""
    figures = [figure for figure in json.loads(ended.stdout)["figures"] if figure["benchmark"] == "calls"]
    assert figures
    assert all(figure["met"] for figure in figures)


def test_figures_are_printed_beside_their_bars() -> None:
    """Each figure is a line, with median, least and most."""
    lines = run("calls", "--quick").stdout.splitlines()
    found = next(line for line in lines if "MailWizz, on 3 lists" in line)
    assert " ".join(found.split()) == (
        "calls MailWizz, on 3 lists 2.00 (2.00 to 2.00) calls an address bar: at most 2 the old handler 7"
    )


def test_an_unknown_name_is_an_error() -> None:
    """A misspelt benchmark is reported, with the names that there are."""
    ended = run("reeding")
    assert ended.returncode == 2
    assert "no benchmark reeding; there are reading, growth, counting, claims" in ended.stderr


def test_a_bar_holds_from_its_own_side() -> None:
    """A floor is missed below it, a ceiling above it; a figure is judged by its median."""
    assert Measurement("speed", [0.1, 0.9, 0.9], "of bare", Bar(0.85, is_floor=True)).keeps_bar
    assert not Measurement("speed", [0.1, 0.1, 0.9], "of bare", Bar(0.85, is_floor=True)).keeps_bar
    assert Measurement("time", [1.4, 9.0, 1.0], "times empty", Bar(1.5, is_floor=False)).keeps_bar
    assert not Measurement("time", [1.6], "times empty", Bar(1.5, is_floor=False)).keeps_bar
    assert Measurement("time", [1.6], "ms").keeps_bar is None


def test_sides_take_turns() -> None:
    """Every other round runs in the opposite order, and readings stay with their side."""
    order: list[str] = []

    def side(name: str) -> str:
        order.append(name)
        return name

    assert alternate(3, lambda: side("a"), lambda: side("b")) == [["a"] * 3, ["b"] * 3]
    assert order == ["a", "b", "b", "a", "a", "b"]


def test_the_corpus_is_what_a_sender_has() -> None:
    """About 300 bytes a row, all 17 categories, three record types, senders and recipients that differ in each row."""
    text = list(corpus.lines("mixed", 20_000))
    rows = list(csv.DictReader(line for line in "".join(text).splitlines(keepends=True)))
    categories = Counter(row["bounceCat"] for row in rows if row["type"] != "f")
    assert len(rows) == 20_000
    assert 270 < sum(len(line.encode()) for line in text) / len(text) < 340
    assert set(categories) == set(DEFAULT_BOUNCE) - {"*"}
    assert {row["type"] for row in rows} == {"b", "rb", "f"}
    assert len({row["orig"] for row in rows}) == len({row["rcpt"] for row in rows}) == len(rows)


def test_the_corpus_is_the_same_each_time() -> None:
    """A seed makes the same bytes, so that two runs compare."""
    assert list(corpus.lines("mixed", 500)) == list(corpus.lines("mixed", 500))
    assert list(corpus.lines("mixed", 500)) != list(corpus.lines("mixed", 500, seed=2))
    assert b"".join(corpus.blocks("mixed", 500)).decode() == "".join(corpus.lines("mixed", 500))
