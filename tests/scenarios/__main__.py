"""`python -m tests.scenarios`: plays every scenario, with and without a grace, and prints the table."""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.scenarios.traffic import SCENARIOS
from tests.scenarios.traffic_replay import ScenarioResult, play

GRACE = 600.0
_COLUMNS = (
    "a week with",
    "false bounces",
    "held",
    "with a grace of 10m",
    "lowest",
    "true ones held",
    "kept by a shipped rule alone",
    "good addresses suppressed",
    "with a grace",
)


def main() -> int:
    """Play the scenarios with these words in their names, or all, with so many seeds."""
    parser = argparse.ArgumentParser(prog="python -m tests.scenarios", description=__doc__)
    parser.add_argument("words", nargs="*")
    parser.add_argument("--seeds", type=int, default=1)
    asked = parser.parse_args()
    sys.stdout.write(f"| {' | '.join(_COLUMNS)} |\n|{'---|' * len(_COLUMNS)}\n")
    with ProcessPoolExecutor() as pool:
        for name in SCENARIOS:
            if not asked.words or any(word in name for word in asked.words):
                plain, graced = (
                    list(pool.map(played, [name] * asked.seeds, range(asked.seeds), [grace] * asked.seeds))
                    for grace in (0.0, GRACE)
                )
                sys.stdout.write(_line(name, plain, graced) + "\n")
                sys.stdout.flush()
    return 0


def played(name: str, seed: int, grace: float) -> ScenarioResult:
    """One scenario's three weeks."""
    with tempfile.TemporaryDirectory() as folder:
        return play(SCENARIOS[name].traffic(seed), Path(folder), grace)


def _line(name: str, plain: Sequence[ScenarioResult], graced: Sequence[ScenarioResult]) -> str:
    false = sum(one.false for one in plain)
    cells = [
        name,
        f"{false:,}",
        _share(plain),
        _share(graced),
        f"{min(one.share for one in graced):.1%}" if false else "",
        f"{sum(one.delayed for one in graced):,} of {sum(one.true for one in graced):,}",
        f"{sum(one.by_rules for one in graced) / false:.0%}" if false else "",
        f"{sum(one.suppressed for one in plain):,}",
        f"{sum(one.suppressed for one in graced):,}",
    ]
    return f"| {' | '.join(cells)} |"


def _share(all_played: Sequence[ScenarioResult]) -> str:
    false = sum(one.false for one in all_played)
    return f"{sum(one.held for one in all_played) / false:.1%}" if false else ""


if __name__ == "__main__":
    sys.exit(main())
