"""Dispatcher: claims due dispatches, calls the providers and settles; one worker each, none delays another.

`worker` is the heart: its coordinator thread claims and settles in groups, and the threads of `thread_pool` call.
`call_executor` makes one call and returns its result as a value; `retry` schedules the next attempt; `rate_limiter`
and `concurrency_limiter` keep to the provider's pace; `circuit_breaker` holds, probes and releases it; `outcome_log`
logs and counts; `dispatcher` drives all workers.
"""
