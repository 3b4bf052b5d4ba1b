"""Starting: what it costs to start the program, against `python -c pass`."""

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from statistics import median

from tests.benchmarks.corpus import HEADER
from tests.benchmarks.figures import Effort, Figure, alternate, ratios
from tests.benchmarks.program import COMMAND, SECRET, configure, environment

_ROUNDS = {Effort.QUICK: 1, Effort.USUAL: 15, Effort.FULL: 30}


def measure(effort: Effort, folder: Path) -> Iterator[Figure]:
    """The bare command on a header alone, without and with a provider, and `--version`."""
    (folder / "alone").mkdir()
    alone = configure(folder / "alone")
    served = configure(folder, type="webhook", url="http://127.0.0.1:9/", secret=SECRET)
    commands = {
        "--version": [*COMMAND, "--version"],
        "a header alone, no provider": [*COMMAND, "--config", str(alone)],
        "a header alone, a webhook": [*COMMAND, "--config", str(served)],
    }
    bare = [sys.executable, "-c", "pass"]
    sides = [partial(_seconds, command) for command in (bare, *commands.values())]
    for side in sides:
        side()  # so that none pays for what the others find in the page cache
    yardstick, *ours = alternate(_ROUNDS[effort], *sides)
    for what, seconds in zip(commands, ours, strict=True):
        speeds = f"{median(seconds) * 1000:.0f} ms; python -c pass {median(yardstick) * 1000:.0f} ms"
        yield Figure(what, ratios(seconds, yardstick), "times python -c pass", None, speeds)


def _seconds(command: Sequence[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, input=HEADER.encode(), check=True, capture_output=True, env=environment())
    return time.perf_counter() - started
