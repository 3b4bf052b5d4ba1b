"""Dispatcher: claims due dispatches, calls the providers and settles; one worker each, none delays another.

`worker` is the heart: its coordinator thread claims and settles in groups, and the threads of `thread_pool` call.
`call_executor` makes one call and returns its result as a value; `retry` schedules the next attempt; `rate_limiter`
and `concurrency_limiter` keep to the provider's pace; `circuit_breaker` holds, probes and releases it; `outcome_log`
logs and counts; `dispatcher` drives all workers.
"""

from bouncehandler.dispatcher.call_executor import CallExecutor, ResponseMemory
from bouncehandler.dispatcher.circuit_breaker import BreakerSettings
from bouncehandler.dispatcher.dispatcher import Dispatcher
from bouncehandler.dispatcher.outcome_log import DispatchLog, WorkerCounters
from bouncehandler.dispatcher.retry import RetrySchedule
from bouncehandler.dispatcher.worker import ProviderWorker
from bouncehandler.dispatcher.worker_settings import WorkerSettings

__all__ = [
    "BreakerSettings",
    "CallExecutor",
    "DispatchLog",
    "Dispatcher",
    "ProviderWorker",
    "ResponseMemory",
    "RetrySchedule",
    "WorkerCounters",
    "WorkerSettings",
]
