"""Bare command: read standard input to its end, dispatch what is due, print a summary."""

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bouncehandler.cli.exits import NO_INPUT, TRY_AGAIN, USAGE, CommandError, exit_code_for_errors
from bouncehandler.cli.options import GlobalOptions
from bouncehandler.cli.output.terminal import Terminal
from bouncehandler.cli.session import Session, open_session
from bouncehandler.ingest.pipeline import IngestPipeline
from bouncehandler.ingest.read_loop import read_loop
from bouncehandler.runtime.build_pipeline import build_pipeline, build_policy
from bouncehandler.runtime.build_services import build_services
from bouncehandler.runtime.run_summary import Comparison, ProviderBacklog, RunSummary, describe_backlog, load_backlog
from bouncehandler.runtime.service import Services
from bouncehandler.runtime.shutdown import POLL_INTERVAL, ShutdownSignal
from bouncehandler.spool import Spool

if TYPE_CHECKING:
    from bouncehandler.dispatcher.dispatcher import Dispatcher
    from bouncehandler.runtime.dry_run import DryRun

_Result = tuple[RunSummary, CommandError | None]
"""Summary of the run, and the error that keeps it from exiting with 0."""


def run(options: GlobalOptions, stop: ShutdownSignal, *, dispatches: bool, is_dry: bool) -> int:
    """Run the bare command; returns the exit status."""
    session = open_session(options, quiet=True, log_file="spared")
    with session.log_failure(), exit_code_for_errors():
        source = _source()
        summary, failure = _dry(session, stop, source) if is_dry else _wet(session, stop, source, dispatches=dispatches)
    return session.finish(summary.event(), failure)


def _dry(session: Session, stop: ShutdownSignal, source: int) -> _Result:
    from bouncehandler.runtime.dry_run import DryRun  # noqa: PLC0415  # imports are lazy at the edges

    session.log_started("dry-run")
    with DryRun(session.settings, session.log) as dry_run:
        return _Run(session, stop, source, dry_run.build_pipeline(session.log), dry_run=dry_run).execute()


def _wet(session: Session, stop: ShutdownSignal, source: int, *, dispatches: bool) -> _Result:
    settings, log, spool = session.settings, session.log, session.open_spool()
    dispatcher, committed = None, lambda: None
    if dispatches and settings.providers:
        from bouncehandler.runtime.build_dispatcher import build_dispatcher  # noqa: PLC0415  # imports are lazy at the edges

        dispatcher = build_dispatcher(settings, spool, log, stop.request)
        committed = dispatcher.notify
    policy = build_policy(settings)
    pipeline = build_pipeline(settings, policy, log, source, spool, committed, logs_each_row=session.logs_each_row)
    run = _Run(session, stop, source, pipeline, spool, dispatcher)
    run.services = build_services(
        settings, policy, log, spool, stop, dispatcher, sends_notices=dispatches, before_stop=run.work_off
    )
    session.log_started("dispatch" if dispatches else "no-dispatch")
    return run.execute()


def _source() -> int:
    if sys.stdin is None:
        raise CommandError("standard input is closed: send accounting records, or a list of addresses, into it", USAGE)
    return sys.stdin.fileno()


@dataclass
class _Run:
    session: Session
    stop: ShutdownSignal
    source: int
    pipeline: IngestPipeline
    spool: Spool | None = None
    """None in a dry run."""
    dispatcher: "Dispatcher | None" = None
    """None when another process dispatches, or no provider is configured."""
    dry_run: "DryRun | None" = None
    """Set in a dry run alone."""
    services: Services = field(default_factory=Services)
    terminal: Terminal = field(default_factory=Terminal)
    was_read_to_end: bool = False
    read_error: str = ""
    """Reason why the input could not be read to its end."""

    def execute(self) -> _Result:
        options = self.session.options
        is_shown = self.session.on_terminal and not options.debug
        with Terminal(options.color if is_shown else None) as self.terminal:
            self.services.start()
            self._read()
            self.services.stop()
            comparison = self._compare()
        statistics = self.dispatcher.counters if self.dispatcher else {}
        backlog = load_backlog(self.spool, self.session.settings.providers, statistics) if self.spool else {}
        summary = RunSummary(self.pipeline.tally(), backlog, statistics, comparison)
        self.terminal.summary(summary)
        return summary, self._failure(backlog)

    def work_off(self) -> None:
        """Let the workers dispatch the due entries, until a shutdown is requested."""
        if self.dispatcher:
            self.terminal.dispatching(self.dispatcher)
            self.dispatcher.drain()
            while not self.stop.is_requested and not self.dispatcher.wait(POLL_INTERVAL):
                self.terminal.refresh()

    def _read(self) -> None:
        if sys.stdin.isatty():
            self.terminal.hint("reading from the terminal; end the input with Ctrl-D")
        self.terminal.begin(self.source, self.pipeline)
        try:
            self.was_read_to_end = read_loop(
                self.pipeline, self.source, self.stop.fileno(), monotonic=time.monotonic, progress=self.terminal.advance
            )
        except OSError as error:  # of the input: the disk's own come as SpoolError
            self.pipeline.close()
            self.read_error = f"standard input can't be read ({error.strerror})"

    def _compare(self) -> Comparison | None:
        """Compare a dry run with the spool; after a stop, for no longer than calls in flight have."""
        grace = self.session.settings.dispatch.grace
        return self.dry_run.comparison(lambda: self.stop.was_requested_for(grace)) if self.dry_run else None

    def _failure(self, backlog: Mapping[str, ProviderBacklog]) -> CommandError | None:
        if not self.was_read_to_end:
            reason = self.read_error or "stopped before the end of the input"
            return CommandError(f"{reason}; feed it again, nothing is done twice", TRY_AGAIN)
        refusal = "" if self.stop.is_requested else self.pipeline.refusal
        if refusal:
            return CommandError(refusal, NO_INPUT)
        unfinished = describe_backlog(backlog) if self.dispatcher else ""
        return CommandError(unfinished, TRY_AGAIN) if unfinished else None
