"""What a person sees on a terminal while a run goes on: one progress line, and at the end a summary. All on stderr."""

import os
import stat
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bouncehandler.cli.closing import Comparison, Report, provider_numbers
from bouncehandler.cli.tables import printable
from bouncehandler.ingest import Ingest

if TYPE_CHECKING:
    from rich.progress import TaskID

    from bouncehandler.dispatcher import Crew


class Terminal:
    """Shows nothing; `_Shown` shows everything."""

    @classmethod
    @contextmanager
    def shown(cls, is_wanted: bool) -> Iterator["Terminal"]:  # noqa: FBT001  # reads well where it is called
        """A terminal for the length of a run; a silent one where nobody looks."""
        if not is_wanted:
            yield cls()
            return
        terminal = _Shown()
        try:
            yield terminal
        finally:
            terminal.close()

    def hint(self, text: str) -> None:
        """Say something to somebody who types the input."""

    def begin(self, source: int, intake: Ingest) -> None:
        """Reading begins."""

    def advance(self, size: int) -> None:
        """`size` bytes more were read."""

    def dispatching(self, crew: "Crew") -> None:
        """Reading has ended, the lanes go on."""

    def refresh(self) -> None:
        """Time has passed."""

    def summary(self, report: Report) -> None:
        """The run has ended."""


class _Shown(Terminal):
    def __init__(self) -> None:
        from rich.console import Console  # noqa: PLC0415  # only when shown
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415  # only when shown

        self._console = Console(stderr=True, markup=False, emoji=False, highlight=False)
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=self._console, transient=True
        )
        self._task: TaskID = self._progress.add_task("reading", total=None)
        self._intake: Ingest | None = None
        self._crew: Crew | None = None
        self._size = 0
        self._total = 0

    def close(self) -> None:
        """Take the progress line away."""
        self._progress.stop()

    def hint(self, text: str) -> None:
        self._console.print(text, style="dim")

    def begin(self, source: int, intake: Ingest) -> None:
        self._intake = intake
        found = os.fstat(source)
        self._total = found.st_size if stat.S_ISREG(found.st_mode) else 0
        self._progress.update(self._task, total=self._total or None)
        if not sys.stdin.isatty():
            self._progress.start()

    def advance(self, size: int) -> None:
        self._size += size
        tally = self._intake.tally() if self._intake else None
        if tally:
            text = f"{tally.rows:,} rows read, {tally.suppressed:,} suppressed"
            self._progress.update(self._task, completed=self._size, description=text)

    def dispatching(self, crew: "Crew") -> None:
        self._crew = crew
        self.refresh()

    def refresh(self) -> None:
        done = sum(tally.done for tally in self._crew.tallies.values()) if self._crew else 0
        self._progress.update(self._task, total=None, description=f"dispatching, {done:,} done")

    def summary(self, report: Report) -> None:
        from rich.table import Table  # noqa: PLC0415  # only when shown

        table = Table(show_header=False, box=None, pad_edge=False)
        for name, value in summary_lines(report):
            table.add_row(name, value)
        self._console.print(table)


def summary_lines(report: Report) -> Iterator[tuple[str, str]]:
    """What happened and why, a name and a number each; rules are quoted as the configuration has them."""
    tally = report.tally
    for record_type, count in sorted(tally.records.items()):
        yield f"rows of type {record_type}" if record_type != "list" else "listed addresses", f"{count:,}"
    yield "suppressed", f"{tally.suppressed:,}" + (f", {tally.duplicates:,} of them known" if tally.duplicates else "")
    yield from _each("counted by", tally.counted)
    yield from _each("ignored by", tally.ignored)
    yield from _each("not wanted by any provider, sender", tally.unwanted)
    yield from _each("unreadable,", tally.unreadable)
    for name, numbers in provider_numbers(report.waiting, report.lanes).items():
        counts = ", ".join(f"{value:,} {key}" for key, value in numbers.items() if isinstance(value, int))
        yield f"provider {name}", counts
    if report.comparison:
        yield from compared_lines(report.comparison)


def compared_lines(comparison: Comparison) -> Iterator[tuple[str, str]]:
    """What a dry run adds to the summary."""
    yield from _each("different:", comparison.differences)
    if not comparison.spool:
        yield "compared with", "nothing, there is no spool: all that would be done is different"
    elif not comparison.is_whole:
        yield "compared with", "the spool, not to the end: stopped"
    elif not comparison.differences:
        yield "different", "no decision"
    yield "dry run", "nothing was written, nobody was called"


def _each(title: str, counts: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    for name, count in sorted(counts.items(), key=lambda item: -item[1]):
        yield f"{title} {printable(name)}", f"{count:,}"
