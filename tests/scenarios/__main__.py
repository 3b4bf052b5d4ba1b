"""`python -m tests.scenarios`: plays every scenario, with and without a grace, and prints the table."""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.scenarios.playing import Played, play
from tests.scenarios.traffic import SCENARIOS, Traffic

_GRACE = 600.0
_COLUMNS = (
    "week with",
    "false bounces",
    "held",
    "held with a grace of 10m",
    "true ones held",
    "waves",
    "good addresses suppressed",
    "with grace",
    "stopped by the shipped rules alone",
)


def main() -> int:
    """Play the scenarios whose names hold the words, or all, with so many seeds."""
    parser = argparse.ArgumentParser(prog="python -m tests.scenarios", description=__doc__)
    parser.add_argument("words", nargs="*")
    parser.add_argument("--seeds", type=int, default=1)
    asked = parser.parse_args()
    sys.stdout.write(f"| {' | '.join(_COLUMNS)} |\n|{'---|' * len(_COLUMNS)}\n")
    for name, (extra, harm) in SCENARIOS.items():
        if asked.words and not any(word in name for word in asked.words):
            continue
        for seed in range(asked.seeds):
            with tempfile.TemporaryDirectory() as folder:
                plain, graced = (play(Traffic(seed, extra, harm), Path(folder), grace) for grace in (0.0, _GRACE))
            sys.stdout.write(_line(name, plain, graced) + "\n")
            sys.stdout.flush()
    return 0


def _line(name: str, plain: Played, graced: Played) -> str:
    cells = [
        name,
        f"{plain.false:,}",
        f"{plain.share:.1%}" if plain.false else "",
        f"{graced.share:.1%}" if plain.false else "",
        f"{graced.delayed:,} of {graced.true:,}",
        str(graced.waves),
        f"{plain.false - plain.held:,}",
        f"{graced.false - graced.held:,}",
        f"{plain.by_rules:,}",
    ]
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.exit(main())
