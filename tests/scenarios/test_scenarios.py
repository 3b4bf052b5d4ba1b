"""The scenarios in short: two days of history instead of two weeks, one seed. The whole table: tests/README.md."""

from pathlib import Path

from tests.scenarios.traffic import DAY, SCENARIOS
from tests.scenarios.traffic_replay import ScenarioResult, play


def played(name: str, folder: Path, grace: float, days: int) -> ScenarioResult:
    """Result of the two days before the third week, and so many days of it."""
    return play(SCENARIOS[name].traffic(0, begins=12 * DAY, ends=(14 + days) * DAY), folder, grace)


def test_the_evenings_of_december_2020(tmp_path: Path) -> None:
    """Hardly any recipient that Gmail denied by mistake is suppressed."""
    found = played("Gmail, December 2020", tmp_path, 600.0, days=3)
    assert found.false > 1000
    assert found.share >= 0.95
    assert found.delayed < 0.03 * found.true


def test_a_stale_list(tmp_path: Path) -> None:
    """Ordinary campaigns and one to a list of mailboxes that are gone: nothing is held."""
    found = played("a stale list of 100,000, 8 % bounce", tmp_path, 0.0, days=2)
    assert found.true > 10_000
    assert (found.delayed, found.spikes) == (0, 0)
