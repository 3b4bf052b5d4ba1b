"""Memory: the most that the program ever held, after few rows and after many."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple

from tests.benchmarks.corpus import Kind, blocks
from tests.benchmarks.measurement import Bar, Effort, Measurement, alternate, ratios
from tests.benchmarks.program import COMMAND, SECRET, configure, environment


class _Size(NamedTuple):
    few: int
    many: tuple[int, ...]
    rounds: int


_SIZES = {
    Effort.QUICK: _Size(1_000, (3_000,), 1),
    Effort.USUAL: _Size(100_000, (1_000_000,), 3),
    Effort.FULL: _Size(100_000, (1_000_000, 10_000_000), 1),
}
_BAR = Bar(1.1, is_floor=False)
_KINDS: tuple[Kind, ...] = ("ignored", "suppressed")

_LAUNCHER = """
import os, sys
child = os.fork()
if not child:
    os.execv(sys.argv[1], sys.argv[1:])
_, status, usage = os.wait4(child, 0)
os.write(1, b"%d" % usage.ru_maxrss)
os._exit(os.waitstatus_to_exitcode(status))
"""
"""A process keeps the peak of the one that it was forked from: so it is forked from the smallest that there is."""


def measure(effort: Effort, folder: Path) -> Iterator[Measurement]:
    """Rows that are ignored, and rows that are suppressed and committed."""
    size = _SIZES[effort]
    for kind in _KINDS:
        for many in size.many:
            few_kb, many_kb = alternate(
                size.rounds,
                lambda kind=kind: _peak(kind, size.few, folder),  # type: ignore[misc]  # bound for the loop
                lambda kind=kind, many=many: _peak(kind, many, folder),  # type: ignore[misc]  # bound for the loop
            )
            what = f"{many:,} rows that are {kind}"
            peaks = f"{median(many_kb) / 1024:.1f} MB; {size.few:,} rows {median(few_kb) / 1024:.1f} MB"
            yield Measurement(what, ratios(many_kb, few_kb), f"times {size.few:,} rows", _BAR, peaks)


def _peak(kind: Kind, rows: int, folder: Path) -> float:
    """Kilobytes that the program held at most; the rows come through a pipe, as PowerMTA's do."""
    with TemporaryDirectory(dir=folder) as name:
        config = configure(Path(name), type="webhook", url="http://127.0.0.1:9/", secret=SECRET)
        command = [*COMMAND, "--no-dispatch", "--logfile", str(Path(name) / "log"), "--config", str(config)]
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _LAUNCHER, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment(),
        )
        if process.stdin is None:
            raise RuntimeError("there is no pipe to the process")
        process.stdin.writelines(blocks(kind, rows))
        output, _ = process.communicate()
        if process.returncode:
            raise RuntimeError(f"the program ended with exit status {process.returncode}")
    return float(output)
