"""The scenarios in short: three days of history instead of two weeks, one seed. The whole table: tests/README.md."""

from pathlib import Path

import pytest

from tests.scenarios.playing import Played, play
from tests.scenarios.traffic import DAY, SCENARIOS


def played(name: str, folder: Path, grace: float) -> Played:
    """The three days before what goes wrong, and the three in which it does."""
    return play(SCENARIOS[name].traffic(0, begins=11 * DAY, ends=17 * DAY), folder, grace)


@pytest.mark.parametrize(("grace", "least"), [(0.0, 0.80), (600.0, 0.95)])
def test_the_evenings_of_december_2020(tmp_path: Path, grace: float, least: float) -> None:
    """Of those whom Gmail denied by mistake, hardly anybody is suppressed."""
    found = played("Gmail, December 2020", tmp_path, grace)
    assert found.false > 1000
    assert found.share >= least
    assert found.delayed < 0.03 * found.true


def test_a_stale_list(tmp_path: Path) -> None:
    """Days of ordinary campaigns, and one to a list whose people are gone: nothing is held."""
    found = played("a stale list of 100,000, 8 % bounce", tmp_path, 0.0)
    assert found.true > 10_000
    assert (found.delayed, found.waves) == (0, 0)
