"""Builds the dispatcher: an adapter, its HTTP client and a worker for every configured provider."""

import random
import time
from collections.abc import Callable

from bouncehandler import plugins
from bouncehandler.dispatcher.call_executor import CallExecutor
from bouncehandler.dispatcher.circuit_breaker import BreakerSettings
from bouncehandler.dispatcher.dispatcher import Dispatcher
from bouncehandler.dispatcher.outcome_log import DispatchLog
from bouncehandler.dispatcher.retry import RetrySchedule
from bouncehandler.dispatcher.worker import ProviderWorker
from bouncehandler.dispatcher.worker_settings import WorkerSettings
from bouncehandler.settings.model import ProviderSection, Settings
from bouncehandler.spool import Spool


def build_dispatcher(settings: Settings, spool: Spool, log: DispatchLog, on_failure: Callable[[], None]) -> Dispatcher:
    """Build a dispatcher with a worker for every configured provider, not started yet.

    Args:
        on_failure: called from the thread of a worker that fails.

    Raises:
        ConfigurationError: the type or the settings of a provider are wrong.
    """
    dispatcher = Dispatcher(on_failure)
    for name, section in settings.providers.items():
        client = plugins.client_for(name, section)
        adapter, redact = plugins.build_with_redactor(name, section, client)
        schedule = RetrySchedule(settings.dispatch.schedule, random.random)
        executor = CallExecutor(adapter, client, schedule, time.time, redact)
        dispatcher.add(
            ProviderWorker(
                name,
                executor,
                spool,
                log,
                _worker_settings(settings, section),
                clock=time.time,
                monotonic=time.monotonic,
                on_end=dispatcher.count_ended,
                group=dispatcher,
            )
        )
    return dispatcher


def _worker_settings(settings: Settings, section: ProviderSection) -> WorkerSettings:
    dispatch = settings.dispatch
    return WorkerSettings(
        concurrency=section.concurrency,
        rate=section.rate,
        repeat_after=dispatch.repeat_after,
        lease=dispatch.lease,
        breaker=BreakerSettings(probe_every=dispatch.probe_every, drain_budget=dispatch.patience),
    )
