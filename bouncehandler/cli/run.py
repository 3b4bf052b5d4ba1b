"""The bare command: read standard input to its end, dispatch what is due, say what was done."""

import os
import sys
import time
from dataclasses import dataclass, field

from bouncehandler.accounting import Reader
from bouncehandler.cli.exits import NO_INPUT, OK, TRY_AGAIN, CommandError, explained
from bouncehandler.cli.options import Common
from bouncehandler.cli.report import Report, Waiting, waiting_at
from bouncehandler.cli.session import Session, begin
from bouncehandler.cli.stop import Stop
from bouncehandler.cli.terminal import Terminal
from bouncehandler.dispatcher import Crew
from bouncehandler.ingest import Ingest, pump
from bouncehandler.policy import Policy
from bouncehandler.rejected import RejectedFile
from bouncehandler.routing import Routes
from bouncehandler.spool import Owed, Recorded, Spool

_LOOK = 0.1
"""Seconds between two looks whether a signal came, while the lanes work."""


class _DryRun:
    """Takes what a spool and a rejected file would take, and keeps nothing."""

    def record(self, batch: list[Owed], now: float) -> Recorded:  # noqa: ARG002  # the spool's signature
        return Recorded(new=len(batch), duplicates=0)

    def keep(self, rows: object) -> None:
        """Keep nothing."""


def run(options: Common, *, dispatches: bool, is_dry: bool) -> int:
    """The bare command's work; returns the exit status."""
    session = begin(options, dict(os.environ), quiet=True)
    stop = Stop()
    stop.listen()
    if is_dry:
        return _Run(session, stop, None, None).go()
    spool = session.open_spool()
    crew = session.build_crew(spool, stop.request) if dispatches else None
    return _Run(session, stop, spool, crew).go()


@dataclass
class _Run:
    """One run over one input."""

    session: Session
    stop: Stop
    spool: Spool | None
    """None in a dry run."""
    crew: Crew | None
    """None when another process dispatches."""
    was_read_to_end: bool = False
    intake: Ingest = field(init=False)

    def go(self) -> int:
        """Read, dispatch, report."""
        with explained(), Terminal.shown(self.session.on_terminal and not self.session.options.debug) as terminal:
            self.intake = self._intake()
            if self.crew:
                self.crew.start()
            self._read(terminal)
            self._finish_dispatching(terminal)
        return self._end(terminal)

    def _intake(self) -> Ingest:
        settings = self.session.settings
        columns = {"b": settings.columns.b, "f": settings.columns.f}
        dry = _DryRun()
        return Ingest(
            Reader(columns),
            Policy(settings.policy.bounce, settings.policy.status, settings.policy.suppression_list_hit),
            Routes({name: section.originators for name, section in settings.providers.items()}),
            self.spool or dry,
            RejectedFile(self.session.rejected_path) if self.spool else dry,
            self.session.log,
            clock=time.time,
            batch_rows=settings.spool.batch_rows,
            committed=self.crew.notify if self.crew else lambda: None,
            says_each=self.session.says_each_row,
        )

    def _read(self, terminal: Terminal) -> None:
        if sys.stdin.isatty():
            terminal.hint("reading from the terminal; end the input with Ctrl-D")
        terminal.begin(sys.stdin.fileno(), self.intake)
        self.was_read_to_end = pump(
            self.intake, sys.stdin.fileno(), self.stop.fileno(), monotonic=time.monotonic, progress=terminal.advance
        )

    def _finish_dispatching(self, terminal: Terminal) -> None:
        """Let the lanes carry out what is due; after a stop, only what is in flight."""
        if not self.crew:
            return
        terminal.dispatching(self.crew)
        self.crew.drain()
        while not self.stop.is_requested and not self.crew.wait(_LOOK):
            terminal.refresh()
        if self.stop.is_requested:
            stop_in_good_order(self.crew, self.session.settings.dispatch.grace)
        if self.crew.failure:
            raise self.crew.failure

    def _end(self, terminal: Terminal) -> int:
        with explained():
            waiting = waiting_at(self.spool, self.session.settings, self.crew) if self.spool and self.crew else {}
        report = Report(self.intake.tally(), waiting, self.crew.tallies if self.crew else {}, is_dry=not self.spool)
        self.session.log.info("finished", **report.event())
        terminal.summary(report)
        return self._status(waiting)

    def _status(self, waiting: dict[str, Waiting]) -> int:
        if self.was_read_to_end and not self.intake.has_recognised_input:
            raise CommandError(
                "not one row of the input was recognised: it is neither PowerMTA accounting (a header that begins with "
                "`type`, or rows that begin with `b,`) nor a list of addresses",
                NO_INPUT,
            )
        if not self.was_read_to_end:
            raise CommandError("stopped before the end of the input; feed it again, nothing is done twice", TRY_AGAIN)
        sentence = " ".join(state.sentence(name) for name, state in waiting.items() if state.count)
        if sentence:
            raise CommandError(sentence, TRY_AGAIN)
        return OK


def stop_in_good_order(crew: Crew, grace: float) -> None:
    """Claim nothing more, and give calls in flight `grace` seconds; what does not end by then is tried again later."""
    crew.stop()
    deadline = time.monotonic() + grace
    while not crew.wait(_LOOK) and time.monotonic() < deadline:
        pass
