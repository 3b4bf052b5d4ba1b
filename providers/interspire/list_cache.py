"""Cache of the ids of all lists, which every look-up must name: fetched once for all threads."""

import threading
from collections.abc import Callable

import httpx

from bouncehandler.provider import ProviderError


class ListCache:
    """Cache that one thread refreshes while the others wait, and share the result: lists or failure."""

    def __init__(self, fetch: Callable[[], tuple[str, ...]], clock: Callable[[], float]) -> None:
        """Keep the lists that `fetch` returns; `clock` counts seconds."""
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._lists: tuple[str, ...] = ()
        self._fetched_at: float | None = None
        self._failures = 0
        self._failure: ProviderError | httpx.TransportError | None = None

    def get(self, max_age: float) -> tuple[str, ...]:
        """Return the lists, at most so many seconds old. Raises as `fetch`."""
        failures = self._failures
        with self._lock:
            if self._fetched_at is not None and self._clock() - self._fetched_at <= max_age:
                return self._lists
            # It failed while we waited. Trying again would cost the waiting threads one time-out after another.
            if self._failure is not None and self._failures != failures:
                raise self._failure
            return self._fetch_now()

    def _fetch_now(self) -> tuple[str, ...]:
        now = self._clock()
        try:
            self._lists = self._fetch()
        except (ProviderError, httpx.TransportError) as error:
            self._failures += 1
            self._failure = error
            raise
        self._fetched_at, self._failure = now, None
        return self._lists
