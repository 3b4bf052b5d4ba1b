"""The bare command: read standard input to its end, dispatch what is due, say what was done."""

import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bouncehandler.accounting import Reader
from bouncehandler.cli.deciding import owing_of, policy_of
from bouncehandler.cli.exits import NO_INPUT, TRY_AGAIN, USAGE, CommandError, explained
from bouncehandler.cli.letters import LetterTaker
from bouncehandler.cli.options import Common
from bouncehandler.cli.pruner import Pruner
from bouncehandler.cli.report import Report, Waiting, still_waiting, waiting_at
from bouncehandler.cli.session import Session, begin
from bouncehandler.cli.stop import Stop
from bouncehandler.cli.terminal import Terminal
from bouncehandler.cli.work import LOOK, stop_in_good_order
from bouncehandler.ingest import Ingest, pump
from bouncehandler.rejected import RejectedFile
from bouncehandler.spool import Counted, Owed, Recorded, Spool

if TYPE_CHECKING:
    from bouncehandler.cli.post import PostOffice
    from bouncehandler.dispatcher import Crew


class DryRun:
    """Takes what a spool and a rejected file would take, and keeps nothing."""

    def record(self, batch: list[Owed], now: float) -> Recorded:  # noqa: ARG002  # the spool's signature
        """Keep nothing."""
        return Recorded(new=len(batch), duplicates=0)

    def count(self, batch: list[Counted], now: float) -> Recorded:  # noqa: ARG002  # as above
        """Keep nothing."""
        return Recorded(new=0, duplicates=0)

    def delivered(self, deliveries: object, now: float) -> None:
        """Keep nothing."""

    def tell(self, kind: str, about: object, now: float) -> None:
        """Tell nobody."""

    def keep(self, rows: object) -> None:
        """Keep nothing."""


def run(options: Common, stop: Stop, *, dispatches: bool, is_dry: bool) -> int:
    """The bare command's work; returns the exit status."""
    session = begin(options, dict(os.environ), quiet=True)
    with session.telling():
        session.warn_of_root()
        source = _source()
        spool = None if is_dry else session.open_spool()
        has_work = dispatches and session.settings.providers
        crew = session.build_crew(spool, stop.request) if spool and has_work else None
        letters = LetterTaker(session, spool, crew.notify, stop.request) if spool and crew else None
        post = session.build_post(spool, stop.request) if spool and dispatches else None
        pruner = Pruner(session, spool) if spool and crew else None
        running = _Run(session, stop, source, spool, crew, letters, post, pruner)
        report, failure = running.go()
    return session.finish(report.event(), failure)


def _source() -> int:
    """The file descriptor of standard input."""
    if sys.stdin is None:
        raise CommandError("standard input is closed: send accounting records, or a list of addresses, into it", USAGE)
    return sys.stdin.fileno()


@dataclass
class _Run:
    """One run over one input."""

    session: Session
    stop: Stop
    source: int
    spool: Spool | None
    """None in a dry run."""
    crew: "Crew | None"
    """None when another process dispatches, or there is nobody to dispatch to."""
    letters: LetterTaker | None
    """None likewise."""
    post: "PostOffice | None"
    """None when another process sends the notices."""
    pruner: Pruner | None
    """None when another process dispatches."""
    was_read_to_end: bool = False
    trouble: str = ""
    """Why the input could not be read to its end."""
    intake: Ingest = field(init=False)

    def go(self) -> tuple[Report, CommandError | None]:
        """Read, dispatch, and say what was done, and what was not."""
        with explained():
            with Terminal.shown(self.session.on_terminal and not self.session.options.debug) as terminal:
                self.intake = self._intake()
                if self.crew and self.letters:
                    self.crew.start()
                    self.letters.start()
                if self.post:
                    self.post.start()
                if self.pruner:
                    self.pruner.start()
                self._read(terminal)
                if self.pruner:
                    self.pruner.stop()
                self._finish_dispatching(terminal)
                if self.post:
                    self.post.stop(self.session.settings.dispatch.grace if self.stop.is_requested else None)
            waiting = self._waiting()
        report = Report(self.intake.tally(), waiting, self.crew.tallies if self.crew else {}, is_dry=not self.spool)
        terminal.summary(report)
        return report, self._failure(waiting)

    def _intake(self) -> Ingest:
        settings = self.session.settings
        columns = {"b": settings.columns.b, "f": settings.columns.f}
        dry, policy = DryRun(), policy_of(settings)
        return Ingest(
            Reader(columns, takes_deliveries=policy.counts),
            policy,
            owing_of(settings),
            self.spool or dry,
            RejectedFile(self.session.rejected_path) if self.spool else dry,
            self.session.log,
            clock=time.time,
            unreadable_share=settings.notify.unreadable_share,
            batch_rows=settings.spool.batch_rows,
            committed=self.crew.notify if self.crew else lambda: None,
            says_each=self.session.says_each_row,
        )

    def _read(self, terminal: Terminal) -> None:
        if sys.stdin.isatty():
            terminal.hint("reading from the terminal; end the input with Ctrl-D")
        terminal.begin(self.source, self.intake)
        try:
            self.was_read_to_end = pump(
                self.intake, self.source, self.stop.fileno(), monotonic=time.monotonic, progress=terminal.advance
            )
        except OSError as error:  # of the input: the disk's own come as SpoolError
            self.intake.close()
            self.trouble = f"standard input can't be read ({error.strerror})"

    def _finish_dispatching(self, terminal: Terminal) -> None:
        """Let the lanes carry out what is due; after a stop, only what is in flight."""
        if not (self.crew and self.letters):
            return
        self.letters.stop()
        terminal.dispatching(self.crew)
        self.crew.drain()
        while not self.stop.is_requested and not self.crew.wait(LOOK):
            terminal.refresh()
        stop_in_good_order(self.crew, self.session.settings.dispatch.grace)

    def _waiting(self) -> dict[str, Waiting]:
        if not self.spool:
            return {}
        return waiting_at(self.spool, self.session.settings.providers, self.crew.tallies if self.crew else {})

    def _failure(self, waiting: Mapping[str, Waiting]) -> CommandError | None:
        """What keeps the run from exiting with 0."""
        if not self.was_read_to_end:
            trouble = self.trouble or "stopped before the end of the input"
            return CommandError(f"{trouble}; feed it again, nothing is done twice", TRY_AGAIN)
        if not self.intake.has_recognised_input and not self.stop.is_requested:
            return CommandError(
                "not one row of the input was recognised: it is neither PowerMTA accounting (a header that begins with "
                "`type`, or rows that begin with `b,`) nor a list of addresses",
                NO_INPUT,
            )
        unfinished = still_waiting(waiting) if self.crew else ""
        return CommandError(unfinished, TRY_AGAIN) if unfinished else None
