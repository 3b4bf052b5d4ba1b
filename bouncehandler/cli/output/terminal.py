"""Progress of a run on a terminal, and its summary at the end; all on stderr."""

import os
import stat
import sys
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Self

from bouncehandler.cli.color import console
from bouncehandler.cli.output.tables import printable
from bouncehandler.ingest.pipeline import IngestPipeline
from bouncehandler.runtime.run_summary import Comparison, RunSummary, provider_numbers

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from bouncehandler.dispatcher.dispatcher import Dispatcher


class Terminal:
    """Terminal of a run, a context manager that removes the progress line at its end.

    Args:
        color: as --color has it; None: nothing is shown.
    """

    def __init__(self, color: str | None = None) -> None:
        self._console = None if color is None else console(color, stderr=True)
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        self._pipeline: IngestPipeline | None = None
        self._dispatcher: Dispatcher | None = None
        self._size = 0
        self._began = self._phase_began = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._progress:
            self._progress.stop()

    def hint(self, text: str) -> None:
        """Print a hint."""
        if self._console:
            self._console.print(text, style="dim")

    def begin(self, source: int, pipeline: IngestPipeline) -> None:
        """Show that reading begins."""
        self._pipeline = pipeline
        if not sys.stdin.isatty():
            self._show("reading", _size_left(source))

    def advance(self, size: int) -> None:
        """Show that `size` more bytes were read."""
        self._size += size
        if self._pipeline and self._progress and self._task is not None:
            tally = self._pipeline.tally()
            text = f"{tally.rows:,} rows read, {tally.suppressed:,} suppressed, {self._rate(tally.rows)}/s"
            self._progress.update(self._task, completed=self._size, description=text)

    def dispatching(self, dispatcher: "Dispatcher") -> None:
        """Show that reading has ended, and the workers dispatch."""
        self._dispatcher = dispatcher
        self._phase_began = time.monotonic()
        self._show("dispatching", None)
        self.refresh()

    def refresh(self) -> None:
        """Update the progress line."""
        done = sum(tally.done for tally in self._dispatcher.counters.values()) if self._dispatcher else 0
        if self._progress and self._task is not None:
            self._progress.update(self._task, description=f"dispatching, {done:,} done")

    def summary(self, summary: RunSummary) -> None:
        """Print the summary of the run."""
        if self._console is None:
            return
        from bouncehandler.cli.output.summary import tables  # noqa: PLC0415  # only when shown

        seconds = time.monotonic() - self._began
        for table in tables(summary_lines(summary), provider_numbers(summary.waiting, summary.workers), seconds):
            self._console.print(table)

    def _show(self, text: str, total: int | None) -> None:
        """Start a progress line, in place of the one before."""
        if self._console is None:
            return
        from bouncehandler.cli.output.summary import progress  # noqa: PLC0415  # only when shown

        self.__exit__()
        self._progress = progress(self._console, is_measured=total is not None)
        self._task = self._progress.add_task(text, total=total)
        self._progress.start()

    def _rate(self, count: int) -> str:
        return f"{count / max(time.monotonic() - self._phase_began, 0.001):,.0f}"


def _size_left(source: int) -> int | None:
    """Bytes left in a file; None for a pipe and the like, which have no size."""
    found = os.fstat(source)
    if not stat.S_ISREG(found.st_mode):
        return None
    return max(found.st_size - os.lseek(source, 0, os.SEEK_CUR), 0) or None  # a shell may have read some of it


def summary_lines(summary: RunSummary) -> Iterator[tuple[str, str]]:
    """Numbers by event and reason; rules are quoted as the configuration has them."""
    tally = summary.tally
    for record_type, count in sorted(tally.records.items()):
        yield f"rows of type {record_type}" if record_type != "list" else "listed addresses", f"{count:,}"
    yield "suppressed", f"{tally.suppressed:,}" + (f", {tally.duplicates:,} of them known" if tally.duplicates else "")
    yield from _each("counted by", tally.counted)
    yield from _each("ignored by", tally.ignored)
    yield from _each("not wanted by any provider, sender", tally.unwanted)
    yield from _each("unreadable,", tally.unreadable)
    if summary.comparison:
        yield from compared_lines(summary.comparison)


def compared_lines(comparison: Comparison) -> Iterator[tuple[str, str]]:
    """Lines of the summary for a dry run."""
    yield from _each("different:", comparison.differences)
    if not comparison.spool:
        yield "compared with", "nothing, there is no spool: all that would be done is different"
    elif not comparison.is_whole:
        yield "compared with", "the spool, not to the end: stopped"
    elif not comparison.differences:
        yield "different", "no decision"
    yield "dry run", "nothing was written, no provider was called"


def _each(title: str, counts: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    for name, count in sorted(counts.items(), key=lambda item: -item[1]):
        yield f"{title} {printable(name)}", f"{count:,}"
