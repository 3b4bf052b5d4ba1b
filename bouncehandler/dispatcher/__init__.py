"""The right half: what the spool owes is claimed, called and settled; one lane a provider, so none delays another.

`worker` is the heart: a keeper thread claims and settles in groups, and the threads of `workers` call. `calls` makes one
call and turns what happened into a value; `retry_schedule` says when to try again; `rate_limiter` keeps to the rate; `breaker` knows
whether the provider is held, suspected or paused; `outcome_log` logs and counts; `dispatcher` drives all lanes.
"""

from bouncehandler.dispatcher.call_executor import Answers, CallExecutor
from bouncehandler.dispatcher.circuit_breaker import BreakerSettings
from bouncehandler.dispatcher.dispatcher import Dispatcher
from bouncehandler.dispatcher.outcome_log import DispatchLog, WorkerCounters
from bouncehandler.dispatcher.retry import RetrySchedule
from bouncehandler.dispatcher.worker import ProviderWorker
from bouncehandler.dispatcher.worker_settings import WorkerSettings

__all__ = [
    "Answers",
    "BreakerSettings",
    "CallExecutor",
    "DispatchLog",
    "Dispatcher",
    "ProviderWorker",
    "RetrySchedule",
    "WorkerCounters",
    "WorkerSettings",
]
