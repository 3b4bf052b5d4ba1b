"""Builds the services that run beside a command."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from bouncehandler import logs
from bouncehandler.policy import Policy
from bouncehandler.runtime.metrics_exporter import MetricsExporter
from bouncehandler.runtime.notifier import NotificationService
from bouncehandler.runtime.report_builder import render_report
from bouncehandler.runtime.service import Service, Services
from bouncehandler.runtime.shutdown import ShutdownSignal, shutdown_gracefully
from bouncehandler.spool import Spool

if TYPE_CHECKING:
    from bouncehandler.dispatcher.dispatcher import Dispatcher
    from bouncehandler.settings.model import Settings


class DispatchService:
    """The dispatcher as a service.

    Args:
        grace: seconds for calls in flight after a stop.
        before_stop: called before the dispatcher stops, to let it work off its queue.
    """

    def __init__(self, dispatcher: "Dispatcher", grace: float, before_stop: Callable[[], None]) -> None:
        self._dispatcher, self._grace, self._before_stop = dispatcher, grace, before_stop

    def start(self) -> None:
        """Start the workers."""
        self._dispatcher.start()

    def stop(self) -> None:
        """Work off the queue where wanted, then stop gracefully.

        Raises:
            Exception: the error that ended a worker before its time.
        """
        self._before_stop()
        shutdown_gracefully(self._dispatcher, self._grace)


def build_services(  # noqa: PLR0913, PLR0917  # each has its own source
    settings: "Settings",
    policy: Policy,
    log: logs.Logger,
    spool: Spool,
    stop: ShutdownSignal,
    dispatcher: "Dispatcher | None",
    *,
    sends_notices: bool = True,
    serves_metrics: bool = False,
    before_stop: Callable[[], None] = lambda: None,
) -> Services:
    """Build the services of a command, in the order of their start; they stop in reverse order.

    Nothing new comes into the spool once the maildrop poller has stopped, so that the dispatcher can work off its
    queue; what the dispatcher reports is mailed by the notifier, and counted by the exporter, which stops last.

    Args:
        dispatcher: None where another process dispatches, or no provider is configured.
        before_stop: called before the dispatcher stops.

    Raises:
        ConfigurationError: the address to listen on needs mending.
    """
    grace = settings.dispatch.grace
    services: list[Service] = [MetricsExporter(settings, log, spool, is_listening=serves_metrics)]
    if sends_notices:
        render = partial(render_report, settings, spool)
        limit = lambda: grace if stop.is_requested else None  # noqa: E731  # one expression
        services.append(NotificationService(settings.notify, spool, log, stop.request, render, limit))
    if dispatcher:
        from bouncehandler.runtime.maildrop_poller import MaildropPoller  # noqa: PLC0415  # imports are lazy at the edges
        from bouncehandler.runtime.maintenance import MaintenanceThread  # noqa: PLC0415  # as above

        services += [
            DispatchService(dispatcher, grace, before_stop),
            MaildropPoller(settings, policy, log, spool, dispatcher.notify, stop.request),
            MaintenanceThread(settings, log, spool),
        ]
    return Services(services)
