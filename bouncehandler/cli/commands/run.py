"""The bare command: read standard input to its end, dispatch what is due, say what was done."""

import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bouncehandler.accounting import RecordReader, open_reader
from bouncehandler.cli.commands.work import LOOK, shutdown_gracefully
from bouncehandler.cli.exits import NO_INPUT, TRY_AGAIN, USAGE, CommandError, exit_code_for_errors
from bouncehandler.cli.options import GlobalOptions
from bouncehandler.cli.output.terminal import Terminal
from bouncehandler.cli.session import Session, open_session
from bouncehandler.ingest import IngestContext, IngestOptions, IngestPipeline, batch_size_for, read_loop
from bouncehandler.ingest.rejected_file import RejectedFile
from bouncehandler.runtime.build_pipeline import build_policy, build_stats, build_suppression_builder
from bouncehandler.runtime.maildrop_poller import MaildropPoller
from bouncehandler.runtime.maintenance import MaintenanceThread
from bouncehandler.runtime.metrics_exporter import MetricsExporter
from bouncehandler.runtime.run_summary import Comparison, ProviderBacklog, RunSummary, still_waiting, waiting_at
from bouncehandler.runtime.shutdown import ShutdownSignal
from bouncehandler.spool import Spool

if TYPE_CHECKING:
    from bouncehandler.dispatcher import Dispatcher
    from bouncehandler.runtime.dry_run import DryRun
    from bouncehandler.runtime.notifier import NotificationService

_Ended = tuple[RunSummary, CommandError | None]
"""What was done, and what keeps the run from exiting with 0."""


def run(options: GlobalOptions, stop: ShutdownSignal, *, dispatches: bool, is_dry: bool) -> int:
    """The bare command's work; returns the exit status."""
    session = open_session(options, dict(os.environ), quiet=True, log_file="spared")
    with session.log_failure():
        source = _source()
        closing, failure = _dry(session, stop, source) if is_dry else _wet(session, stop, source, dispatches=dispatches)
    return session.finish(closing.event(), failure)


def _dry(session: Session, stop: ShutdownSignal, source: int) -> _Ended:
    """Only decide, and compare with what the spool knows."""
    from bouncehandler.runtime.dry_run import DryRun  # noqa: PLC0415  # imports are lazy at the edges

    session.log_started("dry-run")
    with exit_code_for_errors(), DryRun(session, session.log) as dry_run:
        return _Run(session, stop, source, dry_run.intake(session.log), dry_run=dry_run).go()


def _wet(session: Session, stop: ShutdownSignal, source: int, *, dispatches: bool) -> _Ended:
    """Record, and dispatch if wanted."""
    spool = session.open_spool()
    dispatcher = session.build_dispatcher(spool, stop.request) if dispatches and session.settings.providers else None
    letters = MaildropPoller(session, spool, dispatcher.notify, stop.request) if dispatcher else None
    notifier = session.build_notifier(spool, stop.request) if dispatches else None
    pruner = MaintenanceThread(session, spool) if dispatcher else None
    with exit_code_for_errors():
        intake = intake_for(session, source, spool, dispatcher.notify if dispatcher else lambda: None)
        metering = MetricsExporter(session, spool, listens=False)
        session.log_started("dispatch" if dispatches else "no-dispatch")
        return _Run(session, stop, source, intake, spool, dispatcher, letters, notifier, pruner, metering).go()


def intake_for(
    session: Session, source: int, spool: Spool, committed: Callable[[], None] = lambda: None
) -> IngestPipeline:
    """What reads the input behind a file descriptor; `committed` is called when something new is in the spool."""
    settings, policy = session.settings, build_policy(session.settings)
    context = IngestContext(
        policy=policy,
        builder=build_suppression_builder(settings),
        spool=spool,
        log=session.log,
        clock=time.time,
        on_commit=committed,
        stats=build_stats(settings, spool, policy),
    )
    options = IngestOptions(
        batch_rows=batch_size_for(source, settings.spool.batch_rows),
        unreadable_share=settings.notify.unreadable_share,
        logs_rows=session.says_each_row,
    )
    reader = reader_for(session, takes_deliveries=policy.counts)
    return IngestPipeline(reader, context, RejectedFile(session.rejected_path), options)


def reader_for(session: Session, *, takes_deliveries: bool = False) -> RecordReader:
    """A fresh reader for one input."""
    columns = session.settings.columns
    return open_reader({"b": columns.b, "f": columns.f}, takes_deliveries=takes_deliveries)


def _source() -> int:
    """The file descriptor of standard input."""
    if sys.stdin is None:
        raise CommandError("standard input is closed: send accounting records, or a list of addresses, into it", USAGE)
    return sys.stdin.fileno()


@dataclass
class _Run:
    """One run over one input."""

    session: Session
    stop: ShutdownSignal
    source: int
    intake: IngestPipeline
    spool: Spool | None = None
    """None in a dry run."""
    dispatcher: "Dispatcher | None" = None
    """None when another process dispatches, or there is nobody to dispatch to."""
    letters: MaildropPoller | None = None
    """None likewise."""
    notifier: "NotificationService | None" = None
    """None when another process sends the notices."""
    pruner: MaintenanceThread | None = None
    """None when another process dispatches."""
    metering: MetricsExporter | None = None
    """None in a dry run."""
    dry_run: "DryRun | None" = None
    """Of a dry run alone."""
    was_read_to_end: bool = False
    trouble: str = ""
    """Why the input could not be read to its end."""

    def go(self) -> _Ended:
        """Read, dispatch, and say what was done, and what was not."""
        options = self.session.options
        with Terminal.shown(self.session.on_terminal and not options.debug, options.color) as terminal:
            if self.dispatcher and self.letters:
                self.dispatcher.start()
                self.letters.start()
            if self.notifier:
                self.notifier.start()
            if self.pruner:
                self.pruner.start()
            if self.metering:
                self.metering.start()
            self._read(terminal)
            if self.pruner:
                self.pruner.stop()
            self._finish_dispatching(terminal)
            if self.notifier:
                self.notifier.stop(self.session.settings.dispatch.grace if self.stop.is_requested else None)
            if self.metering:
                self.metering.stop()
            compared = self._compared()
        waiting = self._waiting()
        closing = RunSummary(self.intake.tally(), waiting, self.dispatcher.tallies if self.dispatcher else {}, compared)
        terminal.summary(closing)
        return closing, self._failure(waiting)

    def _read(self, terminal: Terminal) -> None:
        if sys.stdin.isatty():
            terminal.hint("reading from the terminal; end the input with Ctrl-D")
        terminal.begin(self.source, self.intake)
        try:
            self.was_read_to_end = read_loop(
                self.intake, self.source, self.stop.fileno(), monotonic=time.monotonic, progress=terminal.advance
            )
        except OSError as error:  # of the input: the disk's own come as SpoolError
            self.intake.close()
            self.trouble = f"standard input can't be read ({error.strerror})"

    def _finish_dispatching(self, terminal: Terminal) -> None:
        """Let the lanes carry out what is due; after a stop, only what is in flight."""
        if not (self.dispatcher and self.letters):
            return
        self.letters.stop()
        terminal.dispatching(self.dispatcher)
        self.dispatcher.drain()
        while not self.stop.is_requested and not self.dispatcher.wait(LOOK):
            terminal.refresh()
        shutdown_gracefully(self.dispatcher, self.session.settings.dispatch.grace)

    def _compared(self) -> Comparison | None:
        """What a dry run would have done otherwise; after a stop it has no longer than calls in flight have."""
        grace = self.session.settings.dispatch.grace
        return self.dry_run.comparison(lambda: self.stop.was_requested_for(grace)) if self.dry_run else None

    def _waiting(self) -> dict[str, ProviderBacklog]:
        if not self.spool:
            return {}
        return waiting_at(
            self.spool, self.session.settings.providers, self.dispatcher.tallies if self.dispatcher else {}
        )

    def _failure(self, waiting: Mapping[str, ProviderBacklog]) -> CommandError | None:
        """What keeps the run from exiting with 0."""
        if not self.was_read_to_end:
            trouble = self.trouble or "stopped before the end of the input"
            return CommandError(f"{trouble}; feed it again, nothing is done twice", TRY_AGAIN)
        refusal = "" if self.stop.is_requested else self.intake.refusal
        if refusal:
            return CommandError(refusal, NO_INPUT)
        unfinished = still_waiting(waiting) if self.dispatcher else ""
        return CommandError(unfinished, TRY_AGAIN) if unfinished else None
