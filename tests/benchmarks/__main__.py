"""Runs the benchmarks that are named, or all, and prints each figure next to its bar."""

import argparse
import json
import os
import platform
import sqlite3
import sys
import time
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from bouncehandler import logs
from bouncehandler.cli.gc_tuning import tune_gc
from bouncehandler.spool.sqlite.connection import journal_mode
from tests.benchmarks.measurement import Effort, Measurement

NAMES = (
    *("reading", "growth", "counting", "claims", "dispatching", "draining", "processes"),
    *("pacing", "calls", "latency", "starting", "memory"),
)


def main(argv: Sequence[str]) -> None:
    """Measure and print, figure by figure; a bar that is missed is reported, and is no error."""
    options = _options(argv)
    tune_gc()  # as the program does
    effort = Effort.QUICK if options.quick else Effort.FULL if options.full else Effort.USUAL
    found: list[dict[str, object]] = []
    if not options.json:
        _print(", ".join(f"{name} {value}" for name, value in _machine().items()))
    for name in options.names or NAMES:
        started = time.perf_counter()
        for figure in _figures(name, effort):
            found.append({"benchmark": name, **_as_json(figure)})
            if not options.json:
                _print(f"{name:12}{_line(figure, effort)}")
        if not options.json:
            _print(f"{name:12}({time.perf_counter() - started:.0f} s)")
    if options.json:
        _print(json.dumps({"machine": _machine(), "effort": effort.value, "figures": found}, indent=2))


def _options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of: {', '.join(NAMES)}; none means all")
    parser.add_argument("--json", action="store_true", help="all figures as one JSON object, at the end")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--quick", action="store_true", help="prove that the benchmarks run; the figures mean nothing")
    how.add_argument("--full", action="store_true", help="with ten million rows: takes long, and some 10 GB of disk")
    options = parser.parse_args(argv)
    unknown = ", ".join(name for name in options.names if name not in NAMES)
    if unknown:
        parser.error(f"there is no benchmark {unknown}; there are {', '.join(NAMES)}")
    return options


def _figures(name: str, effort: Effort) -> Iterator[Measurement]:
    """Measure in a folder of its own, with the log in a file, and garbage looked for as seldom, as in production."""
    tune_gc()
    with TemporaryDirectory(prefix="bouncehandler-bench-") as folder:
        logs.configure(
            logfile=Path(folder) / "bouncehandler.log",
            debug=False,
            addresses="masked",
            stream=sys.stderr,
            stream_is_terminal=False,
        )
        yield from import_module(f"tests.benchmarks.{name}").measure(effort, Path(folder))


def _machine() -> dict[str, object]:
    sqlite = sqlite3.sqlite_version_info
    return {
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "Python": platform.python_version(),
        "SQLite": f"{sqlite3.sqlite_version} ({journal_mode(sqlite)})",
    }


def _line(figure: Measurement, effort: Effort) -> str:
    middle, least, most = map(_number, (figure.median, min(figure.readings), max(figure.readings)))
    verdict = "" if figure.bar is None or effort is Effort.QUICK else " met" if figure.keeps_bar else " MISSED"
    bar = f"bar: {figure.bar}{verdict}" if figure.bar else ""
    value = f"{middle} ({least} to {most}) {figure.unit}"
    return f"{figure.what:44}{value:52}{bar:28}{figure.measured}".rstrip()


def _number(value: float) -> str:
    return f"{value:.3g}" if value < 1 else f"{value:.2f}" if value < 10 else f"{value:,.0f}"


def _as_json(figure: Measurement) -> dict[str, object]:
    return {
        "what": figure.what,
        "unit": figure.unit,
        "median": figure.median,
        "min": min(figure.readings),
        "max": max(figure.readings),
        "readings": list(figure.readings),
        "bar": str(figure.bar) if figure.bar else None,
        "met": figure.keeps_bar,
        "measured": figure.measured,
    }


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
