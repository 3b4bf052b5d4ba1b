"""`bouncehandler work`: dispatch what the spool holds, until stopped."""

import os
import time
from typing import TYPE_CHECKING

import click

from bouncehandler.cli.exits import CONFIGURATION, TRY_AGAIN, CommandError, exit_code_for_errors
from bouncehandler.cli.options import GlobalOptions, global_options
from bouncehandler.cli.session import Session, open_session
from bouncehandler.runtime.maildrop_poller import MaildropPoller
from bouncehandler.runtime.maintenance import MaintenanceThread
from bouncehandler.runtime.metrics_exporter import MetricsExporter
from bouncehandler.runtime.run_summary import provider_numbers, still_waiting, waiting_at
from bouncehandler.runtime.shutdown import ShutdownSignal
from bouncehandler.runtime.systemd import SystemdNotifier

if TYPE_CHECKING:
    from bouncehandler.dispatcher import Dispatcher

LOOK = 0.1
"""Seconds between two looks whether a signal came, while the lanes work."""


@click.command("work")
@global_options
def command(options: GlobalOptions) -> int:
    """Dispatch what the spool holds, until stopped.

    For installations whose pipe runs with --no-dispatch, and to carry on after a run that exited 75. Several may work
    on one spool. SIGTERM and SIGINT stop it: calls in flight are given 10 seconds.
    """
    stop = ShutdownSignal()
    stop.listen()
    session = open_session(options, dict(os.environ), log_file="spared")
    with session.log_failure():
        numbers, unfinished = _work(session, stop)
    return session.finish(numbers, CommandError(unfinished, TRY_AGAIN) if unfinished else None)


def _work(session: Session, stop: ShutdownSignal) -> tuple[dict[str, object], str]:
    """Work until stopped; returns the numbers for the log, and the sentence that says what waits, empty for nothing."""
    if not session.settings.providers:
        raise CommandError("no provider is configured: add a [providers.NAME] table", CONFIGURATION)
    supervisor = SystemdNotifier(os.environ, time.monotonic)
    spool = session.open_spool()
    dispatcher = session.build_dispatcher(spool, stop.request)
    letters = MaildropPoller(session, spool, dispatcher.notify, stop.request)
    notifier = session.build_notifier(spool, stop.request)
    pruner = MaintenanceThread(session, spool)
    metering = MetricsExporter(session, spool, listens=True)
    with exit_code_for_errors():
        session.log_started("work")
        dispatcher.start()
        letters.start()
        notifier.start()
        pruner.start()
        metering.start()
        supervisor.ready()
        while not stop.is_requested:
            dispatcher.wait(LOOK)
            supervisor.alive(dispatcher.heartbeats)
            supervisor.status(_carried_out(dispatcher))
        supervisor.stopping()
        pruner.stop()
        letters.stop()
        shutdown_gracefully(dispatcher, session.settings.dispatch.grace)
        notifier.stop(session.settings.dispatch.grace)
        metering.stop()
        waiting = waiting_at(spool, session.settings.providers, dispatcher.counters)
    return {"providers": provider_numbers(waiting, dispatcher.counters)}, still_waiting(waiting)


def _carried_out(dispatcher: "Dispatcher") -> str:
    """How it goes, for `systemctl status`."""
    workers = dispatcher.counters.values()
    done, dead = sum(worker.done for worker in workers), sum(worker.dead for worker in workers)
    return f"since the start {done:,} dispatches were done, {dead:,} became dead letters"


def shutdown_gracefully(dispatcher: "Dispatcher", grace: float) -> None:
    """Claim nothing more, and give calls in flight `grace` seconds; what does not end by then is tried again later.

    Raises:
        Exception: what ended a lane before its time.
    """
    dispatcher.stop()
    deadline = time.monotonic() + grace
    while not dispatcher.wait(LOOK) and time.monotonic() < deadline:
        pass
    if dispatcher.failure:
        raise dispatcher.failure
