"""`bouncehandler ingest`: take the files that PowerMTA moved into a folder, each whole, once, oldest first."""

import os
import select
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import click

from bouncehandler.cli.exits import CONFIGURATION, NO_INPUT, TRY_AGAIN, CommandError, exit_code_for_errors
from bouncehandler.cli.options import GlobalOptions, global_options
from bouncehandler.cli.param_types import DURATION
from bouncehandler.cli.session import Session, open_session
from bouncehandler.durations import format_duration
from bouncehandler.ingest.accounting_file import (
    AccountingFile,
    FileFingerprint,
    FileSkipped,
    ensure_readable,
    open_accounting_file,
)
from bouncehandler.ingest.counters import IngestCounters
from bouncehandler.ingest.drop_folder import DropFolder, DropFolderError, FolderEntry, open_folder
from bouncehandler.ingest.pipeline import IngestPipeline
from bouncehandler.policy import Policy
from bouncehandler.runtime.build_pipeline import build_pipeline, build_policy, build_reader
from bouncehandler.runtime.run_summary import RunSummary
from bouncehandler.runtime.shutdown import ShutdownSignal
from bouncehandler.runtime.systemd import SystemdNotifier
from bouncehandler.spool import Spool

_LONGEST_WAIT = 1.0
"""Seconds between two reports to systemd's watchdog while idle."""


@click.command("ingest", short_help="Take the files that PowerMTA moved into a folder.")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--watch", "is_watching", is_flag=True, help="Go on, until stopped.")
@click.option("--every", type=DURATION, default="10s", show_default=True, help="With --watch: between two looks.")
@click.option(
    "--settled", type=DURATION, default="10s", show_default=True, help="A younger change means: not whole yet."
)
@global_options
def command(options: GlobalOptions, folder: Path, *, is_watching: bool, every: float, settled: float) -> int:
    """Take every accounting file in DIR, the folder that PowerMTA's `move-to` names; the oldest first.

    A file that was read to its end, and whose suppressions are on disk, is moved into DIR/done. One that can't be read
    stays; the log has the reason. Several processes may share DIR: each file is taken once. A file that was not read to
    its end is read again, which changes nothing. Compressed files (gzip) are taken as well.

    The exit status is 75 while files stay; 65 where all of them do so because not one row can be read, or their columns
    are unclear.

    Providers are called by the instance in PowerMTA's pipe, or by `bouncehandler work`.
    """
    stop = ShutdownSignal()
    stop.listen()
    signal.signal(signal.SIGIO, signal.SIG_IGN)  # see `accounting_file.ensure_not_open_for_writing`
    session = open_session(options, log_file="spared")
    with session.log_failure(), exit_code_for_errors(), _exit_code_for_folder(), open_folder(folder) as drop_folder:
        ingest = _FolderIngest(
            session, stop, drop_folder, session.open_spool(), build_policy(session.settings), settled
        )
        where = {"folder": str(folder), **({"every": every} if is_watching else {})}
        session.log_started("watch" if is_watching else "ingest", **where)
        ingest.watch(every) if is_watching else ingest.run_once()
    return session.finish(ingest.event(), ingest.failure())


@contextmanager
def _exit_code_for_folder() -> Iterator[None]:
    try:
        yield
    except DropFolderError as error:
        raise CommandError(str(error), TRY_AGAIN if error.is_temporary else CONFIGURATION) from error


class _Stopped(Exception):  # noqa: N818  # no error: it was requested
    """Shutdown requested in the middle of a file."""


@dataclass
class _FolderIngest:
    session: Session
    stop: ShutdownSignal
    folder: DropFolder
    spool: Spool
    policy: Policy
    settled: float
    """Seconds."""
    systemd: SystemdNotifier = field(default_factory=lambda: SystemdNotifier(os.environ, time.monotonic))
    tally: IngestCounters = field(default_factory=IngestCounters)
    files: int = 0
    """Taken."""
    steps: int = 0
    """Steps of work, for the watchdog."""
    skipped: dict[bytes, tuple[FileFingerprint, FileSkipped]] = field(default_factory=dict)
    """Skipped files, with their fingerprint at the last attempt, and the reason."""
    cut: str = ""
    """Name of the file in the middle of which the shutdown came."""

    def watch(self, every: float) -> None:
        self.systemd.ready()
        while not self.stop.is_requested:
            self.run_once()
            self.systemd.status(f"since the start {self.files:,} files were taken; {len(self.skipped):,} stay")
            self._wait(every)
        self.systemd.stopping()

    def run_once(self) -> None:
        found = self.folder.entries()
        self.skipped = {one.name: self.skipped[one.name] for one in found if one.name in self.skipped}
        for one in found:
            if self.stop.is_requested:
                return
            self._report_alive()
            try:
                self._try(one)
            except FileSkipped as reason:
                self._skip(one, reason)
            except FileNotFoundError:  # another process took it
                self.skipped.pop(one.name, None)
            except _Stopped:
                self.cut = one.shown

    def event(self) -> dict[str, object]:
        return {"files": self.files, "left": len(self.skipped), **RunSummary(self.tally, {}, {}).event()}

    def failure(self) -> CommandError | None:
        """Error that keeps the command from exiting with 0: a skipped file."""
        if self.cut:
            return CommandError(
                f"stopped in the middle of {self.cut}, which is read again; nothing is done twice", TRY_AGAIN
            )
        if not self.skipped:
            return None
        sentences = [
            f"{FolderEntry(name, fingerprint, is_file=True).shown} {why}"
            for name, (fingerprint, why) in self.skipped.items()
        ]
        more = f"; {len(sentences) - 1:,} more stay, the log has the reasons" if len(sentences) > 1 else ""
        is_refused = all(why.is_refused for _, why in self.skipped.values())
        return CommandError(sentences[0] + more, NO_INPUT if is_refused else TRY_AGAIN)

    def _try(self, found: FolderEntry) -> None:
        """Ingest a file, unless it was skipped for a reason that still holds."""
        before = self.skipped.get(found.name)
        if before and before[0] == found.fingerprint and not before[1].is_temporary:
            return
        if not found.is_file:
            raise FileSkipped("is no file of PowerMTA's but a link, a pipe or the like, and not read: remove it")
        age = time.time() - found.fingerprint.modified_ns / 1e9
        if 0 <= age < self.settled:  # a time to come is a wrong clock, and proves nothing
            raise FileSkipped(
                f"was changed within the last {format_duration(self.settled)}, and may not be whole", is_temporary=True
            )
        with open_accounting_file(found.name, self.folder.descriptor) as moved:
            self._take(found, moved)
        self.skipped.pop(found.name, None)

    def _take(self, found: FolderEntry, moved: AccountingFile) -> None:
        session, log = self.session, self.session.log.bind(file=found.shown)
        pipeline = build_pipeline(
            session.settings, self.policy, log, moved.fileno(), self.spool, logs_each_row=session.logs_each_row
        )
        try:
            self._read(moved, pipeline)
        except (FileSkipped, _Stopped):
            pipeline.commit()
            raise
        kept = moved.move_to(self.folder.done)
        tally = pipeline.tally()
        self.tally.add(tally)
        self.files += 1
        self.session.log.info(
            "file_taken",
            file=found.shown,
            rows=tally.rows,
            suppressed=tally.suppressed,
            duplicates=tally.duplicates,
            unreadable=tally.unreadable.total(),
            **({"kept_as": FolderEntry(kept, found.fingerprint, is_file=True).shown} if kept != found.name else {}),
        )

    def _read(self, moved: AccountingFile, pipeline: IngestPipeline) -> None:
        for block in moved.blocks(build_reader(self.session.settings)):
            pipeline.feed(block)
            self._report_alive()
            if self.stop.is_requested:
                raise _Stopped
        pipeline.close()
        if pipeline.tally().unreadable:
            ensure_readable(pipeline.refusal)

    def _skip(self, found: FolderEntry, reason: FileSkipped) -> None:
        """Remember a skipped file and its reason, and log it once."""
        before = self.skipped.get(found.name)
        self.skipped[found.name] = found.fingerprint, reason
        if before is None or str(before[1]) != str(reason):
            log = self.session.log.info if reason.is_temporary else self.session.log.warning
            log("file_skipped", file=found.shown, reason=str(reason))

    def _report_alive(self) -> None:
        self.steps += 1
        self.systemd.alive(self.steps)

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self.stop.is_requested and (rest := until - time.monotonic()) > 0:
            self._report_alive()
            select.select([self.stop], [], [], min(rest, _LONGEST_WAIT))
