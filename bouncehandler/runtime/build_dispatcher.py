"""Builds the crew: an adapter, its client and a lane for every configured provider."""

import random
import time
from collections.abc import Callable

from bouncehandler import plugins
from bouncehandler.dispatcher import (
    BreakerSettings,
    CallExecutor,
    Dispatcher,
    DispatchLog,
    ProviderWorker,
    RetrySchedule,
    WorkerSettings,
)
from bouncehandler.settings.model import ProviderSection, Settings
from bouncehandler.spool import Spool


def build_dispatcher(settings: Settings, spool: Spool, log: DispatchLog, on_failure: Callable[[], None]) -> Dispatcher:
    """A crew with a lane for every configured provider, not started yet.

    Args:
        on_failure: called from a lane's thread that can't go on.

    Raises:
        ConfigurationError: a provider's type or settings are wrong.
    """
    dispatcher = Dispatcher(on_failure)
    for name, section in settings.providers.items():
        client = plugins.client_for(name, section)
        caller = CallExecutor(
            plugins.build(name, section, client),
            client,
            RetrySchedule(settings.dispatch.schedule, random.random),
            time.time,
            plugins.secret_redactor(name, section),
        )
        dispatcher.add(
            ProviderWorker(
                name,
                caller,
                spool,
                log,
                _lane_settings(settings, section),
                clock=time.time,
                monotonic=time.monotonic,
                ended=dispatcher.worker_ended,
                group=dispatcher,
            )
        )
    return dispatcher


def _lane_settings(settings: Settings, section: ProviderSection) -> WorkerSettings:
    dispatch = settings.dispatch
    return WorkerSettings(
        concurrency=section.concurrency,
        rate=section.rate,
        repeat_after=dispatch.repeat_after,
        lease=dispatch.lease,
        breaker=BreakerSettings(probe_every=dispatch.probe_every, drain_budget=dispatch.patience),
    )
