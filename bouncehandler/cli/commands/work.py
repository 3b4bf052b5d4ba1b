"""`bouncehandler work`: dispatch what the spool holds, until stopped."""

import os
import time
from typing import TYPE_CHECKING

import click

from bouncehandler.cli.exits import CONFIGURATION, TRY_AGAIN, CommandError, exit_code_for_errors
from bouncehandler.cli.options import GlobalOptions, global_options
from bouncehandler.cli.session import Session, open_session
from bouncehandler.runtime.build_dispatcher import build_dispatcher
from bouncehandler.runtime.build_pipeline import build_policy
from bouncehandler.runtime.build_services import build_services
from bouncehandler.runtime.run_summary import describe_backlog, load_backlog, provider_numbers
from bouncehandler.runtime.shutdown import POLL_INTERVAL, ShutdownSignal
from bouncehandler.runtime.systemd import SystemdNotifier

if TYPE_CHECKING:
    from bouncehandler.dispatcher.dispatcher import Dispatcher


@click.command("work")
@global_options
def command(options: GlobalOptions) -> int:
    """Dispatch what the spool holds, until stopped.

    For installations whose pipe runs with --no-dispatch, and to carry on after a run that exited 75. Several may work
    on one spool. SIGTERM and SIGINT stop it: calls in flight are given 10 seconds.
    """
    stop = ShutdownSignal()
    stop.listen()
    session = open_session(options, log_file="spared")
    with session.log_failure(), exit_code_for_errors():
        numbers, backlog = _work(session, stop)
    return session.finish(numbers, CommandError(backlog, TRY_AGAIN) if backlog else None)


def _work(session: Session, stop: ShutdownSignal) -> tuple[dict[str, object], str]:
    """Work until stopped; returns values for the log, and the sentence about the backlog, empty without one."""
    settings, log = session.settings, session.log
    if not settings.providers:
        raise CommandError("no provider is configured: add a [providers.NAME] table", CONFIGURATION)
    systemd = SystemdNotifier(os.environ, time.monotonic)
    spool = session.open_spool()
    dispatcher = build_dispatcher(settings, spool, log, stop.request)
    services = build_services(settings, build_policy(settings), log, spool, stop, dispatcher, serves_metrics=True)
    session.log_started("work")
    services.start()
    systemd.ready()
    while not stop.is_requested:
        dispatcher.wait(POLL_INTERVAL)
        systemd.alive(dispatcher.heartbeats)
        systemd.status(_describe_progress(dispatcher))
    systemd.stopping()
    services.stop()
    backlog = load_backlog(spool, settings.providers, dispatcher.counters)
    return {"providers": provider_numbers(backlog, dispatcher.counters)}, describe_backlog(backlog)


def _describe_progress(dispatcher: "Dispatcher") -> str:
    workers = dispatcher.counters.values()
    done, dead = sum(worker.done for worker in workers), sum(worker.dead for worker in workers)
    return f"since the start {done:,} dispatches were done, {dead:,} became dead letters"
