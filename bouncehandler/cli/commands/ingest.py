"""`bouncehandler ingest`: take the files that PowerMTA moved into a folder, each whole, once, oldest first."""

import os
import select
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import click

from bouncehandler.cli.commands.run import intake_for, reader_for
from bouncehandler.cli.exits import CONFIGURATION, NO_INPUT, TRY_AGAIN, CommandError, exit_code_for_errors
from bouncehandler.cli.options import GlobalOptions, global_options
from bouncehandler.cli.session import Session, open_session
from bouncehandler.durations import format_duration, parse_duration
from bouncehandler.ingest import IngestCounters, IngestPipeline
from bouncehandler.ingest.accounting_file import (
    AccountingFile,
    FileFingerprint,
    FileSkipped,
    ensure_readable,
    open_accounting_file,
)
from bouncehandler.ingest.drop_folder import DropFolder, DropFolderError, FolderEntry, open_folder
from bouncehandler.runtime.run_summary import RunSummary
from bouncehandler.runtime.shutdown import ShutdownSignal
from bouncehandler.runtime.systemd import SystemdNotifier
from bouncehandler.spool import Spool

_LONGEST_WAIT = 1.0
"""Seconds after which systemd's watchdog is thought of, while nothing is to be done."""


class _Duration(click.ParamType[float]):
    """A duration, in seconds."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds."""
        try:
            return parse_duration(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


@click.command("ingest", short_help="Take the files that PowerMTA moved into a folder.")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--watch", "is_watching", is_flag=True, help="Go on, until stopped.")
@click.option("--every", type=_Duration(), default="10s", show_default=True, help="With --watch: between two looks.")
@click.option(
    "--settled", type=_Duration(), default="10s", show_default=True, help="A younger change means: not whole yet."
)
@global_options
def command(options: GlobalOptions, folder: Path, *, is_watching: bool, every: float, settled: float) -> int:
    """Take every accounting file in DIR, the folder that PowerMTA's `move-to` names; the oldest first.

    A file that was read to its end, and whose suppressions are on disk, is moved into DIR/done. One that can't be read
    stays, and the log says why. Several processes may share DIR: each file is taken once. What was not read to its end
    is read again, which changes nothing. Compressed files (gzip) are taken as well.

    The exit status is 75 while files stay; 65 where all of them do so because not one row can be read, or their columns
    can't be told.

    Calls nobody: the instance in PowerMTA's pipe, or `bouncehandler work`, does.
    """
    stop = ShutdownSignal()
    stop.listen()
    signal.signal(signal.SIGIO, signal.SIG_IGN)  # see `accounting_file.ensure_not_open_for_writing`
    session = open_session(options, dict(os.environ), log_file="spared")
    with session.log_failure(), exit_code_for_errors(), _telling_of_folder(), open_folder(folder) as drop_folder:
        taker = _Taker(session, stop, drop_folder, session.open_spool(), settled)
        where = {"folder": str(folder), **({"every": every} if is_watching else {})}
        session.log_started("watch" if is_watching else "ingest", **where)
        taker.watch(every) if is_watching else taker.look()
    return session.finish(taker.event(), taker.failure())


@contextmanager
def _telling_of_folder() -> Iterator[None]:
    try:
        yield
    except DropFolderError as error:
        raise CommandError(str(error), TRY_AGAIN if error.is_temporary else CONFIGURATION) from error


class _Stopped(Exception):  # noqa: N818  # no error: somebody asked
    """A stop was asked for in the middle of a file."""


@dataclass
class _Taker:
    """Takes what lies in a folder, again and again."""

    session: Session
    stop: ShutdownSignal
    folder: DropFolder
    spool: Spool
    settled: float
    """Seconds."""
    supervisor: SystemdNotifier = field(default_factory=lambda: SystemdNotifier(os.environ, time.monotonic))
    tally: IngestCounters = field(default_factory=IngestCounters)
    files: int = 0
    """Taken."""
    steps: int = 0
    """Of work; whoever stays at a number hangs."""
    left: dict[bytes, tuple[FileFingerprint, FileSkipped]] = field(default_factory=dict)
    """What stays, as it was when it was last tried, and why."""
    cut: str = ""
    """The name of the file within which a stop came."""

    def watch(self, every: float) -> None:
        """Look, and look again, until stopped. `every`: seconds between two looks."""
        self.supervisor.ready()
        while not self.stop.is_requested:
            self.look()
            self.supervisor.status(f"since the start {self.files:,} files were taken; {len(self.left):,} stay")
            self._wait(every)
        self.supervisor.stopping()

    def look(self) -> None:
        """Take what is there now."""
        found = self.folder.entries()
        self.left = {one.name: self.left[one.name] for one in found if one.name in self.left}
        for one in found:
            if self.stop.is_requested:
                return
            self._go_on()
            try:
                self._consider(one)
            except FileSkipped as reason:
                self._leave(one, reason)
            except FileNotFoundError:  # somebody else took it
                self.left.pop(one.name, None)
            except _Stopped:
                self.cut = one.shown

    def event(self) -> dict[str, object]:
        """The values of the log event `finished`."""
        return {"files": self.files, "left": len(self.left), **RunSummary(self.tally, {}, {}).event()}

    def failure(self) -> CommandError | None:
        """What keeps the command from exiting with 0: files that stay."""
        if self.cut:
            return CommandError(
                f"stopped in the middle of {self.cut}, which is read again; nothing is done twice", TRY_AGAIN
            )
        if not self.left:
            return None
        sentences = [
            f"{FolderEntry(name, fingerprint, is_file=True).shown} {why}"
            for name, (fingerprint, why) in self.left.items()
        ]
        more = f"; {len(sentences) - 1:,} more stay, the log says why" if len(sentences) > 1 else ""
        is_refused = all(why.is_refused for _, why in self.left.values())
        return CommandError(sentences[0] + more, NO_INPUT if is_refused else TRY_AGAIN)

    def _consider(self, found: FolderEntry) -> None:
        """Take one, unless it stays for a reason that still holds."""
        before = self.left.get(found.name)
        if before and before[0] == found.fingerprint and not before[1].is_temporary:
            return
        if not found.is_file:
            raise FileSkipped("is no file of PowerMTA's but a link, a pipe or the like, and not read: remove it")
        age = time.time() - found.fingerprint.modified_ns / 1e9
        if 0 <= age < self.settled:  # a time to come says nothing: somebody's clock is wrong
            raise FileSkipped(
                f"was changed within the last {format_duration(self.settled)}, and may not be whole", is_temporary=True
            )
        with open_accounting_file(found.name, self.folder.descriptor) as moved:
            self._take(found, moved)
        self.left.pop(found.name, None)

    def _take(self, found: FolderEntry, moved: AccountingFile) -> None:
        session = replace(self.session, log=self.session.log.bind(file=found.shown))
        intake = intake_for(session, moved.fileno(), self.spool)
        try:
            self._read(moved, intake)
        except (FileSkipped, _Stopped):
            intake.commit()
            raise
        kept = moved.move_to(self.folder.done)
        tally = intake.tally()
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

    def _read(self, moved: AccountingFile, intake: IngestPipeline) -> None:
        for block in moved.blocks(reader_for(self.session)):
            intake.feed(block)
            self._go_on()
            if self.stop.is_requested:
                raise _Stopped
        intake.close()
        if intake.tally().unreadable:
            ensure_readable(intake.refusal)

    def _leave(self, found: FolderEntry, reason: FileSkipped) -> None:
        """Keep in mind why, and say it once."""
        before = self.left.get(found.name)
        self.left[found.name] = found.fingerprint, reason
        if before is None or str(before[1]) != str(reason):
            say = self.session.log.info if reason.is_temporary else self.session.log.warning
            say("file_skipped", file=found.shown, reason=str(reason))

    def _go_on(self) -> None:
        self.steps += 1
        self.supervisor.alive(self.steps)

    def _wait(self, seconds: float) -> None:
        """Wait so long, or until a stop is asked for."""
        until = time.monotonic() + seconds
        while not self.stop.is_requested and (rest := until - time.monotonic()) > 0:
            self._go_on()
            select.select([self.stop], [], [], min(rest, _LONGEST_WAIT))
